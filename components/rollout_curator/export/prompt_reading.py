"""The prompts of rows, read some hundreds at a time, where it pays in several processes."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from rollout_curator.decisions.marked_rows import Marks
from rollout_curator.export.conversion import Prompted, PromptRequest, prompts
from rollout_curator.export.worker_count import count_for
from rollout_curator.parallel import run_ordered
from rollout_curator.recipe.plan import Plan
from rollout_curator.workspace.workspace import Workspace

Array = np.ndarray[Any, Any]
ROWS_A_REQUEST = 512


def read_prompts(workspace: Workspace, rows: Array, plan: Plan | None, marks: Marks) -> Iterator[Prompted]:
    """Yield the prompts of ascending rows, by a plan as its examples have them; `marks` are marked items by key."""
    return run_ordered(prompts, _requests(workspace, rows, plan, marks), count_for(workspace, rows, plan))


def _requests(workspace: Workspace, rows: Array, plan: Plan | None, marks: Marks) -> Iterator[PromptRequest]:
    texts: list[bytes] = []
    marked: dict[int, frozenset[int]] = {}
    for row, text in workspace.lines(rows):
        if marks and (items := marks.get(workspace.key(row))):
            marked[len(texts)] = frozenset(items)
        texts.append(text)
        if len(texts) == ROWS_A_REQUEST:
            yield PromptRequest(texts, plan, marked)
            texts, marked = [], {}
    if texts:
        yield PromptRequest(texts, plan, marked)
