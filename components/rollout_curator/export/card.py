"""A data card: README-style Markdown with YAML at its head, on what a training set is, by what rules, reviewed by whom.

Takes facts and gives text. Names, reasons and sentences come from data and are hostile: in YAML they are quoted, in
Markdown every character with a meaning is escaped and none that hides, breaks a line or turns text around is left.
The plot is made of characters, so that nothing needs to be drawn or fetched.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rollout_curator.printable import spaced
from rollout_curator.training.targets.base import quote

_MARKDOWN = frozenset("\\`*_[]<>|~&:$@#")
_AT_START = re.compile(r"^([-+=]|\d+(?=[.)]\s))|(?<=www)(?=\.)", re.IGNORECASE)
"""What would begin a list, underline a heading or become a link by itself."""
NAME_CHARS, SENTENCE_CHARS = 200, 2000
BAR_CHARS = 40
LISTED_MAX = 50
EIGHTHS = " ▏▎▍▌▋▊▉█"


@dataclass(frozen=True, slots=True)
class Reviews:
    """What people decided on these rollouts: per reviewer verdict -> count, and how often each reason was given."""

    by_reviewer: Mapping[str, Mapping[str, int]]
    by_reason: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of the reward plot: its edges in words, all rollouts with such rewards, the exported ones among them."""

    label: str
    n_all: int
    n_kept: int


@dataclass(frozen=True, slots=True)
class CardFacts:
    """All that a card says; `content` is the manifest, `statement` a sentence on how good the kept rollouts are.

    `conditions` is what the statement depends on, a sentence each; `decided` says how verdicts came about, empty where
    that is not known. `store` says which review store counts. `lost` is what the examples lack, a phrase each.
    """

    title: str
    content: Mapping[str, Any]
    rules: Sequence[str]
    dropped: Sequence[tuple[int, str]]
    bars: Sequence[Bar]
    reviews: Reviews | None
    statement: str
    gaps: Sequence[str]
    notes: Sequence[str]
    mark: str
    lost: Sequence[str] = ()
    conditions: Sequence[str] = ()
    decided: str = ""
    store: Sequence[str] = ()


def card(facts: CardFacts) -> str:
    """Return the card."""
    sections = [_head(facts), facts.mark, f"# {escaped(facts.title)}", *_summary(facts)]
    sections += ["## Sources", _sources(facts.content), "## Rules", _list(facts.rules)]
    sections += ["## Dropped", _dropped(facts), *_lost(facts), "## Rewards", *_plot(facts.bars)]
    sections += ["## Review", *_reviews(facts), "## Files", _files(facts.content)]
    sections += ["## Known gaps", _list(facts.gaps)]
    return "\n\n".join(sections) + "\n"


def escaped(text: str, most: int = NAME_CHARS) -> str:
    """Return text from data on one line, as Markdown that shows it verbatim; what is too long is cut."""
    shown = spaced(text[:most]) + ("…" if len(text) > most else "")
    safe = "".join(f"\\{character}" if character in _MARKDOWN else character for character in shown)
    return _AT_START.sub(lambda match: f"\\{match[0]}" if match[0] in ("-", "+", "=", "") else f"{match[0]}\\", safe)


def _head(facts: CardFacts) -> str:
    """Return the YAML front matter, as the hub reads it (huggingface/hub-docs, datasetcard.md)."""
    content = facts.content
    rows = content["rows"] + sum(other["rows"] for other in content.get("others", ()))
    lines = ["---", f"pretty_name: {quote(facts.title)}", "task_categories:", "- text-generation"]
    lines += [
        "tags:",
        "- rollouts",
        f"- {'dpo' if 'pairs' in content else 'sft'}",
        f"size_categories:\n- {_size(rows)}",
    ]
    lines += ["configs:", "- config_name: default", "  data_files:"]
    for part, name in _data_files(content):
        lines += [f"  - split: {part}", f"    path: {quote(name)}"]
    return "\n".join([*lines, "---"])


def _data_files(content: Mapping[str, Any]) -> list[tuple[str, str]]:
    others = [
        (other["part"], other["file"]) for other in content.get("others", ()) if other["part"] not in ("card", "report")
    ]
    return [("train", content["file"]), *others]


def _size(rows: int) -> str:
    for limit, words in ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M")):
        if rows < limit:
            return words
    return "1M<n<10M" if rows < 10_000_000 else "n>10M"


