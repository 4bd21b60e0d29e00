"""The bodies of a compressed source, kept as independent zstd frames so that one line is read without the rest.

Frames hold about 256 KiB of lines. Knows bytes and offsets only.
"""

import os
from array import array
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import zstandard

from rollout_curator.errors import SourceChanged

FRAME_BYTES = 256 << 10


class FrameWriter:
    """Appends lines to a file of frames; `position` is the offset of the next line in the unpacked bytes."""

    def __init__(self, file: BinaryIO) -> None:
        self.position = 0
        self._file = file
        self._compressor = zstandard.ZstdCompressor(level=1)
        self._pending: list[bytes] = []
        self._pending_bytes = 0
        self.raw_starts = array("q", [0])
        self.packed_starts = array("q", [0])

    def add(self, text: bytes) -> None:
        """Append one line."""
        self._pending.append(text)
        self._pending_bytes += len(text)
        self.position += len(text)
        if self._pending_bytes >= FRAME_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write what is pending as one frame."""
        if not self._pending:
            return
        packed = self._compressor.compress(b"".join(self._pending))
        self._file.write(packed)
        self.raw_starts.append(self.position)
        self.packed_starts.append(self.packed_starts[-1] + len(packed))
        self._pending, self._pending_bytes = [], 0


class FrameReader:
    """Reads byte ranges of the unpacked bytes of a file of frames. Threads may share it."""

    def __init__(self, path: Path, raw_starts: np.ndarray[Any, Any], packed_starts: np.ndarray[Any, Any]) -> None:
        self._descriptor: int | None = os.open(path, os.O_RDONLY)
        self._raw = raw_starts
        self._packed = packed_starts

    def read(self, offset: int, length: int) -> bytes:
        """Return `length` unpacked bytes from `offset`. Raises zstandard.ZstdError when the file is damaged."""
        if self._descriptor is None:
            raise SourceChanged("the source is closed")
        first = int(np.searchsorted(self._raw, offset, side="right")) - 1
        last = int(np.searchsorted(self._raw, offset + length, side="left"))
        start, end = int(self._packed[first]), int(self._packed[last])
        packed = os.pread(self._descriptor, end - start, start)
        raw = b"".join(
            zstandard.ZstdDecompressor().decompress(packed[int(a) - start : int(b) - start])
            for a, b in zip(self._packed[first:last], self._packed[first + 1 : last + 1], strict=True)
        )
        begin = offset - int(self._raw[first])
        return raw[begin : begin + length]

    def close(self) -> None:
        """Close the file."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
