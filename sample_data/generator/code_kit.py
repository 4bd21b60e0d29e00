"""The record `Bug`: a small program with one fault, its tests, and the edits people try, read from `code_bugs.toml`."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple


class Edit(NamedTuple):
    """Replace `old`, which occurs once, by `new`."""

    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Bug:
    """One fault. `right` and `other` both repair it, `wrong` is the plausible edit that does not.

    `hack` is an edit of the tests that makes them pass without a repair.
    `probe` is Python that shows the fault. What it prints, and what pytest says after each edit, was
    recorded in `pytest_runs.txt`.
    """

    task_id: str
    path: str
    source: str
    test_path: str
    tests: str
    issue: str
    cause: str
    right: Edit
    other: Edit
    wrong: Edit
    wrong_idea: str
    hack: Edit
    probe: str
    summary: str
    other_summary: str

    def after(self, edit: Edit) -> str:
        """Return the source after an edit."""
        return self.source.replace(edit.old, edit.new)


def bugs() -> tuple[Bug, ...]:
    """Return every bug, in the order of the file."""
    text = Path(__file__).with_name("code_bugs.toml").read_text("utf-8")
    return tuple(_bug(table) for table in tomllib.loads(text)["bug"])


def _bug(table: dict[str, Any]) -> Bug:
    """Return one bug; what is a table in the file is an edit."""
    edits = {name: Edit(**value) for name, value in table.items() if isinstance(value, dict)}
    return Bug(**table | edits)
