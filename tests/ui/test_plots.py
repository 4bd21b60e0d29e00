"""Every plot draws on every frame, shows text from data verbatim, and sends little to the browser."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from rollout_curator.selection.group_tables import group_table, task_table
from rollout_curator.selection.slices import Equals, Range, decode
from rollout_curator.selection.strategies import task_summary
from rollout_curator.ui import plots
from rollout_curator.ui.plots.base import PLOTS, finish
from rollout_curator.ui.plots.bins import bins
from rollout_curator.ui.plots.labels import distinct, label

COMPONENTS = ["reward_components.correct", "tool_errors"]
Drawer = Callable[[pd.DataFrame], go.Figure]


def by_agent(frame: pd.DataFrame) -> go.Figure:
    return plots.by_group(group_table(frame, "agent", at_least=0.5), "agent")


def by_pass_rate(frame: pd.DataFrame) -> go.Figure:
    return plots.tasks_by_pass_rate(task_table(frame, 0.5)["pass@1"].to_numpy(), 0.5)


def drawn_components(frame: pd.DataFrame) -> go.Figure:
    return plots.components(plots.component_table(frame, COMPONENTS, 0.5), 0.5)


DRAWN: dict[str, Drawer] = {
    "ecdf": plots.ecdf,
    "histogram": lambda frame: plots.histogram(frame, "reward"),
    "histogram of what is kept": lambda frame: plots.histogram(
        frame, "tokens", kept=(frame["reward"] > 0.5).to_numpy(), n_before=3
    ),
    "by task": plots.reward_by_task,
    "against tokens": lambda frame: plots.reward_against(frame, "tokens"),
    "against turns": lambda frame: plots.reward_against(frame, "turns"),
    "turns against tokens": lambda frame: plots.density(frame, "tokens", "turns"),
    "against itself": lambda frame: plots.density(frame, "reward", "reward"),
    "rows by agent": by_agent,
    "rows by source": lambda frame: plots.by_group(group_table(frame, "source"), "source"),
    "by pass rate": by_pass_rate,
    "pass@k": lambda frame: plots.pass_at_k(task_summary(frame, 0.5).curve),
    "components": drawn_components,
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
    "times in ns": [1.7e18, 1.7e18],
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
            "group": np.arange(n, dtype=np.int64) % 2 + 7,
            "tokens": np.arange(n, dtype=np.int64) ** 2,
            "turns": np.arange(n, dtype=np.int64) % 9,
            "reward_components.correct": np.array(reward, dtype=np.float64),
            "tool_errors": np.arange(n, dtype=np.float64) % 3,
        },
        index=np.arange(n) + 100,
    )


def million() -> pd.DataFrame:
    dice, n = np.random.default_rng(5), 1_000_000
    agents = pd.Categorical.from_codes(dice.integers(-1, 80, n), pd.Index([f"agent {i}" for i in range(80)]))
    task = dice.integers(0, 100_000, n)
    return pd.DataFrame(
        {
            "reward": dice.normal(size=n),
            "agent": agents,
            "source": agents,
            "task_id": pd.Categorical.from_codes(task, pd.Index([f"task {i}" for i in range(100_000)])),
            "group": task,
            "tokens": dice.lognormal(7, 1, n).astype(np.int64) + 1,
            "turns": dice.lognormal(2, 1, n).astype(np.int64) + 1,
            "reward_components.correct": dice.integers(0, 2, n),
            "tool_errors": dice.integers(0, 30, n),
        }
    )


@pytest.mark.parametrize("drawn", DRAWN)
@pytest.mark.parametrize("rewards", REWARDS)
def test_every_plot_draws_on_every_frame(drawn: str, rewards: str) -> None:
    figure = DRAWN[drawn](frame_of(REWARDS[rewards]))
    assert figure.layout.title.text
    assert plots.alt(figure)
    figure.to_json()


def test_a_page_that_says_the_title_itself_gets_title_and_note_as_plain_text_and_the_figure_without() -> None:
    figure = finish(go.Figure(), "a &lt; b", "Says.", height=320, note="n " * 40)
    title, note, bare = plots.split_heading(figure)
    assert (title, note) == ("a < b", ("n " * 40).strip())
    assert bare.layout.title.text is None
    assert bare.layout.height - bare.layout.margin.t == figure.layout.height - figure.layout.margin.t
    assert (bare.layout.margin.b, bare.layout.margin.l) == (48, 60)
    assert figure.layout.title.text == "a &lt; b"


@pytest.fixture(scope="module")
def big() -> pd.DataFrame:
    return million()


@pytest.mark.parametrize("drawn", DRAWN)
def test_a_million_rollouts_never_reach_the_browser(drawn: str, big: pd.DataFrame) -> None:
    assert len(DRAWN[drawn](big).to_json()) < 300_000


def test_every_plot_is_in_the_table() -> None:
    assert sorted(PLOTS) == [
        "by_group",
        "components",
        "density",
        "ecdf",
        "histogram",
        "pass_at_k",
        "reward_against",
        "reward_by_task",
        "tasks_by_pass_rate",
    ]


def test_the_ecdf_counts_what_is_at_or_below() -> None:
    line = plots.ecdf(frame_of([0.0, 1.0, 1.0, np.nan])).data[0]
    assert list(line.x) == [0.0, 1.0]
    assert list(line.customdata) == [1, 3]


def test_the_table_of_the_ecdf_says_where_each_tenth_lies() -> None:
    table = plots.ecdf_table(frame_of([0.0, 0.5, 1.0, np.nan]))
    assert table.iloc[[0, 5, 10]].to_numpy().tolist() == [[0.0, 0.0], [0.5, 0.5], [1.0, 1.0]]
    assert len(plots.ecdf_table(frame_of([np.nan]))) == 0


def test_tasks_stand_in_order_of_their_mean() -> None:
    marks = plots.reward_by_task(frame_of([1.0, 0.0, 1.0, 0.5])).data[1]
    assert list(marks.y) == [0.25, 1.0]
    assert list(marks.text) == [
        "t1<br>mean 0.25, from 0 to 0.5<br>2 of 2 rollouts with a reward",
        "t0<br>mean 1, from 1 to 1<br>2 of 2 rollouts with a reward",
    ]
    assert opens(marks) == ["group=8.0..8.0", "group=7.0..7.0"]


def opens(trace: go.Scatter) -> list[str]:
    """Return what the marks of a trace open."""
    return [carried[0] for carried in trace.customdata]


# One number against another


def scattered(n: int) -> pd.DataFrame:
    """Return rollouts on a curve: skewed tokens from 1 on, whole turns, rewards of two decimals."""
    at = np.arange(n)
    frame = frame_of((at % 101 / 100).tolist())
    frame["tokens"], frame["turns"] = np.exp(at / n * 12).astype(np.int64) + at % 7, at % 90
    return frame


def test_a_few_rollouts_are_points_that_open_themselves() -> None:
    points = plots.reward_against(frame_of([0.0, 0.0, 1.0, np.nan]), "turns").data[0]
    assert opens(points) == ["row:100", "row:101", "row:102"]
    assert list(points.text) == [
        "t0<br>swe0<br>reward 0, turns 0",
        "t1<br>swe1<br>reward 0, turns 1",
        "t0<br>swe2<br>reward 1, turns 2",
    ]


@pytest.mark.parametrize("column", ["tokens", "turns", "reward", "tool_errors"])
def test_each_cell_opens_the_rollouts_it_counts(column: str) -> None:
    frame = scattered(5000)
    cells = plots.reward_against(frame, column).data[1]
    counted = [int(text.split(" ")[0].replace(",", "")) for text in cells.text]
    assert counted == [int(np.count_nonzero(fitting(frame, text))) for text in opens(cells)]
    assert sum(counted) == 5000


def fitting(frame: pd.DataFrame, text: str) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return which rows of a frame a text stands for."""
    fits = np.ones(len(frame), dtype=bool)
    for part in decode(text) or ():
        values = frame[part.column].to_numpy()
        fits &= values == part.word if isinstance(part, Equals) else part.fits(values.astype(np.float64))
    return fits


