"""Why the system did not let a file be written, in one sentence that says what to do."""

import errno
import os
from pathlib import Path

from rollout_curator.errors import ExportError
from rollout_curator.printable import shown

REASONS: dict[int, str] = {
    errno.ENOSPC: "no space left on the disk; free some or choose another disk",
    errno.EDQUOT: "your disk quota is used up; free some space or choose another disk",
    errno.EFBIG: "the file would be too large for this disk or this process (ulimit -f)",
    errno.EROFS: "the disk is read-only; choose another folder",
    errno.EACCES: "no permission to write in its folder; choose another folder",
    errno.EPERM: "no permission to write in its folder; choose another folder",
    errno.ENAMETOOLONG: "the name is too long; choose a shorter one",
    errno.ELOOP: "symbolic link loop; choose another path",
    errno.ENOTDIR: "a part of the path is a file, not a folder; choose another path",
}


def explained(error: OSError, path: Path) -> ExportError:
    """Return the sentence for an error of the system: which file, why, what to do, and what is there now."""
    reason = REASONS.get(error.errno or 0, error.strerror or type(error).__name__)
    state = "The existing file was not changed" if os.path.lexists(path) else "Nothing was written"
    return ExportError(f"cannot write {shown(path)}: {reason}. {state}")
