"""The Export page from top to bottom; each of its parts has a module of its own."""

import streamlit as st

from rollout_curator.export import Chosen, first_line, says_of
from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.recipe.words import selected_words
from rollout_curator.review import summary
from rollout_curator.review.statement_words import decided_words, notes
from rollout_curator.selection.funnel import STEPS, Funnel
from rollout_curator.training.targets.base import targets
from rollout_curator.ui import links
from rollout_curator.ui.pages.export_counts import checks_now, chosen_of, cost_form
from rollout_curator.ui.pages.export_files import files_form, kind_form
from rollout_curator.ui.pages.export_options import options_form
from rollout_curator.ui.pages.export_write import write_form
from rollout_curator.ui.pages.hazard_table import hazard_table
from rollout_curator.ui.pages.losses import draw_left_out
from rollout_curator.ui.pages.template_form import template_form
from rollout_curator.ui.pages.trainer_view import examples
from rollout_curator.ui.reject_reasons import label_of
from rollout_curator.ui.server.site import Site
from rollout_curator.ui.state import state
from rollout_curator.ui.text import label, plain, show_untrusted
from rollout_curator.workspace.workspace import Workspace


def page(site: Site, workspace: Workspace) -> None:
    """Draw the page: trainer, then checks beside a preview, then the choices folded, then the button and its result."""
    recipe = state.recipe()
    _top(site, recipe)
    chosen = chosen_of(workspace, recipe)
    checks = checks_now(workspace, recipe, chosen)
    with st.container(key="export-main"):
        left, right = st.columns([1, 1], gap="large")
    with left:
        hazard_table(workspace, recipe, checks)
        with st.container(key="export-choices", gap=None):
            options_form(recipe)
            files_form(recipe, chosen)
    with right:
        if recipe.pairs:
            _preview(workspace, recipe, chosen)
        else:
            examples(workspace, recipe)
    bar, below = st.container(key="export-bar"), st.container(key="export-more", gap="small")
    with below:
        asked = cost_form(workspace, recipe, chosen)
        _account(workspace, recipe, chosen)
        _says(recipe)
    with bar:
        write_form(site, workspace, recipe, chosen, asked)
    with below:
        _recipe_file(recipe)


def _top(site: Site, recipe: Recipe) -> None:
    """Draw the row of choices that all else follows: trainer, kind of example, file type, template, max length."""
    with st.container(key="export-top"):
        trainer, kind, file_type, template, limit = st.columns([3, 3.4, 2.4, 3, 2.4])
    known = targets()
    trainer.selectbox(
        "Trainer",
        list(known),
        format_func=lambda name: plain(f"{known[name].title} ({name})") if name in known else plain(name),
        **state.bind("target", recipe.target, state.set_target),
    )
    kind_form(recipe, kind, file_type)
    template_form(site, recipe, template, limit)


def _account(workspace: Workspace, recipe: Recipe, chosen: Chosen | None) -> None:
    """Draw what became of every rollout, and what the examples omit, folded away."""
    funnel = workspace.funnel(recipe)
    with st.expander(f"What will be exported ({funnel.exportable:,} of {funnel.rollouts:,} rollouts)"):
        left, right = st.columns(2, gap="large")
        with left:
            _funnel(funnel, recipe)
            if chosen is not None and chosen.copies:
                st.caption(label(chosen.copies_sentence()))
        with right:
            draw_left_out(workspace, recipe)
            _why(workspace, recipe)


def _says(recipe: Recipe) -> None:
    title, says = says_of(recipe, recipes.plan(recipe))
    with st.expander(f"How {label(title)} treats this file ({len(says):,})"), st.container(key="says"):
        st.markdown("\n".join(f"- {label(sentence, 1000)}" for sentence in says))


def _funnel(funnel: Funnel, recipe: Recipe) -> None:
    """Draw the funnel as a list, each drop by its reason."""
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


def _preview(workspace: Workspace, recipe: Recipe, chosen: Chosen | None) -> None:
    """Draw the first example or pair as it is exported."""
    part = next((part for part in chosen.parts if len(part.units)), None) if chosen else None
    if chosen is None or part is None:
        return
    row = int(part.units.flat[0])
    unit = "pair" if recipe.pairs else "example"
    said = f"First {label(unit)} as exported, from {label(workspace.where(row))}"
    st.subheader("Preview")
    st.caption(said)
    line = first_line(workspace, recipe, part, chosen.marks)
    show_untrusted(line.decode("utf-8").rstrip("\n"), height=380)
    with st.container(key="review-this"):
        links.link("Review this", "review", queue="kept", key=workspace.key(row))


def _recipe_file(recipe: Recipe) -> None:
    """Draw the recipe as a file to keep."""
    with st.expander("Recipe (to reproduce this export)"):
        text = recipes.to_toml(recipe)
        show_untrusted(text)
        st.download_button(
            "Download recipe", lambda: text, "recipe.toml", "application/toml", on_click="ignore", key="rc.recipe"
        )
        st.caption("Use it with `rollout-curator export ... --recipe recipe.toml` or `rollout-curator ui --recipe`.")