def test_skewed_numbers_have_a_logarithmic_axis() -> None:
    figure = plots.reward_against(scattered(5000), "tokens")
    assert (figure.layout.xaxis.type, figure.layout.yaxis.type) == ("log", None)


def test_the_few_that_a_logarithmic_axis_cannot_show_are_counted() -> None:
    frame = scattered(5000)
    frame.loc[frame.index[:12], "tokens"] = 0
    assert "12 values ≤ 0 not shown (log axis)" in plots.alt(plots.reward_against(frame, "tokens"))


def test_many_zeros_keep_an_axis_linear() -> None:
    frame = scattered(5000)
    frame.loc[frame.index[:1000], "tokens"] = 0
    assert plots.reward_against(frame, "tokens").layout.xaxis.type is None


def test_the_mean_has_its_interval() -> None:
    frame = frame_of([0.0, 1.0, 1.0, 0.0, 0.5])
    frame["turns"], frame["group"] = 3, np.arange(5)
    line = plots.reward_against(frame, "turns").data[1]
    assert list(line.text) == ["mean reward 0.5 (0.0245 to 0.975) of 5 rollouts, 5 tasks<br>turns 3"]
    assert plots.reward_against(frame.assign(group=7), "turns").data[1].text == (
        "mean reward 0.5 of 5 rollouts, 1 task<br>turns 3",
    )
    assert (list(line.y), opens(line)) == ([0.5], ["turns=3.0..3.0"])


