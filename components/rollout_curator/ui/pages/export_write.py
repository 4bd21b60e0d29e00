"""The end of the Export page: the verdict, the file and what is written beside it, the button, what came of it."""

from dataclasses import replace
from pathlib import Path

import streamlit as st

from rollout_curator.errors import ExportError
from rollout_curator.export import Chosen, Settings, command_of, usual, usual_card, usual_report
from rollout_curator.printable import is_encodable
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.selection.strategies import MATCHED
from rollout_curator.training.cost import Asked
from rollout_curator.training.file_types.base import get as get_kind
from rollout_curator.ui.pages.export_asking import agreement
from rollout_curator.ui.pages.export_counts import verdict
from rollout_curator.ui.pages.export_result import draw_job
from rollout_curator.ui.server.browser_paths import check_written, create_folder, has_folder
from rollout_curator.ui.server.site import Site
from rollout_curator.ui.state import choices, state
from rollout_curator.ui.text import label, plain, show_untrusted
from rollout_curator.words import counted
from rollout_curator.workspace.random_controls import HELP as CONTROL_HELP
from rollout_curator.workspace.random_controls import NOTHING_FILTERED, equals_selection
from rollout_curator.workspace.workspace import Workspace

CONTROLS_MAX = 9
REPORT_HELP = "Writes a report beside the file: what became of every rollout, and what its example omits"
CARD_HELP = "Writes a dataset card (README.md) beside the file: sources, rules, drop counts, rewards, reviews"


def write_form(site: Site, workspace: Workspace, recipe: Recipe, chosen: Chosen | None, asked: Asked | None) -> None:
    """Draw the verdict, the file, what is written beside it and the button in one row; then progress or the result."""
    verdict(workspace, recipe, chosen)
    questions = st.container(key="export-questions", gap=None)
    with st.container(key="export-row"):
        file, beside, button = st.columns([3.6, 5.4, 2], vertical_alignment="bottom")
    with file:
        out = _out(site, recipe)
    if out is None:
        return
    with beside:
        settings = _settings(workspace, recipe, out, asked)
    with questions:
        is_ready = _has_folder(out)
        agreed = agreement(site, recipe, out, settings) if is_ready else None
    n_rows = chosen.n_units if chosen else workspace.select(recipe).n_kept
    running = site.export is not None and site.export.is_running
    words = f"Export {label(counted(n_rows, 'pair' if recipe.pairs else 'example'))}"
    if chosen is None and recipe.pairs is not None:
        words = "Export pairs"
    is_idle = running or not n_rows or agreed is None
    pressed = button.button(words, type="primary", disabled=is_idle, key="rc.export", width="stretch")
    if not n_rows:
        st.caption(label(_why_nothing(chosen), 1000))
    elif is_ready and agreed is None:
        st.caption("Tick each file above that would be overwritten, or enter another file name.")
    if pressed:
        _begin(site, workspace, recipe, out, replace(settings, agreed=agreed or frozenset()))
    if site.export is not None:
        job = site.export
        is_same = (job.recipe, job.out, replace(job.settings, agreed=frozenset())) == (recipe, out, settings)
        draw_job(site, job, changed=not is_same)
    if n_rows and not running:
        with st.expander("Command for the current settings"):
            show_untrusted(command_of(workspace, recipe, out, settings))


def _out(site: Site, recipe: Recipe) -> Path | None:
    """Draw where to write; return it, None where an export may not go."""
    suffix = get_kind(recipe.kind).suffix
    usual_name = f"curated.{recipe.target}{'.pairs' if recipe.pairs else ''}{suffix}"
    place = str(site.out_dir / usual_name)
    given = st.text_input(
        "Output file",
        value=place if is_encodable(place) else usual_name,  # a name alone goes into that folder too
        key=f"rc.out-{usual_name.removeprefix('curated.').removesuffix('.jsonl')}",
        max_chars=1000,
    )
    try:
        return site.out_path(given or "", suffix)
    except ExportError as error:
        st.error(label(error))
        return None


def _settings(workspace: Workspace, recipe: Recipe, out: Path, asked: Asked | None) -> Settings:
    """Draw what is written beside the file, in one row; return it with what the config takes."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="beside"):
        card = usual_card(out) if st.checkbox("Dataset card", key="rc.card", help=CARD_HELP) else ""
        report = usual_report(out) if st.checkbox("Report", key="rc.report", help=REPORT_HELP) else ""
        seeds = () if recipe.is_control else _seeds(workspace, recipe)
    batch_size, epochs = _training(recipe, asked)
    return Settings(card, report=report, batch_size=batch_size, epochs=epochs, seeds=seeds)


def _has_folder(out: Path) -> bool:
    """Say whether the folder of the file exists; where it does not, offer to create it."""
    if has_folder(out):
        return True
    words, create = st.columns([5, 1], vertical_alignment="center")
    words.warning(f"{label(out.name)} cannot be written yet: folder {label(out.parent, 1000)} does not exist.")
    if create.button("Create folder", key="rc.create-folder", width="stretch"):
        try:
            create_folder(out)
        except ExportError as error:
            st.error(label(error, 1000))
            return False
        st.rerun()
    return False


def _why_nothing(chosen: Chosen | None) -> str:
    """Return why there is nothing to write: no pairs of what is kept, or nothing kept."""
    if chosen is not None and chosen.paired is not None and chosen.funnel.exportable:
        return f"{chosen.paired.why_none()}. Choose another rule for pairs, or export examples."
    return "Nothing to export. Lower the threshold on the Select page, or check the options."


def _training(recipe: Recipe, asked: Asked | None) -> tuple[int | None, int]:
    """Return the batch size, None for as many as usual, and epochs, for the config."""
    if asked is None:
        return None, 1
    return None if asked.batch_size == usual(recipe).batch_size else asked.batch_size, asked.epochs


def _seeds(workspace: Workspace, recipe: Recipe) -> tuple[int, ...]:
    """Draw the choice of random baselines beside the file, and of what they match; return the seed of each."""
    is_pointless = equals_selection(workspace, recipe)
    is_asked = st.checkbox("Random baselines", key="rc.with-control", help=CONTROL_HELP, disabled=is_pointless)
    if is_pointless:
        st.caption(f"{label(NOTHING_FILTERED)}.")
    if is_pointless or not is_asked:
        return ()
    n = st.number_input("How many", 1, CONTROLS_MAX, 1, key="rc.controls", label_visibility="collapsed", width=120)
    st.selectbox(
        "Match by",
        MATCHED,
        format_func=lambda by: f"Match {plain(by)}",
        label_visibility="collapsed",
        width=170,
        **state.bind("beside-by", recipe.control_by, choices.set_control_by),
    )
    return tuple(range(1, int(n) + 1))


def _begin(site: Site, workspace: Workspace, recipe: Recipe, out: Path, settings: Settings) -> None:
    """Begin to write, unless another session did so just before; then look again at what lies on the disk."""
    try:
        check_written(site, recipe, out, settings)
        if site.begin_export(workspace, recipe, out, settings).wait(0.6):
            st.rerun()
    except ExportError as error:
        st.warning(f"Could not start writing {label(out.name)}: {label(error)}.")
