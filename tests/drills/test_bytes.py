"""The same bytes every time, on any Python, and every line of them strict JSON of an approved rollout.

PYTHONS names other interpreters to compare with, each with this project's base packages installed.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet
import pytest

from corpus import EITHER, GOOD, good
from drilling import forked
from exporting import SAMPLE_DATA, decide, shapes
from ledger import Tried, size
from making import CHECKOUT, write
from rollout_curator.workspace.workspace import Workspace

pytestmark = pytest.mark.drill


def made(python: str, folder: Path, seed: int) -> dict[str, Any]:
    """Return the digests of everything that an interpreter exports."""
    argv = [python, str(CHECKOUT / "tests" / "exporting.py"), str(folder), str(seed), str(size("shapes"))]
    done = subprocess.run(argv, env=os.environ | {"PYTHONHASHSEED": str(seed)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.promises(6)
def test_the_bytes_are_the_same_in_every_run_on_every_python(tmp_path: Path, report: Callable[..., None]) -> None:
    """Each run has another seed of hashes and another order of the same verdicts; other Pythons make one run each."""
    first, found = made(sys.executable, tmp_path / "first", 1), []
    runs = [sys.executable] * (size("runs") - 1) + os.environ.get("PYTHONS", "").split()
    versions = {first["python"]}
    for n, python in enumerate(runs, start=2):
        other = made(python, tmp_path / f"run{n}", n)
        versions.add(other["python"])
        names = first["files"].keys() | other["files"].keys()
        found += [
            f"{name} differs on {other['python']}"
            for name in names
            if first["files"].get(name) != other["files"].get(name)
        ]
    pythons, n_files = ", ".join(sorted(versions)), len(first["files"])
    said = f"{len(runs) + 1} runs of {n_files} files on Python {pythons}: {len(found)} differ"
    report(Tried(6, said, found + ([] if n_files > size("shapes") else ["nothing was written"])))


def no_constant(name: str) -> None:
    """Refuse what is no JSON."""
    raise ValueError(f"{name} is no JSON")


HALF_PAIR = re.compile(rb"(?<!\\\\)\\u[dD][89a-fA-F]")


def line_faults(line: bytes, name: str) -> list[str]:
    """Return why a line is no strict JSON, to two parsers.

    Half a surrogate pair is an escape that JSON allows (RFC 8259, 8.2) and orjson refuses. NeMo Gym's converter keeps
    it, so the target that equals it does; json alone judges such a line.
    """
    found = []
    try:
        first = json.loads(line.decode("utf-8"), parse_constant=no_constant)
        is_one_parser = name.startswith("gym") and HALF_PAIR.search(line)
        second = first if is_one_parser else orjson.loads(line)
        found += [] if isinstance(first, dict) and first.keys() == second.keys() else ["two parsers read two things"]
    except ValueError as error:
        found.append(str(error))
    return found


@pytest.mark.promises(8)
def test_every_line_is_strict_json_of_an_approved_rollout(tmp_path: Path, report: Callable[..., None]) -> None:
    """Of the sample data with decisions and of the odd and doubtful lines of the corpus, for every trainer and kind."""
    odd = write(tmp_path / "odd.jsonl", [*GOOD, *EITHER, *(good(n) for n in range(20))])
    workspace = Workspace.open([SAMPLE_DATA, odd], tmp_path / "cache")
    decide(workspace, tmp_path / "curation.sqlite", 8)
    keys = [workspace.key(row) for row in range(workspace.n_rollouts)]
    rejected = {keys[row] for row in range(0, len(keys), 5) if row % 3 != 1}
    accepted = {keys[row] for row in range(0, len(keys), 5)} - rejected  # those are kept whatever their reward
    rewards = dict(zip(keys, workspace.frame["reward"], strict=True))
    workspace.close()
    n_lines, found, n_exports = 0, [], 0
    for name, options in list(shapes().items())[: size("shapes") or None]:
        out = tmp_path / name / f"sft.{'parquet' if '-parquet' in name else 'jsonl'}"
        out.parent.mkdir()
        argv = [SAMPLE_DATA, odd, "--out", out, "--cache-dir", tmp_path / "cache", "--min-reward", "0.4", *options]
        more = [] if "pairs" in name or "key" in options else ["--metadata", "key"]
        done = forked("export", *argv, *more, "--decisions", tmp_path / "curation.sqlite")
        if done.code:
            found += [f"{name}: {done.err.strip()[-200:]}"] if done.code != 2 else []
            continue
        n_exports += 1
        manifest = json.loads(out.with_name(f"{out.name}.manifest.json").read_bytes())
        rows = 0
        for path in sorted(out.parent.glob("sft*")):
            if path.suffix == ".parquet":
                table = pyarrow.parquet.read_table(path)
                rows += table.num_rows
                kept = table.column("key").to_pylist() if "key" in table.column_names else []
            elif path.suffix == ".jsonl":
                lines = path.read_bytes().split(b"\n")[:-1]
                rows += len(lines)
                found += [
                    f"{name} {path.name}:{n}: {fault}"
                    for n, line in enumerate(lines, 1)
                    for fault in line_faults(line, name)
                ]
                kept = [json.loads(line).get("key") for line in lines]
            else:
                continue
            found += [f"{name}: {key} was not approved" for key in filter(None, kept)
                      if key in rejected or not (key in accepted or rewards[key] >= 0.4)]  # fmt: skip
        n_lines += rows
        named = manifest["rows"] + sum(
            part["rows"] for part in manifest.get("others", ()) if part["file"].startswith("sft.")
        )
        if rows != named or ("split" not in name and "pairs" not in name and rows != manifest["counts"]["exportable"]):
            found.append(f"{name}: {rows} rows, the manifest says {named}")
    report(
        Tried(
            8, f"{n_lines:,} lines of {n_exports} exports: {len(found)} not strict, not approved or not counted", found
        )
    )
