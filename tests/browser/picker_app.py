"""A page with the threshold picker alone, on made populations, that says what the server itself counts.

Served by picker_server.py, for test_picker.py and bench_picker.py; open `/?case=ties`. The server's count is a plain
comparison on the columns, not what the picker was given.
"""

import json
import os

import numpy as np
import streamlit as st

from rollout_curator.selection.intervals import Interval
from rollout_curator.selection.threshold_counts import count_thresholds
from rollout_curator.ui.picker.panels import Panel, threshold_panels
from rollout_curator.ui.picker.threshold import Outside, Then, threshold_picker

N = int(os.environ.get("PICKER_ROWS", "3000"))
OUTSIDE = [Outside("masked", "masked", 12), Outside("truncated", "truncated", 140), Outside("unrated", "no reward", 3)]


@st.cache_resource
def population(case: str) -> dict[str, np.ndarray]:
    """Return the columns of one case."""
    dice = np.random.default_rng(5)
    n = N
    value = {
        "spread": lambda: np.clip(dice.beta(0.7, 0.5, n), 0, 1),
        "ties": lambda: dice.choice([-100.0, -1.0, 0.0, 0.25, 1 / 3, 0.5, 1.0, 19.4], n),
        "binary": lambda: dice.choice([0.0, 1.0], n, p=[0.7, 0.3]),
        "tokens": lambda: np.round(dice.lognormal(9, 1.3, n)),
        "one": lambda: np.ones(n),
        "missing": lambda: np.full(n, np.nan),
        "empty": lambda: np.zeros(0),
        "tiny": lambda: dice.normal(0, 1e-9, n),
        "huge": lambda: dice.normal(0, 1e300, n),
        "outlier": lambda: np.concatenate([[-8.0, -7.0, 10.0], dice.random(n - 3)]),
        "rules": lambda: np.where(np.arange(n) % 30 == 0, np.nan, dice.random(n)),
        "single": lambda: np.array([0.5]),
        "odd": lambda: np.where(
            np.arange(n) % 50 == 0, np.inf, np.where(np.arange(n) % 9 == 0, np.nan, dice.random(n))
        ),
    }[case]()
    n = len(value)
    task = dice.integers(-1, max(1, n // 6), n)
    always = np.arange(n) % 211 == 210 if case == "odd" else np.zeros(n, bool)
    return {
        "value": value,
        "tokens": dice.integers(50, 9000, n),
        "task": task,
        "always": always,
        "order": np.argsort(value),
    }


def counted(rows: dict[str, np.ndarray], bounds: Interval) -> dict[str, int]:
    """Return what a plain comparison keeps."""
    value = rows["value"]
    kept = np.ones(len(value), bool)
    if bounds.low is not None:
        kept &= value >= bounds.low
    if bounds.high is not None:
        kept &= value <= bounds.high
    kept |= rows["always"]
    tasks = rows["task"][kept]
    return {
        "rollouts": int(kept.sum()),
        "tasks": len(np.unique(tasks[tasks >= 0])),
        "tokens": int(rows["tokens"][kept].sum()),
    }


@st.cache_resource
def made(case: str):  # noqa: ANN201 - a page
    rows = population(case)
    return count_thresholds(rows["value"], rows["tokens"], rows["task"], always=rows["always"], order=rows["order"])


def picker(case: str) -> None:
    """Draw one picker, keep its bounds, and say what the server counts and what was opened."""
    held = st.session_state.setdefault("held", {"bounds": Interval(), "opened": None, "runs": 0})
    chosen = threshold_picker(
        made(case).within(held["bounds"]),
        key="picker",
        title="Generated tokens" if case == "tokens" else "Reward",
        kind="boolean" if case == "binary" else "number",
        then=Then("pass the threshold", 7, "kept after rules") if case == "rules" else None,
        outside=OUTSIDE if case in ("spread", "ties") else (),
    )
    if chosen is not None:
        held["bounds"] = held["bounds"] if chosen.bounds is None else chosen.bounds
        held["opened"] = chosen.opened or held["opened"]
        st.rerun()
    held["runs"] += 1
    bounds = held["bounds"]
    said = {"at_least": bounds.low, "at_most": bounds.high, "opened": held["opened"]}
    st.code(json.dumps(said | counted(population(case), bounds)), language=None)


def panels(*, one_axis: bool) -> None:
    """Draw small plots of several agents, one of which has a bound of its own."""
    held = st.session_state.setdefault("held", {"own": {"gdpval": 2.5}, "opened": None, "all": 0.5})
    dice = np.random.default_rng(3)
    shown = []
    columns = {}
    names = [
        "swe_agent",
        "a rather long name of an agent that solves <b>many</b> things",
        "gdpval",
        "no rewards at all",
    ]
    for name in names + [f"agent {n}" for n in range(8)]:
        n = int(dice.integers(40, 1500))
        value = {"gdpval": dice.normal(3, 2, n), "no rewards at all": np.full(n, np.nan)}.get(
            name, dice.choice([0, 0.5, 1.0], n)
        )
        rows = {
            "value": value,
            "tokens": dice.integers(9, 900, n),
            "task": dice.integers(0, n // 4, n),
            "always": np.zeros(n, bool),
        }
        columns[name] = rows
        bound = held["own"].get(name, held["all"])
        found = count_thresholds(rows["value"], rows["tokens"], rows["task"], bounds=Interval(bound))
        note = f"{n:,} rollouts, mean {np.nan_to_num(value).mean():.2f}"
        shown.append(Panel(name, note, found, own=name in held["own"]))
    chosen = threshold_panels(shown, key="panels", title="Reward by agent", one_axis=one_axis)
    if chosen is not None:
        if chosen.opened:
            held["opened"] = chosen.name
        elif chosen.at_least is None:
            held["own"].pop(chosen.name, None)
        else:
            held["own"][chosen.name] = chosen.at_least
        st.rerun()
    kept = {name: counted(rows, Interval(held["own"].get(name, held["all"]))) for name, rows in columns.items()}
    st.code(json.dumps({"own": held["own"], "opened": held["opened"], "kept": kept}), language=None)


st.set_page_config(layout="wide")
wanted = st.query_params.get("case", "spread")
if wanted.startswith("panels"):
    panels(one_axis=wanted == "panels")
else:
    picker(wanted)
