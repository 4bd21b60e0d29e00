"""The table of a recipe's fields: a row each, from which every way of writing a recipe follows.

The order is that of `--help` and of the command that does the same; a table has that of `Recipe`. To add a field, add
it to `Recipe` and here. Knows neither click nor files, and loads nothing heavy: `--help` reads it.
"""

from dataclasses import dataclass
from typing import Any

from rollout_curator.recipe.file_spellings import Options, Settings, Template
from rollout_curator.recipe.rule_spellings import Filters, GroupThresholds, StrategySteps
from rollout_curator.recipe.spellings import NAME, NAMES, SEED, TOKENS, Flag, Number, Spelling, Takes


@dataclass(frozen=True, slots=True)
class Option:
    """An option of the command line: `takes` says what follows it, `name` is what its value is called in Python.

    A flag such as `--last/--first` takes nothing; an option with `many` may be repeated. `alias` is a
    second name of the option.
    """

    flag: str
    name: str
    help: str
    takes: Takes = "text"
    metavar: str | None = None
    many: bool = False
    alias: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """A row: a field's spelling, its option, the parameter in a link, and how a data card says a list of issues.

    The option is called like the field where `flag` does not say otherwise, and there is none without a `help`; `more`
    are others. A field with a parameter says who is kept; the others only what is written and how. `is_always_said`
    fields stand in every table, and the command that does the same says them too. `of_files` go with the verb that
    writes files.
    """

    name: str
    spelling: Spelling
    help: str = ""
    flag: str = ""
    metavar: str | None = None
    alias: str = ""
    more: tuple[Option, ...] = ()
    parameter: str = ""
    card: str = ""
    is_always_said: bool = False
    of_files: bool = False

    @property
    def options(self) -> tuple[Option, ...]:
        """Return the options of the command line, in the order of `--help`."""
        if not self.help:
            return self.more
        flag, how = self.flag or f"--{self.name.replace('_', '-')}", self.spelling
        return Option(flag, self.name, self.help, how.takes, self.metavar, how.is_many, self.alias), *self.more

    def from_words(self, given: dict[str, Any], before: Any) -> Any:
        """Return what a table holds for the options given, None when none is; `before` is what it held."""
        own = {option.name: given[option.name] for option in self.options if option.name in given}
        is_given = any(value not in (None, ()) for value in own.values())
        return self.spelling.from_words(own, before) if is_given else None

    def to_words(self, value: Any) -> list[str]:
        """Return the words of the command line that say a value."""
        return self.spelling.to_words(value, self.options[0].flag.partition("/")[0]) if self.options else []


FIELDS = (
    Field("sources", NAMES, is_always_said=True),
    Field("min_reward", Number(), "Keep rollouts with reward ≥ this.", parameter="min"),
    Field("max_reward", Number(), "Keep rollouts with reward ≤ this.", parameter="max"),
    Field(
        "filters",
        Filters(),
        "Keep a range (n_turns=..12) or values (agent=swe,math). Repeatable.",
        "--filter",
        "COLUMN=LOW..HIGH",
        parameter="where",
    ),
    Field(
        "thresholds",
        GroupThresholds(),
        "Per-agent (source, model) threshold instead of --min-reward. Repeatable.",
        "--threshold",
        "agent:NAME=X",
        parameter="own",
    ),
    Field(
        "control",
        SEED,
        "Random baseline instead of the selection: same number per task, drawn at random from all it could have kept.",
        metavar="SEED",
        parameter="control",
    ),
    Field(
        "control_by",
        NAME,
        "Random baseline with the same number of rollouts per task (default), or about the same number of tokens.",
        metavar="rollouts|tokens",
        parameter="match",
    ),
    Field(
        "group_by",
        NAME,
        "What rollouts of one task have in common: agent, task name and prompt (task, the default), the prompt alone, "
        "or agent and task name in one file (source).",
        metavar="task|prompt|source",
        parameter="tasks",
    ),
    Field(
        "strategies",
        StrategySteps(),
        "A rule applied after the threshold, e.g. 'best_of_n {\"n\": 2}'. Repeatable; applied in order.",
        "--rule",
        "NAME {JSON}",
        alias="--strategy",
        parameter="rules",
    ),
    Field(
        "threshold_last",
        Flag("last"),
        "Apply the reward threshold after the rules, or before them (default).",
        "--threshold-last/--threshold-first",
        parameter="order",
    ),
    Field(
        "target",
        NAME,
        "Trainer the file is for: nemo_rl (default), trl, unsloth, axolotl, llamafactory, openai or gym.",
        is_always_said=True,
    ),
    Field(
        "format",
        NAME,
        "chat (turns and tools), flat (prompt + completion) or dpo (same as --pairs).",
        is_always_said=True,
    ),
    Field(
        "options",
        Options(),
        more=(
            Option("--reasoning", "reasoning", "drop, field or inline (chat)."),
            Option("--arguments", "arguments", "Tool call arguments as object or string (chat)."),
            Option("--set", "settings", "Any other conversion option.", metavar="NAME=VALUE", many=True),
        ),
        is_always_said=True,
    ),
    Field(
        "keep",
        NAMES,
        "Keep rollouts with this issue (dropped by default).",
        card="Kept despite: they",
        is_always_said=True,
    ),
    Field(
        "drop",
        NAMES,
        "Drop rollouts with this issue (kept by default).",
        card="Also dropped: they",
        is_always_said=True,
    ),
    Field(
        "trim",
        NAMES,
        "Trim at this issue: end on the last assistant message before it.",
        card="Trimmed: they",
    ),
    Field(
        "template",
        Template(),
        'Chat template for the training checks ("" for none): built-in (chatml, chatml_tools, chatml_thinking, '
        "headers, generation), a .jinja file, a tokenizer_config.json or a tokenizer's folder.",
        metavar="NAME|PATH",
        more=(
            Option(
                "--tokenizer",
                "tokenizer",
                "A tokenizer.json, or its folder, for exact token counts.",
                takes="place",
                metavar="PATH",
            ),
        ),
    ),
    Field(
        "max_tokens",
        TOKENS,
        "Max length in tokens, which goes into the config; longer examples are dropped, unless --keep or --trim names "
        "over_length. Without it, what exceeds the trainer's default is counted and kept.",
    ),
    Field(
        "harmless",
        NAMES,
        "A key that was not read (see `check`) and holds no conversation. Repeatable.",
    ),
    Field("metadata", NAMES, "Extra column: reward, source, line, task, agent or key.", is_always_said=True),
    Field("kind", NAME, "File format: jsonl (default) or parquet.", "--as", of_files=True),
    Field(
        "split",
        Settings("validation"),
        "Split without leakage: validation=0.1 (fraction) or =200 (count), test=…, by=task+prompt+near, near=0.8, "
        "seed=…",
        metavar="NAME=VALUE",
        of_files=True,
    ),
    Field(
        "pairs",
        Settings("rule"),
        "Pairs for DPO: rule=best_worst, margin, closest_length or chosen; margin=0.5, at_most, max_length_ratio=1.5, "
        "other_turns=leave_out, format=trl or nemo_rl.",
        metavar="NAME=VALUE",
        of_files=True,
    ),
)
ROWS = {row.name: row for row in FIELDS}
