"""What the usual conversions say of a rollout, without making each of them.

The index keeps four outcomes a rollout: `flat`, and `chat` with reasoning dropped, kept, and as NeMo Gym has it.
A regular rollout needs none of them. Of any other, the last three differ in few things only: where none of these
occurs, one conversion speaks for all.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from rollout_curator.conversation.chat import chat_of
from rollout_curator.conversation.flat import OUTPUT_NOTES, flat_of
from rollout_curator.conversation.items import Opened, summaries
from rollout_curator.conversation.loading import is_doubtful, loading_issues
from rollout_curator.conversation.options import GYM_OPTIONS, ChatOptions, FlatOptions
from rollout_curator.conversation.regular import dropped_kinds
from rollout_curator.conversation.words import issue_kind
from rollout_curator.rollout import Example

_FLAT = FlatOptions()
_DROP = ChatOptions(reasoning="drop")
_KEEP = ChatOptions(reasoning="field")
_NOT_NOTED_FOR_GYM = frozenset({"trimmed_tail", "dropped_empty_assistant", "bad_tool_args"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """Why no example is made, None when one is, and the issues: what `Example` says beside its messages."""

    skip: str | None
    issues: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcomes:
    """The outcome of each usual conversion.

    `loading` has by the same names what would not survive the loaders of some trainers, which no conversion notes.
    """

    flat: Outcome
    chat: Outcome
    chat_reasoning: Outcome
    gym: Outcome
    loading: Mapping[str, tuple[str, ...]] = field(default_factory=dict, compare=False)


_PLAIN = Outcome(None, ())
_REASONED = Outcome(None, ("reasoning",))


def outcomes(opened: Opened) -> Outcomes:
    """Return what `flat`, `chat` with reasoning dropped and kept, and `chat` for Gym say of a rollout."""
    if (kinds := dropped_kinds(opened)) is not None:
        found = _REASONED if "reasoning" in kinds else _PLAIN
        return Outcomes(Outcome(None, tuple([OUTPUT_NOTES[kind] for kind in kinds])), found, found, found)
    kept, doubtful = chat_of(opened, _KEEP), is_doubtful(opened.rollout)
    made = {
        "flat": flat_of(opened, _FLAT),
        "chat": kept if not doubtful and _is_same_without_reasoning(kept) else chat_of(opened, _DROP),
        "chat_reasoning": kept,
        "gym": kept if not doubtful and _is_same_for_gym(kept, opened) else chat_of(opened, GYM_OPTIONS),
    }
    said = {id(example): (_outcome(example), loading_issues(example, opened.rollout)) for example in made.values()}
    told = {name: said[id(example)] for name, example in made.items()}
    loading = {name: issues for name, (_, issues) in told.items() if issues}
    return Outcomes(**{name: outcome for name, (outcome, _) in told.items()}, loading=loading)


def _outcome(example: Example) -> Outcome:
    return Outcome(example.skip, example.issues)


def _is_same_without_reasoning(kept: Example) -> bool:
    """Whether no message goes with its reasoning: nothing else depends on that."""
    if "reasoning" not in kept.issues:
        return True
    messages = kept.messages or [{"role": "assistant", "content": ""}]
    return all(m["content"] or m["role"] != "assistant" or "tool_calls" in m for m in messages)


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
