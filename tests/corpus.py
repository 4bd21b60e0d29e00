"""A hostile corpus of our own: files with what each of their lines must be taken for.

`g` a rollout, `b` a problem, `-` blank, `?` one or the other; a file that is `refused` holds no rollout and says why.
The whole of it is written anew for each run; nothing in it reaches outside its folder.
"""

import gzip
import json
import os
import socket
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zstandard

from making import gym, said


def good(n: int = 0, **more: Any) -> bytes:
    """Return the line of a rollout."""
    return json.dumps(gym(f"Question {n}?", f"Answer {n}.", 0.5, **more)).encode()


def put(raw: bytes, n: int = 0) -> bytes:
    """Return the line of a rollout whose answer holds these very bytes."""
    return good(n).replace(b"Answer", b"An" + raw + b"swer")


def answered(*items: Any) -> bytes:
    """Return the line of a rollout with these items."""
    return json.dumps(gym(output=[*items, said("end")])).encode()


def call(call_id: Any, arguments: Any = "{}", name: Any = "f") -> dict[str, Any]:
    """Return a tool call."""
    return {"type": "function_call", "call_id": call_id, "name": name, "arguments": arguments}


def result(call_id: Any, output: Any = "ok") -> dict[str, Any]:
    """Return a result."""
    return {"type": "function_call_output", "call_id": call_id, "output": output}


BAD = [
    b"[1, 2]", b'"text"', b"42", b"null", b"true", b"NaN", b"-", b"}", b"{", b"{'reward': 1}", b"{reward: 1}",
    b'{"reward": 1', b'{"a": 01}', b'{"a": +1}', b'{"a": .5}', b'{"a": 1.}', b'{"a": 0x1}', b'{"a": "\\x41"}',
    b'{"a": "\\u12"}', b'{"a": "open}', b'{"a" 1}', b'{"a": 1,}', b'{,}', b'{"a": tru}', b"// comment", b"# comment",
    b"/* c */ {}", b"<html><body>502 Bad Gateway</body></html>", b"Traceback (most recent call last):",
    b"id,reward", b"\x00" * 40, b"\x1f\x8b\x08", b"\xff\xfe{\x00}\x00", good() + good(), good() + b" " + good(),
    good() + b",", good() + b" // tail", good()[:-9], good()[20:], b'{"a":' * 200_000, b"[" * 200_000,
    put(b"\xff\xfe"), put(b"\xc0\xaf"), put(b"\xe2\x82"), put(b"\xed\xa0\x80"), put(b"\xf5\x80\x80\x80"), put(b"\xe9"),
    b'{"hello": "world"}', b"{}", b'{"reward": 1}', b'{"messages": 7, "reward": 1}', b'{"prompt": 3, "completion": 4}',
]  # fmt: skip
"""Lines that are no rollout."""

GOOD = [
    good(1), b"  " + good(2) + b" \t", put("\u2028\u2029\u0085".encode(), 3), put(b"\\u0000\\ud83d\\ude00\\/", 4),
    answered(call("c", '{"a": BROKEN'), result("c")), answered(call("c", {"a": 1}), result("c", {"no": "text"})),
    answered(result("nobody")), answered(call("c")), answered(call("d"), call("d"), result("d"), result("d")),
    answered(result("e"), call("e")), answered(call(None), call(""), result(None, None)), answered(call(7, 7, 7)),
    answered({"type": "future", "payload": {}}), answered({"type": "reasoning", "summary": []}),
    answered(said("")), answered(said("x" * 300_000)), answered(call("<img src=x onerror=alert(1)>", "{}", "a b\n")),
    good(5, agent_ref={"name": "../../etc/passwd"}), good(6, agent_ref={"name": "a\u202eb\u0000c\x1b[2J"}),
    good(7, _ng_task_index=-1, _ng_rollout_index=2**63), good(8, extra={"deep": [[[[{"k": [1e308, -0.0, 2**70]}]]]]}),
    good(9, **{"": 1, "reward_": "x", "=cmd|' /C calc'!A0": 1}), good(10, usage={"total_tokens": -1}),
]  # fmt: skip
"""Lines that are rollouts of odd shape, kept and never a traceback."""

EITHER = [
    put(b"\\ud800"), put(b"\\udc00\\ud800"), b'{"\\ud800": 1, ' + good()[1:], put(b"\x01"), put(b"\t"),
    b"\xef\xbb\xbf" + good(), json.dumps(gym(output=[None, "text", 3, [], {}])).encode(),
    json.dumps(gym(output="text")).encode(), json.dumps({**gym(), "response": None}).encode(),
    json.dumps({**gym(), "responses_create_params": None}).encode(), b'{"reward": 1e400, ' + good()[1:],
    b'{"n": ' + b"9" * 5_000 + b", " + good()[1:], b'{"n": -Infinity, ' + good()[1:],
]  # fmt: skip
"""Lines that may be a rollout or a problem, but one of the two and without a traceback."""


@dataclass(frozen=True, slots=True)
class Hostile:
    """One file: its bytes, what each line must be, whether the whole is refused; `told` what must be said of it."""

    name: str
    raw: bytes
    lines: str = ""
    is_refused: bool = False
    is_told: bool = False


def frame(raw: bytes) -> bytes:
    """Return one frame of zstd."""
    return zstandard.ZstdCompressor(level=1).compress(raw)


