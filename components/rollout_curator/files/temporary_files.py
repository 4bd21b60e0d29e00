"""What stands between an export and the files that are there: what may be replaced, what a killed export left."""

import contextlib
import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from secrets import token_hex
from typing import Protocol

from rollout_curator.printable import beside

TOKEN_BYTES = 4
"""So many random bytes tell the temporary files of a target apart."""


class Guard(Protocol):
    """What publishing asks before it replaces or removes anything."""

    def check(self) -> None:
        """Raise ExportError when a file that is there now may not be replaced."""

    def begin(self) -> None:
        """Prepare for the first file to appear."""

    def spares(self, leftover: Path) -> bool:
        """Say whether a temporary file is still needed, to tell which files an export wrote."""


def temporary_of(target: Path) -> Path:
    """Return a new temporary file of a target, beside it; its name ends in eight hex digits."""
    return beside(target, ".", f".tmp-{token_hex(TOKEN_BYTES)}")


def sweep(targets: Iterable[Path], spares: Callable[[Path], bool] | None) -> None:
    """Remove what killed exports of these targets left behind, but for what is spared."""
    for target in targets:
        prefix = temporary_of(target).name[: -2 * TOKEN_BYTES]
        name = re.compile(re.escape(prefix) + "[0-9a-f]{8}")
        for entry in os.scandir(target.parent):
            if not name.fullmatch(entry.name) or not entry.is_file(follow_symlinks=False):
                continue
            if spares is None or not spares(Path(entry.path)):
                with contextlib.suppress(OSError):
                    os.unlink(entry.path)
