"""What readers who share rollouts show: real files and a real review store, every number by hand."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from making import gym, write
from rollout_curator.decisions.store import Decisions, Entry
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.review import summary, team
from rollout_curator.review import team_words as words
from rollout_curator.review.random_order import in_order
from rollout_curator.workspace.workspace import Workspace

KEEP = Recipe(min_reward=0.5)


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """Open 200 rollouts of reward 1.0, 40 of 0.6 and 40 of 0.2."""
    rewards = [1.0] * 200 + [0.6] * 40 + [0.2] * 40
    lines = [gym(answer=f"{n}", reward=reward, _ng_task_index=n) for n, reward in enumerate(rewards)]
    source = write(tmp_path / "run.jsonl", lines)
    opened = Workspace.open([source], tmp_path / "cache", Decisions.open(tmp_path / "curation.sqlite"))
    yield opened
    opened.close()


def decide(workspace: Workspace, said: dict[int, str], who: str, queue: str, *, blind: bool = False) -> None:
    assert workspace.decisions is not None
    entries = [
        Entry(workspace.key(row), verdict, reviewer=who, queue=queue, blind=blind) for row, verdict in said.items()
    ]
    workspace.decisions.record(entries)


def verdicts(rejected: list[int], n: int) -> dict[int, str]:
    return {row: "reject" if row in rejected else "accept" for row in range(n)}


def coins(workspace: Workspace) -> None:
    """Let two flip coins over 60 rollouts: 17 accepted by both, 17 rejected by both, 13 and 13 split; kappa .13."""
    decide(workspace, verdicts([*range(17, 34), *range(34, 47)], 60), "ann", "random")
    decide(workspace, verdicts([*range(17, 34), *range(47, 60)], 60), "bob", "second", blind=True)


def test_two_coin_flippers_agree_by_chance(workspace: Workspace) -> None:
    """34 of 60 alike, half of all rejected by each: (34/60 - 1/2) / (1/2)."""
    coins(workspace)
    (pair,) = team.agreed(workspace)
    assert (pair.both, pair.agreed, pair.rejected) == (60, 34, (30, 30))
    assert pair.kappa == pytest.approx(4 / 30)
    assert (pair.on_accepts, pair.on_rejects) == (pytest.approx(34 / 60), pytest.approx(34 / 60))


def test_verdicts_adopted_from_another_raise_no_kappa(workspace: Workspace) -> None:
    """Bob takes over Ann's verdict on 20 of the 26 they differ on; that would make kappa (54/60 - 1/2) / (1/2) = .8."""
    coins(workspace)
    decide(workspace, dict.fromkeys(range(34, 47), "reject") | dict.fromkeys(range(47, 54), "accept"), "bob", "all")
    (pair,) = team.agreed(workspace)
    assert (pair.both, pair.agreed) == (60, 34)
    assert pair.kappa == pytest.approx(4 / 30)


def test_a_verdict_given_where_the_others_was_to_be_seen_does_not_count(workspace: Workspace) -> None:
    decide(workspace, verdicts([], 30), "ann", "random")
    decide(workspace, verdicts([], 30), "bob", "all")
    assert team.agreed(workspace) == []
    assert team.adopted(workspace) == 30
    assert words.team_lines(workspace, KEEP) == [
        "30 verdicts given while those of others were visible: not counted here."
    ]


def test_what_came_first_counts_wherever_it_was_given(workspace: Workspace) -> None:
    decide(workspace, verdicts([3], 25), "bob", "all")
    decide(workspace, verdicts([3], 25), "ann", "second", blind=True)
    assert [(pair.both, pair.agreed) for pair in team.agreed(workspace)] == [(25, 25)]


def test_a_second_try_after_an_undo_does_not_count(workspace: Workspace) -> None:
    decide(workspace, {0: "reject"}, "ann", "random")
    decide(workspace, {0: "accept"}, "bob", "second", blind=True)
    assert workspace.decisions is not None
    workspace.decisions.undo("bob")
    decide(workspace, {0: "reject"}, "bob", "second", blind=True)
    assert team.agreed(workspace) == []


