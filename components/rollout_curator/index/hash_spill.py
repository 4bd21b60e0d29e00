"""Many small arrays of 64-bit hashes, kept in order: in memory while they are few, else in a temporary file.

A prompt of 60 words is half a kilobyte of hashes, one with a whole repository in it a megabyte; there may be hundreds
of thousands. The file has no name and goes with the pile.
"""

import tempfile
from array import array
from collections.abc import Iterator
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

IN_MEMORY_BYTES = 64 << 20
HASH_BYTES = 8


class Pile:
    """Arrays that are added one after another and read by their number. It must be closed."""

    def __init__(self) -> None:
        """Begin without any."""
        self._file = tempfile.SpooledTemporaryFile[bytes](max_size=IN_MEMORY_BYTES)
        self._ends = array("Q", [0])

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._ends) - 1

    def __iter__(self) -> Iterator[Array]:
        """Yield all in order."""
        return (self[n] for n in range(len(self)))

    def __getitem__(self, n: int) -> Array:
        """Return the array of a number; it cannot be written to."""
        if not 0 <= n < len(self):
            raise IndexError(n)
        start, end = self._ends[n], self._ends[n + 1]
        self._file.seek(start * HASH_BYTES)
        return np.frombuffer(self._file.read((end - start) * HASH_BYTES), dtype=np.uint64)

    def size(self, n: int) -> int:
        """Return the length of the array of a number."""
        return self._ends[n + 1] - self._ends[n]

    def add(self, hashes: Array) -> None:
        """Put an array on the pile."""
        self._file.seek(self._ends[-1] * HASH_BYTES)
        self._file.write(hashes.astype(np.uint64, copy=False).tobytes())
        self._ends.append(self._ends[-1] + len(hashes))

    def close(self) -> None:
        """Give back memory and disk."""
        self._file.close()
