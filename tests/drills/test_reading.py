"""What is read, under a hostile corpus, cuts, bombs, odd rewards, special files and sources that change while open."""

import gzip
import json
import os
import random
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard

from corpus import BAD, Hostile, corpus, frame, good, specials
from drilling import TRACEBACK, Ended, command, forked, refusal_faults, tasks, watched
from ledger import Tried, size
from making import call, rows_of, write
from rollout_curator.errors import CuratorError
from rollout_curator.workspace.workspace import Workspace

pytestmark = [pytest.mark.drill, pytest.mark.skipif(os.name != "posix", reason="pipes and devices are those of POSIX")]

REFUSED_S, LIMIT_S, LIMIT_MB = 1.0, 60.0, 600.0


def faults(file: Hostile, ended: Ended) -> list[str]:
    """Return what `check --json` said wrong of a file."""
    if TRACEBACK in ended.err or ended.code not in (0, 2):
        return [f"exit code {ended.code}: {ended.err.strip()[-200:]}"]
    found = json.loads(ended.out)["files"][0] if ended.out else {"error": ended.err}
    kept = set(found.get("good", ()))
    if file.is_refused:
        told = found["error"] or found.get("problems") or ended.err.strip()
        return [] if told and not kept else ["it was not refused"]
    if "counts" not in found:
        return [] if set(file.lines) == {"?"} else [f"the whole file is refused: {found['error']}"]
    flagged, bad = {int(n) for n in found.get("flag", ())}, {int(n) for n in found.get("bad", ())}
    wrong = []
    for n, kind in enumerate(file.lines, start=1):
        took = "-" if n in found["blank"] else "b" if n in bad else "g" if n in kept | flagged else "lost"
        told = took != "b" or found["bad"].get(str(n)) or found["flag"].get(str(n))
        is_right = kind in (took, "?") or (kind == "b" and n in flagged)
        if not is_right or took == "lost" or not told:
            wrong.append(f"line {n} is taken for {took}")
    if file.is_told and not (found["notes"] or found["error"] or bad):
        wrong.append("what is wrong with it is not told")
    counted = found["counts"]
    if counted["lines"] != counted["rollouts"] + counted["problems"] + counted["blank"]:
        wrong.append(f"{counted} does not add up")
    return wrong


@pytest.mark.promises(16, 17)
def test_every_line_of_a_hostile_file_is_judged(tmp_path: Path, report: Callable[..., None]) -> None:
    found, n_lines, files = [], 0, corpus()
    for file in files:
        path = tmp_path / file.name
        path.write_bytes(file.raw)
        ended = forked("check", path, "--json", "--cache-dir", tmp_path / "cache", limit_s=LIMIT_S)
        found += [f"{file.name!r}: {fault}" for fault in faults(file, ended)]
        n_lines += len(file.lines)
        path.unlink()
    said = f"{len(files)} files of a hostile corpus with {n_lines:,} lines: {len(found)} wrong"
    report(Tried(16, said, found), Tried(17, f"{n_lines:,} hostile lines, each counted once", found))


