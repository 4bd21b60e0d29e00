"""The review store under the shared drill: several writers, some of them killed, nothing acknowledged is lost.

A value grows with the round as well, because the drill forgives a value that was committed but not yet acknowledged
when its writer was killed only if it has the same stem and a higher number.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import rollout_curator

DRILL = Path(__file__).parents[2].parent / "shared" / "drills" / "concurrent_sqlite_writers.py"
pytestmark = [
    pytest.mark.drill,
    pytest.mark.shared,
    pytest.mark.skipif(not DRILL.exists(), reason="the shared drills are not beside this checkout"),
]

WRITER = """
import random
import sys
from pathlib import Path
from rollout_curator.decisions import Decisions, Entry

path, who, n, seed = sys.argv[1:]
dice = random.Random(who + seed)
with Decisions.open(Path(path)) as store:
    for i in range(int(n)):
        key = f"shared-{dice.randrange(50)}" if i % 2 else f"own-{who}-{dice.randrange(200)}"
        value = f"w{who}.{int(seed) * 1_000_000 + i}"
        store.record([Entry(key, "reject", ("truncated",), value, who, f"{who}-{seed}", i)])
        print("ACK", key, value, flush=True)
"""


def run_drill(tmp_path: Path, *options: str) -> dict[str, Any]:
    writer = tmp_path / "writer.py"
    writer.write_text(WRITER)
    command = [sys.executable, str(DRILL), "--db", str(tmp_path / "curation.sqlite")]
    command += ["--cmd", f"{sys.executable} {writer} {{db}} {{w}} {{n}} {{s}}"]
    command += ["--sql", "SELECT key, note FROM current", "--history-sql", "SELECT key, note FROM history", *options]
    components = str(Path(rollout_curator.__file__).parents[1])
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": components}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[0])
    return result


def test_four_writers_lose_none_of_10000_decisions(tmp_path: Path) -> None:
    result = run_drill(tmp_path, "--workers", "4", "--n", "2500")
    assert (result["acked"], result["findings"], result["journal_mode"]) == (10_000, [], "wal")


def test_writers_killed_at_any_moment_lose_no_acknowledged_decision(tmp_path: Path) -> None:
    result = run_drill(tmp_path, "--workers", "4", "--n", "1500", "--kill", "0.9", "--rounds", "6")
    assert result["findings"] == []
    assert result["killed"] >= 10