def test_the_table_behind_the_means_has_a_row_per_part() -> None:
    frame = frame_of([0.0, 1.0, np.nan, 0.5])
    frame["turns"] = [2, 2, 2, 3]
    assert plots.against_table(frame, "turns").to_dict("list") == {
        "turns": ["turns 2", "turns 3"],
        "rollouts": [2, 1],
        "mean": [0.5, 0.5],
        "spread": [pytest.approx(0.7071, abs=1e-4), pytest.approx(np.nan, nan_ok=True)],
        "opens": ["turns=2.0..2.0", "turns=3.0..3.0"],
    }


def test_the_table_behind_no_means_is_empty() -> None:
    assert len(plots.against_table(frame_of([np.nan]), "turns")) == 0


def test_points_on_few_values_are_spread_by_less_than_the_way_to_the_next() -> None:
    frame = frame_of([0.0, 1.0] * 50)
    points = plots.reward_against(frame, "turns").data[0]
    assert np.abs(np.array(points.y) - frame["reward"].to_numpy()).max() <= 0.25
    assert len(set(points.y)) == 100


@pytest.mark.parametrize("values", [[0.1, 0.2, 0.3], [1.0], [1.0, 1.5, 8.0], list(np.geomspace(1, 1e9, 999))])
def test_a_bin_fits_what_is_in_it(values: list[float]) -> None:
    column = np.array(values)
    made = bins("x", column, 40)
    assert all(made.part(i).fits(column[[row]]).all() for row, i in enumerate(made.of(column).tolist()))


NUMBERS = some.floats(allow_nan=False, allow_infinity=False) | some.floats(0.1, 1e6) | some.integers(0, 90).map(float)


@settings(deadline=None)
@given(some.lists(NUMBERS, min_size=1, max_size=80), some.sampled_from([5, 24, 48]))
def test_every_value_is_in_the_range_of_its_bin_and_in_no_other(values: list[float], most: int) -> None:
    column = np.array(values)
    made = bins("x", column, most)
    found = made.of(column)
    fits = np.array([made.part(i).fits(column) for i in range(made.n)])
    assert fits.sum(axis=0).tolist() == [1] * len(values)
    assert np.argmax(fits, axis=0).tolist() == found.tolist()


# What a click opens


def test_a_click_opens_what_the_mark_carries() -> None:
    assert plots.opened({"selection": {"points": [{"customdata": ["agent==swe"]}], "box": []}}) == "agent==swe"


def test_nothing_chosen_opens_nothing() -> None:
    assert plots.opened({"selection": {"points": [], "box": [], "lasso": []}}) is None
    assert plots.opened({"selection": {"points": [{"customdata": [""]}, {"x": 1}]}}) is None


def test_a_box_is_the_ranges_it_spans() -> None:
    points = [{"customdata": ["tokens=1.0..<2.0;reward=0.0..<0.1"]}, {"customdata": ["tokens=1.0..<2.0"]}]
    box = {"xref": "x", "yref": "y", "x": [5476.259, 459.8111], "y": [0.30567, 0.749875]}
    assert plots.opened({"selection": {"points": points, "box": [box]}}) == "tokens=460.0..5480.0;reward=0.306..0.75"


