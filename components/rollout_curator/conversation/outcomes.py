"""What the usual conversions say of a rollout, without making each of them.

The index keeps four outcomes a rollout: `flat`, and `chat` with reasoning dropped, kept, and as NeMo Gym has it.
Of regular rollouts one of each sort is converted. Of any other, the last three differ in few things only: where none
of these occurs, one conversion speaks for all.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

from rollout_curator.conversation.chat import chat_of
from rollout_curator.conversation.datasets_issues import is_doubtful, loading_issues
from rollout_curator.conversation.flat import OUTPUT_LEFT_OUT, flat_of
from rollout_curator.conversation.issues import issue_kind
from rollout_curator.conversation.items import Opened, open_rollout, summaries
from rollout_curator.conversation.options import GYM_OPTIONS, ChatOptions, FlatOptions
from rollout_curator.conversation.regular import kinds_of, smallest
from rollout_curator.rollout import Example

_FLAT = FlatOptions()
_DROP = ChatOptions(reasoning="drop")
_KEEP = ChatOptions(reasoning="field")
_NOT_NOTED_FOR_GYM = frozenset({"trimmed_tail", "dropped_empty_assistant", "bad_tool_args", "empty_arguments"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """Why no example is made, None when one is, and the issues: what `Example` says beside its messages."""

    skip: str | None
    issues: tuple[str, ...]
    left_out: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Outcomes:
    """The outcome of each usual conversion.

    `loading` has for some of these names what would not survive the loaders of some trainers, which no conversion
    notes.
    """

    flat: Outcome
    chat: Outcome
    chat_reasoning: Outcome
    gym: Outcome
    loading: tuple[tuple[str, tuple[str, ...]], ...] = ()


def usual_outcomes(opened: Opened) -> Outcomes:
    """Return what `flat`, `chat` with reasoning dropped and kept, and `chat` for Gym say of a rollout."""
    if (kinds := kinds_of(opened)) is None:
        return _converted(opened)
    rollout = opened.rollout
    return _regular(tuple(kinds.items()), len(rollout.tools), has_instructions=bool(rollout.instructions))


def _converted(opened: Opened) -> Outcomes:
    kept, doubtful = chat_of(opened, _KEEP), is_doubtful(opened.rollout)
    made = {
        "flat": flat_of(opened, _FLAT),
        "chat": chat_of(opened, _DROP) if doubtful or "reasoning" in kept.issues else kept,
        "chat_reasoning": kept,
        "gym": kept if not doubtful and _is_same_for_gym(kept, opened) else chat_of(opened, GYM_OPTIONS),
    }
    said = {id(example): (_outcome(example), loading_issues(example, opened.rollout)) for example in made.values()}
    told = {name: said[id(example)] for name, example in made.items()}
    loading = tuple((name, issues) for name, (_, issues) in told.items() if issues)
    return Outcomes(**{name: outcome for name, (outcome, _) in told.items()}, loading=loading)


def _outcome(example: Example) -> Outcome:
    return Outcome(example.skip, example.issues, example.left_out)


@lru_cache(maxsize=4096)
def _regular(kinds: tuple[tuple[str, int], ...], n_tools: int, *, has_instructions: bool) -> Outcomes:
    """Return the outcomes of a regular rollout: those of the smallest of its kinds, with its own numbers of items."""
    counts = dict(kinds)
    said = _of_smallest(tuple(counts), counts["message"] > 1, bool(n_tools), has_instructions)
    amounts = {name: counts[kind] for kind, name in OUTPUT_LEFT_OUT.items() if kind in counts} | {"tools": n_tools}

    def scaled(one: Outcome) -> Outcome:
        return replace(one, left_out=tuple((name, amounts.get(name, n)) for name, n in one.left_out))

    return Outcomes(scaled(said.flat), scaled(said.chat), scaled(said.chat_reasoning), scaled(said.gym))


@lru_cache(maxsize=256)
def _of_smallest(kinds: tuple[str, ...], is_joined: bool, has_tools: bool, has_instructions: bool) -> Outcomes:
    found = smallest(kinds, is_joined=is_joined, has_tools=has_tools, has_instructions=has_instructions)
    return _converted(open_rollout(found))


def _is_same_for_gym(kept: Example, opened: Opened) -> bool:
    """Whether nothing occurred that Gym's converter treats otherwise: cut tails, empty messages, odd arguments.

    Nor reasoning that stands only in the content of its item, which Gym does not read.
    """
    if kept.skip is not None or not _NOT_NOTED_FOR_GYM.isdisjoint(map(issue_kind, kept.issues)):
        return False
    return "reasoning" not in kept.issues or not any(
        item.get("type") == "reasoning" and item.get("content") and not summaries(item, use_content=False)
        for side in (opened.prompt, opened.output)
        for item in side
    )
