"""An export at work and what came of it: progress, the files with their hashes, the config, the command."""

import streamlit as st

from rollout_curator.errors import CuratorError, FileInTheWay
from rollout_curator.export import Exported, left_out_words
from rollout_curator.printable import digest
from rollout_curator.ui.pages.export_downloads import downloads
from rollout_curator.ui.server.error_log import log_error
from rollout_curator.ui.server.jobs import ExportJob
from rollout_curator.ui.server.site import Site
from rollout_curator.ui.singular_words import size
from rollout_curator.ui.text import label, show_untrusted
from rollout_curator.words import counted

LOOK_EVERY_S = 0.4
CLAMPED_LINES = 6
CLAMPED_PX = 180
"""Six lines of monospaced text, and a piece of the seventh that tells there is more."""
LINE_CHARS = 150


def draw_job(site: Site, job: ExportJob, *, changed: bool) -> None:
    """Draw how far an export is, or its end; `changed` says that the page would write something else by now."""
    if job.is_running:
        _progress(site)
    elif job.result is not None:
        _result(job.result, f"{job.ended:%H:%M}", changed=changed)
        _controls(job)
    elif job.is_stopped:
        st.info(f"Cancelled. {label(job.out.name)} is unchanged.")
    elif isinstance(job.failure, FileInTheWay):
        st.error(f"{label(job.failure.sentence, 2000)}; nothing was written: tick it above or enter another name.")
    elif isinstance(job.failure, CuratorError):
        st.error(label(job.failure))
    else:
        number = log_error(job.failure or RuntimeError("the export ended without a result"))
        site.export = None
        st.error(f"Export failed unexpectedly. See error {label(number)} in the server log.")


def _controls(job: ExportJob) -> None:
    """Draw what came of the random baselines that were asked for."""
    for made in job.controls:
        names = label(", ".join(each["file"] for each in made.files), 1000)
        rows = counted(made.rows, "pair" if "pairs" in made.content else "example")
        st.markdown(f"**Wrote a random baseline: {label(rows)}** to {names}. {label(' '.join(made.notes), 2000)}")
    if len(job.controls) == len(job.settings.seeds):
        return
    if job.failure is not None:
        st.error(f"Random baseline not written: {label(job.failure)}")
    else:
        st.info("Cancelled before all random baselines were written; existing files are unchanged.")


@st.fragment(run_every=LOOK_EVERY_S)
def _progress(site: Site) -> None:
    job = site.export
    if job is None or not job.is_running:
        st.rerun()
        return
    share = (job.done + job.checked) / (2 * job.total) if job.total else 0.0
    of = "" if job.result is None else "random baseline: "
    words = f"{label(of)}{job.done:,} of {job.total:,} written, {job.checked:,} verified"
    st.progress(min(1.0, share), words if job.total else "Preparing…")
    if st.button("Cancel", key="rc.cancel", help="The existing file stays unchanged"):
        job.stop()


def _result(done: Exported, time: str, *, changed: bool) -> None:
    """Draw what was written as a card that says when; it folds when the page would write something else."""
    unit = "pair" if "pairs" in done.content else "example"
    n_bytes = sum(each["size_bytes"] for each in done.files)
    trip = done.content.get("round_trip")
    head = f"{time} Wrote {counted(done.rows, unit)}{_parts(done)}, {size(n_bytes)}"
    head += f", verified {trip['same']:,} of {trip['rows']:,}" if trip is not None else ""
    with st.container(key="result"), st.expander(label(head), expanded=not changed, icon=":material/check_circle:"):
        if changed:
            st.caption("Settings have changed since this export.")
        if trip is not None:
            st.markdown(f"Verified: {trip['same']:,} of {trip['rows']:,} {unit}s read back identical to the preview.")
        for words in left_out_words(done.content.get("left_out", {})):
            st.markdown(f"Omitted from the examples: {label(words, 1000)}.")
        for sentence in done.notes:
            st.markdown(label(sentence, 2000))
        downloads(done)
        folder = done.path.parent
        if len(done.files) == 1:
            _box("Output file", str(done.path))
            _box("SHA-256", done.sha256)
        else:
            lines = [f"{each['sha256']}  {folder / each['file']}" for each in done.files]
            _box("Checksums (sha256sum -c format)", "\n".join(lines))
        _box("Manifest: inputs, settings, drop counts", str(done.manifest_path))
        _box("Trainer config", done.config)
        _box("Equivalent command", done.command)


def _parts(done: Exported) -> str:
    """Return how the rows divide among the parts of a split: " (295 train + 32 validation)"."""
    beside = {one["part"]: one["rows"] for one in done.files[1:] if one["part"] in ("train", "validation", "test")}
    if not beside:
        return ""
    rows = {"train": done.rows - sum(beside.values()), **beside}
    return f" ({' + '.join(f'{n:,} {name}' for name, n in rows.items())})"


def _box(title: str, text: str) -> None:
    """Draw text with a button that copies all of it; what is long shows its first lines until one asks for all."""
    n_lines = sum(1 + len(line) // LINE_CHARS for line in text.split("\n"))
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"box-{digest(title)[:8]}"):
        st.caption(label(title))
        is_long = n_lines > CLAMPED_LINES
        is_whole = is_long and st.checkbox("Show all", key=f"rc.whole-{digest(title)[:8]}")
    show_untrusted(text, height=CLAMPED_PX if is_long and not is_whole else None)
