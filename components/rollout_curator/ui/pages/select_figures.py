"""Figures of the Select page, or the tables behind them: both open what they show.

Each figure is counted once for a population and kept; a click on a mark, or a row of its table, opens those rollouts in
the table below, a single rollout in Review.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from rollout_curator.index.numeric_columns import REWARD
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.review import slice_queues
from rollout_curator.selection import slices
from rollout_curator.selection.group_tables import tasks_by_mean
from rollout_curator.selection.slices import Range
from rollout_curator.ui import links, plots
from rollout_curator.ui.pages.chosen_row import chosen_row
from rollout_curator.ui.pages.figure_heading import draw_heading
from rollout_curator.ui.server.site import BY_CONTENT
from rollout_curator.ui.state import choices, measures, state
from rollout_curator.ui.text import plain, sentence_case
from rollout_curator.words import COMPONENT, name_of
from rollout_curator.workspace.workspace import Workspace

FIRST = ("tokens", "n_turns", "n_calls", "n_tool_errors", "final_chars")
OPENS = "opens"
BOX = {"displaylogo": False, "modeBarButtons": [["select2d", "zoom2d", "resetScale2d"]]}
NO_BOX = {"displayModeBar": False}


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A figure and the table behind it; where a row of the table stands for rollouts, `opens` holds their text."""

    figure: go.Figure
    table: pd.DataFrame


def figures(workspace: Workspace, recipe: Recipe) -> None:
    """Draw reward against a number of choice, how tasks fare, and the figures that are looked at less often."""
    at_least, rest = measures.success_at(workspace, recipe), measures.whole_of(recipe)
    version = workspace.refresh_decisions()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="relations-bar"):
        others = [name for name in workspace.axes if name not in (REWARD, *FIRST)]
        column = st.selectbox(
            "Plot reward against",
            [*FIRST, *others],
            format_func=lambda name: sentence_case(name_of(name)),
            key="rc.against",
            width=260,
        )
        st.number_input(
            "Success: reward ≥",
            step=0.05,
            format="%.6g",
            width=260,
            **state.bind("success", at_least, choices.set_success),
        )
        st.toggle("Show as tables", **state.bind("tables", state.session().as_tables, choices.set_as_tables))
    with st.container(key="plots"):
        left, right = st.columns(2, gap="medium")
    with left:
        draw(workspace, _against(workspace, version, rest, column), "against", has_box=True)
    with right:
        shown = _by_pass_rate(workspace, version, recipe.of_classes(), at_least)
        draw(workspace, shown, "tasks", success=at_least, among=slice_queues.ATTEMPTS)
    _more_figures(workspace, recipe)


def _more_figures(workspace: Workspace, recipe: Recipe) -> None:
    """Draw the figures that are looked at less often."""
    at_least, rest = measures.success_at(workspace, recipe), measures.whole_of(recipe)
    version, tried = workspace.refresh_decisions(), recipe.of_classes()
    with st.container(key="more-plots"):
        left, right = st.columns(2, gap="medium")
    with left:
        draw(workspace, _pass_at_k(workspace, version, tried, at_least), "pass-at-k")
        draw(workspace, _by_agent(workspace, version, tried, at_least), "by-agent", among=slice_queues.ATTEMPTS)
    with right:
        draw(workspace, _reward_by_task(workspace, version, tried), "by-task", among=slice_queues.ATTEMPTS)
        draw(workspace, _ecdf(workspace, version, rest), "ecdf")
    names = tuple(name for name, axis in workspace.axes.items() if axis.is_facet)
    parts_of = tuple(name for name in names if name.startswith(COMPONENT))
    if names:
        draw(workspace, _components(workspace, version, rest, parts_of or names, at_least), "components")


def draw(
    workspace: Workspace,
    shown: Shown,
    key: str,
    *,
    success: float = 0.0,
    has_box: bool = False,
    among: str = slice_queues.ANY,
) -> None:
    """Draw a figure or its table and open what was chosen in it: of the rollouts the figure is about, `among`.

    `success` is what counts as one, where the figure is about pass rates; with `has_box` a box can be drawn in it.
    """
    text = _row(shown, key) if state.session().as_tables else _mark(shown.figure, key, has_box=has_box)
    if text is None:
        return
    row = plots.row_of(text)
    if row is not None:
        links.go("review", queue="all", key=workspace.key(row))
    found = slices.decode(text)
    if found:
        choices.open_here(slice_queues.queue(among, *(_with_success(part, success) for part in found)))
        st.rerun()