def test_a_box_around_single_rollouts_is_the_ranges_it_spans() -> None:
    points = plots.reward_against(frame_of([0.0, 1.0]), "turns").data[0]
    chosen = {"points": [{"customdata": points.customdata[0]}], "box": [{"x": [-0.5, 0.5], "y": [0, 2]}]}
    assert plots.opened({"selection": chosen}) == "turns=-0.5..0.5;reward=0.0..2.0"


def test_the_row_of_a_text_is_its_number() -> None:
    assert [plots.row_of(text) for text in ("row:12", "row:", "row:x", "agent==row:1")] == [12, None, None, None]


# Groups, tasks, components


def test_groups_are_rows_in_the_order_of_the_table() -> None:
    table = group_table(frame_of([1.0, 0.0, 0.5, np.nan]), "agent", at_least=0.5).sort_values("mean")
    figure = plots.by_group(table, "agent")
    assert list(figure.layout.yaxis.ticktext) == ["swe1 (1)", "swe2 (1)", "swe0 (2)"]
    assert opens(figure.data[4]) == ["agent==swe1", "agent==swe2", "agent==swe0"]
    assert figure.data[4].text[2] == (
        "swe0<br>1 of 2 rollouts with a reward<br>mean 1, from 1 to 1<br>median 1, quartiles 1 to 1<br>100.0% pass"
    )


def test_groups_beyond_the_fortieth_are_one_row_that_opens_nothing() -> None:
    frame = frame_of([0.0] * 90)
    frame["agent"] = pd.Categorical([f"agent {i % 45:02}" for i in range(90)])
    figure = plots.by_group(group_table(frame, "agent"), "agent")
    assert (len(figure.layout.yaxis.ticktext), figure.layout.yaxis.ticktext[-1]) == (41, "(5 others) (10)")
    assert opens(figure.data[4])[-1] == ""


def test_rollouts_without_a_group_are_a_row_of_their_own() -> None:
    figure = plots.by_group(group_table(frame_of([1.0, 0.0]), "source"), "source")
    assert (list(figure.layout.yaxis.ticktext), opens(figure.data[4])) == (["(none) (2)"], ["source=="])


def test_tasks_are_counted_by_their_pass_rate() -> None:
    figure = plots.tasks_by_pass_rate(np.array([0.0, 0.0, 1.0, 0.0625, 0.5, 0.95, np.nan]), 0.8)
    bars = figure.data[0]
    assert list(bars.y) == [2, 1, 0, 0, 0, 0, 1, 0, 0, 0, 1, 1]
    assert [text for text in opens(bars) if text] == [
        "pass_rate=0.0..0.0",
        "pass_rate=0.0625..<0.1",
        "pass_rate=0.5..<0.6",
        "pass_rate=0.9..<1.0",
        "pass_rate=1.0..1.0",
    ]
    assert "of 6 tasks, 2 never solved · 1 always solved · 3 in between" in plots.alt(figure)


def test_the_curve_of_pass_at_k_says_over_which_tasks() -> None:
    figure = plots.pass_at_k(task_summary(frame_of([1.0, 0.0, 0.0, 0.0]), 0.5).curve)
    assert list(figure.data[0].y) == [0.25, 0.5]
    assert "over the same 2 tasks with at least 2 attempts: from 25.0% at 1 to 50.0% at 2" in plots.alt(figure)


def test_the_table_of_components_counts_agreement_and_conflict() -> None:
    frame = frame_of([1.0, 0.0, 0.0, 1.0, np.nan])
    frame["tool_errors"] = [1, 1, 0, 0, 1]
    table = plots.component_table(frame, ["tool_errors", "reward_components.correct"], 0.5)
    assert table.to_dict("index") == {
        "reward_components.correct": {
            "rollouts": 4,
            "equal": 1.0,
            "correlation": pytest.approx(1),
            "high": 0.5,
            "both": 2,
            "neither": 2,
            "only_component": 0,
            "only_reward": 0,
        },
        "tool_errors": {
            "rollouts": 4,
            "equal": 0.5,
            "correlation": 0.0,
            "high": 0.5,
            "both": 1,
            "neither": 1,
            "only_component": 1,
            "only_reward": 1,
        },
    }