def corpus() -> list[Hostile]:
    """Return every file."""
    plain = b"\n".join(good(n) for n in range(5)) + b"\n"
    mixed = [line for pair in zip(BAD, (good(n) for n in range(len(BAD))), strict=True) for line in pair]
    found = [
        Hostile("plain.jsonl", plain, "ggggg"),
        Hostile("open_end.jsonl", plain[:-1], "ggggg"),
        Hostile("crlf.jsonl", plain.replace(b"\n", b"\r\n"), "ggggg"),
        Hostile("mixed_ends.jsonl", good() + b"\r\n" + good() + b"\n" + good() + b"\r\n", "ggg"),
        Hostile("mark.jsonl", b"\xef\xbb\xbf" + plain, "ggggg"),
        Hostile("blank.jsonl", b"\n" + good() + b"\n\n \t \n" + good() + b"\n\r\n\n", "-g--g--"),
        Hostile("all_kinds.jsonl", b"\n".join(mixed), "bg" * len(BAD)),
        Hostile("odd_shapes.jsonl", b"\n".join(GOOD), "g" * len(GOOD)),
        Hostile("either.jsonl", b"\n".join(EITHER) + b"\n" + good(), "?" * len(EITHER) + "g"),
        Hostile("nothing_good.jsonl", b"\n".join(BAD[:10]), "b" * 10),
        Hostile("every_third.jsonl", b"\n".join(good(n) if n % 3 else b"{bad" for n in range(900)), "bgg" * 300),
        Hostile("gz.jsonl.gz", gzip.compress(plain), "ggggg"),
        Hostile("members.jsonl.gz", gzip.compress(plain[:400]) + gzip.compress(plain[400:]), "ggggg"),
        Hostile("zero_tail.jsonl.gz", gzip.compress(plain) + bytes(512), "ggggg"),
        Hostile("zst.jsonl.zst", frame(plain), "ggggg"),
        Hostile("frames.jsonl.zst", frame(plain[:400]) + SKIPPED + frame(plain[400:]), "ggggg"),
        Hostile("tail.jsonl.gz", gzip.compress(plain) + b"GARBAGE" * 10, "ggggg", is_told=True),
        Hostile("tail.jsonl.zst", frame(plain) + b"GARBAGE!!", "ggggg", is_told=True),
        Hostile("header.jsonl.gz", gzip.compress(plain)[:10], is_refused=True),
        Hostile("damaged.jsonl.gz", flipped(gzip.compress(plain), -6), "?????", is_told=True),
        Hostile("utf16.jsonl", plain.decode().encode("utf-16"), is_refused=True),
        Hostile("utf16le.jsonl", plain.decode().encode("utf-16-le"), is_refused=True),
        Hostile("page.jsonl", b"<!DOCTYPE html>\n<html>\n<title>Sign in</title></html>\n", is_refused=True),
        Hostile(
            "pointer.jsonl", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", is_refused=True
        ),
        Hostile("empty.jsonl", b"", is_refused=True),
        Hostile("nul.jsonl", bytes(4096), is_refused=True),
        Hostile("archive.jsonl", b"PK\x03\x04" + bytes(200), is_refused=True),
        Hostile("store.jsonl", b"SQLite format 3\x00" + bytes(4096), is_refused=True),
        Hostile("damaged.parquet", b"PAR1" + bytes(400) + b"PAR1", is_refused=True),
        Hostile("cut.json", b'{"rollouts": [' + good() + b", " + good()[:-30], "gb", is_told=True),
    ]
    names = [b"new\nline", "\u00fc\u4e2d\U0001f600".encode(), b"quote'\"`", b"-rf --help", b"$(touch PWNED);&|",
             b"%2e%2f", b"<img src=x onerror=alert(1)>", b"*?[a]", b"{x}", b"back\\slash", b"**bold** [l](x)", b"UPPER",
             b"\x1b[2J", "\u202egnp".encode(), b" lead_trail ", b"n" * 200, b"bad_\xff\xfe"]  # fmt: skip
    return found + [Hostile(os.fsdecode(name + b".jsonl"), plain, "ggggg") for name in names]


SKIPPED = struct.pack("<II", 0x184D2A50, 4) + b"skip"


def flipped(raw: bytes, at: int) -> bytes:
    """Return bytes of which one is another."""
    changed = bytearray(raw)
    changed[at] ^= 0xFF
    return bytes(changed)


def specials(folder: Path) -> list[Path]:
    """Make what is not a regular file, or a way out, and return where it lies."""
    (folder / "folder.jsonl").mkdir()
    links = {"gone": "nowhere", "loop": "loop.jsonl", "zero": "/dev/zero", "full": "/dev/full", "stdin": "/dev/stdin",
             "random": "/dev/urandom", "memory": "/proc/self/mem", "kmsg": "/proc/kmsg"}  # fmt: skip
    for name, to in links.items():
        (folder / f"{name}.jsonl").symlink_to(to)
    os.mkfifo(folder / "pipe.jsonl")
    os.mkfifo(folder / "pipe.jsonl.gz")
    here = os.getcwd()
    with socket.socket(socket.AF_UNIX) as bound:
        os.chdir(folder)  # the path of a socket is short
        try:
            bound.bind("socket.jsonl")
        finally:
            os.chdir(here)
    return sorted(path for path in folder.iterdir() if path.name != "folder.jsonl")
