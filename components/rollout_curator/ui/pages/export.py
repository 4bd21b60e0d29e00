"""The Export page: what will be written and what not, for which trainer, and the writing itself."""

from pathlib import Path

import streamlit as st

from rollout_curator import manifest
from rollout_curator import recipe as recipes
from rollout_curator.errors import CuratorError, ExportError
from rollout_curator.publishing import Exported, command_line
from rollout_curator.recipe import Recipe
from rollout_curator.selection import STEPS, Funnel
from rollout_curator.targets.base import targets
from rollout_curator.ui import places, state
from rollout_curator.ui.exporting import ExportJob
from rollout_curator.ui.pages.export_options import options_form
from rollout_curator.ui.pages.hazard_table import hazard_table
from rollout_curator.ui.pages.template_form import template_form
from rollout_curator.ui.pages.trainer_view import examples
from rollout_curator.ui.phrases import selected_words, size
from rollout_curator.ui.site import Site, log_error
from rollout_curator.ui.text import label, plain, show_untrusted
from rollout_curator.workspace import Workspace

LOOK_EVERY_S = 0.4


def page(site: Site, workspace: Workspace) -> None:
    """Draw the page."""
    recipe = state.recipe()
    left, right = st.columns([5, 4], gap="large")
    with left:
        _target(recipe)
        template_form(site, recipe)
        options_form(recipe)
        _write(site, workspace, recipe)
        _says(recipe)
    with right:
        _funnel(workspace.funnel(recipe), recipe)
        hazard_table(workspace, recipe)
    examples(workspace, recipe)
    _recipe_file(recipe)


def _target(recipe: Recipe) -> None:
    """Draw the choice of trainer and format."""
    st.subheader("For which trainer")
    known = targets()
    chosen = recipes.plan(recipe)
    one, two = st.columns(2)
    one.selectbox(
        "trainer",
        list(known),
        format_func=lambda name: plain(f"{known[name].title} ({name})") if name in known else plain(name),
        **state.bind("target", recipe.target, state.set_target),
    )
    two.segmented_control(
        "format",
        ["chat", "flat"],
        required=True,
        help="chat keeps turns, tool calls and tools. flat is the prompt and one text, as in NeMo Gym's SFT guide.",
        **state.bind("format", chosen.format, state.set_format),
    )


def _says(recipe: Recipe) -> None:
    target = recipes.plan(recipe).target
    with st.expander(f"What {label(target.title)} will do with it", expanded=True), st.container(key="says"):
        st.markdown("\n".join(f"- {label(sentence, 1000)}" for sentence in target.says))


def _funnel(funnel: Funnel, recipe: Recipe) -> None:
    """Draw the funnel as a list, each drop by its reason."""
    st.subheader("What is written")
    with st.container(key="funnel-list", gap=None):
        left = funnel.rollouts
        places.link_number(left, "rollouts", "review", queue="all")
        for step in STEPS:
            for drop in (drop for drop in funnel.drops if drop.step == step):
                left -= drop.count
                places.link_number(-drop.count, drop.said, "review", queue=drop.name)
        by_hand = f", {funnel.accepted_by_hand:,} of them accepted by hand" if funnel.accepted_by_hand else ""
        threshold = selected_words(recipe)
        places.link_number(left, f"examples, {threshold}{by_hand}", "review", queue="kept")
    if funnel.trimmed:
        st.caption(f"Of these, {label(funnel.trimmed_words(), 1000)}.")


def _write(site: Site, workspace: Workspace, recipe: Recipe) -> None:
    """Draw where to write, the button, then progress or the result."""
    st.subheader("Write it")
    n_kept = workspace.select(recipe).n_kept
    usual = f"curated.{recipe.target}.jsonl"
    given = st.text_input("file", value=str(site.out_dir / usual), key=f"rc.out-{recipe.target}", max_chars=1000)
    running = site.export is not None and site.export.is_running
    try:
        out = site.out_path(given or "")
    except ExportError as error:
        st.error(label(error))
        return
    agreed = _agreed(out)
    words = f"Export {n_kept:,} rollouts" if n_kept != 1 else "Export 1 rollout"
    pressed = st.button(words, type="primary", disabled=running or not n_kept or not agreed, key="rc.export")
    if not n_kept:
        st.caption("Nothing is kept: lower the threshold on the Rewards page, or choose other options.")
    if pressed:
        _begin(site, workspace, recipe, out)
    if site.export is not None:
        _job(site, site.export, recipe)
    elif n_kept:
        with st.expander("The command that does the same"):
            show_untrusted(command_line(workspace, recipe, out))


def _begin(site: Site, workspace: Workspace, recipe: Recipe, out: Path) -> None:
    """Begin to write, unless another session did so just before."""
    try:
        site.begin_export(workspace, recipe, out).wait(0.6)
    except ExportError as error:
        st.warning(f"{label(out.name)} was not begun: {label(error)}.")


def _agreed(out: Path) -> bool:
    """Say what would be replaced; a file that no export wrote needs the user's word."""
    if not out.exists():
        return True
    words = f"{label(out.name)} of {label(size(out.stat().st_size))}"
    if manifest.path_of(out).exists():
        st.caption(f"Replaces {words}, once the new one is complete.")
        return True
    return st.checkbox(f"Replace {words}, which no export of this program wrote", key="rc.replace")


def _job(site: Site, job: ExportJob, recipe: Recipe) -> None:
    if job.is_running:
        _progress(site)
    elif job.result is not None:
        _result(job.result, changed=job.recipe != recipe)
    elif job.is_stopped:
        st.info(f"Stopped. {label(job.out.name)} is as it was before.")
    elif isinstance(job.failure, CuratorError):
        st.error(label(job.failure))
    else:
        number = log_error(job.failure or RuntimeError("the export ended without a result"))
        site.export = None
        st.error(f"The export failed in a way that was not foreseen. Error {label(number)} in the server's log.")


@st.fragment(run_every=LOOK_EVERY_S)
def _progress(site: Site) -> None:
    job = site.export
    if job is None or not job.is_running:
        st.rerun()
        return
    share = job.done / job.total if job.total else 0.0
    st.progress(min(1.0, share), f"{job.done:,} of {job.total:,} written")
    if st.button("Cancel", key="rc.cancel", help="Leaves the file as it was before"):
        job.stop()


def _result(done: Exported, *, changed: bool) -> None:
    """Draw what was written and how to train on it."""
    with st.container(border=True, key="result"):
        note = " The settings have changed since." if changed else ""
        st.markdown(f"**Wrote {done.rows:,} examples, {label(size(done.size_bytes))}.**{note}")
        st.caption("file")
        show_untrusted(str(done.path))
        st.caption("sha256")
        show_untrusted(done.sha256)
        st.caption("manifest, which says what went in and what was dropped by what")
        show_untrusted(str(done.manifest_path))
        st.caption("config for the trainer")
        show_untrusted(done.config)
        st.caption("the command that does the same")
        show_untrusted(done.command)


def _recipe_file(recipe: Recipe) -> None:
    """Draw the recipe as a file to keep."""
    with st.expander("The recipe, to do it again"):
        text = recipes.to_toml(recipe)
        show_untrusted(text)
        st.download_button(
            "Download recipe", text, "recipe.toml", "application/toml", on_click="ignore", key="rc.recipe"
        )
        st.caption("Use it with `rollout-curator export ... --recipe recipe.toml` or `rollout-curator ui --recipe`.")
