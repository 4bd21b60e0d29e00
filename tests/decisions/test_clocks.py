"""Clocks of the review store: a time that cannot be is refused at the door, and a store that holds one is mended."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from deciding import decide, held
from making import gym, write
from rollout_curator.decisions import timestamps
from rollout_curator.decisions.store import Decisions, Entry
from rollout_curator.errors import DecisionRefused

A, B, C = ("a" * 32, "b" * 32, "c" * 32)
NOW = datetime.now(UTC)
FORGED = 2**62
INSERT = """INSERT INTO decision
    (key, verdict, reasons, note, reviewer, at, client, seq, undoes, act, batch, queue, clock, origin, item, blind, way)
    VALUES (?, ?, '[]', '', ?, ?, '', NULL, NULL, 'decide', '', '', ?, ?, ?, NULL, '')"""


def micro(time: datetime) -> int:
    return int(time.timestamp() * 1_000_000)


def forge(path: Path, clock: int, *, key: str = A, who: str = "eve", at: str = "", origin: str = "forged") -> None:
    """Write an accept into the file as an older program took it in."""
    at = at or NOW.isoformat(timespec="microseconds")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(INSERT, (key, "accept", who, at, clock, origin, None))
        connection.commit()


def act(store: Decisions, **changes: object) -> bytes:
    """Return the first act of a store as a line of another origin, changed."""
    return orjson.dumps(orjson.loads(next(iter(store.give_out()))) | {"origin": "another"} | changes)


# --- the door


FAR = pytest.param(micro(NOW + timedelta(days=3660)), id="ten years on")  # an id that is alike in every process


@pytest.mark.parametrize("clock", [FORGED, 2**62 - 1, 2**63 - 1, FAR, -1, -(2**62)])
def test_an_act_of_a_time_that_cannot_be_is_refused_at_the_door(store: Decisions, clock: int) -> None:
    decide(store, A, "reject", "ann")
    with pytest.raises(DecisionRefused, match="line 1: clock .*nothing was imported"):
        store.take_in([act(store, clock=clock)])
    assert len(store.history()) == 1


def test_the_refusal_of_a_clock_says_what_to_do(store: Decisions) -> None:
    decide(store, A, "reject", "ann")
    with pytest.raises(DecisionRefused, match=r"open the store it came from .* and export it again"):
        store.take_in([act(store, clock=FORGED)])


def test_a_time_of_day_that_cannot_be_is_refused_at_the_door(store: Decisions) -> None:
    decide(store, A, "reject", "ann")
    with pytest.raises(DecisionRefused, match="line 1: at is '9999-12-31T23:59:59-23:59'"):
        store.take_in([act(store, at="9999-12-31T23:59:59-23:59")])


def test_a_machine_that_is_a_year_ahead_may_still_give_its_decisions(store: Decisions) -> None:
    decide(store, A, "reject", "ann")
    assert store.take_in([act(store, clock=micro(NOW + timedelta(days=365)))]).added == 1


def test_the_command_line_refuses_it_in_one_sentence(store: Decisions, tmp_path: Path) -> None:
    decide(store, A, "reject", "ann")
    write(tmp_path / "rollouts.jsonl", [gym()])
    (tmp_path / "theirs.jsonl").write_bytes(act(store, clock=FORGED))
    command = [sys.executable, "-m", "rollout_curator.cli.main", "decisions", "import", ".", "--from", "theirs.jsonl"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "theirs.jsonl: line 1: clock 4611686018427387904" in done.stderr


# --- a store that holds one


def test_a_store_with_a_forged_clock_keeps_its_decisions_and_later_ones_win(path: Path) -> None:
    with Decisions.open(path) as store:
        decide(store, A, "reject", "ann")
        decide(store, B, "reject", "ann")
    forge(path, FORGED)
    with Decisions.open(path) as store:
        assert held(store) == {A: ("accept", "eve"), B: ("reject", "ann")}
        decide(store, A, "reject", "ann")
        assert held(store)[A] == ("reject", "ann")
        assert store.clock() < micro(NOW + timedelta(days=1))


@pytest.mark.parametrize("clock", [FORGED, 2**63 - 1, -5, FAR])
def test_what_a_mended_store_exports_another_one_takes_in(path: Path, tmp_path: Path, clock: int) -> None:
    with Decisions.open(path) as store:
        decide(store, A, "reject", "ann")
    forge(path, clock)
    with Decisions.open(path) as store, Decisions.open(tmp_path / "other.sqlite") as other:
        decide(store, B, "accept", "bob")
        store.undo("bob")
        lines = list(store.give_out())
        assert other.take_in(lines).added == 4
        assert (list(other.give_out()), held(other)) == (lines, held(store))


def test_mending_changes_no_order(path: Path) -> None:
    with Decisions.open(path) as store:
        decide(store, A, "reject", "ann")
    forge(path, FORGED + 7, origin="second", who="bob")
    forge(path, FORGED, origin="first", who="eve")
    forge(path, FORGED + 7, origin="third", who="zoe", at="9000-01-01T00:00:00+00:00")
    forge(path, -3, origin="before", who="old")
    forge(path, -4, origin="before that", who="older")
    with Decisions.open(path) as store:
        rows = store.history()
        assert [row.reviewer for row in rows] == ["older", "old", "ann", "eve", "bob", "zoe"]
        assert [clock for clock in (row.clock for row in rows) if not 0 <= clock < micro(NOW + timedelta(days=1))] == []
        assert rows[-1].at < "2100"


def test_what_a_forged_act_claimed_is_kept_beside_the_decisions(path: Path) -> None:
    Decisions.open(path).close()
    forge(path, FORGED)
    with Decisions.open(path) as store:
        (row,) = store.history()
        assert store.setting("mended clocks", None) == [{"origin": "forged", "clock": FORGED, "at": row.at}]


def test_two_copies_of_one_store_are_mended_alike(path: Path, tmp_path: Path) -> None:
    with Decisions.open(path) as store:
        decide(store, A, "reject", "ann")
    forge(path, FORGED, at="9000-01-01T00:00:00+00:00")
    copy = tmp_path / "copy.sqlite"
    copy.write_bytes(path.read_bytes())
    with Decisions.open(path) as one, Decisions.open(copy) as two:
        assert list(one.give_out()) == list(two.give_out())


def test_a_store_that_is_mended_refuses_changes_as_before(path: Path) -> None:
    Decisions.open(path).close()
    forge(path, FORGED)
    Decisions.open(path).close()
    with closing(sqlite3.connect(path)) as connection, pytest.raises(sqlite3.Error, match="append-only"):
        connection.execute("UPDATE decision SET clock = 1")


def test_a_forged_act_that_an_older_program_takes_in_meanwhile_is_mended_at_the_next_write(
    store: Decisions, path: Path
) -> None:
    decide(store, A, "reject", "ann")
    forge(path, FORGED)
    assert held(store) == {A: ("accept", "eve")}
    decide(store, A, "reject", "bob")
    assert held(store) == {A: ("reject", "bob")}
    assert [(row.reviewer, row.clock < FORGED) for row in store.singles()] == [
        ("ann", True),
        ("eve", True),
        ("bob", True),
    ]
    assert store.clock() < micro(NOW + timedelta(days=1))


def test_a_running_app_gives_out_only_what_others_can_take_in(store: Decisions, path: Path, tmp_path: Path) -> None:
    forge(path, 2**63 - 1)
    with Decisions.open(tmp_path / "other.sqlite") as other:
        assert other.take_in(store.give_out()).added == 1


def test_a_plan_for_a_reading_still_lies_after_what_was_read_before_it(path: Path) -> None:
    with Decisions.open(path) as store:
        decide(store, A, "reject", "ann")
    forge(path, FORGED)
    with closing(sqlite3.connect(path)) as connection:
        values = ("sampling x", f'{{"reads": 5, "clock": {FORGED}}}', "ann", NOW.isoformat())
        connection.execute("INSERT INTO setting (name, value, reviewer, at) VALUES (?, ?, ?, ?)", values)
        connection.commit()
    with Decisions.open(path) as store:
        assert store.setting("sampling x", None) == {"reads": 5, "clock": store.clock()}


# --- a machine whose clock is wrong


def test_a_machine_set_back_to_1970_neither_refuses_nor_mends_what_others_wrote(path: Path) -> None:
    with Decisions.open(path) as store:
        decide(store, A, "reject", "ann")
        with closing(sqlite3.connect(path)) as connection:
            assert timestamps.mend(connection, now=datetime(1970, 1, 2, tzinfo=UTC)) == 0


def test_decisions_of_a_machine_set_back_keep_their_order(path: Path, tmp_path: Path) -> None:
    """The clock of the store goes on where it stood, whatever the machine says."""
    with Decisions.open(path) as store:
        decide(store, A, "reject", "ann")
    forge(path, micro(NOW + timedelta(days=300)), at="2000-01-01T00:00:00+00:00")
    with Decisions.open(path) as store, Decisions.open(tmp_path / "other.sqlite") as other:
        decide(store, A, "reject", "bob")
        assert held(store) == {A: ("reject", "bob")}
        other.take_in(store.give_out())
        assert held(other) == {A: ("reject", "bob")}


# --- everything a store takes, every store takes


@pytest.mark.parametrize(
    "entry",
    [
        Entry(A, "reject", client="tab", seq=2**63 - 1),
        Entry(A, "reject", client="tab", seq=2**62),
        Entry(A, "reject", client="t" * 200, seq=0, queue="q" * 200, reviewer="r" * 200),
        Entry(A, "reject", ("x" * 200,) * 3, "n" * 10_000),
        Entry(A, "mark", item=2**31 - 1),
        Entry(A, "reject", ("nul\0", "half \ud800"), "\0\ud83d", "who\udc00\0", client="\0", seq=1, queue="\0"),
    ],
)
def test_what_one_store_records_another_takes_in(store: Decisions, tmp_path: Path, entry: Entry) -> None:
    store.record([entry])
    lines = list(store.give_out())
    with Decisions.open(tmp_path / "other.sqlite") as other:
        other.take_in(lines)
        assert list(other.give_out()) == lines


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"seq": 2**63}, "seq is '9223372036854775808'"),
        ({"seq": -1}, "seq is '-1'"),
        ({"item": 2**31, "verdict": "mark"}, "item is '2147483648'"),
        ({"note": "x" * 10_001}, "note has 10,001 characters"),
        ({"origin": "o" * 201}, "origin has 201 characters"),
        ({"batch": "b\0"}, r"batch is 'b\x00'"),
        ({"origin": "o\0"}, r"origin is 'o\x00'"),
        ({"reasons": ["r"] * 33 + [str(n) for n in range(33)]}, "reasons; give at most 32"),
        ({"clock": True}, "clock is 'True'"),
    ],
)
def test_what_no_store_writes_is_refused(store: Decisions, changes: dict[str, object], words: str) -> None:
    decide(store, A, "reject", "ann")
    with pytest.raises(DecisionRefused) as refused:
        store.take_in([act(store, **changes)])
    assert words in str(refused.value)


def test_an_undo_whose_clock_lies_before_what_it_takes_back_travels_all_the_same(
    store: Decisions, tmp_path: Path
) -> None:
    decide(store, A, "reject", "ann")
    decided = orjson.loads(next(iter(store.give_out())))
    undo = decided | {"act": "undo", "verdict": "clear", "undoes": decided["origin"], "origin": "early", "clock": 5}
    store.take_in([orjson.dumps(undo)])
    with Decisions.open(tmp_path / "other.sqlite") as other:
        other.take_in(store.give_out())
        assert (held(store), held(other)) == ({}, {})
        assert list(other.give_out()) == list(store.give_out())


def test_acts_that_take_back_each_other_are_refused_in_words(store: Decisions) -> None:
    decide(store, A, "reject", "ann")
    one = act(store, act="undo", undoes="two", origin="one")
    two = act(store, act="undo", undoes="one", origin="two")
    with pytest.raises(DecisionRefused, match="undoes a decision that is neither here nor before it in this file"):
        store.take_in([one, two])
