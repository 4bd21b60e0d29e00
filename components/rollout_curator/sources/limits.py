"""How much of one file is read: limits that no file of rollouts meets, and one made to take memory and time does.

Each is a number of things that take time, beside what the bytes of the file justify, so that a large file of ordinary
rollouts is read whatever its size. They count what is in the file, never seconds: a file that is refused on one machine
is refused on all. What is beyond raises `TooMuch`; `scanners` makes one sentence of it.
"""

from dataclasses import dataclass

ROLLOUTS_MAX = 200_000
PACKED_ROLLOUT_BYTES = 4
"""More rollouts than these need so many bytes of the file on disk each; of real ones gzip leaves some ten."""
ITEMS_MAX = 3_000_000
ITEM_BYTES = 16
"""More messages and calls than these need so many bytes each."""
DIFFERENT_MAX = 2_000_000
"""So many lines that are no rollouts and not the same as one before."""
OTHERS_MAX = 20_000_000
"""So many lines that are no rollouts or blank, runs of the same line counted as one."""
VALUES_MAX = 2_000_000
VALUE_BYTES = 256
"""More values at the top of a document than these need so many bytes each."""
BRACKETS_MAX = 30_000_000
BRACKET_BYTES = 16
"""More brackets in the records of a document than these need so many bytes each."""
KEYS_MAX = 10_000
"""So many keys of an object that may hold a list of records are looked at."""
UNPACKED_MAX_BYTES = 8 << 30
UNPACKED_TIMES = 100
"""What is unpacked beyond the first 8 GiB may be so many times the file on disk."""
PAGES_MAX_BYTES = 128 << 20
"""So much may reading a row group of a Parquet file hold unpacked, whatever it packs to: two rollouts of 60 MB."""
LOOKED_AT_BYTES = 4 << 20
CONTAINERS_MAX = 1_500_000
COMMAS_MAX = 10_000_000
"""A line longer than 4 MiB may hold so many objects and lists, and so many commas; as values they take the memory."""
LONGEST_BYTES = 8 << 30
"""Where a line is longer than this the file is not read on to find its end."""


class TooMuch(Exception):
    """A file holds more than is read; `n_lines` of it were read, in the part at hand."""

    def __init__(self, reason: str, n_lines: int = 0) -> None:
        super().__init__(reason, n_lines)
        self.reason = reason
        self.n_lines = n_lines


@dataclass(slots=True)
class Amount:
    """What was read of a file so far: bytes are those of the lines of rollouts, `others` lines that are none."""

    rollouts: int = 0
    rollout_bytes: int = 0
    items: int = 0
    different: int = 0
    others: int = 0

    def add(self, more: "Amount") -> None:
        """Add what another part of the file holds."""
        self.rollouts += more.rollouts
        self.rollout_bytes += more.rollout_bytes
        self.items += more.items
        self.different += more.different
        self.others += more.others

    def require_within(self, n_lines: int, size_bytes: int | None = None) -> None:
        """Raise TooMuch when this is more than is read of a file of this size on disk."""
        if size_bytes is not None and self.rollouts > packed_rollouts_max(size_bytes):
            raise TooMuch(
                f"they hold {self.rollouts:,} rollouts, and the file has {size_bytes:,} bytes; at most "
                f"{ROLLOUTS_MAX:,} are read where each takes fewer than {PACKED_ROLLOUT_BYTES} bytes of it",
                n_lines,
            )
        if self.items > ITEMS_MAX + self.rollout_bytes // ITEM_BYTES:
            raise TooMuch(
                f"its rollouts have {self.items:,} messages and calls, in fewer than {ITEM_BYTES} bytes each; at most "
                f"{ITEMS_MAX:,} such small ones are read",
                n_lines,
            )
        if self.different > DIFFERENT_MAX:
            raise TooMuch(f"more than {DIFFERENT_MAX:,} different ones are not rollouts", n_lines)
        if self.others > OTHERS_MAX:
            raise TooMuch(f"more than {OTHERS_MAX:,} are not rollouts, or are blank", n_lines)


def packed_rollouts_max(size_bytes: int) -> int:
    """Return how many rollouts are read of a file that has so many bytes on disk."""
    return ROLLOUTS_MAX + size_bytes // PACKED_ROLLOUT_BYTES


def require_unpacked(unpacked_bytes: int, size_bytes: int) -> None:
    """Raise TooMuch when a file unpacks to more than is read of one of this size on disk."""
    if unpacked_bytes > UNPACKED_MAX_BYTES + UNPACKED_TIMES * size_bytes:
        raise TooMuch(
            f"it unpacks to more than {UNPACKED_TIMES} times its size, of which the first "
            f"{unpacked_bytes >> 30:,} GiB were read"
        )


def require_pages(pages_bytes: int, group: int) -> None:
    """Raise TooMuch when the pages of a row group, counted from 1, take more than is unpacked at once."""
    if pages_bytes > PAGES_MAX_BYTES:
        raise TooMuch(
            f"row group {group:,} must be unpacked {pages_bytes >> 20:,} MiB at a time, and at most "
            f"{PAGES_MAX_BYTES >> 20} are; write it with smaller pages or row groups, or as JSON Lines"
        )


def has_too_many_values(line: bytes) -> bool:
    """Whether a long line holds so many small values that they would take many times its memory."""
    if len(line) <= LOOKED_AT_BYTES:
        return False
    return line.count(b"{") + line.count(b"[") > CONTAINERS_MAX or line.count(b",") > COMMAS_MAX
