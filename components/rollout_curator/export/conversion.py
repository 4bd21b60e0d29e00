"""Lines of rollouts become lines of a training file, a batch at a time: what export and verify do, in any process.

Every line comes from `recipe.training_line`, as does every preview. It is read again at once by the trainer's own
loading rules, and what comes back is compared with the example it was made of; what Hugging Face `datasets` would
change (`datasets_values`) must have been told of the example.
Batches and results are plain values that travel between processes; knows no files.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

import orjson
import xxhash

from rollout_curator.conversation import (
    datasets_values,
    encode,
    issue_kind,
    mark_items,
    open_rollout,
)
from rollout_curator.index.source import to_rollout
from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.plan import Plan
from rollout_curator.recipe.training_line import TrainingLine, after_prompt, make_line, prompt_of
from rollout_curator.rollout import Rollout
from rollout_curator.selection.pairs.sides import Side, chars_before, turns_of
from rollout_curator.selection.splits.similarity import Sketch, sketch
from rollout_curator.sources.shapes.parts import texts_of


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rollouts and what to make of them.

    `texts` are their lines; each of `units` names one of them (an example) or two (a pair: chosen, rejected) by
    position; `extra` are the metadata columns of each unit. `marks` are the marked items of those lines that have any,
    by position.
    """

    texts: list[bytes]
    units: list[tuple[int, ...]]
    extra: list[dict[str, Any]]
    plan: Plan
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
        made = make_line([rollouts[place] for place in unit], batch.plan, batch.extra[n])
        if made.skip:
            return Converted(lines, different, (n, made.skip), shapes)
        if len(unit) == 1:
            rollouts.clear()
        told = {issue_kind(issue) for example in made.examples for issue in example.issues}
        is_same = reads_back(made.text, made.record) and _is_meant(made, batch.plan)
        if not is_same or (batch.plan.reads_columns and datasets_values.untold(made.record, made.text, told)):
            different.append(n)
        if batch.plan.reads_columns:
            shapes.append(datasets_values.shape_of(made.row))
        lines.append(bytes(memoryview(made.text)))  # orjson lets go of nothing of the 64 KB and more it wrote into
    return Converted(lines, different, shapes=shapes)


def reads_back(line: bytes, made: Mapping[str, Any]) -> bool:
    """Say whether a line, loaded as JSON, gives what it was made of."""
    try:
        return _has(read_json(line), made) or _has(json.loads(line), made)
    except (ValueError, KeyError, TypeError, RecursionError):
        return False


def _is_meant(made: TrainingLine, plan: Plan) -> bool:
    """Say whether the line of an example means to its trainer what the example says; pairs have no rule of their own.

    `Target.holds` decodes the line as that trainer's loader does.
    """
    if plan.target.holds is None or len(made.examples) > 1:
        return True
    try:
        return plan.target.holds(made.text, made.example.record())
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
class PromptRequest:
    """Lines whose prompts are wanted; with a `plan` as examples have them, else the sketches of their text.

    `marks` are the marked items of those lines that have any, by position.
    """

    texts: list[bytes]
    plan: Plan | None = None
    marks: Mapping[int, frozenset[int]] = field(default_factory=dict)


def prompts(request: PromptRequest) -> Prompted:
    """Return the prompts of some lines."""
    exact: list[int | None] = []
    sketches: list[Sketch] = []
    marked: list[bool] = []
    stand: list[Side | None] = []
    known: dict[str, Sketch] = {}
    for n, text in enumerate(request.texts):
        rollout = mark_items(to_rollout(text), request.marks.get(n, frozenset()))
        if request.plan is not None:
            made = recipes.example(rollout, request.plan)
            head = prompt_of(rollout, request.plan)
            after = after_prompt(made, head) if head else None
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
