"""The files of an export as downloads: the data, what stands beside it, the manifest, the trainer's config.

A file goes through the memory of the server, and is read only when its button is pressed; above a limit the page
shows where it lies instead. The links are Streamlit's own, behind the same guard as the page.
"""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import streamlit as st

from rollout_curator.errors import ExportError
from rollout_curator.export import Exported
from rollout_curator.printable import shown
from rollout_curator.training.targets.base import get
from rollout_curator.ui.singular_words import size
from rollout_curator.ui.text import label, plain

DOWNLOAD_BYTES = 200_000_000
"""Above it a file is too much for a download by way of memory."""
CONFIG_SUFFIX: Mapping[str, str] = {"yaml": "yaml", "python": "py", "shell": "sh"}


def downloads(done: Exported) -> None:
    """Draw a button for each file that an export wrote, and for the config, which is shown but not written."""
    folder = done.path.parent
    found = [(folder / each["file"], each["size_bytes"]) for each in done.files]
    with st.container(horizontal=True, gap="small", key="downloads"):
        for path, n_bytes in found:
            _download(path, n_bytes)
        _download(done.manifest_path, None)
        name = config_name(done)
        st.download_button(
            plain(f"Config ({name})"),
            lambda: done.config,
            name,
            "text/plain",
            on_click="ignore",
            key="rc.download-config",
        )


def config_name(done: Exported) -> str:
    """Return what to call the config: after the data, with the suffix of its language."""
    target = get(str(done.content["recipe"].get("target") or "nemo_rl"))
    kind = target.config_kind if "pairs" not in done.content else _pairs_kind(done.config)
    return f"{done.path.name.removesuffix(done.path.suffix)}.{CONFIG_SUFFIX[kind]}"


def _pairs_kind(config: str) -> str:
    """Return the language of what trains on pairs: TRL's script imports, NeMo RL's config does not."""
    return "python" if "\nfrom trl import" in config else "yaml"


def _download(path: Path, n_bytes: int | None) -> None:
    """Draw the button of one file; `n_bytes` is how long it was written, None where that is not recorded."""
    name = label(path.name)
    try:
        now = path.stat().st_size
    except OSError:
        st.caption(f"{name} no longer exists.")
        return
    if n_bytes is not None and now != n_bytes:
        st.caption(f"{name} was changed since this export.")
    elif now > DOWNLOAD_BYTES:
        st.caption(f"{name} ({label(size(now))}) is too large to download here: {label(path, 1000)}")
    else:
        st.download_button(
            plain(path.name),
            partial(_bytes_of, path),
            shown(path.name),
            "application/octet-stream",
            on_click="ignore",
            key=f"rc.download-{plain(path.name)}",
            icon=":material/download:",
        )


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ExportError(f"cannot read {path}: {error.strerror}; export again") from error
