"""How the values of a recipe's fields are written: in a table, as words of the command line, in a link, and back.

A spelling knows one kind of value, not which field holds it. `rule_spellings` and `file_spellings` have those of larger
values. Nothing heavy is imported here: `--help` reads the table of fields.
"""

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from rollout_curator.errors import RecipeError
from rollout_curator.selection.filters import number_of

if TYPE_CHECKING:
    from rollout_curator.files.path_access import Reach

Takes = Literal["text", "number", "count", "seed", "place"]


class Spelling:
    """How a value is written; this one writes it as it is, and reads what the command line has parsed already.

    On the command line it `takes` a text, a number or the like, several times over where it `is_many`.
    """

    takes: Takes = "text"
    is_many = False

    def from_table(self, value: Any, name: str, where: str, reach: "Reach") -> Any:
        """Return the value that a TOML table holds under a name. Raises RecipeError."""
        raise NotImplementedError

    def to_table(self, value: Any) -> Any:
        """Return the value as plain JSON and TOML."""
        return value

    def from_words(self, given: Mapping[str, Any], before: Any) -> Any:
        """Return what a table holds for what was given by option; `before` is what it held. Raises RecipeError."""
        (value,) = given.values()
        return value

    def to_words(self, value: Any, option: str) -> list[str]:
        """Return the options that say a value other than the usual one, nothing for an empty one."""
        return [word for text in self.texts(value) for word in (option, text)]

    def texts(self, value: Any) -> list[str]:
        """Return what follows the option, once for each time it stands."""
        text = self.to_link(value)
        return [text] if text else []

    def from_link(self, text: str) -> Any:
        """Return the value of a link's parameter. Raises ValueError or RecipeError."""
        return text

    def to_link(self, value: Any) -> str:
        """Return a value as the parameter of a link, empty where it asks for nothing."""
        return str(value)


class Plain(Spelling):
    """A value that stands as it is, of which a table holds what `is_one` accepts."""

    def __init__(
        self, expected: str, is_one: Callable[[Any], bool], takes: Takes = "text", read: Callable[[str], Any] = str
    ) -> None:
        self.expected, self.is_one, self.takes, self.read = expected, is_one, takes, read

    def from_table(self, value: Any, name: str, where: str, reach: "Reach") -> Any:
        """Return the value if it is one."""
        if not self.is_one(value):
            raise RecipeError(f"{where}: {name} is {value!r}, expected {self.expected}")
        return value

    def from_link(self, text: str) -> Any:
        """Return the value in a text."""
        return self.read(text)


class Names(Spelling):
    """A list of words; its option may be repeated."""

    is_many = True

    def from_table(self, value: Any, name: str, where: str, reach: "Reach") -> tuple[str, ...]:
        """Return the words."""
        if not isinstance(value, list | tuple) or not all(isinstance(word, str) for word in value):
            raise RecipeError(f"{where}: {name} is {value!r}, expected a list of names")
        return tuple(value)

    def to_table(self, value: tuple[str, ...]) -> list[str]:
        """Return the words as a list."""
        return list(value)

    def texts(self, value: tuple[str, ...]) -> list[str]:
        """Return each word."""
        return list(value)


class Number(Spelling):
    """A finite number, or None."""

    takes = "number"

    def from_table(self, value: Any, name: str, where: str, reach: "Reach") -> float | None:
        """Return the number."""
        return number_of(value, f"{where}: {name}")

    def from_link(self, text: str) -> float:
        """Return the number."""
        return finite(text)

    def to_link(self, value: float) -> str:
        """Return the shortest text that reads as the same number."""
        return repr(value)


class Flag(Spelling):
    """True or false; `word` stands for true in a link, and an option without a value on the command line."""

    def __init__(self, word: str) -> None:
        self.word = word

    def from_table(self, value: Any, name: str, where: str, reach: "Reach") -> bool:
        """Return whether it is true."""
        if not isinstance(value, bool):
            raise RecipeError(f"{where}: {name} is {value!r}, expected true or false")
        return value

    def to_words(self, value: bool, option: str) -> list[str]:
        """Return the option alone."""
        return [option] if value else []

    def from_link(self, text: str) -> bool:
        """Return true for the word."""
        if text != self.word:
            raise ValueError(text)
        return True

    def to_link(self, value: bool) -> str:
        """Return the word for true."""
        return self.word if value else ""


def finite(text: str) -> float:
    """Return the finite number in a text. Raises ValueError."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number + 0.0


def number_in(bound: str, option: str, text: str) -> float:
    """Return the number in what an option says. Raises RecipeError with the whole of it."""
    try:
        return float(bound)
    except ValueError:
        raise RecipeError(f"{option} {text}: {bound!r} is not a number") from None


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


NAME = Plain("a name", lambda value: isinstance(value, str))
NAMES = Names()
SEED = Plain("the whole number of a seed", lambda value: value is None or _is_whole(value), "seed", int)
TOKENS = Plain("a number of tokens", lambda value: value is None or (_is_whole(value) and value > 0), "count", int)
