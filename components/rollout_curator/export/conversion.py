"""Lines of rollouts become lines of a training file, a batch at a time: what export and verify do, in any process.

What is written for a rollout comes from `recipe.example` and `recipe.line`, which the preview calls too. Every line is
read again at once by the trainer's own loading rules, and what comes back is compared with the example it was made of;
what Hugging Face `datasets` would change (`arrow`) must have been told of the example.
Batches and results are plain values that travel between processes; knows no files.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import Any

import orjson
import xxhash

from rollout_curator.conversation import (
    datasets_values,
    encode,
    issue_kind,
    item_type,
    mark_items,
    normalise,
    open_rollout,
    record_of,
    to_chat,
    to_flat,
)
from rollout_curator.index.source import to_rollout
from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.plan import Plan
from rollout_curator.rollout import Example, Message, Rollout
from rollout_curator.selection.pairs.sides import Side, chars_before, pair_record, turns_of
from rollout_curator.selection.splits.similarity import Sketch, sketch
from rollout_curator.sources.shapes.parts import texts_of

_ANSWER = {"type": "message", "role": "assistant", "content": "x"}


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rollouts and what to make of them.

    `texts` are their lines; each of `units` names one of them (an example) or two (a pair: chosen, rejected) by
    position; `extra` are the metadata columns of each unit. `style` is the format of pairs. `marks` are the marked
    items of those lines that have any, by position.
    """

    texts: list[bytes]
    units: list[tuple[int, ...]]
    extra: list[dict[str, Any]]
    plan: Plan
    style: str = ""
    marks: Mapping[int, frozenset[int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Converted:
    """The lines of a batch; `different` are the positions of those that do not read back as the example.

    `fault` is the position of a unit that gives no line any more, and why. `shapes` are the columns of each line where
    the beginning of the file decides over them.
    """

    lines: list[bytes]
    different: list[int]
    fault: tuple[int, str] | None = None
    shapes: list[datasets_values.Shape] = field(default_factory=list)


def convert(batch: Batch) -> Converted:
    """Return the line of every unit of a batch, up to the first that gives none."""
    lines: list[bytes] = []
    different: list[int] = []
    shapes: list[datasets_values.Shape] = []
    rollouts: dict[int, Rollout] = {}
    for n, unit in enumerate(batch.units):
        for place in unit:
            if place not in rollouts:
                rollouts[place] = mark_items(to_rollout(batch.texts[place]), batch.marks.get(place, frozenset()))
        examples = [recipes.example(rollouts[place], batch.plan) for place in unit]
        made = _record(batch, [rollouts[place] for place in unit], examples)
        if isinstance(made, str):
            return Converted(lines, different, (n, made), shapes)
        if len(unit) == 1:
            rollouts.clear()
        written = recipes.joined(made, batch.extra[n])
        line = encode(written)
        told = {issue_kind(issue) for example in examples for issue in example.issues}
        is_same = reads_back(line, made) and _is_meant(line, examples, batch.plan)
        if not is_same or (batch.plan.reads_columns and datasets_values.untold(made, line, told)):
            different.append(n)
        if batch.plan.reads_columns:
            shapes.append(datasets_values.shape_of(written))
        lines.append(bytes(memoryview(line)))  # orjson lets go of nothing of the 64 KB and more it wrote into
    return Converted(lines, different, shapes=shapes)


def _record(batch: Batch, rollouts: list[Rollout], examples: list[Example]) -> dict[str, Any] | str:
    """Return the object of a unit, or why there is none."""
    for example in examples:
        if example.skip:
            return example.skip
    if len(rollouts) == 1:
        return record_of(examples[0])
    heads = [prompt_of(rollout, batch.plan) for rollout in rollouts]
    after = [_after(example, head) for example, head in zip(examples, heads, strict=True)]
    if after[0] is None or after[1] is None or heads[0] != heads[1] or examples[0].tools != examples[1].tools:
        return "the prompts of the two sides differ"
    return pair_record(batch.style, heads[0], after[0], after[1], examples[0].record().get("tools"))


def _after(example: Example, head: list[Message]) -> list[Message] | None:
    """Return the messages after the prompt, None when the example does not begin with it or ends there."""
    messages = example.messages or []
    return messages[len(head) :] if messages[: len(head)] == head and len(messages) > len(head) else None


def prompt_of(rollout: Rollout, plan: Plan) -> list[Message]:
    """Return the messages that stand before the first thing the policy did, as the example has them."""
    output = normalise(rollout.output).items
    given = takewhile(
        lambda item: item_type(item) == "message" and item.get("role") not in ("assistant", "tool"), output
    )
    asked = replace(rollout, output=[*given, _ANSWER], unusable=None, truncated=None)
    made = to_flat(asked, plan.flat) if plan.format == "flat" else to_chat(asked, plan.chat)
    return (made.messages or [])[:-1]


def reads_back(line: bytes, made: Mapping[str, Any]) -> bool:
    """Say whether a line, loaded as JSON, gives what it was made of."""
    try:
        return _has(read_json(line), made) or _has(json.loads(line), made)
    except (ValueError, KeyError, TypeError, RecursionError):
        return False


def _is_meant(line: bytes, examples: list[Example], plan: Plan) -> bool:
    """Say whether the line of an example means to its trainer what the example says; pairs have no rule of their own.

    `Target.holds` decodes the line as that trainer's loader does.
    """
    if plan.target.holds is None or len(examples) > 1:
        return True
    try:
        return plan.target.holds(line, examples[0].record())
    except (ValueError, KeyError, TypeError, RecursionError):
        return False


def _has(loaded: Mapping[str, Any], made: Mapping[str, Any]) -> bool:
    return all(name in loaded and loaded[name] == value for name, value in made.items())


def read_json(line: bytes) -> Mapping[str, Any]:
    """Return the object of a line as NeMo RL, `datasets` and most others load it: one JSON object a line.

    json decides where orjson refuses; where it would round an integer, `reads_back` asks json as well.
    """
    try:
        loaded: Mapping[str, Any] = orjson.loads(line)
    except orjson.JSONDecodeError:
        loaded = json.loads(line)
    return loaded


@dataclass(frozen=True, slots=True)
class Prompted:
    """The prompts of some lines: a number equal for those written alike, tools too (None: no prompt), or sketches.

    `marked` says of each line whether an answer after its prompt is marked as not to be trained on; `sides` are what
    stands after the prompts.
    """

    exact: list[int | None]
    sketches: list[Sketch]
    marked: list[bool]
    sides: list[Side | None] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Ask:
    """Lines whose prompts are wanted; with a `plan` as examples have them, else the sketches of their text.

    `marks` are the marked items of those lines that have any, by position.
    """

    texts: list[bytes]
    plan: Plan | None = None
    marks: Mapping[int, frozenset[int]] = field(default_factory=dict)


def prompts(ask: Ask) -> Prompted:
    """Return the prompts of some lines."""
    exact: list[int | None] = []
    sketches: list[Sketch] = []
    marked: list[bool] = []
    stand: list[Side | None] = []
    known: dict[str, Sketch] = {}
    for n, text in enumerate(ask.texts):
        rollout = mark_items(to_rollout(text), ask.marks.get(n, frozenset()))
        if ask.plan is not None:
            made = recipes.example(rollout, ask.plan)
            head = prompt_of(rollout, ask.plan)
            after = _after(made, head) if head else None
            exact.append(xxhash.xxh3_64_intdigest(encode({"head": head, "tools": made.tools})) if after else None)
            stand.append(Side(turns_of(after), chars_before(head, made.tools)) if after else None)
            marked.append(max(made.untrained, default=-1) >= len(head))
        else:
            words = prompt_text(rollout)
            if words not in known:
                known[words] = sketch(words)
            sketches.append(known[words])
    return Prompted(exact, sketches, marked, stand)


def prompt_text(rollout: Rollout) -> str:
    """Return what a prompt says: its messages but for instructions to the system, else those, else nothing.

    System messages are often the same for a whole environment, and would make all its prompts alike.
    """
    opened = open_rollout(rollout)
    given = [
        *opened.prompt,
        *takewhile(lambda item: item.get("role") in ("user", "system", "developer"), opened.output),
    ]
    texts = [(item.get("role") in ("system", "developer"), _words(item)) for item in given]
    said = [text for is_system, text in texts if text and not is_system]
    return "\n".join(said or [text for _, text in texts if text])


def _words(item: Mapping[str, Any]) -> str:
    """Return the text of an item, whatever its shape: content, arguments or output."""
    for name in ("content", "arguments", "output"):
        if isinstance(value := item.get(name), str | list):
            return "\n".join(texts_of(value))
    return ""
