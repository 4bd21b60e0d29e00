"""How many processes convert, by how much there is to read.

Starting one takes about a second, most of it imports, so a small export is faster in this process.
"""

import os
from typing import Any

import numpy as np

from rollout_curator.workspace import Workspace

POOL_BYTES = 192 << 20
"""So many bytes of rollouts pay for a second process (bench/bench_export.py)."""
WORKERS_MAX = 8
"""A shared server has other users; reading the results keeps this process busy with about so many."""


def count_for(workspace: Workspace, rows: np.ndarray[Any, Any]) -> int:
    """Return how many processes should read these rows."""
    n_bytes = int(workspace.column("length")[rows].sum()) if len(rows) else 0
    return min(WORKERS_MAX, os.cpu_count() or 1, 1 + n_bytes // POOL_BYTES * WORKERS_MAX) if n_bytes else 1
