"""The Export page: what will be written and what not, for which trainer, and the writing itself."""

from dataclasses import replace
from pathlib import Path

import streamlit as st

from rollout_curator.errors import ExportError
from rollout_curator.export import Chosen, Settings, command_of, first_line, says_of, usual, usual_card, usual_report
from rollout_curator.printable import is_encodable
from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.recipe.words import selected_words
from rollout_curator.review import summary
from rollout_curator.review.statement_words import decided_words, notes
from rollout_curator.selection.funnel import STEPS, Funnel
from rollout_curator.selection.strategies import MATCHED
from rollout_curator.training.cost import Asked
from rollout_curator.training.file_types.base import get as get_kind
from rollout_curator.training.targets.base import targets
from rollout_curator.ui import links
from rollout_curator.ui.pages.export_asking import agreement
from rollout_curator.ui.pages.export_counts import checks_now, chosen_of, cost_form, counts, verdict
from rollout_curator.ui.pages.export_files import files_form
from rollout_curator.ui.pages.export_options import options_form
from rollout_curator.ui.pages.export_result import draw_job
from rollout_curator.ui.pages.hazard_table import hazard_table
from rollout_curator.ui.pages.losses import draw_left_out
from rollout_curator.ui.pages.template_form import template_form
from rollout_curator.ui.pages.trainer_view import examples
from rollout_curator.ui.reject_reasons import label_of
from rollout_curator.ui.server.browser_paths import check_written
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


def page(site: Site, workspace: Workspace) -> None:
    """Draw the page."""
    recipe = state.recipe()
    left, right = st.columns([5, 4], gap="large")
    with right:
        _funnel(workspace.funnel(recipe), recipe)
        chosen = chosen_of(workspace, recipe)
        if chosen is not None:
            counts(recipe, chosen)
        _why(workspace, recipe)
        draw_left_out(workspace, recipe)
        hazard_table(workspace, recipe, checks_now(workspace, recipe, chosen).length)
        asked = cost_form(workspace, recipe, chosen)
    with left:
        _target(recipe)
        template_form(site, recipe)
        options_form(recipe)
        files_form(recipe)
        _write(site, workspace, recipe, chosen, asked)
        _says(recipe)
    if recipe.pairs:
        _preview(workspace, recipe, chosen)
    else:
        examples(workspace, recipe)
    _recipe_file(recipe)


def _target(recipe: Recipe) -> None:
    """Draw the choice of trainer and format."""
    st.subheader("Trainer")
    known = targets()
    chosen = recipes.plan(recipe)
    one, two = st.columns(2)
    one.selectbox(
        "Trainer",
        list(known),
        format_func=lambda name: plain(f"{known[name].title} ({name})") if name in known else plain(name),
        **state.bind("target", recipe.target, state.set_target),
    )
    two.segmented_control(
        "Format",
        ["chat", "flat"],
        required=True,
        help="chat: messages with tool calls and tool definitions. flat: one prompt, one completion, as in NeMo Gym's "
        "SFT guide.",
        **state.bind("format", chosen.format, state.set_format),
    )


def _says(recipe: Recipe) -> None:
    title, says = says_of(recipe, recipes.plan(recipe))
    with st.expander(f"How {label(title)} treats this file", expanded=True), st.container(key="says"):
        st.markdown("\n".join(f"- {label(sentence, 1000)}" for sentence in says))


def _funnel(funnel: Funnel, recipe: Recipe) -> None:
    """Draw the funnel as a list, each drop by its reason."""
    st.subheader("What will be exported")
    with st.container(key="funnel-list", gap=None):
        left = funnel.rollouts
        links.link_number(left, "rollouts", "review", queue="all")
        for step in STEPS:
            for drop in (drop for drop in funnel.drops if drop.step == step):
                left -= drop.count
                links.link_number(-drop.count, drop.said, "review", queue=drop.name)
        by_hand = f", {funnel.accepted_by_hand:,} accepted in review" if funnel.accepted_by_hand else ""
        threshold = selected_words(recipe)
        links.link_number(left, f"examples, {threshold}{by_hand}", "review", queue="kept")
    if funnel.trimmed:
        st.caption(f"Among them: {label(funnel.trimmed_words(), 1000)}.")


