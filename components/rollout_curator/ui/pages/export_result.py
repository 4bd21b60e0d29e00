"""An export at work and what came of it: progress, the files with their hashes, the config, the command."""

import streamlit as st

from rollout_curator.errors import CuratorError, FileInTheWay
from rollout_curator.export import Exported, left_out_words
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.ui.server.error_log import log_error
from rollout_curator.ui.server.exporting import ExportJob
from rollout_curator.ui.server.site import Site
from rollout_curator.ui.singular_words import size
from rollout_curator.ui.text import label, show_untrusted
from rollout_curator.words import counted

LOOK_EVERY_S = 0.4


def draw_job(site: Site, job: ExportJob, recipe: Recipe) -> None:
    """Draw how far an export is, or its end."""
    if job.is_running:
        _progress(site)
    elif job.result is not None:
        _result(job.result, changed=job.recipe != recipe)
        _controls(job)
    elif job.is_stopped:
        st.info(f"Stopped. {label(job.out.name)} is as it was before.")
    elif isinstance(job.failure, FileInTheWay):
        st.error(f"{label(job.failure.sentence, 2000)}; nothing was written: agree to it above, or name another file.")
    elif isinstance(job.failure, CuratorError):
        st.error(label(job.failure))
    else:
        number = log_error(job.failure or RuntimeError("the export ended without a result"))
        site.export = None
        st.error(f"The export failed in a way that was not foreseen. Error {label(number)} in the server's log.")


def _controls(job: ExportJob) -> None:
    """Draw what came of the random controls that were asked for."""
    for made in job.controls:
        names = label(", ".join(each["file"] for each in made.files), 1000)
        st.markdown(f"**Wrote {made.rows:,} rows of a random control** to {names}. {label(' '.join(made.notes), 2000)}")
    if len(job.controls) == len(job.seeds):
        return
    if job.failure is not None:
        st.error(f"A random control was not written: {label(job.failure)}")
    else:
        st.info("Stopped before every random control was written; files of them from before are as they were.")


@st.fragment(run_every=LOOK_EVERY_S)
def _progress(site: Site) -> None:
    job = site.export
    if job is None or not job.is_running:
        st.rerun()
        return
    share = (job.done + job.checked) / (2 * job.total) if job.total else 0.0
    of = "" if job.result is None else "random control: "
    words = f"{label(of)}{job.done:,} of {job.total:,} written, {job.checked:,} read back"
    st.progress(min(1.0, share), words if job.total else "Working out what is written")
    if st.button("Cancel", key="rc.cancel", help="Leaves the file as it was before"):
        job.stop()


def _result(done: Exported, *, changed: bool) -> None:
    """Draw what was written and how to train on it."""
    unit = "pair" if "pairs" in done.content else "example"
    n_bytes = sum(each["size_bytes"] for each in done.files)
    with st.container(border=True, key="result"):
        note = " The settings have changed since." if changed else ""
        st.markdown(f"**Wrote {label(counted(done.rows, unit))}, {label(size(n_bytes))}.**{note}")
        if (trip := done.content.get("round_trip")) is not None:
            st.markdown(f"{trip['same']:,} of {trip['rows']:,} rows, read again from the disk, give what was shown.")
        for words in left_out_words(done.content.get("left_out", {})):
            st.markdown(f"Left out of the examples: {label(words, 1000)}.")
        for sentence in done.notes:
            st.markdown(label(sentence, 2000))
        if len(done.files) == 1:
            st.caption("file")
            show_untrusted(str(done.path))
            st.caption("sha256")
            show_untrusted(done.sha256)
        else:
            st.caption("sha256 of each file, as sha256sum -c takes them")
            folder = done.path.parent
            show_untrusted("\n".join(f"{each['sha256']}  {folder / each['file']}" for each in done.files))
        st.caption("manifest, which says what went in and what was dropped by what")
        show_untrusted(str(done.manifest_path))
        st.caption("config for the trainer")
        show_untrusted(done.config)
        st.caption("the command that does the same")
        show_untrusted(done.command)
