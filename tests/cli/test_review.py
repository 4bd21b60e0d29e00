"""`review` and `decisions` of the command line: what they print, write, take in and refuse."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from making import call, gym, write
from rollout_curator.decisions.store import Decisions, Entry
from rollout_curator.workspace.workspace import Workspace


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Write 60 rollouts of reward 1.0 and 20 of 0.2."""
    folder = tmp_path / "collected"
    folder.mkdir()
    high = [gym(answer=f"high {n}", reward=1.0, _ng_task_index=n) for n in range(60)]
    low = [gym(answer=f"low {n}", reward=0.2, _ng_task_index=n) for n in range(20)]
    return write(folder / "run.jsonl", [*high, *low])


def decide(source: Path, rows: range, verdict: str, who: str, *reasons: str) -> None:
    with Decisions.open(source.parent / "curation.sqlite") as store:
        workspace = Workspace.open([source])
        store.record(
            [Entry(workspace.key(row), verdict, reasons, reviewer=who, queue="random", blind=True) for row in rows]
        )
        workspace.close()


def test_review_without_decisions_says_what_to_do(source: Path) -> None:
    ran = call("review", source, "--min-reward", "0.5")
    assert ran.code == 0
    assert ran.out.splitlines()[:3] == [
        "None of the 60 selected rollouts has been reviewed at random yet, so the kept set has no error bound yet.",
        "Choose a plan before you start. Without one you can stop at any time, but more reviews are needed.",
        "31 reviews, 0 bad: at most 5%; passes 48% of the time when 2% are bad.",
    ]


def test_a_plan_is_chosen_before_reading_and_stays(source: Path) -> None:
    call("review", source, "--min-reward", "0.5", "--plan", "31")
    decide(source, range(1), "accept", "ann")
    found = call("review", source, "--min-reward", "0.5", "--json").json
    plan = found["statement"]["plan"]
    assert (plan["reads"], plan["bad"], plan["goal"]) == (31, 0, 0.05)
    decide(source, range(60), "accept", "ann")
    again = call("review", source, "--min-reward", "0.5", "--plan", "40")
    assert (again.code, again.out) == (2, "")
    assert "a plan of 31 reviews was chosen for this selection and review has begun" in again.err


def test_review_gives_statement_bands_and_agreement_as_json(source: Path) -> None:
    decide(source, range(60), "accept", "ann")
    decide(source, range(2), "reject", "bob", "wrong_answer")
    found = call("review", source, "--min-reward", "0.5", "--json").json
    assert (found["statement"]["sample"]["read"], found["statement"]["sample"]["bad"]) == (60, 2)
    assert (found["statement"]["kept"], found["statement"]["kept_bad_at_most"]) == (58, 0)
    assert [(band["low"], band["read"], band["accepted"]) for band in found["bands"]] == [(0.2, 0, 0), (1.0, 60, 58)]
    assert (found["disagreements"], found["reasons"], found["to_settle"]) == (2, {"wrong_answer": 2}, 2)
    assert [(pair["one"], pair["other"], pair["both"], pair["agreed"]) for pair in found["agreements"]] == [
        ("ann", "bob", 2, 0)
    ]


def test_review_in_text_has_the_table_and_the_threshold(source: Path) -> None:
    decide(source, range(60), "accept", "ann")
    lines = call("review", source, "--min-reward", "0.5").out.splitlines()
    assert "1                     60       60        60  100% (94%–100%)" in lines
    once = "(95% confidence, for one look after a number of reviews fixed before)"
    assert f"Reward ≥ 0.5: precision at least 95% {once}." in lines
    assert "Reviewed one by one: 60 (60 accepted, 0 rejected); first reviewed at random: 60." in lines


def test_review_rounds_what_is_good_down_and_says_the_threshold_to_the_last_digit(tmp_path: Path) -> None:
    """400 of 401 accepted: 99.75%, and at least 98.62% of two-sided 95%."""
    reward = 0.12345678
    source = write(tmp_path / "run.jsonl", [gym(answer=f"{n}", reward=reward, _ng_task_index=n) for n in range(401)])
    decide(source, range(1), "reject", "ann")
    decide(source, range(1, 401), "accept", "ann")
    lines = call("review", source, "--precision", "0.98").out.splitlines()
    assert "0.12345678           401      401       400  99.7% (98.6%–100%)" in lines
    once = "(95% confidence, for one look after a number of reviews fixed before)"
    assert f"Reward ≥ 0.12345678: precision at least 98% {once}." in lines


