"""The frame a notebook works on: what means something outside of the index, under names that stay.

`Workspace.frame` says what each column is; a test compares.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from rollout_curator.workspace.workspace import Workspace as Opened

if TYPE_CHECKING:
    import pandas as pd

FIXED = ("source", "line", "key", "group")
"""Columns of `Workspace.frame` that say where a rollout stands and what it is."""
CLASSES = ("format", "agent", "model", "task", "finish", "invalid", "flags")
"""Columns of the index that are words, and mean something outside of it."""


def frame_of(opened: Opened) -> "pd.DataFrame":
    """Return the columns of `Workspace.frame`; none is shared with what the rest of the program reads and writes."""
    import pandas as pd

    whole, rows = opened.frame, np.arange(opened.n_rollouts)
    own = {"key": opened.keys_of(rows), "group": opened.groups().codes, "attempt": opened.numbers("attempt")}
    names = [*FIXED, *(name for name, axis in opened.axes.items() if not axis.is_facet), *CLASSES]
    columns: dict[str, Any] = {name: own[name] if name in own else whole[name] for name in names}
    for name in opened.facet_names:
        free = name
        while free in columns:
            free = f"facet {free}"
        columns[free] = opened.facet(name)
    return pd.DataFrame(columns, copy=False)
