"""All that decides what is written for one rollout: a recipe joined with the defaults of its trainer.

`recipe.plan` makes it. Knows trainers, options and names of issues; knows no files and no rows. The keys at the end say
what of a plan has a say in which results, so that a result is worked out once.
"""

from dataclasses import dataclass, replace
from typing import Any

from rollout_curator.conversation import GYM_OPTIONS, HAZARDS, ChatOptions, FlatOptions, datasets_values
from rollout_curator.training.hazards import Look
from rollout_curator.training.targets.base import MEDIA, Target

UNUSUAL = frozenset({"trained_prompt", "none_filled", "text_beside_calls"})
"""Hazards that examples of usual options can have; of all others the index already says enough."""


@dataclass(frozen=True, slots=True)
class Plan:
    """All that decides what is written for one rollout.

    `reads_columns` says that Hugging Face `datasets` loads the file: of some trainers, every Parquet, and pairs.
    `needs_examples` says that a rule compares what is written. `pairs_format` names the rows of pairs.
    """

    target: Target
    format: str
    flat: FlatOptions
    chat: ChatOptions
    exclude: frozenset[str]
    exclude_invalid: frozenset[str]
    metadata: tuple[str, ...]
    look: Look
    trim: frozenset[str] = frozenset()
    harmless: frozenset[str] = frozenset()
    reads_columns: bool = False
    needs_examples: bool = False
    pairs_format: str = ""

    @property
    def limit(self) -> int | None:
        """Return the limit in tokens that examples are held against: the one chosen, else the trainer's default."""
        return self.look.max_tokens or self.look.target.usual_limit

    @property
    def loaded_values(self) -> frozenset[str]:
        """Return the places of an example whose values `datasets` loads as values, not as text."""
        options = self.flat if self.format == "flat" else self.chat
        if not self.reads_columns or options.layout == "sharegpt":  # there every value is text
            return frozenset()
        as_text = {"arguments": self.chat.arguments == "string", "tools": self.chat.tools == "text", "content": False}
        return frozenset(place for place, is_text in as_text.items() if not is_text)

    def minds(self, issue: str) -> bool:
        """Say whether an issue means anything for the file: of a number where it is loaded as a value, of marks."""
        kind, _, place = issue.partition(":")
        if kind == "all_marked":
            return not self.loses("marks")
        return kind not in (datasets_values.BIG, datasets_values.ROUNDED) or place in self.loaded_values

    def loses(self, kind: str) -> bool:
        """Say whether what a conversion counts as left out is: some trainers get marks or settings of the template."""
        options = self.flat if self.format == "flat" else self.chat
        if kind == "marks":
            return options.marks == "none"
        return kind != "template_kwargs" or self.format == "flat" or self.chat.template_kwargs == "none"

    def fills(self, issue: str) -> bool:
        """Say whether a column that rows with this issue have must stand in all rows."""
        options = self.flat if self.format == "flat" else self.chat
        if issue == "marked_turns":
            return self.reads_columns and options.marks == "message_loss_mask"
        return not self.loses(issue)

    @property
    def needs_look(self) -> bool:
        """Say whether an example must be looked at to know if it is written; else its conversion tells."""
        asked = (self.exclude | self.trim) & frozenset(HAZARDS)
        if not asked:
            return False
        odd = self.format == "chat" and (self.chat.trailing == "keep" or self.chat.keep_empty or self.may_mix)
        given = self.look.template is not None or self.look.max_tokens is not None
        return given or bool(asked & UNUSUAL) or odd or not self.target.usual_is_safe

    @property
    def may_mix(self) -> bool:
        """Say whether a list may stand for a content where another is text, and the trainer minds."""
        if self.format == "flat" or not self.target.refuses_mixed_content or self.chat.content == "lists":
            return False
        return self.chat.content == "parts" or (self.chat.media == "keep" and not self.exclude >= MEDIA)


def outcome_key(plan: Plan) -> Any:
    """Return what has a say in the outcomes of a plan: a column of the index, or all that was converted with."""
    if (column := indexed_column(plan)) is not None:
        return column, plan.loaded_values
    return decisive(plan, looks=plan.needs_look), plan.exclude, plan.harmless


def indexed_column(plan: Plan) -> str | None:
    """Return the index column that holds the outcome of this conversion, None when it must be computed."""
    if plan.needs_look:
        return None
    if plan.format == "flat":
        return "flat" if _conversion(plan) == _conversion(replace(plan, flat=FlatOptions())) else None
    if plan.chat == GYM_OPTIONS:
        return "gym"
    if _conversion(plan) != _conversion(replace(plan, chat=ChatOptions(reasoning=plan.chat.reasoning))):
        return None
    return "chat" if plan.chat.reasoning == "drop" else "chat_reasoning"


def decisive(plan: Plan, *, looks: bool) -> tuple[Any, ...]:
    """Return what has a say in what is noticed of a row, and so in whether an example is written."""
    if not looks:
        return *_conversion(plan), plan.loaded_values
    look = plan.look
    reads_all = look.template is not None or look.max_tokens is not None or not plan.target.usual_is_safe
    options: Any = plan.flat if plan.format == "flat" else plan.chat
    shape = (plan.may_mix, plan.chat.tools, plan.chat.marks) if plan.format == "chat" else (plan.flat.marks,)
    asked = (plan.target.name, look.target.trains_prompt, plan.trim, look.template, look.max_tokens, plan.loaded_values)
    return (*asked, *_conversion(plan), *shape) + ((options,) if reads_all else ())


def text_key(plan: Plan) -> tuple[Any, ...]:
    """Return what has a say in how an example reads."""
    options: Any = plan.flat if plan.format == "flat" else plan.chat
    return plan.target.name, plan.format, options, plan.trim, plan.needs_look, plan.look.template, plan.look.max_tokens


def _conversion(plan: Plan) -> tuple[Any, ...]:
    """Return what has a say in whether an example is made; all other options only change how it reads."""
    if plan.format == "flat":
        return "flat", plan.flat.strip_think, plan.flat.with_instructions, plan.flat.mask_prompt
    names = ["inline_think", "keep_empty", "keep_strict", "media", "trailing", "final_tool_call", "unsupported"]
    names += [
        "system_tools",
        "empty_arguments",
        "mask_prompt",
        "reasoning_content",
        "names",
        "trim",
        *(["arguments"] if "bad_tool_args" in plan.exclude else []),
    ]
    return "chat", plan.chat.reasoning == "drop", *(getattr(plan.chat, name) for name in names)
