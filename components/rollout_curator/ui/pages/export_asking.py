"""The Export page before it writes: which files would be replaced, and the user's word for those of somebody else."""

import glob
import os
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from rollout_curator.errors import FileInTheWay
from rollout_curator.export import Foreign, Settings, exports_of, foreign, targets_of
from rollout_curator.files import manifest
from rollout_curator.printable import digest
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.ui.server.site import Site
from rollout_curator.ui.singular_words import size
from rollout_curator.ui.text import label

LATE = "changed or created since this page was shown"


def agreement(site: Site, recipe: Recipe, out: Path, settings: Settings) -> frozenset[Path] | None:
    """Draw what an export and its controls would replace; return what they may, None until all is agreed.

    A file that this program wrote and nobody changed since is named; any other one waits for a tick.
    """
    answers = [_agreed(site, export[0], targets_of(*export)) for export in exports_of(out, recipe, settings)]
    agreed = [answer for answer in answers if answer is not None]
    return frozenset().union(*agreed) if len(agreed) == len(answers) else None


def _agreed(site: Site, out: Path, targets: Sequence[Path]) -> frozenset[Path] | None:
    held = foreign(out, targets, manifest.FITS_BYTES)
    known = {one.path for one in held}
    failure = site.export.failure if site.export is not None else None
    late = failure.paths if isinstance(failure, FileInTheWay) else ()
    held += [Foreign(path, LATE) for path in targets if path in late and path not in known and os.path.exists(path)]
    in_the_way = frozenset(one.path for one in held)
    if fault := _fault(out):
        st.warning(f"{label(fault)}: interrupted export or edited file. Export again.")
    if ours := [path for path in targets[:-1] if os.path.exists(path) and path not in in_the_way]:
        st.caption(f"Will replace {_named(ours)} when the new export is complete.")
    if not held:
        return frozenset()
    said = ", ".join(f"{_named([one.path])} ({label(one.why)})" for one in held)
    key = digest(*(one.path for one in held))  # other files are another question
    return in_the_way if st.checkbox(f"Overwrite {said}", key=f"rc.replace-{key}") else None


def _named(paths: Sequence[Path]) -> str:
    return ", ".join(f"{label(path.name)} of {label(_size(path))}" for path in paths)


def _size(path: Path) -> str:
    try:
        return size(path.stat().st_size)
    except OSError:  # gone a moment ago
        return "unknown size"


def _fault(out: Path) -> str:
    """Return in what a file and its manifest do not fit; looked at anew when either changed."""
    beside = manifest.path_of(out).parent.glob(f"{glob.escape(out.stem)}*")
    stamps = sorted((path.name, path.stat().st_mtime_ns) for path in beside if path.is_file())
    return _fault_of(out, digest(out, stamps))


@st.cache_data(show_spinner=False, max_entries=16)
def _fault_of(_out: Path, stamp: str) -> str:
    """Return what is remembered under a stamp of everything that lies beside the file."""
    return manifest.files_match(_out)
