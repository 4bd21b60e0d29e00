"""The records `Problem` and `Slip`, read from `math_problems.toml`."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Slip:
    """A wrong route and the answer it ends in."""

    answer: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """A question, its answer, three right routes, and the slips people and models make on it.

    `n_right` and `n_wrong` count the attempts. `musing` is what the model thinks to itself before it writes;
    it commits to no figure.
    """

    task_id: str
    n_right: int
    n_wrong: int
    question: str
    answer: str
    musing: str
    routes: tuple[tuple[str, ...], ...]
    slips: tuple[Slip, ...]


def problems() -> tuple[Problem, ...]:
    """Return every problem, in the order of the file."""
    text = Path(__file__).with_name("math_problems.toml").read_text("utf-8")
    return tuple(_problem(**table) for table in tomllib.loads(text)["problem"])


def _problem(routes: list[str], slips: dict[str, str], **rest: Any) -> Problem:
    """Return one problem; a route is a text with one sentence a line."""
    wrong = tuple(Slip(answer, tuple(text.split("\n"))) for answer, text in slips.items())
    return Problem(**rest, routes=tuple(tuple(text.split("\n")) for text in routes), slips=wrong)
