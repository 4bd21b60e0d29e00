"""Every plot draws on every frame, shows text from data verbatim, and sends little to the browser."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from rollout_curator import plots

DRAWN: dict[str, Callable[[pd.DataFrame], go.Figure]] = {
    "ecdf": plots.ecdf,
    "by agent": lambda frame: plots.reward_by_group(frame, "agent"),
    "by source": lambda frame: plots.reward_by_group(frame, "source"),
    "by task": plots.reward_by_task,
    "against tokens": lambda frame: plots.reward_against(frame, "tokens"),
    "against turns": lambda frame: plots.reward_against(frame, "turns"),
}
REWARDS: dict[str, list[float]] = {
    "empty": [],
    "one row": [0.5],
    "all unrated": [np.nan, np.nan, np.nan],
    "one rated": [np.nan, 1.0, np.nan],
    "all equal": [2.0, 2.0, 2.0],
    "infinite": [np.inf, -np.inf, 1.0, 0.0],
    "wide": [-100.0, 0.0, 1.0, 19.4],
    "widest": [-1.7e308, 0.0, 1.7e308],
    "tiny": [5e-324, 0.0, 1e-310],
    "neighbours": [0.3, 0.1 + 0.2, 1.0],
    "many": [i / 7 for i in range(500)],
    "many and wide": [1.7e308 * np.sin(i) for i in range(500)],
}


def frame_of(reward: list[float], agent: str = "swe", task: str = "t") -> pd.DataFrame:
    n = len(reward)
    return pd.DataFrame(
        {
            "reward": np.array(reward, dtype=np.float64),
            "agent": pd.Categorical([f"{agent}{i % 3}" for i in range(n)]),
            "source": pd.Categorical.from_codes(np.full(n, -1), pd.Index(["none.jsonl"])),
            "task_id": pd.Categorical([f"{task}{i % 2}" for i in range(n)]),
            "tokens": np.arange(n, dtype=np.int64) ** 2,
            "turns": np.arange(n, dtype=np.int64) % 9,
        }
    )


def million() -> pd.DataFrame:
    dice, n = np.random.default_rng(5), 1_000_000
    agents = pd.Categorical.from_codes(dice.integers(-1, 40, n), pd.Index([f"agent {i}" for i in range(40)]))
    tasks = pd.Categorical.from_codes(dice.integers(0, 100_000, n), pd.Index([f"task {i}" for i in range(100_000)]))
    reward = dice.normal(size=n)
    tokens = dice.lognormal(7, 1, n).astype(np.int64) + 1
    columns = {"reward": reward, "agent": agents, "source": agents, "task_id": tasks, "tokens": tokens, "turns": tokens}
    return pd.DataFrame(columns)


@pytest.mark.parametrize("drawn", DRAWN)
@pytest.mark.parametrize("rewards", REWARDS)
def test_every_plot_draws_on_every_frame(drawn: str, rewards: str) -> None:
    figure = DRAWN[drawn](frame_of(REWARDS[rewards]))
    assert figure.layout.title.text
    assert plots.alt(figure)
    figure.to_json()


@pytest.fixture(scope="module")
def big() -> pd.DataFrame:
    return million()


@pytest.mark.parametrize("drawn", DRAWN)
def test_a_million_rollouts_never_reach_the_browser(drawn: str, big: pd.DataFrame) -> None:
    assert len(DRAWN[drawn](big).to_json()) < 300_000


def test_every_plot_is_in_the_table() -> None:
    assert sorted(plots.PLOTS) == ["ecdf", "reward_against", "reward_by_group", "reward_by_task"]


def test_the_ecdf_counts_what_is_at_or_below() -> None:
    line = plots.ecdf(frame_of([0.0, 1.0, 1.0, np.nan])).data[0]
    assert list(line.x) == [0.0, 1.0]
    assert list(line.customdata) == [1, 3]


def test_small_histograms_share_their_bars() -> None:
    figure = plots.reward_by_group(frame_of([0.0, 1.0, 1.0, 1.0]), "agent")
    assert [list(trace.y) for trace in figure.data] == [[1, 1], [0, 1], [0, 1]]
    assert [list(trace.x) for trace in figure.data] == [[0.0, 1.0], [0.0, 1.0], [0.0, 1.0]]


def test_groups_beyond_the_twelfth_are_summed() -> None:
    frame = frame_of([1.0] * 30)
    frame["agent"] = pd.Categorical([f"agent {i % 15:02}" for i in range(30)])
    figure = plots.reward_by_group(frame, "agent")
    assert len(figure.data) == 13
    assert list(figure.data[12].y) == [6]


def test_tasks_stand_in_order_of_their_mean() -> None:
    figure = plots.reward_by_task(frame_of([1.0, 0.0, 1.0, 0.5]))
    assert list(figure.data[1].y) == [0.25, 1.0]
    assert list(figure.data[1].customdata) == [
        "t1<br>mean 0.25, from 0 to 0.5<br>2 rated of 2 rollouts",
        "t0<br>mean 1, from 1 to 1<br>2 rated of 2 rollouts",
    ]


def test_the_density_counts_every_rollout_that_has_both() -> None:
    heat = plots.reward_against(frame_of([0.0, 0.0, 1.0, np.nan]), "turns").data[0]
    assert np.nansum(10 ** np.array(heat.z, dtype=np.float64)) == pytest.approx(3)


def test_the_group_table_leaves_the_unrated_out_of_the_mean() -> None:
    table = plots.group_table(frame_of([1.0, 0.0, 0.5, np.nan]), "agent").drop(columns="spread")
    assert table.to_dict("index") == {
        "swe0": {"rollouts": 2, "rated": 1, "mean": 1.0, "lowest": 1.0, "highest": 1.0},
        "swe1": {"rollouts": 1, "rated": 1, "mean": 0.0, "lowest": 0.0, "highest": 0.0},
        "swe2": {"rollouts": 1, "rated": 1, "mean": 0.5, "lowest": 0.5, "highest": 0.5},
    }


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("swe_agent", "swe_agent"),
        ("<b>bold</b>", "&lt;b&gt;bold&lt;/b&gt;"),
        ("a & b", "a &amp; b"),
        ('<a href="http://evil">x</a>', '&lt;a href="http://evil"&gt;x&lt;/a&gt;'),
        ("two\nlines", "two lines"),
        ("left\u202eright", "left\ufffdright"),
        ("half \ud83d", "half \ufffd"),
        ("x" * 100, "x" * 31 + "…" + "x" * 16),
    ],
)
def test_text_from_data_is_shown_verbatim(text: str, shown: str) -> None:
    assert plots.label(text) == shown


@pytest.mark.parametrize("drawn", DRAWN)
def test_no_markup_from_data_is_in_a_figure(drawn: str) -> None:
    frame = frame_of([0.0, 1.0, 0.5], agent="<a href='http://evil'>", task="<b>")
    assert "<a" not in DRAWN[drawn](frame).to_json().replace("\\u003c", "<")
    assert "<b>" not in DRAWN[drawn](frame).to_json().replace("\\u003c", "<")