def test_settling_and_comparing_are_no_reading_of_ones_own(workspace: Workspace) -> None:
    assert workspace.decisions is not None
    decide(workspace, {0: "reject", 1: "reject"}, "ann", "random")
    decide(workspace, {0: "accept"}, "eve", "settle", blind=True)
    key = workspace.key(1)
    workspace.decisions.record([Entry(key, "reject", ("not-chosen",), reviewer="eve", queue="task-1", blind=True)])
    assert list(team.own(workspace)) == ["ann"]


def test_the_way_of_a_verdict_says_what_it_is_whatever_its_reasons(workspace: Workspace) -> None:
    assert workspace.decisions is not None
    compared = Entry(workspace.key(0), "reject", reviewer="eve", queue="task-1", blind=True, way="compared")
    read = Entry(workspace.key(1), "reject", ("not-chosen",), reviewer="ann", queue="random", way="read")
    workspace.decisions.record([compared, read])
    assert {who: list(said) for who, said in team.own(workspace).items()} == {"ann": [workspace.key(1)]}


def test_of_older_stores_only_the_very_first_verdict_counts(tmp_path: Path, workspace: Workspace) -> None:
    assert workspace.decisions is not None
    with Decisions.open(tmp_path / "old.sqlite") as old:
        key = workspace.key(0)
        old.record([Entry(key, "reject", reviewer="ann", queue="second")])
        old.record([Entry(key, "reject", reviewer="bob", queue="second")])
        lines = [line.replace(b'"blind":true', b'"blind":null') for line in old.give_out()]
        workspace.decisions.take_in([line.replace(b'"blind":false', b'"blind":null') for line in lines])
    assert list(team.own(workspace)) == ["ann"]


def test_three_readers_have_one_alpha(workspace: Workspace) -> None:
    """25 rollouts, one of them disputed by Eve: 75 verdicts, 14 rejects; 1 - 74 * 2 / (2 * 14 * 61)."""
    for who in ("ann", "bob"):
        decide(workspace, verdicts([0, 1, 2, 3, 4], 25), who, "second", blind=True)
    decide(workspace, verdicts([0, 1, 2, 3], 25), "eve", "second", blind=True)
    found = team.together(workspace)
    assert (found.reviewers, found.rollouts) == (3, 25)
    assert found.alpha == pytest.approx(1 - 74 * 2 / (2 * 14 * 61))
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.alpha < found.high
    assert words.together_words(found).startswith(
        "All 3 reviewers, on 25 rollouts that at least two reviewed blind: Krippendorff's alpha 0.91 ("
    )


def test_a_pair_is_said_with_prevalence_and_interval(workspace: Workspace) -> None:
    coins(workspace)
    (pair,) = team.agreed(workspace)
    assert words.pair_words(pair) == (
        "ann and bob both reviewed 60 blind and agree on 34 (57%), 57% on accepts, 57% on rejects; ann rejected 30, "
        "bob "
        f"30; kappa 0.13 ({words.interval_words(pair.low, pair.high)})"
    )


# --- errors of readers


def random_order(workspace: Workspace) -> list[int]:
    return in_order(workspace.sample_rank, workspace.once(summary.selected(workspace, KEEP))).tolist()


def test_errors_are_told_once_all_differences_are_settled(workspace: Workspace) -> None:
    """Of the first 60 at random the first 15 are bad. Ann misses 2 and rejects 3 good ones; Bob is always right."""
    order = random_order(workspace)
    bad, missed, wrong = set(order[:15]), order[:2], order[20:23]
    ann = {row: "reject" if (row in bad and row not in missed) or row in wrong else "accept" for row in order[:60]}
    decide(workspace, ann, "ann", "random")
    decide(workspace, {row: "reject" if row in bad else "accept" for row in order[:60]}, "bob", "second", blind=True)
    assert words.team_lines(workspace, KEEP)[0] == "ann: resolve 5 conflicts to estimate the error rates."
    decide(workspace, {row: "reject" if row in bad else "accept" for row in [*missed, *wrong]}, "eve", "settle")
    first = team.readers(workspace, KEEP)[0]
    assert (first.rates.bad, first.rates.caught, first.rates.good, first.rates.passed) == (15, 13, 45, 42)
    assert (first.read, first.rejected) == (60, 16)
    assert first.corrected is not None
    assert first.corrected.share == pytest.approx((16 / 60 + 42 / 45 - 1) / (13 / 15 + 42 / 45 - 1))
    lines = words.reader_words(first)
    assert lines[0] == (
        "ann rejected 13 of 15 bad ones (59.5%–98.4%) and accepted 42 of 45 good ones (81.7%–98.7%). Correct: "
        "what both decided, or the resolved conflict."
    )
    assert lines[1].startswith(
        "Of 60 reviewed at random and blind ann rejected 16; corrected for these errors about 25% were bad ("
    )


