"""An export at work and what came of it: progress, the files with their hashes, the config, the command."""

import streamlit as st

from rollout_curator.errors import CuratorError, FileInTheWay
from rollout_curator.export import Exported, left_out_words
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.ui.server.error_log import log_error
from rollout_curator.ui.server.jobs import ExportJob
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


def _result(done: Exported, *, changed: bool) -> None:
    """Draw what was written and how to train on it."""
    unit = "pair" if "pairs" in done.content else "example"
    n_bytes = sum(each["size_bytes"] for each in done.files)
    with st.container(border=True, key="result"):
        note = " Settings have changed since this export." if changed else ""
        st.markdown(f"**Wrote {label(counted(done.rows, unit))}, {label(size(n_bytes))}.**{note}")
        if (trip := done.content.get("round_trip")) is not None:
            st.markdown(f"Verified: {trip['same']:,} of {trip['rows']:,} {unit}s read back identical to the preview.")
        for words in left_out_words(done.content.get("left_out", {})):
            st.markdown(f"Omitted from the examples: {label(words, 1000)}.")
        for sentence in done.notes:
            st.markdown(label(sentence, 2000))
        if len(done.files) == 1:
            st.caption("Output file")
            show_untrusted(str(done.path))
            st.caption("SHA-256")
            show_untrusted(done.sha256)
        else:
            st.caption("Checksums (sha256sum -c format)")
            folder = done.path.parent
            show_untrusted("\n".join(f"{each['sha256']}  {folder / each['file']}" for each in done.files))
        st.caption("Manifest: inputs, settings, drop counts")
        show_untrusted(str(done.manifest_path))
        st.caption("Trainer config")
        show_untrusted(done.config)
        st.caption("Equivalent command")
        show_untrusted(done.command)
