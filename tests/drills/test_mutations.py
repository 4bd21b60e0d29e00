"""Mutations over every format, every kind of file and every verb: no crash, no hang, every line counted once.

Pieces of files are swapped, cut, doubled and replaced by what breaks parsers, in sources, recipes, manifests and files
of decisions. Batches run in a copy of this process, so that a crash of a library is a finding and not the end.
"""

import copy
import gzip
import json
import os
import random
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from corpus import BAD, EITHER, GOOD, frame, good
from drilling import copied, tasks
from ledger import Tried, size
from making import SAMPLE_DATA, call, write
from rollout_curator.training.file_types.base import file_types
from rollout_curator.training.targets.base import targets

pytestmark = [pytest.mark.drill, pytest.mark.skipif(os.name != "posix", reason="batches run in a copy of a process")]

BATCH_S, HANG_S = 20.0, 240.0
FEW = 25
"""How many sources there are in the short form, the same ones each time."""
TEXTS = [
    "",
    "\x00",
    "\ud800",
    "\u202e",
    "x" * 100_000,
    "1e999",
    "NaN",
    "../../etc/passwd",
    "{",
    "</script>",
    "\n",
    "=1+1",
]
VALUES: list[Any] = [None, True, -1, 0, 2**63, 2**70, 1e308, float("nan"), float("inf"), [], {}, [[]], [None], *TEXTS]
PIECES = [
    b"\x00",
    b"\xff",
    b"\n",
    b"\r",
    b'"',
    b"{",
    b"}",
    b"[",
    b",",
    b"\\",
    b"\\ud800",
    b"1e999",
    b"\xef\xbb\xbf",
    b"9" * 400,
]
MESSAGES = [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]
TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}]
CALLED = [*MESSAGES[:1], {"role": "assistant", "content": None, "tool_calls": [
    {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
    {"role": "tool", "tool_call_id": "c", "content": "ok"}, MESSAGES[1]]  # fmt: skip
OTHERS: list[dict[str, Any]] = [
    {"messages": CALLED, "tools": TOOLS, "reward": 0.5},
    {"prompt": "2+2?", "completion": "4", "reward": 0.5},
    {"prompt": MESSAGES[:1], "completion": MESSAGES[1:], "reward": 1},
    {"conversations": [{"from": "human", "value": "2+2?"}, {"from": "gpt", "value": "4"}], "reward": 1.0},
    {"input": MESSAGES[:1], "output": MESSAGES[1:], "score": 1.0},
    {"prompt": MESSAGES[:1], "chosen": MESSAGES[1:], "rejected": MESSAGES[1:], "reward": 0},
    {"history": MESSAGES, "reward": 1.0, "info": {"tools": TOOLS}},
]


def seeds() -> list[dict[str, Any]]:
    """Return rollouts of every format, real ones of the sample data among them."""
    found = [json.loads(good(1)), *OTHERS]
    for path in sorted(SAMPLE_DATA.rglob("*.jsonl")):
        for line in path.read_bytes().splitlines()[:12]:
            with suppress(ValueError):
                found.append(json.loads(line))
    return found


def bent(value: Any, dice: random.Random) -> Any:
    """Return a JSON value with some of its parts replaced, dropped, doubled or moved."""
    made = copy.deepcopy(value)
    for _ in range(dice.randrange(1, 4)):
        holder, key = made, None
        while isinstance(holder, dict | list) and holder:
            key = dice.choice(list(holder)) if isinstance(holder, dict) else dice.randrange(len(holder))
            inner = holder[key]
            if not isinstance(inner, dict | list) or not inner or dice.random() < 0.3:
                break
            holder = inner
        if key is None:
            continue
        way = dice.randrange(4)
        if way == 0:
            del holder[key]
        elif way == 1 and isinstance(holder, list):
            holder.insert(key, copy.deepcopy(holder[key]))
        elif way == 2 and isinstance(holder, dict):
            holder[dice.choice(TEXTS)] = holder.pop(key)
        else:
            holder[key] = copy.deepcopy(dice.choice(VALUES))
    return made


def broken(raw: bytes, dice: random.Random) -> bytes:
    """Return bytes with some of them cut, doubled, replaced or added."""
    for _ in range(dice.randrange(1, 4)):
        at, to = sorted((dice.randrange(len(raw) + 1), dice.randrange(len(raw) + 1)))
        to = min(to, at + 200)
        way = dice.randrange(4)
        raw = (
            raw[:at] + raw[to:]
            if way == 0
            else raw[:at] + raw[at:to] * 2 + raw[to:]
            if way == 1
            else raw[:at] + dice.choice(PIECES) + raw[to if way == 2 else at :]
        )
    return raw


PACKED = (b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"BZh", b"PAR1")


def source(folder: Path, dice: random.Random, from_: list[dict[str, Any]]) -> tuple[Path, int | None]:
    """Write a mutated source, and return how many lines it has where it is made of lines."""
    lines = []
    for _ in range(dice.randrange(1, 12)):
        way = dice.random()
        raw = (
            json.dumps(bent(dice.choice(from_), dice)).encode()
            if way < 0.7
            else dice.choice([*BAD[:39], *GOOD, *EITHER])
        )
        lines.append(broken(raw, dice) if way > 0.5 and len(raw) < 100_000 else raw)
    raw, kind = b"\n".join(lines), dice.choice(("jsonl",) * 4 + ("gz", "zst", "json", "cut", "parquet"))
    if kind == "json":
        path, raw = (
            folder / "run.json",
            json.dumps({"rollouts": [bent(dice.choice(from_), dice) for _ in range(4)]}).encode(),
        )
        path.write_bytes(broken(raw, dice) if dice.random() < 0.5 else raw)
        return path, None
    if kind == "parquet":
        path = folder / "run.parquet"
        path.write_bytes(broken((folder.parent / "sft.parquet").read_bytes(), dice))
        return path, None
    path = folder / f"run.jsonl{'' if kind == 'jsonl' else '.zst' if kind == 'zst' else '.gz'}"
    packed = raw if kind == "jsonl" else frame(raw) if kind == "zst" else gzip.compress(raw)
    path.write_bytes(broken(packed, dice) if kind == "cut" else packed)
    is_text = kind != "cut" and not raw.startswith(PACKED)  # else its first bytes say that it is packed, and damaged
    return path, raw.count(b"\n") + bool(raw and not raw.endswith(b"\n")) if is_text else None


def acts(path: Path, folder: Path, dice: random.Random) -> list[list[object]]:
    """Return commands of every verb on a mutated source, with what else they read mutated too."""
    out, kind = folder / "sft.jsonl", dice.choice(list(file_types()))
    out = out.with_suffix(f".{kind}")
    shape: list[object] = ["--target", dice.choice(list(targets())), "--as", kind]
    more = dice.choice(([], ["--pairs", "rule=margin"], ["--split", "validation=0.3"], ["--format", "flat"],
                        ["--strategy", 'best_of_n {"n": 1}'], ["--template", "chatml_tools"]))  # fmt: skip
    recipe, taken = folder / "recipe.toml", folder / "taken.jsonl"
    recipe.write_bytes(broken((folder.parent / "recipe.toml").read_bytes(), dice))
    taken.write_bytes(broken((folder.parent / "taken.jsonl").read_bytes(), dice))
    stated = folder / "old.jsonl.manifest.json"
    told = json.loads((folder.parent / "old.jsonl.manifest.json").read_bytes())
    stated.write_bytes(json.dumps(bent(told, dice)).encode())
    return [
        ["check", path], ["stats", path, "--look"], ["stats", path, "--recipe", recipe], ["review", path],
        ["export", path, "--out", out, *shape, *more, "--card", "card.md", "--report", "report.jsonl"],
        ["export", path, "--out", out, "--recipe", recipe], ["verify", stated], ["index", path],
        ["export", "--recipe", stated, "--out", folder / "again.jsonl"], ["diff", recipe, recipe, path],
        ["diff", stated, stated], ["decisions", "import", path, "--from", taken],
        ["decide", path, "--key", dice.choice(["0" * 32, "x", *TEXTS[2:4]]), "--verdict", "reject"],
        ["decisions", "export", path, "--out", folder / "out.jsonl"],
    ]  # fmt: skip


def fault(argv: list[object]) -> str:
    """Run a command and return what is wrong with how it ended, empty where nothing is."""
    try:
        ran = call(*argv)
    except BaseException as error:  # noqa: BLE001 - whatever escapes is a crash
        where = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(where.filename).name}:{where.lineno}"
        return f"{argv[0]} {Path(str(argv[1])).name}: {type(error).__name__}: {str(error)[:200]} ({place})"
    if ran.code not in (0, 1, 2) or "Traceback" in ran.err:
        return f"{argv[0]}: exit code {ran.code}: {ran.err[-200:]}"
    return ""


def miscounted(path: Path, n_lines: int | None, cache: Path) -> str:
    """Return where `check` does not count every line of a source once."""
    ran = call("check", path, "--json", "--cache-dir", cache)
    file = ran.json["files"][0] if ran.out else {}
    if "counts" not in file:
        return ""
    counts, n_lines = file["counts"], n_lines if file["layout"] == "lines" else None
    counted = counts["rollouts"] + counts["problems"] + counts["blank"]
    if counted != counts["lines"] or n_lines not in (None, counts["lines"]):
        return f"{n_lines} lines, counted {counts}"
    return ""


def batch(folder: Path, seed: int, told: Path) -> None:
    """Mutate for a while and write down what was tried and found."""
    dice, from_, found, counts = random.Random(seed), seeds(), [], Counter[str]()
    deadline = time.monotonic() + min(BATCH_S, size("mutate_s"))
    few = FEW if size("mutate_s") < BATCH_S else None
    while time.monotonic() < deadline and counts["sources"] != few:
        with tempfile.TemporaryDirectory(dir=folder) as name:
            here = Path(name)
            path, n_lines = source(here, dice, from_)
            counts["sources"] += 1
            counts["lines"] += n_lines or 0
            if wrong := miscounted(path, n_lines, folder / "cache"):
                found.append(["lines", f"seed {seed}, source {counts['sources']}: {wrong}"])
            for argv in dice.sample(acts(path, here, dice), 5):
                counts[str(argv[0])] += 1
                more = [] if argv[0] in ("verify", "diff", "decisions") else ["--cache-dir", folder / "cache"]
                if wrong := fault([*argv, *more]):
                    found.append(["crash", f"seed {seed}, source {counts['sources']}: {wrong}"])
        told.write_text(json.dumps({"counts": counts, "found": found}))


@pytest.mark.promises(16, 17)
def test_mutations_of_everything_that_is_read_crash_nothing(tmp_path: Path, report: Callable[..., None]) -> None:
    write(tmp_path / "run.jsonl", tasks(24))
    here = ["--cache-dir", tmp_path / "cache"]
    for name in ("sft.parquet", "old.jsonl"):
        kind = name.rpartition(".")[2]
        assert call("export", tmp_path / "run.jsonl", "--out", tmp_path / name, "--as", kind, *here).code == 0
    rows = [json.loads(good(1)), *tasks(24)]
    parts = '[split]\nvalidation = 0.2\n[pairs]\nrule = "margin"\nmargin = 0.5\n'
    (tmp_path / "recipe.toml").write_text(f'schema = 1\nmin_reward = 0.5\ntarget = "trl"\n{parts}')
    key = call(
        "export", write(tmp_path / "keyed.jsonl", rows), "--out", tmp_path / "key.jsonl", "--metadata", "key", *here
    )
    assert key.code == 0
    for row in (tmp_path / "key.jsonl").read_bytes().splitlines()[:4]:
        argv = ["--key", json.loads(row)["key"], "--verdict", "reject", "--reason", "truncated", "--note", "n"]
        assert call("decide", tmp_path / "keyed.jsonl", *argv, *here).code == 0
    assert call("decisions", "export", tmp_path / "keyed.jsonl", "--out", tmp_path / "taken.jsonl").code == 0
    counts, found, spent, seed = Counter[str](), [], 0.0, int(os.environ.get("DRILL_SEED", "17"))
    while spent < size("mutate_s"):
        told, seed = tmp_path / "told.json", seed + 1
        told.unlink(missing_ok=True)
        ended = copied(lambda seed=seed, told=told: batch(tmp_path, seed, told), limit_s=HANG_S)
        spent += max(ended.seconds, min(BATCH_S, size("mutate_s")))
        if told.exists():
            heard = json.loads(told.read_bytes())
            counts.update(heard["counts"])
            found += heard["found"]
        if ended.code:
            found.append(["crash", f"batch of seed {seed} ended with {ended.code}: {ended.err[-300:]}"])
    n_acts = counts.total() - counts["sources"] - counts["lines"]
    verbs = len([name for name in counts if name not in ("sources", "lines")])
    crashes, wrong = ([text for kind, text in found if kind == which] for which in ("crash", "lines"))
    said = f"{counts['sources']:,} mutated sources, {n_acts:,} commands of {verbs} verbs in {spent:,.0f} s"
    report(
        Tried(16, f"{said}: {len(crashes)} crashes", [*crashes, *([] if n_acts else ["nothing was tried"])]),
        Tried(17, f"{counts['lines']:,} mutated lines: {len(wrong)} files miscounted", wrong),
    )