def _summary(facts: CardFacts) -> list[str]:
    """Return what the set is in sentences."""
    content = facts.content
    target = f"for {escaped(content['recipe'].get('target', 'nemo_rl'))}"
    trip = content.get("round_trip")
    said = [f"Made by rollout-curator {escaped(content['version'])} {target}."]
    if trip is not None:
        unit = "pairs" if "pairs" in content else "examples"
        said.append(f"{trip['same']:,} of {trip['rows']:,} {unit} verified after writing.")
    return [" ".join(said), *([_list(facts.notes)] if facts.notes else [])]


def _sources(content: Mapping[str, Any]) -> str:
    rows = [("file", "rollouts", "skipped lines", "sha256")]
    rows += [
        (escaped(one["name"]), f"{one['rollouts']:,}", f"{one['problems']:,}", f"`{one['sha256'][:16]}`")
        for one in content["inputs"][:LISTED_MAX]
    ]
    more = len(content["inputs"]) - LISTED_MAX
    return _table(rows) + (f"\n\nand {more:,} more; the manifest lists all." if more > 0 else "")


def _dropped(facts: CardFacts) -> str:
    counts = facts.content["counts"]
    head = f"{counts['exportable']:,} of {counts['rollouts']:,} rollouts in {counts['lines']:,} lines are kept."
    rows = [("count", "reason")]
    rows += [(f"{count:,}", escaped(words)) for count, words in facts.dropped]
    return f"{head}\n\n{_table(rows)}" if facts.dropped else f"{head} None was dropped."


def _lost(facts: CardFacts) -> list[str]:
    """Return what the examples that were written lost of their rollouts."""
    if not facts.lost:
        return ["The examples contain everything that was recorded in their rollouts."]
    return ["Omitted from the exported examples:", _list(facts.lost)]


def _plot(bars: Sequence[Bar]) -> list[str]:
    """Return the rewards of all rollouts as bars; the dark part is what is kept."""
    if not bars:
        return ["No rollout has a valid reward."]
    most = max(bar.n_all for bar in bars)
    width = max(len(bar.label) for bar in bars)
    lines = []
    for bar in bars:
        kept = _blocks(bar.n_kept / most * BAR_CHARS)
        rest = "░" * max(0, round(bar.n_all / most * BAR_CHARS) - len(kept))
        lines.append(f"{bar.label.rjust(width)} │{kept}{rest} {bar.n_kept:,} of {bar.n_all:,}".rstrip())
    return [
        "```text\n" + "\n".join(lines) + "\n```",
        "Solid: kept. Light: dropped. Invalid rewards are not shown.",
    ]


def _blocks(length: float) -> str:
    whole, rest = divmod(round(length * 8), 8)
    return "█" * whole + (EIGHTHS[rest] if rest else "")


def _reviews(facts: CardFacts) -> list[str]:
    decided = facts.content["decisions"]
    said = [facts.decided or f"Rollouts accepted: {decided['accepted']:,}. Rejected: {decided['rejected']:,}."]
    said += [escaped(sentence, SENTENCE_CHARS) for sentence in facts.store]
    said += [escaped(facts.statement, SENTENCE_CHARS)] if facts.statement else []
    said += [_list(facts.conditions)] if facts.statement and facts.conditions else []
    if facts.reviews is None and decided["verdicts"]:
        return [*said, "Reviewer names are not stored in the manifest."]
    if facts.reviews is None:
        return said
    if facts.reviews.by_reviewer:
        rows = [("reviewer", "accepted", "rejected")]
        for name, counts in sorted(facts.reviews.by_reviewer.items()):
            rows.append((escaped(name), f"{counts.get('accept', 0):,}", f"{counts.get('reject', 0):,}"))
        said.append(_table(rows))
    if facts.reviews.by_reason:
        ordered = sorted(facts.reviews.by_reason.items(), key=lambda pair: (-pair[1], pair[0]))[:LISTED_MAX]
        said.append(_table([("decisions", "reason"), *((f"{count:,}", escaped(name)) for name, count in ordered)]))
    return said


def _files(content: Mapping[str, Any]) -> str:
    rows = [("file", "examples", "bytes", "sha256")]
    first = {name: content[name] for name in ("file", "rows", "size_bytes", "sha256")}
    for one in (first, *content.get("others", ())):
        if one.get("part") != "card":
            rows.append((escaped(one["file"]), f"{one['rows']:,}", f"{one['size_bytes']:,}", f"`{one['sha256']}`"))
    return _table(rows)


def _list(sentences: Sequence[str]) -> str:
    return "\n".join(f"- {escaped(sentence, SENTENCE_CHARS)}" for sentence in sentences) or "None."


def _table(rows: Sequence[Sequence[str]]) -> str:
    head, *body = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([head, "|" + " --- |" * len(rows[0]), *body])
