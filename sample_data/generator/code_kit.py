"""The record `Bug`: a small program with one fault, its tests, and the edits people try."""

from dataclasses import dataclass
from typing import NamedTuple


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