def test_a_conflict_of_a_component_opens_the_rollouts_it_counts() -> None:
    frame = scattered(500)
    figure = drawn_components(frame)
    shares = [(trace.x[row], trace.customdata[row][0]) for trace in figure.data for row in (0, 1)]
    assert [share * 500 for share, _ in shares] == pytest.approx([fitting(frame, text).sum() for _, text in shares])
    assert decode(shares[4][1]) == (Range("reward_components.correct", 0.5), Range("reward", None, 0.5, closed=False))


def test_the_group_table_leaves_the_unrated_out_of_the_mean() -> None:
    table = group_table(frame_of([1.0, 0.0, 0.5, np.nan]), "agent")
    assert table[["rollouts", "rated", "mean", "lowest", "highest"]].to_dict("index") == {
        "swe0": {"rollouts": 2, "rated": 1, "mean": 1.0, "lowest": 1.0, "highest": 1.0},
        "swe1": {"rollouts": 1, "rated": 1, "mean": 0.0, "lowest": 0.0, "highest": 0.0},
        "swe2": {"rollouts": 1, "rated": 1, "mean": 0.5, "lowest": 0.5, "highest": 0.5},
    }


def test_the_group_table_has_the_numbers_of_pandas(big: pd.DataFrame) -> None:
    few = big.iloc[:20_000]
    table = group_table(few, "agent", at_least=0.3).drop(index=np.nan)
    grouped = few.groupby("agent", observed=True)["reward"]
    expected = grouped.quantile([0.1, 0.25, 0.5, 0.75, 0.9]).unstack().loc[table.index]
    np.testing.assert_allclose(table[["p10", "p25", "median", "p75", "p90"]], expected, rtol=1e-12)
    np.testing.assert_allclose(table["spread"], grouped.std().loc[table.index], rtol=1e-12)
    np.testing.assert_allclose(
        table["pass_rate"], (few["reward"] >= 0.3).groupby(few["agent"], observed=True).mean().loc[table.index]
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("swe_agent", "swe_agent"),
        ("<b>bold</b>", "&lt;b&gt;bold&lt;/b&gt;"),
        ("a & b", "a &amp; b"),
        ('<a href="http://evil">x</a>', '&lt;a href="http://evil"&gt;x&lt;/a&gt;'),
        ("two\nlines", "two lines"),
        ("left\u202eright", r"left\u202eright"),
        ("half \ud83d", r"half \ud83d"),
        ("x" * 100, "x" * 31 + "…" + "x" * 16),
    ],
)
def test_text_from_data_is_shown_verbatim(text: str, shown: str) -> None:
    assert label(text) == shown


def test_labels_of_paths_leave_out_what_most_of_them_share() -> None:
    names = ["servers/swe/data/a.jsonl", "servers/math/data/a.jsonl", "servers/math/data/b.jsonl", "plain"]
    assert distinct(names, most=22) == ["…/swe/…/a.jsonl", "…/math/…/a.jsonl", "…/math/…/b.jsonl", "plain"]


def test_labels_that_would_be_alike_keep_all_their_parts() -> None:
    assert distinct(["a/b", "b/a", "b/a/b"], most=22) == ["a/b", "b/a", "b/a/b"]


def test_an_axis_of_few_values_has_a_number_for_each() -> None:
    figure = plots.reward_against(frame_of([0.0, 1.0, 1.0]), "turns")
    assert (list(figure.layout.yaxis.tickvals), list(figure.layout.yaxis.ticktext)) == ([0.0, 1.0], ["0", "1"])


@pytest.mark.parametrize("drawn", DRAWN)
def test_no_markup_from_data_is_in_a_figure(drawn: str) -> None:
    frame = frame_of([0.0, 1.0, 0.5], agent="<a href='http://evil'>", task="<b>")
    assert "<a" not in DRAWN[drawn](frame).to_json().replace("\\u003c", "<")
    assert "<b>" not in DRAWN[drawn](frame).to_json().replace("\\u003c", "<")
