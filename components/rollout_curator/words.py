"""Numbers of things, and words that follow a number, as people say them: 1 task, 1,204 tasks; 1 ends, 3 end."""

from collections.abc import Iterable

_OF_ONE = {
    "are": "is",
    "call": "calls",
    "count": "counts",
    "do": "does",
    "end": "ends",
    "give": "gives",
    "had": "had",
    "have": "has",
    "lose": "loses",
    "make": "makes",
    "repeat": "repeats",
    "use": "uses",
    "were": "was",
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
