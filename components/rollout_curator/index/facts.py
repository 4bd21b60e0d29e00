"""What one rollout is, as numbers and short words: the facts the columns of the index hold.

Takes a parsed rollout, gives a plain record. The outcomes of the conversions come from the very functions
that preview and export call, so a rollout the index calls exportable is one that is exported.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson
import xxhash

from rollout_curator.conversation import Outcome, Outcomes, open_rollout, usual_outcomes
from rollout_curator.conversation.items import item_type
from rollout_curator.index.columns import WEIGHTS
from rollout_curator.index.counts import Counts, count
from rollout_curator.index.token_estimates import weight
from rollout_curator.printable import replace_surrogates
from rollout_curator.rollout import Example, Item, Rollout
from rollout_curator.signals import SIGNALS


@dataclass(frozen=True, slots=True)
class Facts:
    """One row of the index without its place in the source. Field names are column names."""

    numbers: tuple[Any, ...]
    classes: tuple[str, ...]
    facets: Mapping[str, float]


NUMBER_NAMES = (
    "reward", "attempt", "n_items", "n_turns", "n_user_turns", "n_calls", "n_tool_errors", "n_tools", "n_images",
    "chars_prompt", "chars_out", "chars_reasoning", "chars_tool", "tokens_in", "tokens", "estimated", *WEIGHTS,
    "prompt_key", "task_key", "names_agent", *SIGNALS,
)  # fmt: skip
OUTCOME_NAMES = ("flat", "chat", "chat_reasoning", "gym")
CLASS_NAMES = ("format", "agent", "model", "task", "finish", "invalid", "flags", *OUTCOME_NAMES)


def facts(rollout: Rollout, environment: str) -> Facts:
    """Return the facts of a rollout; `environment` stands in for an agent name the line does not give."""
    opened = open_rollout(rollout)
    output = opened.output
    counts = count(opened.prompt, output)
    weighed = weight(counts, rollout.tools)
    tokens_in = _believed(rollout.usage.prompt, weighed.sent)
    tokens = _believed(rollout.usage.generated, weighed.generated)
    made = usual_outcomes(opened)
    prompt_key = hash_of_prompt(rollout)
    task = rollout.task or f"prompt {prompt_key:016x}"
    numbers = (
        rollout.reward, rollout.attempt, counts.n_items, counts.n_turns,
        counts.n_user_turns, counts.n_calls, counts.n_tool_errors, len(rollout.tools), counts.n_images,
        counts.chars_prompt, counts.chars_out, counts.chars_reasoning, counts.chars_tool,
        weighed.sent if tokens_in is None else tokens_in,
        weighed.generated if tokens is None else tokens, tokens is None,
        weighed.read, weighed.earlier, weighed.written, weighed.thought, weighed.results, weighed.tools,
        weighed.low, weighed.high,
        prompt_key, _hash_of_task(rollout.agent, task), bool(rollout.agent),
    )  # fmt: skip
    classes = (
        rollout.format, _word(rollout.agent) or environment, _word(rollout.model), _word(task),
        rollout.finish or _finish(output), rollout.invalid, "|".join(_flags(rollout, counts)),
        *_texts_of_outcomes(made),
    )  # fmt: skip
    measured = tuple(measure(output) for measure in SIGNALS.values())
    return Facts((*numbers, *measured), classes, rollout.facets)


@lru_cache(maxsize=4096)
def _texts_of_outcomes(made: Outcomes) -> tuple[str, ...]:
    """Return the columns of the outcomes; most rollouts of a file have the same ones."""
    return tuple([outcome(getattr(made, name), dict(made.loading).get(name, ())) for name in OUTCOME_NAMES])


def outcome(made: Example | Outcome, loading: Sequence[str] = ()) -> str:
    """Return the skip reason (empty when there is an example), the issues, and `-KIND=N` for what is left out.

    Issues of loading stand behind those of the conversion.
    """
    left_out = [f"-{kind}={n}" for kind, n in made.left_out]
    return "|".join([made.skip or "", *made.issues, *loading, *left_out])


def read_outcome(text: str) -> Outcome:
    """Return what `outcome` wrote."""
    skip, *rest = text.split("|")
    issues = tuple(word for word in rest if not word.startswith("-"))
    pairs = (word[1:].split("=") for word in rest if word.startswith("-"))
    return Outcome(skip or None, issues, tuple((kind, int(n)) for kind, n in pairs))


def _word(text: str) -> str:
    """Return the beginning of an id or a name of the data, in characters that can be encoded."""
    return text[:200] if text.isascii() else replace_surrogates(text)[:200]


def hash_of_prompt(rollout: Rollout) -> int:
    """Return a hash of what the policy was asked: the items, the instructions and the tools, whatever their file."""
    asked = (rollout.prompt, rollout.instructions, rollout.tools)
    try:
        text = orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)
    except (TypeError, ValueError):  # a number beyond 64 bits, half a surrogate
        text = json.dumps(asked, sort_keys=True, separators=(",", ":")).encode()
    return xxhash.xxh3_64_intdigest(text)


def _hash_of_task(agent: str, task: str) -> int:
    return xxhash.xxh3_64_intdigest(f"{len(agent)} {agent}{task}".encode("utf-8", "surrogatepass"))


def _believed(n_tokens: int | None, weighed: int) -> int | None:
    """Return a count of `usage`, None for one that says 0 of a text that is there: some agents fill it with zeros."""
    return n_tokens or (None if weighed else n_tokens)


def _flags(rollout: Rollout, counts: Counts) -> list[str]:
    flags = list(rollout.notes)
    if rollout.unusable:
        flags.append(rollout.unusable)
    if thinking := [text for text in counts.answers if "think>" in text]:
        opened, closed = (any(tag in text for text in thinking) for tag in ("<think>", "</think>"))
    else:
        opened = closed = False
    if opened or closed:
        flags.append("inline_think" if opened and closed else "think_never_opened" if closed else "think_never_closed")
    return [*flags, *rollout.flags]


def _finish(output: Sequence[Item]) -> str:
    """Say how a rollout ended by its last item."""
    if not output:
        return "empty"
    last = output[-1]
    if (kind := item_type(last)) != "message":
        return _TAILS.get(kind, "other")
    if last.get("role") == "assistant":
        return "call_tail" if last.get("tool_calls") else "stop"
    return "tool_tail" if last.get("role") == "tool" else "user_tail"


_TAILS = {"function_call": "call_tail", "function_call_output": "tool_tail", "reasoning": "reasoning_tail"}
