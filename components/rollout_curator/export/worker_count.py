"""How many processes convert, by how much there is to read.

Passing lines to another process and back costs about what one process saves: on two cores nothing was gained by a
second one up to half a gigabyte (bench/bench_export.py). With four, this process only reads, hashes and writes, which
is less than half of the work; starting the others takes about a second.
"""

import os
from typing import Any

import numpy as np

from rollout_curator.recipe.plan import Plan
from rollout_curator.training.templates.render_queue import one_at_a_time
from rollout_curator.workspace.workspace import Workspace

POOL_BYTES = 384 << 20
CORES_MIN, WORKERS_MAX = 4, 8


def count_for(workspace: Workspace, rows: np.ndarray[Any, Any], plan: Plan | None = None) -> int:
    """Return how many processes should read these rows; one where what they render waits for its turn."""
    if plan is not None and one_at_a_time(plan.look.template):
        return 1
    n_bytes = int(workspace.column("length")[rows].sum()) if len(rows) else 0
    cores = os.cpu_count() or 1
    return min(WORKERS_MAX, cores - 1) if n_bytes >= POOL_BYTES and cores >= CORES_MIN else 1