def test_review_tells_of_readers_of_rewards_and_of_every_look(source: Path) -> None:
    decide(source, range(40), "accept", "ann")
    decide(source, range(40), "accept", "bob")
    decide(source, range(40, 41), "reject", "ann")
    decide(source, range(40, 41), "reject", "bob")
    ran = call("review", source, "--min-reward", "0.5")
    (line,) = [line for line in ran.out.splitlines() if line.startswith("ann and bob")]
    assert line.startswith(
        "ann and bob both reviewed 41 blind and agree on 41 (100%), 100% on accepts, 100% on rejects; ann rejected 1, "
        "bob "
        "1; kappa 1.00 ("
    )
    assert (
        "ann: 1 bad and 40 good ones were reviewed twice; 10 of each are needed to estimate the error rates." in ran.out
    )
    found = call("review", source, "--min-reward", "0.5", "--json").json
    assert (found["together"]["rollouts"], found["readers"][0]["rates"]["bad"], found["by_reward"]["bands"]) == (
        41,
        1,
        1,
    )
    assert "lowest_threshold_whenever" in found


def test_the_disagreements_are_written_for_the_owner_of_the_verifier(source: Path, tmp_path: Path) -> None:
    decide(source, range(3, 4), "reject", "ann", "reward_hack")
    out = tmp_path / "disagree.jsonl"
    assert call("review", source, "--min-reward", "0.5", "--disagreements", out).code == 0
    (line,) = [json.loads(line) for line in out.read_text().splitlines()]
    assert (line["source"], line["line"], line["reward"], line["verdict"]) == ("run.jsonl", 4, 1.0, "reject")
    assert line["reasons"] == ["reward_hack"]


def test_review_never_writes_over_a_source(source: Path) -> None:
    before = source.read_bytes()
    ran = call("review", source, "--disagreements", source)
    assert (ran.code, source.read_bytes()) == (2, before)
    assert "is a source file" in ran.err


def test_decisions_travel_from_one_store_to_another_and_twice_is_once(source: Path, tmp_path: Path) -> None:
    decide(source, range(5), "reject", "ann", "unsafe")
    out, store = tmp_path / "ann.jsonl", tmp_path / "other.sqlite"
    assert call("decisions", "export", source, "--out", out).out == f"exported 5 decisions to {out}\n"
    first = call("decisions", "import", source, "--from", out, "--decisions", store)
    again = call("decisions", "import", source, "--from", out, "--decisions", store)
    assert first.out == f"{out}: 5 decisions imported, 0 already present\n"
    assert again.out == f"{out}: 0 decisions imported, 5 already present\n"
    with closing(sqlite3.connect(store)) as connection:
        rows = connection.execute("SELECT verdict, reviewer, count(*) FROM current GROUP BY 1, 2").fetchall()
    assert rows == [("reject", "ann", 5)]


def test_decisions_are_not_taken_in_for_files_that_are_not_there(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide(source, range(5), "reject", "ann", "unsafe")
    out = tmp_path / "ann.jsonl"
    call("decisions", "export", source, "--out", out)
    monkeypatch.chdir(tmp_path)
    ran = call("decisions", "import", tmp_path / "colected", "--from", out)
    assert (ran.code, ran.out) == (2, "")
    assert "colected: no such file" in ran.err
    assert not (tmp_path / "curation.sqlite").exists()


def test_an_export_of_no_store_is_refused_in_a_line(source: Path, tmp_path: Path) -> None:
    ran = call("decisions", "export", source, "--out", tmp_path / "x.jsonl")
    assert (ran.code, ran.out) == (2, "")
    assert "no review store yet" in ran.err


def test_a_file_that_is_no_export_is_refused_with_its_name_and_line(source: Path, tmp_path: Path) -> None:
    ran = call("decisions", "import", source, "--from", source, "--decisions", tmp_path / "s.sqlite")
    assert (ran.code, ran.out) == (2, "")
    assert "run.jsonl: line 1: is not a decision record" in ran.err


def test_the_rest_of_a_comparison_is_told_in_words_not_as_a_tag(source: Path) -> None:
    decide(source, range(2), "reject", "ann", "not-chosen")
    out = call("review", source, "--min-reward", "0.5").out
    assert "rejected for: not chosen in a comparison (2)" in out
    assert "not-chosen" not in out
