"""What files of nothing, of nonsense and of far too much take: time and memory of `check --json`, one line per kind.

python bench/bench_hostile.py [KIND...] [--n 2000000] [--folder DIR] [--keep]
"""

import argparse
import bz2
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import zstandard

CHAT = b'{"messages":[{"role":"user","content":"%d"},{"role":"assistant","content":"b"}],"reward":1}\n'
PIECE = 10_000


def repeated(piece: bytes, n: int) -> Iterator[bytes]:
    """Yield `n` copies of some bytes, many at a time."""
    for start in range(0, n, PIECE):
        yield piece * min(PIECE, n - start)


def numbered(pattern: bytes, n: int) -> Iterator[bytes]:
    """Yield `n` lines that all differ, many at a time."""
    for start in range(0, n, PIECE):
        yield b"".join(pattern % number for number in range(start, min(start + PIECE, n)))


def around(begin: bytes, middle: Iterator[bytes], end: bytes) -> Iterator[bytes]:
    """Yield bytes with something before and behind them."""
    yield begin
    yield from middle
    yield end


KINDS: dict[str, Callable[[int], Iterator[bytes]]] = {
    "bad lines": lambda n: repeated(b"x\n", n),
    "bad lines that differ": lambda n: numbered(b'{"a": %d\n', n),
    "bad lines of two kinds": lambda n: repeated(b"x\n1\n", n // 2),
    "lines that are not UTF-8": lambda n: repeated(b"\xff\n", n),
    "blank lines": lambda n: repeated(b"\n", n),
    "lines of a space": lambda n: repeated(b" \n", n),
    "bad and blank lines in turn": lambda n: repeated(b"x\n\n", n // 2),
    "scalars": lambda n: repeated(b"1\n", n),
    "empty objects": lambda n: repeated(b"{}\n", n),
    "empty arrays": lambda n: repeated(b"[]\n", n),
    "several objects a line": lambda n: repeated(b"x\n{}{}\n", n // 2),
    "objects of no shape": lambda n: numbered(b'{"a": %d}\n', n),
    "rollouts": lambda n: numbered(CHAT, n),
    "rollouts, all alike": lambda n: repeated(CHAT % 1, n),
    "flagged rollouts": lambda n: numbered(CHAT.replace(b',"reward":1', b""), n),
    "array of nothings": lambda n: around(b"[", repeated(b"null,", n - 1), b"null]"),
    "array of empty objects": lambda n: around(b"[", repeated(b"{},", n - 1), b"{}]"),
    "array of broken records": lambda n: around(b"[{}", repeated(b",{]", n), b"]"),
    "objects in a row": lambda n: repeated(b"{}", n),
    "arrays in a row": lambda n: around(b"[{}]", repeated(b"[]", n), b"\n"),
    "object of many keys": lambda n: around(b'{\n"a":1', numbered(b',"%d":1', n), b"}"),
    "object that repeats a list": lambda n: around(b'{"data":[{}]', repeated(b',"data":[]', n), b"}"),
    "nest on a line": lambda n: around(b'{"messages":[', repeated(b"[],", n), b"[]]}\n"),
    "objects in a rollout": lambda n: around(b'{"messages":[', repeated(b"{},", n), b"{}]}\n"),
    "rollout of many messages": lambda n: around(
        b'{"messages":[', repeated(b'{"role":"user","content":"a"},', n // 8), b'{"role":"user","content":"a"}]}\n'
    ),
    "keys that differ": lambda n: numbered(b'{"messages":[],"%d":1}\n', n),
    "brackets that never close": lambda n: repeated(b"[", n),
}
SUFFIXES = ("", ".gz", ".zst", ".bz2")


def opened(path: Path) -> IO[bytes]:
    """Open a file for writing, packed as its suffix says."""
    if path.suffix == ".gz":
        return gzip.open(path, "wb")
    if path.suffix == ".bz2":
        return bz2.open(path, "wb")
    return zstandard.open(path, "wb") if path.suffix == ".zst" else open(path, "wb")


def write(path: Path, pieces: Iterator[bytes]) -> Path:
    """Write a file, packed as its suffix says."""
    with opened(path) as file:
        for piece in pieces:
            file.write(piece)
    return path


def check(path: Path, cache: Path) -> tuple[float, float, float, int, bytes]:
    """Run `check --json` in a process; return wall seconds, CPU seconds, peak MB, exit code and what it printed."""
    command = [
        sys.executable,
        "-m",
        "rollout_curator.cli.main",
        "check",
        str(path),
        "--json",
        "--cache-dir",
        str(cache),
    ]
    start = time.perf_counter()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(command, stdout=out, stderr=err)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        said = out.read() or err.read()
    took = time.perf_counter() - start
    return took, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, process.returncode, said


def told(said: bytes) -> str:
    """Return the counts or the error of what `check` printed."""
    try:
        found = json.loads(said)
    except ValueError:
        return said.decode(errors="replace")[-160:].strip()
    return f"{found['total']} {found['files'][0]['error'] or ''}"


def main() -> None:
    """Print one line per kind."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"of {', '.join(KINDS)}; all without one")
    parser.add_argument("--n", type=int, default=2_000_000, help="lines, records or elements")
    parser.add_argument("--suffix", default="", choices=SUFFIXES)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for kind in options.kinds or KINDS:
            path = write(Path(folder) / f"hostile.jsonl{options.suffix}", KINDS[kind](options.n))
            wall, cpu, peak, code, said = check(path, Path(folder) / "cache")
            size = path.stat().st_size
            print(f"{kind}: {size:,} bytes, {wall:.1f} s, {cpu:.1f} s CPU, {peak:,.0f} MB, exit {code}: {told(said)}")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
