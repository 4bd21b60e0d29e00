"""One line of a training file: the one function that export, verify, the Review pane, the Export page and tests call.

A line is written for one rollout, its example, or for two, the sides of a pair (chosen, rejected). Knows rollouts and
plans; files and the columns that a row has beside its record are others' business.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import Any

from rollout_curator.conversation import encode, item_type, normalise, record_of, to_chat, to_flat
from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.plan import Plan
from rollout_curator.rollout import Example, Message, Rollout
from rollout_curator.selection.pairs.sides import pair_record

PROMPTS_DIFFER = "the prompts of the two sides differ"
_ANSWER = {"type": "message", "role": "assistant", "content": "x"}


@dataclass(frozen=True, slots=True)
class TrainingLine:
    """One line and what it was made of: an example, or the examples of the two sides of a pair.

    `record` is what the examples give, `row` that with the extra columns, and `text` the bytes of the row with their
    newline. Where nothing is written `skip` says why and these are empty.
    """

    examples: tuple[Example, ...]
    skip: str | None = None
    record: Mapping[str, Any] = field(default_factory=dict)
    row: Mapping[str, Any] = field(default_factory=dict)
    text: bytes = b""

    @property
    def example(self) -> Example:
        """Return the example of a line that is no pair."""
        return self.examples[0]


def make_line(
    rollouts: Sequence[Rollout], plan: Plan, extra: Mapping[str, Any], *, is_traced: bool = False
) -> TrainingLine:
    """Return what is written for one rollout, or for two as a pair; `extra` are the columns of `Workspace.metadata`.

    A column that the record has too keeps the record's value. `is_traced` asks for the origins of the examples.
    """
    examples = tuple([recipes.example(rollout, plan, is_traced=is_traced) for rollout in rollouts])
    skip = next((example.skip for example in examples if example.skip), None)
    record = None if skip else record_of(examples[0]) if len(examples) == 1 else _pair(rollouts, examples, plan)
    if record is None:
        return TrainingLine(examples, skip or PROMPTS_DIFFER)
    row = {**record, **{name: value for name, value in extra.items() if name not in record}}
    return TrainingLine(examples, None, record, row, encode(row))


def _pair(rollouts: Sequence[Rollout], examples: Sequence[Example], plan: Plan) -> dict[str, Any] | None:
    """Return the record of two sides, None where they do not answer the same prompt with the same tools."""
    heads = [prompt_of(rollout, plan) for rollout in rollouts]
    after = [after_prompt(example, head) for example, head in zip(examples, heads, strict=True)]
    if after[0] is None or after[1] is None or heads[0] != heads[1] or examples[0].tools != examples[1].tools:
        return None
    return pair_record(plan.pairs_format, heads[0], after[0], after[1], examples[0].record().get("tools"))


def prompt_of(rollout: Rollout, plan: Plan) -> list[Message]:
    """Return the messages that stand before the first thing the policy did, as the example has them."""
    output = normalise(rollout.output).items
    given = takewhile(
        lambda item: item_type(item) == "message" and item.get("role") not in ("assistant", "tool"), output
    )
    asked = replace(rollout, output=[*given, _ANSWER], unusable=None, truncated=None)
    made = to_flat(asked, plan.flat) if plan.format == "flat" else to_chat(asked, plan.chat)
    return (made.messages or [])[:-1]


def after_prompt(example: Example, head: list[Message]) -> list[Message] | None:
    """Return the messages after a prompt, None when the example does not begin with it or ends there."""
    messages = example.messages or []
    return messages[len(head) :] if messages[: len(head)] == head and len(messages) > len(head) else None
