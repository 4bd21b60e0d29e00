"""Words that everybody says alike: numbers of things (1 task, 1,204 tasks), exact numbers, what columns are called."""

from collections.abc import Iterable

_OF_ONE = {
    "are": "is",
    "call": "calls",
    "contain": "contains",
    "continue": "continues",
    "count": "counts",
    "do": "does",
    "end": "ends",
    "exceed": "exceeds",
    "fail": "fails",
    "give": "gives",
    "had": "had",
    "have": "has",
    "lose": "loses",
    "make": "makes",
    "repeat": "repeats",
    "reuse": "reuses",
    "use": "uses",
    "were": "was",
    "yield": "yields",
}
COMPONENT = "reward_components."
"""Facets with this beginning are reward components."""
_COLUMNS = {
    "n_items": "items",
    "n_turns": "turns",
    "n_user_turns": "user turns",
    "n_calls": "tool calls",
    "n_tool_errors": "tool errors",
    "n_tools": "tools available",
    "n_images": "images",
    "chars_prompt": "prompt characters",
    "chars_out": "answer characters",
    "chars_reasoning": "reasoning characters",
    "chars_tool": "tool result characters",
    "tokens_in": "prompt tokens",
    "tokens": "generated tokens",
    "estimated": "tokens estimated",
    "final_chars": "final answer characters",
    "group": "task",
    "task_id": "task",
    "task_mean": "mean reward of the task",
    "finish": "how it ended",
    "source": "file",
}
_CHOICES = {"not-chosen": "not chosen in a comparison", "chosen-over": "chosen over another"}


def reason_words(tag: str) -> str:
    """Return a reason as people read it: what the comparison of attempts notes in words, any other as it is."""
    return _CHOICES.get(tag.partition(":")[0], tag)


_UNITS = {"document": "record", "parquet": "row"}


def unit_of(layouts: Iterable[str]) -> str:
    """Return what is counted in sources of these layouts: lines, rows of tables, else records."""
    units = {_UNITS.get(layout, "line") for layout in layouts} or {"line"}
    return units.pop() if len(units) == 1 else "record"


def counted(n: int, noun: str) -> str:
    """Return a number of things: 1 task, 1,204 tasks."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def said_of(n: int, words: str) -> str:
    """Return words that follow a number as they follow this one: "are masked" becomes "is masked" for a single one."""
    if n != 1:
        return words
    first, space, rest = words.partition(" ")
    return f"{_OF_ONE[first]}{space}{rest.replace('their ', 'its ')}" if first in _OF_ONE else words


def short(number: float) -> str:
    """Return a mean with three decimals, where it is too large or too small for these with as many digits."""
    return minus(f"{number:.3f}" if not number or 1e-3 <= abs(number) < 1e9 else f"{number:.4g}")


def signed(number: float) -> str:
    """Return a change with its sign and three digits: +0.25, −1.5."""
    return minus(f"{number:+.3g}")


def minus(digits: str) -> str:
    """Return the digits of a number with a real minus sign, as people read them."""
    return digits.replace("-", "−")


def exact(number: float) -> str:
    """Return a number for people in short digits where these are the number itself, else in all its digits."""
    return minus(plain(number))


def plain(number: float) -> str:
    """Return the same for programs, as they read it back: with a hyphen for minus."""
    short = f"{number:g}"
    return short if float(short) == number else repr(number)


def name_of(column: str) -> str:
    """Return what people call a column; a name from data comes back nearly as it is."""
    if column.startswith(COMPONENT):
        return f"reward component {column.removeprefix(COMPONENT)}"
    return _COLUMNS.get(column) or column.replace("_", " ")