def test_too_few_read_twice_are_said_to_be_too_few(workspace: Workspace) -> None:
    decide(workspace, verdicts([0], 20), "ann", "random")
    decide(workspace, verdicts([0], 20), "bob", "second", blind=True)
    assert words.team_lines(workspace, KEEP) == [
        f"{who}: 1 bad and 19 good ones were reviewed twice; 10 of each are needed to estimate the error rates."
        for who in ("ann", "bob")
    ]


# --- some of every reward


def by_reward(workspace: Workspace, reward: float, n: int) -> list[int]:
    rows = np.flatnonzero(workspace.column("reward") == reward)
    return in_order(workspace.sample_rank, rows).tolist()[:n]


def test_reading_some_of_every_reward_counts_whole(workspace: Workspace) -> None:
    """30 of 200 at 1.0, 1 bad, and 30 of 40 at 0.6, 6 bad: 200/30 + 6 * 40/30 are bad, 7 of them out; 233 kept."""
    high, low = by_reward(workspace, 1.0, 30), by_reward(workspace, 0.6, 30)
    said = {row: "reject" if row in (high[0], *low[:6]) else "accept" for row in [*high, *low]}
    decide(workspace, said, "ann", "by-reward")
    found = team.weighted(workspace, KEEP)
    assert (found.bands, found.unread, found.total, found.read, found.bad, found.kept) == (2, 0, 240, 60, 7, 233)
    assert found.estimate == pytest.approx(200 / 30 + 6 * 40 / 30 - 7)
    assert 8 <= found.bad_at_most <= 40
    (line, note) = words.weighted_lines(workspace, KEEP, 0)
    assert line == (
        "By reward: 60 of the 240 selected reviewed in 2 bands, 7 bad: about 3.3% and at most "
        f"{words.percent(found.bad_at_most / 233)} of the unique kept rollouts would be rejected by these reviewers "
        "(95% confidence, for numbers of reviews fixed before)."
    )
    assert note == "Each band counts by its size, with what was reviewed of it from the start in random order."


def test_a_band_nobody_read_is_bad(workspace: Workspace) -> None:
    decide(workspace, dict.fromkeys(by_reward(workspace, 1.0, 60), "accept"), "ann", "by-reward")
    found = team.weighted(workspace, KEEP)
    assert (found.unread, found.estimate) == (1, None)
    assert found.bad_at_most >= 40
    assert "1 band without a review count as bad." in words.weighted_note(found)


def test_where_all_was_read_at_random_nothing_is_said_twice(workspace: Workspace) -> None:
    decide(workspace, dict.fromkeys(random_order(workspace), "accept"), "ann", "random")
    assert words.weighted_lines(workspace, KEEP, 240) == []


def test_what_was_rejected_in_bulk_or_not_chosen_is_no_bad_one(workspace: Workspace) -> None:
    assert workspace.decisions is not None
    high, low = by_reward(workspace, 1.0, 30), by_reward(workspace, 0.6, 30)
    decide(workspace, dict.fromkeys([*high, *low], "accept"), "ann", "by-reward")
    before = team.weighted(workspace, KEEP)
    others = [workspace.key(row) for row in by_reward(workspace, 1.0, 40)[30:]]
    entries = [Entry(key, "reject", ("not-chosen",), reviewer="ann", queue="task-1") for key in others[:5]]
    workspace.decisions.record(entries)
    workspace.decisions.record_bulk(others[5:], Entry("", "reject", reviewer="ann"), seen=workspace.decisions.version())
    after = team.weighted(workspace, KEEP)
    assert (before.total, before.bad, after.total, after.bad, after.kept) == (240, 0, 230, 0, 230)