@pytest.mark.promises(18)
def test_the_numbers_of_lines_are_those_of_sed(tmp_path: Path, report: Callable[..., None]) -> None:
    """Between lines that are cut at CR, NEL, VT, FF and the separators of Unicode by other readers."""
    apart = [b"\r", "\u0085".encode(), b"\x0b", b"\x0c", b"\x1c", "\u2028".encode(), "\u2029".encode(), b"\\n"]
    dice, lines = random.Random(18), []
    for n in range(300):
        odd = good(n).replace(b"Question", dice.choice(apart[5:] + apart[1:2]))
        lines.append(dice.choice((odd, b"{bad" + dice.choice(apart) + str(n).encode(), b"", good(n) + b"\r")))
    path = tmp_path / "lines.jsonl"
    path.write_bytes(b"\n".join(lines) + b"\n")
    checked = call("check", path, "--json", "--cache-dir", tmp_path / "cache").json["files"][0]
    asked = sorted(int(n) for n in [*checked["bad"], *checked["good"], *checked["flag"]])
    told = subprocess.run(
        ["sed", "-n", "-e", ";".join(f"{n}p" for n in asked), str(path)], capture_output=True, env={"LC_ALL": "C"}
    ).stdout.split(b"\n")[:-1]
    bad = {int(n) for n in checked["bad"]}
    workspace = Workspace.open([path], tmp_path / "cache")
    read = {workspace.where(row).rpartition(":")[2]: workspace.line(row) for row in range(workspace.n_rollouts)}
    workspace.close()
    found = [f"line {n} is another" for n, line in zip(asked, told, strict=True) if (n in bad) != (line[:4] == b"{bad")]
    found += [
        f"line {n} reads as another"
        for n, line in zip(asked, told, strict=True)
        if n not in bad and read[f"{n:,}" if f"{n:,}" in read else str(n)].rstrip(b"\r\n") != line.rstrip(b"\r")
    ]
    found += [] if len(told) == len(asked) == sum(map(bool, lines)) else [f"{len(asked)} of {len(lines)} lines"]
    report(Tried(18, f"{len(asked)} lines between 8 kinds of separators: {len(found)} numbered otherwise", found))


REWARDS = [
    "1.0", "0", "-3", "1e308", "-0.0", "5e-324", '"1.0"', '"high"', "true", "false", "null", "NaN", "Infinity",
    "-Infinity", "1e400", "-1e400", "[]", "[1.0]", "{}", '{"reward": 1.0}', '""', "9" * 5_000, "1_000", "0x1", "",
]  # fmt: skip
NUMBERS = 6
"""How many of them are numbers."""


@pytest.mark.promises(19)
def test_a_reward_that_is_no_number_passes_nothing(tmp_path: Path, report: Callable[..., None]) -> None:
    plain = json.dumps({key: value for key, value in gym_of(0).items() if key != "reward"})
    lines = [plain[:-1] + (f', "reward": {text}' if text else "") + "}" for text in REWARDS]
    lines = [line.replace("Question 0", f"Question {n}") for n, line in enumerate(lines)]
    path, found = write(tmp_path / "rewards.jsonl", lines), []
    for bound in ("--min-reward=-1.7e308", "--max-reward=1.7e308", "--min-reward=0", "--max-reward=0"):
        out = tmp_path / "sft.jsonl"
        argv = ["export", path, "--out", out, "--cache-dir", tmp_path / "cache", "--metadata", "reward", bound]
        done = call(*argv, "--metadata", "line")
        kept = [(row["line"], row["reward"]) for row in rows_of(out)] if done.code == 0 else []
        found += [f"{bound}: {REWARDS[line - 1][:20]} passes" for line, _ in kept if line > NUMBERS]
        found += [f"{bound}: {REWARDS[line - 1][:20]} is {reward}" for line, reward in kept if line <= NUMBERS
                  and reward != float(REWARDS[line - 1])]  # fmt: skip
        found += [] if done.code == 0 else [f"{bound}: {done.err.strip()}"]
    odd = len(REWARDS) - NUMBERS
    report(Tried(19, f"{odd} rewards that are no numbers under 4 bounds: {len(found)} pass", found))


def gym_of(n: int) -> dict[str, Any]:
    """Return a good rollout as an object."""
    fields: dict[str, Any] = json.loads(good(n))
    return fields


