"""Marks on answers as the reader shows and sets them: by the first item of the answer that a turn belongs to.

Knows views, turns and the store; what a mark does to the example is up to `loss_marks`. Who reads blind sees and
gets only marks of their own until they have decided.
"""

from rollout_curator.conversation import answers, open_rollout
from rollout_curator.rollout import Rollout
from rollout_curator.ui.reader.blinding import is_hidden
from rollout_curator.ui.reader.messages import AnswerMark
from rollout_curator.ui.reader.transcript import Locate, Turn, numbered
from rollout_curator.ui.reader.views import View


def answered(rollout: Rollout, locate: Locate | None = None) -> tuple[list[Turn], list[int]]:
    """Return the turns, each answer with its `item`, and the items of those answers that the data mark as untrained.

    `locate` is as in `numbered`. Where no example can ever be made, nothing can be marked.
    """
    shown, opened = numbered(rollout, locate), open_rollout(rollout)
    if opened.skip is not None:
        return shown.turns, []
    items = [*opened.prompt, *opened.output]
    firsts = answers(items)
    for turn in shown.turns:
        at = shown.items.get(turn["n"], -1)
        if 0 <= at < len(firsts) and (first := firsts[at]) is not None:
            turn["item"] = first
    marked = {first for first, item in zip(firsts, items, strict=True) if item.get("train") is False}
    return shown.turns, sorted(first for first in marked if first is not None)


def marks_for(view: View, row: int) -> frozenset[int]:
    """Return the marked items of a row, as far as the reviewer may know them."""
    items = view.workspace.marked_rows().of(row)
    if not items or not is_hidden(view, key := view.workspace.key(row)):
        return items
    return frozenset(map(int, marks_json(view, key)))


def marks_json(view: View, key: str) -> dict[str, AnswerMark]:
    """Return the marks on a content by item, with who set them and when, as far as the reviewer may know them."""
    store = view.workspace.decisions
    found = {} if store is None else store.marks_on(key)
    own_only = bool(found) and is_hidden(view, key)
    return {
        str(item): {"id": act.id, "reviewer": act.reviewer, "at": act.at}
        for item, act in sorted(found.items())
        if not own_only or act.reviewer == view.reviewer
    }


def is_answer(view: View, row: int, item: int) -> bool:
    """Say whether a row has an answer that begins at this item."""
    opened = open_rollout(view.workspace.rollout(row))
    firsts = answers([*opened.prompt, *opened.output])
    return opened.skip is None and 0 <= item < len(firsts) and firsts[item] == item
