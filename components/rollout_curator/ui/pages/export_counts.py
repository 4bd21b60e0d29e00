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
from rollout_curator.selection.pairs.pairing import WORDS, Paired
from rollout_curator.selection.splits.split import Split
from rollout_curator.selection.splits.split_report import fault, sentences
from rollout_curator.training.cost import Asked, Cost
from rollout_curator.ui.pages.hazard_table import SHORT
from rollout_curator.ui.server.site import BY_CONTENT
from rollout_curator.ui.text import label, plain
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
    if n_bytes > AT_ONCE_BYTES and not st.checkbox("Work out parts and pairs here too", key="rc.work-out"):
        st.caption("The export does so anyway; it reads every prompt, which takes a while on files of this size.")
        return None
    with st.spinner("Reading the prompts", show_time=True):
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
        return _checks(workspace, recipe, (version, workspace.outlook.is_looked_at(plan), chosen is None), units)


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


def counts(recipe: Recipe, chosen: Chosen) -> None:
    """Draw the copies, the pairs and the parts, as the funnel goes on."""
    if chosen.copies:
        st.caption(label(chosen.copies_sentence()))
    if chosen.paired is not None:
        _pairs(chosen.paired)
        for note in pair_notes(recipe, chosen)[1:]:
            st.caption(label(note, 1000))
    if chosen.split is not None and recipe.split is not None:
        _parts(chosen.split, recipe.split)


def _pairs(paired: Paired) -> None:
    found = paired.as_json()
    st.markdown(
        f"**{label(counted(found['pairs'], 'pair'))}** from {found['with_pairs']:,} of {found['groups']:,} tasks"
    )
    reasons = "  \n".join(f"{count:,} {label(said_of(count, WORDS[name]))}" for name, count in paired.without.items())
    if reasons:
        st.caption(reasons)


def _parts(split: Mapping[str, Any], asked: Split) -> None:
    """Draw a column a part: its rows, its tasks, and how many rows of each agent it has; then what to know of it."""
    parts = split["parts"]
    agents = sorted({agent for part in parts.values() for agent in part["agents"]})
    table: dict[str, list[Any]] = {"": ["rows", "tasks", *(plain(agent) for agent in agents)]}
    for name, part in parts.items():
        table[name] = [part["rows"], part["tasks"], *(part["agents"].get(agent, 0) for agent in agents)]
    st.dataframe(table, hide_index=True, column_config=dict.fromkeys(parts, NUMBER))
    if why := fault(split, asked):
        st.warning(label(f"This cannot be written: {why}.", 1000))
        return
    left_out = int(split["left_out"])
    tied = [f"{left_out:,} are in none: they fell apart from their family."] if left_out else []
    st.caption(label(" ".join([*sentences(split), *tied]), 1000))


def cost_form(workspace: Workspace, recipe: Recipe, chosen: Chosen | None) -> Asked | None:
    """Draw what training on the training part costs, of examples; return what is asked of the config, None for pairs.

    Its rows a step and epochs go into the config; its tokens a row are a question only: a limit leaves rows out.
    """
    target = recipes.plan(recipe).target
    if chosen is None or recipe.pairs is not None or not target.trains:
        return None
    with st.expander("What training on it costs"):
        asked = _cost_form(workspace, recipe, chosen)
    return asked if target.config_sets_steps else None


def _cost_form(workspace: Workspace, recipe: Recipe, chosen: Chosen) -> Asked:
    asked = usual(recipe)
    one, two, three = st.columns(3)
    # what a trainer usually takes differs, so a change of trainer begins anew
    key = f"{recipe.target}-{asked.max_length}"
    limit = one.number_input("tokens a row at most", 1, value=asked.max_length, step=1024, key=f"rc.cost-length-{key}")
    batch = two.number_input("rows a step", 1, value=asked.batch_size, step=8, key=f"rc.cost-batch-{key}")
    epochs = three.number_input("epochs", 1, value=asked.epochs, step=1, key="rc.cost-epochs")
    version = workspace.refresh_decisions()
    with st.spinner("Counting tokens", show_time=True):
        found = _cost_of(workspace, recipe, version, (int(limit), int(batch), int(epochs)), chosen.parts[0].units)
    _cost(found)
    target = recipes.plan(recipe).target
    said = "Rows a step and epochs go into the config given with the file."
    if not target.config_sets_steps:
        said = f"{target.title} chooses rows a step and epochs itself; the script given with the file sets neither."
    elif found.asked.max_length != asked.max_length:
        said = f"{said} It says {asked.max_length:,} tokens: set the limit beside the chat template to change that."
    st.caption(label(said))
    return found.asked


@st.cache_resource(hash_funcs=HASHES, show_spinner=False, max_entries=16)
def _cost_of(workspace: Workspace, recipe: Recipe, version: int, asked: tuple[int, int, int], _rows: Any) -> Cost:
    limit, batch, epochs = asked
    return cost_of(workspace, recipe, _rows, max_length=limit, batch_size=batch, epochs=epochs)


def _cost(cost: Cost) -> None:
    """Draw the numbers, with their ranges where they are estimates."""
    st.markdown(
        f"**{label(cost.trained)}** trained of {label(cost.total)} tokens; the longest row {label(cost.longest)}.  \n"
        f"**{label(counted(cost.steps, 'step'))}**, or {cost.steps_packed:,} with rows packed into about "
        f"{cost.packs:,} sequences ({cost.fill:.0%} full)."
    )
    if cost.no_step():
        st.error(f"{label(cost.no_step())}.")
    if cost.too_long():
        st.warning(f"Too long: {label(cost.too_long())}. Allow more tokens, or leave them out.")
    total = max(1, sum(agent.trained for agent in cost.agents))
    shares = {
        "agent": [plain(agent.name) for agent in cost.agents],
        "rows": [agent.rows for agent in cost.agents],
        "trained tokens": [agent.trained for agent in cost.agents],
        "share": [np.round(100 * agent.trained / total, 1) for agent in cost.agents],
    }
    tasks = {
        "task with the most": [plain(task.name) for task in cost.tasks],
        "rows": [task.rows for task in cost.tasks],
        "trained tokens": [task.trained for task in cost.tasks],
    }
    numbers = {"rows": NUMBER, "trained tokens": NUMBER, "share": st.column_config.NumberColumn(format="%.1f %%")}
    st.dataframe(shares, hide_index=True, column_config=numbers)
    st.dataframe(tasks, hide_index=True, column_config=numbers)