def _why(workspace: Workspace, recipe: Recipe) -> None:
    """Draw what reading says of what is written, and for which reasons rollouts were rejected in review."""
    said = summary.statement(workspace, recipe)
    for note in notes(said) if said.sample.read else ():
        st.caption(label(note, 1000))
    st.caption(label(decided_words(workspace), 1000))
    for line in workspace.counted.sentences(workspace.n_decided()):
        st.caption(label(line, 1000))
    why = summary.reasons(workspace)
    if why:
        named = ", ".join(f"{label_of(workspace, tag)} {n:,}" for tag, n in why.items())
        st.caption(label(f"Rejection reasons: {named}.", 1000))


def _write(site: Site, workspace: Workspace, recipe: Recipe, chosen: Chosen | None, asked: Asked | None) -> None:
    """Draw where to write, the button, then progress or the result."""
    st.subheader("Export")
    n_rows = chosen.n_units if chosen else workspace.select(recipe).n_kept
    suffix = get_kind(recipe.kind).suffix
    usual = f"curated.{recipe.target}{'.pairs' if recipe.pairs else ''}{suffix}"
    place = str(site.out_dir / usual)
    given = st.text_input(
        "Output file",
        value=place if is_encodable(place) else usual,  # a name alone goes into that folder too
        key=f"rc.out-{usual.removeprefix('curated.').removesuffix('.jsonl')}",
        max_chars=1000,
    )
    running = site.export is not None and site.export.is_running
    try:
        out = site.out_path(given or "", suffix)
    except ExportError as error:
        st.error(label(error))
        return
    card = usual_card(out) if st.checkbox("Also write a dataset card", key="rc.card", help=CARD_HELP) else ""
    report = usual_report(out) if st.checkbox("Also write a report", key="rc.report", help=REPORT_HELP) else ""
    seeds = () if recipe.is_control else _seeds(workspace, recipe)
    batch_size, epochs = _training(recipe, asked)
    settings = Settings(card, report=report, batch_size=batch_size, epochs=epochs, seeds=seeds)
    agreed = agreement(site, recipe, out, settings)
    unit = "pair" if recipe.pairs else "example"
    words = f"Export {label(counted(n_rows, unit))}"
    if chosen is None and recipe.pairs is not None:
        words = "Export pairs"
    verdict(workspace, recipe, chosen)
    pressed = st.button(words, type="primary", disabled=running or not n_rows or agreed is None, key="rc.export")
    if not n_rows:
        st.caption(label(_why_nothing(chosen), 1000))
    elif agreed is None:
        st.caption("Tick each file above that would be overwritten, or enter another file name.")
    if pressed:
        _begin(site, workspace, recipe, out, replace(settings, agreed=agreed or frozenset()))
    if site.export is not None:
        draw_job(site, site.export, recipe)
    elif n_rows:
        with st.expander("Equivalent command"):
            show_untrusted(command_of(workspace, recipe, out, settings))


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
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="controls"):
        is_pointless = equals_selection(workspace, recipe)
        is_asked = st.checkbox(
            "Also write random baselines", key="rc.with-control", help=CONTROL_HELP, disabled=is_pointless
        )
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


def _preview(workspace: Workspace, recipe: Recipe, chosen: Chosen | None) -> None:
    """Draw the first example or pair as it is exported."""
    part = next((part for part in chosen.parts if len(part.units)), None) if chosen else None
    if chosen is None or part is None:
        return
    row = int(part.units.flat[0])
    unit = "pair" if recipe.pairs else "example"
    said = f"First {label(unit)} as exported, from {label(workspace.where(row))}"
    with st.expander(said, expanded=True):
        line = first_line(workspace, recipe, part, chosen.marks)
        show_untrusted(line.decode("utf-8").rstrip("\n"), height=240)
        links.link("Review this", "review", queue="kept", key=workspace.key(row))


def _recipe_file(recipe: Recipe) -> None:
    """Draw the recipe as a file to keep."""
    with st.expander("Recipe (to reproduce this export)"):
        text = recipes.to_toml(recipe)
        show_untrusted(text)
        st.download_button(
            "Download recipe", text, "recipe.toml", "application/toml", on_click="ignore", key="rc.recipe"
        )
        st.caption("Use it with `rollout-curator export ... --recipe recipe.toml` or `rollout-curator ui --recipe`.")