def _mark(figure: go.Figure, key: str, *, has_box: bool) -> str | None:
    """Draw a figure under its title; return the text of the mark or box that was just chosen."""
    event = st.plotly_chart(
        draw_heading(figure, key),
        key=choices.fresh_key(f"plot-{key}"),
        on_select="rerun",
        selection_mode=("points", "box") if has_box else ("points",),
        config=BOX if has_box else NO_BOX,
        alt=plain(plots.alt(figure)),
    )
    text = plots.opened(cast(Mapping[str, object], event))
    if text is not None:
        choices.draw_anew(f"plot-{key}")  # a mark that stays chosen would open again with everything else that changes
    return text


def _row(shown: Shown, key: str) -> str | None:
    """Draw the table behind a figure; return the text of the row that was just chosen."""
    st.markdown(f"**{plain(shown.figure.layout.title.text.partition('<br>')[0])}**")
    opens = shown.table[OPENS].tolist() if OPENS in shown.table.columns else []
    table = shown.table.drop(columns=OPENS, errors="ignore")
    row = chosen_row(table, f"table-{key}", opens=bool(opens))
    return None if row is None else opens[row] or None


def _with_success(part: slices.Condition, success: float) -> slices.Condition:
    """Return a part as queues hold it: a pass rate says what a success is."""
    if isinstance(part, Range) and part.column == plots.PASS_RATE:
        return replace(part, column=slice_queues.pass_rate(success))
    return part


def _kept(make: Callable[..., Shown]) -> Callable[..., Shown]:
    """Keep what a function counts from one run of the page to the next."""
    kept: Callable[..., Shown] = st.cache_resource(hash_funcs=BY_CONTENT, show_spinner=False, max_entries=6)(make)
    return kept


@_kept
def _against(workspace: Workspace, version: int, rest: Recipe, column: str) -> Shown:
    frame = measures.plot_frame(workspace, rest)
    if column not in frame.columns:
        frame = frame.assign(**{column: workspace.numbers(column)[frame.index.to_numpy()]})
    return Shown(plots.reward_against(frame, column), plots.against_table(frame, column))


@_kept
def _by_pass_rate(workspace: Workspace, version: int, rest: Recipe, at_least: float) -> Shown:
    table = measures.task_table(workspace, rest, at_least)
    rates = (table["passes"] / table["rated"].where(table["rated"] > 0)).to_numpy()
    return Shown(plots.tasks_by_pass_rate(rates, at_least), plots.pass_rate_table(rates))


@_kept
def _pass_at_k(workspace: Workspace, version: int, rest: Recipe, at_least: float) -> Shown:
    found = measures.fared(workspace, rest, at_least)
    curve, uncut = found.summary.curve, () if found.uncut is None else found.uncut.curve
    names = ["k", "chance", "low", "high", "tasks"]
    rows = [[getattr(point, name) for name in names] for point in (*curve, *uncut)]
    table = pd.DataFrame(rows, columns=names)
    if uncut:
        table["truncated"] = ["counted as failed"] * len(curve) + ["not counted"] * len(uncut)
    return Shown(plots.pass_at_k(curve, uncut), table)


@_kept
def _by_agent(workspace: Workspace, version: int, rest: Recipe, at_least: float) -> Shown:
    table = measures.group_table(workspace, rest, "agent", at_least)
    return Shown(plots.by_group(table, "agent"), table.head(40).reset_index())


@_kept
def _reward_by_task(workspace: Workspace, version: int, rest: Recipe) -> Shown:
    frame = measures.attempt_frame(workspace, rest)
    codes = frame["task_id"].cat.categories.to_list()
    said = [f"{name} ({code})" for name, code in zip(measures.task_names(workspace, rest, codes), codes, strict=True)]
    named = frame.assign(task_id=frame["task_id"].cat.rename_categories(said))
    table = tasks_by_mean(named).head(200)
    opens = [slices.encode([Range(slice_queues.GROUP, code, code)]) for code in table.pop("group")]
    return Shown(plots.reward_by_task(named), table.reset_index(names="task").assign(opens=opens))


@_kept
def _ecdf(workspace: Workspace, version: int, rest: Recipe) -> Shown:
    frame = measures.plot_frame(workspace, rest)
    return Shown(plots.ecdf(frame), plots.ecdf_table(frame))


@_kept
def _components(workspace: Workspace, version: int, rest: Recipe, names: tuple[str, ...], at_least: float) -> Shown:
    frame = measures.plot_frame(workspace, rest)
    rows = frame.index.to_numpy()
    columns: dict[str, Any] = {name: workspace.numbers(name)[rows] for name in names}
    table = plots.component_table(frame.assign(**columns), names, at_least)
    return Shown(plots.components(table, at_least), table.reset_index())
