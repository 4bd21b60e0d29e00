"""Small rollouts and their indexes, for the tests of the index."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from rollout_curator.index import store
from rollout_curator.index.source import Source


def rollout(number: int = 0, text: str = "four", **changes: Any) -> dict[str, Any]:
    """Return a small rollout of NeMo Gym."""
    answer = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}
    return {
        "responses_create_params": {"input": [{"role": "user", "content": f"Question {number}?"}]},
        "response": {"output": [answer]},
        "reward": number / 8,
        "_ng_task_index": number,
        **changes,
    }


def line(number: int = 0, text: str = "four", **changes: Any) -> bytes:
    """Return a small rollout as a line without newline."""
    return json.dumps(rollout(number, text, **changes), ensure_ascii=False).encode()


def write(path: Path, lines: Sequence[bytes]) -> Path:
    """Write lines, each ended by LF, and return the path."""
    path.write_bytes(b"".join(text + b"\n" for text in lines))
    return path


def header_of(path: Path, cache: Path) -> dict[str, Any]:
    """Return the header of the index of a source, building it when there is none that holds."""
    header = store.read_header(cache, path)
    if header is None:
        for _ in store.build(cache, path, "env", map):
            pass
        header = store.read_header(cache, path)
    assert header is not None
    return header


def open_index(path: Path, cache: Path) -> Source:
    """Return an open source with its index."""
    return Source(cache, path, path.name, header_of(path, cache))


def keys(source: Source) -> list[tuple[int, int]]:
    """Return the content key of every rollout."""
    return [(int(a), int(b)) for a, b in zip(source.columns["key_hi"], source.columns["key_lo"], strict=True)]


DAMAGES = st.lists(
    st.tuples(st.sampled_from(["cut", "flip", "insert", "delete"]), st.floats(0, 1), st.integers(0, 255))
)
"""What may happen to the bytes of a file: what, where (a share of its length), and with which byte."""


def damaged(whole: bytes, damages: Iterable[tuple[str, float, int]]) -> bytearray:
    """Return the bytes after these damages, one after the other."""
    content = bytearray(whole)
    for kind, place, value in damages:
        at = int(place * len(content))
        if kind == "cut":
            del content[max(at, 1) :]
        elif kind == "insert":
            content.insert(at, value)
        elif kind == "flip" and at < len(content):
            content[at] ^= value
        else:
            del content[at : at + value % 8]
    return content
