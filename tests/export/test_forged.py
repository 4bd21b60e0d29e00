"""A forged manifest: every single thing it says is changed in turn, and `verify` must find it.

The manifests are real ones; what nobody can know from the files is listed here, with why.
"""

import json
from collections.abc import Iterator
from contextlib import closing
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from making import call, gym, write
from rollout_curator.decisions.store import Decisions, Entry
from rollout_curator.workspace.workspace import Workspace

UNKNOWABLE = {
    "version": "files do not tell by which version they were written; when it differs `verify` names both",
    "recipe.pairs.max_length_ratio": "a ratio that leaves out none of these pairs is as true as another",
    "store.passed_over.*.path": "a store that does not count leaves no trace in the files",
}
"""What a forger may change unseen, and why."""
PLACE_OF_STORE = "store.path"
"""Where nothing lies at a path, `verify` says that it cannot know, and does not say that it holds."""
Path_ = tuple[str | int, ...]


def leaves(value: Any, at: Path_ = ()) -> Iterator[Path_]:
    """Yield the place of everything in a JSON value that holds no more places."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    if not inside:
        yield at
    for name, one in inside:
        yield from leaves(one, (*at, name))


def forged(content: Any, at: Path_) -> Any:
    """Return a copy of which one leaf says something else."""
    made = deepcopy(content)
    *way, last = at
    inner = made
    for name in way:
        inner = inner[name]
    inner[last] = other(inner[last])
    return made


def other(value: Any) -> Any:
    """Return another value of the same type."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, str):
        return f"{value}x"
    return {"forged": "x"} if isinstance(value, dict) else ["x"] if isinstance(value, list) else "x"


def named(at: Path_) -> str:
    """Return a place as the list of what cannot be known names it."""
    return ".".join("*" if isinstance(name, int) else name for name in at)


@pytest.fixture
def opened(tmp_path: Path) -> Path:
    """Write two sources, reject one rollout of one, accept and mark others, beside a store that is passed over."""
    folder = tmp_path / "w"
    (folder / "a").mkdir(parents=True)
    (folder / "b").mkdir()
    write(folder / "a" / "one.jsonl", [gym(f"a{n}", reward=n % 3 / 2) for n in range(12)])
    write(folder / "b" / "two.jsonl", [*(gym(f"b{n}", f"{m}", reward=m / 2) for n in range(3) for m in range(3)), "{"])
    workspace = Workspace.open([folder], tmp_path / "cache")
    with closing(workspace), Decisions.open(folder / "curation.sqlite") as store:
        keys = [workspace.key(row) for row in (2, 5, 8)]
        store.record([Entry(keys[0], "reject"), Entry(keys[1], "accept"), Entry(keys[2], "mark", item=0)])
    Decisions.open(folder / "a" / "curation.sqlite").close()
    return folder


WAYS = {
    "parts, card and report": (
        "--min-reward",
        "0.5",
        "--split",
        "0.3",
        "--split",
        "test=0.2",
        "--card",
        "README.md",
        "--report",
        "r.jsonl",
    ),
    "pairs": ("--pairs", "margin", "--report", "r.jsonl"),
}


@pytest.mark.parametrize("way", WAYS)
def test_whatever_is_forged_in_a_manifest_is_found(opened: Path, tmp_path: Path, way: str) -> None:
    out = tmp_path / "out" / "sft.jsonl"
    out.parent.mkdir()
    cache = ("--cache-dir", tmp_path / "cache")
    ran = call("export", opened, "--out", out, *WAYS[way], *cache)
    assert ran.code == 0, ran.err
    path = out.with_name("sft.jsonl.manifest.json")
    content = json.loads(path.read_bytes())
    assert call("verify", path).code == 0, call("verify", path).out
    unseen = []
    for at in leaves(content):
        path.write_text(json.dumps(forged(content, at)))
        ran = call("verify", path)
        is_told = ran.code in (1, 2) or (named(at) == PLACE_OF_STORE and "unsure the review store" in ran.out)
        if not is_told and named(at) not in UNKNOWABLE:
            unseen.append((at, ran))
    assert unseen == []