def bombs(folder: Path, mib: int, n_bad: int) -> dict[str, Callable[[Path], None]]:
    """Return files that unpack to much more, or make much of little, with how each is written."""
    row, size_bytes = b"\n" + good() + b"\n", mib << 20

    def zipped(unit: bytes, times: int) -> Callable[[Path], None]:
        def make(path: Path) -> None:
            with gzip.open(path, "wb", compresslevel=1) as file:
                many = unit * max(1, (1 << 20) // len(unit))
                for _ in range(max(1, times * len(unit) // len(many))):
                    file.write(many)
                file.write(row)

        return make

    def run_length(path: Path) -> None:
        block = struct.pack("<I", 1 << 1 | 131_072 << 3)[:3] + b" "
        end = struct.pack("<I", 1 | len(row) << 3)[:3] + row
        path.write_bytes(struct.pack("<IBB", 0xFD2FB528, 0, 80) + block * (4 * size_bytes >> 17) + end)

    def sparse(path: Path) -> None:
        path.write_bytes(good() + b"\n")
        os.truncate(path, 2 * size_bytes)

    def window(path: Path) -> None:
        end = struct.pack("<I", 1 | len(row) << 3)[:3] + row
        path.write_bytes(struct.pack("<IBB", 0xFD2FB528, 0, 21 << 3) + end)

    def twice(path: Path) -> None:
        zipped(b" ", size_bytes)(path)
        path.write_bytes(gzip.compress(path.read_bytes()))

    return {
        "spaces.jsonl.gz": zipped(b" ", size_bytes),
        "newlines.jsonl.gz": zipped(b"\n", size_bytes),
        "bad_lines.jsonl.gz": zipped(b"x\n", n_bad),
        "empty_objects.jsonl.gz": zipped(b"{}\n", n_bad // 4),
        "good_lines.jsonl.gz": zipped(good() + b"\n", n_bad // 40),
        "spaces.jsonl.zst": run_length,
        "window.jsonl.zst": window,
        "sparse.jsonl": sparse,
        "twice.jsonl.gz": twice,
        "nested.jsonl": lambda path: path.write_bytes(b'{"a":' * (size_bytes // 20) + b"\n" + good()),
        "nested.json": lambda path: path.write_bytes(b"[" * (size_bytes // 20)),
        "digits.jsonl": lambda path: path.write_bytes(b'{"a":' + b"9" * (size_bytes // 20) + b"}\n" + good()),
        "one_line.jsonl": lambda path: path.write_bytes(good().replace(b"Answer", b"x" * (size_bytes // 20))),
        "parts.jsonl": lambda path: path.write_bytes(json.dumps(parts(1_000 * mib // 10)).encode()),
        "keys.jsonl": lambda path: path.write_bytes(
            json.dumps({**gym_of(0), **{f"key {n}": n for n in range(1_000 * mib // 10)}}).encode()
        ),
    }


def parts(n: int) -> dict[str, Any]:
    """Return a rollout whose prompt has very many parts."""
    content = [{"type": "input_text", "text": str(part)} for part in range(n)]
    return {**gym_of(0), "responses_create_params": {"input": [{"role": "user", "content": content}]}}


@pytest.mark.promises(20, 16)
@pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory is read from /proc")
def test_no_file_takes_much_memory_or_time(tmp_path: Path, report: Callable[..., None]) -> None:
    found, most, longest, crashed = [], 0.0, 0.0, []
    made = bombs(tmp_path, size("bomb_mib"), size("bad_lines"))
    for name, make in made.items():
        path = tmp_path / name
        make(path)
        ended = watched(command("check", path, "--cache-dir", tmp_path / "cache"), limit_s=5 * LIMIT_S)
        spent = min(ended.seconds, ended.work_s)
        most, longest = max(most, ended.peak_mb), max(longest, spent)
        if ended.peak_mb > LIMIT_MB or spent > LIMIT_S or ended.seconds > 5 * LIMIT_S:
            found.append(f"{name}: {ended.peak_mb:,.0f} MB, {spent:.0f} s")
        if TRACEBACK in ended.err or ended.code not in (0, 2):
            crashed.append(f"{name}: exit code {ended.code}: {ended.err.strip()[-200:]}")
        path.unlink()
    said = f"{len(made)} bombs of {size('bomb_mib'):,} MiB and more: at most {most:,.0f} MB and {longest:.0f} s"
    report(Tried(20, said, found), Tried(16, f"{len(made)} bombs: {len(crashed)} crashes", crashed))


@pytest.mark.promises(21)
def test_what_is_cut_is_told_and_what_stands_before_is_kept(tmp_path: Path, report: Callable[..., None]) -> None:
    raw = b"\n".join(json.dumps(row).encode() for row in tasks(200)) + b"\n"
    dice, found = random.Random(21), []
    for n in range(size("cuts")):
        kind = ("gz", "zst")[n % 2]
        whole = gzip.compress(raw, mtime=0) if kind == "gz" else frame(raw)
        cut = whole[: dice.randrange(1, len(whole))]
        path = tmp_path / f"cut{n}.jsonl.{kind}"
        path.write_bytes(cut)
        unpacked = zlib.decompressobj(31).decompress(cut) if kind == "gz" else unframed(cut)
        ran = call("check", path, "--json", "--cache-dir", tmp_path / "cache")
        told = ran.json["files"][0] if ran.out else {"error": ran.err, "good": [], "bad": {}, "notes": []}
        if len(told["good"]) < unpacked.count(b"\n"):
            found.append(f"{kind} cut at {len(cut)}: {len(told['good'])} of {unpacked.count(bytes([10]))} lines")
        if not (told["error"] or told["bad"] or told["notes"]):
            found.append(f"{kind} cut at {len(cut)} is not told")
        path.unlink()
    report(Tried(21, f"{size('cuts'):,} cuts of .gz and .zst: {len(found)} not told or with a line lost", found))


def unframed(cut: bytes) -> bytes:
    """Return what can be read of a frame that was cut."""
    return zstandard.ZstdDecompressor().decompressobj().decompress(cut)


def injure(path: Path, dice: random.Random, n: int) -> None:
    """Change a source in one of the ways files change."""
    raw, way = path.read_bytes(), dice.randrange(7)
    stamp = path.stat()
    if way == 0:
        path.write_bytes(raw + good(n) + b"\n")
    elif way == 1:
        lines = raw.splitlines(keepends=True)
        dice.shuffle(lines)
        path.write_bytes(b"".join(lines))
    elif way == 2:
        path.with_suffix(".new").write_bytes(b"".join(good(n + k) + b"\n" for k in range(20)))
        path.with_suffix(".new").replace(path)
    elif way == 3:
        os.truncate(path, dice.randrange(len(raw)))
    elif way == 4:
        path.unlink()
    elif way == 5:
        at = dice.randrange(len(raw))
        path.write_bytes(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :])
        os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    else:
        path.write_bytes(good(n) + b"\n" + raw)


@pytest.mark.promises(22)
def test_a_source_that_changed_never_shows_a_wrong_text(tmp_path: Path, report: Callable[..., None]) -> None:
    dice, reads, told, found, n = random.Random(22), 0, 0, [], 0
    while reads < size("reads"):
        n += 1
        kind = ("jsonl", "jsonl.gz", "jsonl.zst")[n % 3]
        path, raw = tmp_path / f"run{n}.{kind}", b"".join(good(k) + b"\n" for k in range(20))
        path.write_bytes(raw if n % 3 == 0 else gzip.compress(raw) if n % 3 == 1 else frame(raw))
        workspace = Workspace.open([path], tmp_path / "cache")
        source = workspace.sources[0]
        before = [source.body(row) for row in range(20)]
        for _ in range(dice.randrange(1, 3)):
            injure(path, dice, 100 * n) if path.exists() else None
        for row in dice.sample(range(20), 20):
            reads += 1
            try:
                found += [] if source.body(row) == before[row] else [f"{kind} {n}: row {row} is another"]
            except CuratorError:
                told += 1
        workspace.close()
        path.unlink(missing_ok=True)
    report(Tried(22, f"{reads:,} reads of changed sources: {told:,} told, {len(found)} wrong texts", found))


@pytest.mark.promises(23)
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, report: Callable[..., None]) -> None:
    found, slowest = [], 0.0
    paths = specials(tmp_path)
    for path in paths:
        for verb in ("check", "stats", "index"):
            ended = forked(verb, path, "--cache-dir", tmp_path / "cache", limit_s=20)
            slowest = max(slowest, spent := min(ended.seconds, ended.work_s))
            found += [f"{verb} {path.name}: {fault}" for fault in refusal_faults(ended)]
            found += [] if spent < REFUSED_S and ended.seconds < 20 else [f"{verb} {path.name} took {spent:.1f} s"]
    report(Tried(23, f"{len(paths)} pipes, devices, sockets and links to them: refused within {slowest:.2f} s", found))


def test_the_corpus_has_each_kind_of_bad_line_once() -> None:
    assert len(set(BAD)) == len(BAD) > 50
