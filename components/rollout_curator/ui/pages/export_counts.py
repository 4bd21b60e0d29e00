"""What an export comes to before it is written: rows of each part, pairs and why there are no more, the cost."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import streamlit as st

from rollout_curator.export import Chosen, TrainingChecks, check_training, choose, cost_of, pair_notes, usual
from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.review.statement_words import sentence
from rollout_curator.review.summary import statement
from rollout_curator.selection.pairs.pairing import WORDS
from rollout_curator.selection.splits.split import Split
from rollout_curator.selection.splits.split_report import fault, sentences
from rollout_curator.training.cost import Asked, Cost
from rollout_curator.ui.pages.hazard_table import SHORT
from rollout_curator.ui.server.site import BY_CONTENT
from rollout_curator.ui.text import heads, label, plain
from rollout_curator.words import counted, said_of
from rollout_curator.workspace.workspace import Workspace

AT_ONCE_BYTES = 256 << 20
"""Up to so many bytes of sources splits and pairs are worked out unasked: that reads every prompt."""

NUMBER = st.column_config.NumberColumn(format="localized")
HASHES: dict[str | type[Any], Callable[[Any], Any]] = {**BY_CONTENT, Recipe: repr}


def chosen_of(workspace: Workspace, recipe: Recipe) -> Chosen | None:
    """Return what would be written now; None for a split or pairs of large sources until the user asks for it."""
    version = workspace.refresh_decisions()
    if recipe.split is None and recipe.pairs is None:
        return _chosen(workspace, recipe, version)
    n_bytes = int(workspace.column("length").sum())
    if n_bytes > AT_ONCE_BYTES and not st.checkbox("Preview splits and pairs", key="rc.work-out"):
        st.caption("Reads every prompt; slow on files this large. The export does it anyway.")
        return None
    with st.spinner("Reading prompts…", show_time=True):
        return _chosen(workspace, recipe, version)


@st.cache_resource(hash_funcs=HASHES, show_spinner=False, max_entries=4)
def _chosen(workspace: Workspace, recipe: Recipe, version: int) -> Chosen:
    return choose(workspace, recipe)


def checks_now(workspace: Workspace, recipe: Recipe, chosen: Chosen | None) -> TrainingChecks:
    """Return the training checks of what would be written now, or of what is kept where that is not worked out."""
    version, plan = workspace.refresh_decisions(), recipes.plan(recipe)
    units = np.flatnonzero(workspace.select(recipe).kept)
    if chosen is not None:
        units = np.concatenate([part.units for part in chosen.parts])
    with st.spinner("Counting tokens", show_time=True):
        return _checks(
            workspace, recipe, (version, workspace.conversion_outcomes.is_checked(plan), chosen is None), units
        )


@st.cache_resource(hash_funcs=HASHES, show_spinner=False, max_entries=8)
def _checks(workspace: Workspace, recipe: Recipe, asked: tuple[int, bool, bool], _units: Any) -> TrainingChecks:
    return check_training(workspace, recipe, _units)


def verdict(workspace: Workspace, recipe: Recipe, chosen: Chosen | None) -> None:
    """Draw how good what is written is: the error bound of the review, and the training checks."""
    checks = checks_now(workspace, recipe, chosen)
    with st.container(key="verdict", gap=None):
        st.caption(label(sentence(statement(workspace, recipe)), 1000))
        words = label(f"{checks.sentence(SHORT)}.", 1000)
        st.markdown(f":red[{words}]" if checks.failed else words)


def draw_pairs(recipe: Recipe, chosen: Chosen) -> None:
    """Draw why tasks give no pair, and how the sides of those that do compare."""
    if chosen.paired is None:
        return
    reasons = [f"{count:,} {said_of(count, WORDS[name])}" for name, count in chosen.paired.without.items()]
    if reasons:
        st.caption(label(f"Tasks without a pair: {', '.join(reasons)}.", 1000))
    for note in pair_notes(recipe, chosen)[1:]:
        st.caption(label(note, 1000))


def draw_parts(split: Mapping[str, Any], asked: Split, unit: str) -> None:
    """Draw a column a part: its examples or pairs, its tasks, how many of each agent; then what to know of it."""
    parts = split["parts"]
    agents = sorted({agent for part in parts.values() for agent in part["agents"]})
    table: dict[str, list[Any]] = {"": [unit, "tasks", *(plain(agent) for agent in agents)]}
    for name, part in parts.items():
        table[name] = [part["rows"], part["tasks"], *(part["agents"].get(agent, 0) for agent in agents)]
    st.dataframe(table, hide_index=True, column_config=heads(table, dict.fromkeys(parts, NUMBER)))
    if fault(split, asked):
        return
    left_out = int(split["left_out"])
    tied = (
        [f"{left_out:,} {said_of(left_out, 'are')} in no split: the rollouts tied to them are in another."]
        if left_out
        else []
    )
    st.caption(label(" ".join([*sentences(split), *tied]), 1000))


def draw_fault(split: Mapping[str, Any], asked: Split) -> None:
    """Draw why a split cannot be written, if it cannot."""
    if why := fault(split, asked):
        st.warning(label(f"This cannot be exported: {why}.", 1000))


def cost_form(workspace: Workspace, recipe: Recipe, chosen: Chosen | None) -> Asked | None:
    """Draw what training on the training part costs, of examples; return what is asked of the config, None for pairs.

    Its rows a step and epochs go into the config; its tokens a row are a question only: a limit leaves rows out.
    """
    target = recipes.plan(recipe).target
    if chosen is None or recipe.pairs is not None or not target.trains:
        return None
    with st.expander("Training cost"):
        asked = _cost_form(workspace, recipe, chosen)
    return asked if target.config_sets_steps else None


def _cost_form(workspace: Workspace, recipe: Recipe, chosen: Chosen) -> Asked:
    asked = usual(recipe)
    one, two, three = st.columns(3)
    # what a trainer usually takes differs, so a change of trainer begins anew
    key = f"{recipe.target}-{asked.max_length}"
    limit_key = f"rc.cost-length-{key}"
    limit = one.number_input("Sequence length (tokens)", 1, value=asked.max_length, step=1024, key=limit_key)
    batch = two.number_input("Global batch size", 1, value=asked.batch_size, step=8, key=f"rc.cost-batch-{key}")
    epochs = three.number_input("Epochs", 1, value=asked.epochs, step=1, key="rc.cost-epochs")
    version = workspace.refresh_decisions()
    with st.spinner("Counting tokens…", show_time=True):
        found = _cost_of(workspace, recipe, version, (int(limit), int(batch), int(epochs)), chosen.parts[0].units)
    _cost(found)
    target = recipes.plan(recipe).target
    said = "Batch size and epochs go into the exported config."
    if not target.config_sets_steps:
        said = f"{target.title} chooses batch size and epochs itself; the exported script sets neither."
    elif found.asked.max_length != asked.max_length:
        said = f"{said} Its max length is {asked.max_length:,} tokens: change it next to the chat template."
    st.caption(label(said))
    return found.asked


@st.cache_resource(hash_funcs=HASHES, show_spinner=False, max_entries=16)
def _cost_of(workspace: Workspace, recipe: Recipe, version: int, asked: tuple[int, int, int], _rows: Any) -> Cost:
    limit, batch, epochs = asked
    return cost_of(workspace, recipe, _rows, max_length=limit, batch_size=batch, epochs=epochs)


def _cost(cost: Cost) -> None:
    """Draw the numbers, with their ranges where they are estimates."""
    st.markdown(
        f"**{label(cost.trained)}** of {label(cost.total)} tokens trained; longest example {label(cost.longest)}.  \n"
        f"**{label(counted(cost.steps, 'step'))}**; with packing {label(counted(cost.steps_packed, 'step'))} "
        f"(about {label(counted(cost.packs, 'sequence'))}, {cost.fill:.0%} full)."
    )
    if cost.no_step():
        st.error(f"{label(cost.no_step())}.")
    if cost.too_long():
        st.warning(f"Too long: {label(cost.too_long())}. Raise the max length or drop them.")
    total = max(1, sum(agent.trained for agent in cost.agents))
    shares = {
        "agent": [plain(agent.name) for agent in cost.agents],
        "examples": [agent.rows for agent in cost.agents],
        "trained tokens": [agent.trained for agent in cost.agents],
        "share": [np.round(100 * agent.trained / total, 1) for agent in cost.agents],
    }
    tasks = {
        "largest tasks": [plain(task.name) for task in cost.tasks],
        "examples": [task.rows for task in cost.tasks],
        "trained tokens": [task.trained for task in cost.tasks],
    }
    numbers = {"examples": NUMBER, "trained tokens": NUMBER, "share": st.column_config.NumberColumn(format="%.1f%%")}
    st.dataframe(shares, hide_index=True, column_config=heads(shares, numbers))
    st.dataframe(tasks, hide_index=True, column_config=heads(tasks, numbers))
