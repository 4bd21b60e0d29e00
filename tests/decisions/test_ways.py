"""How a verdict came about, kept beside it in the review store: read, compared, in bulk, on the command line."""

import sqlite3
from contextlib import closing
from pathlib import Path

import orjson
import pytest

from rollout_curator.decisions.store import Decisions, Entry
from rollout_curator.errors import DecisionRefused

A, B, C, D = ("a" * 32, "b" * 32, "c" * 32, "d" * 32)
SCHEMA_3 = Path(__file__).with_name("schema_3.sql")


def ways(store: Decisions) -> list[tuple[str, str, str]]:
    return [(row.act, row.way, row.queue) for row in store.history()]


def test_a_verdict_says_how_it_came_about(store: Decisions) -> None:
    store.record([Entry(A, "accept", queue="random", way="read"), Entry(B, "reject", way="compared")])
    store.record_bulk([C], Entry("", "reject", queue="below"), seen=store.version())
    assert ways(store) == [("decide", "read", "random"), ("decide", "compared", ""), ("decide", "bulk", "below")]


def test_what_is_redone_comes_back_as_what_it_was(store: Decisions) -> None:
    store.record([Entry(A, "accept", reviewer="ann", queue="random", way="read")])
    store.undo("ann")
    store.redo("ann")
    assert ways(store) == [("decide", "read", "random"), ("undo", "", ""), ("redo", "read", "random")]


def test_a_way_that_nobody_knows_is_refused(store: Decisions) -> None:
    with pytest.raises(DecisionRefused, match="way 'guessed' is unknown; use one of read, compared, bulk, command"):
        store.record([Entry(A, "accept", way="guessed")])


def test_ways_travel_with_the_decisions_and_lines_of_older_programs_have_none(store: Decisions, tmp_path: Path) -> None:
    store.record([Entry(A, "accept", queue="random", way="read"), Entry(B, "reject", way="compared")])
    first, second = (orjson.loads(line) for line in store.give_out())
    del second["way"]
    with Decisions.open(tmp_path / "other.sqlite") as other:
        other.take_in([orjson.dumps(first), orjson.dumps(second)])
        assert ways(other) == [("decide", "read", "random"), ("decide", "", "")]


def test_every_single_act_is_told_in_its_order_also_one_that_was_taken_back(store: Decisions) -> None:
    store.record([Entry(A, "reject", reviewer="ann"), Entry(A, "mark", reviewer="ann", item=1)])
    store.record_bulk([B], Entry("", "reject", reviewer="bob"), seen=0)
    assert [row.act for row in store.singles()] == ["decide"]
    store.undo("ann")
    store.undo("ann")
    assert [(row.act, row.undoes) for row in store.singles()] == [("decide", None), ("undo", 1)]


def test_a_store_of_schema_3_opens_with_every_act_and_takes_ways(path: Path) -> None:
    acts = "SELECT id, key, verdict, reasons, undoes, act, batch, queue, clock, origin, item FROM decision ORDER BY id"
    with closing(sqlite3.connect(path)) as made:
        made.executescript(SCHEMA_3.read_text(encoding="utf-8"))
        before = made.execute(acts).fetchall()
    with Decisions.open(path) as store:
        assert {key: row.verdict for key, row in store.current().items()} == {
            A: "accept", B: "reject", C: "reject", D: "reject",
        }  # fmt: skip
        assert store.setting("share", 0.1) == 0.2
        assert {row.way for row in store.history()} == {""}
        assert store.record([Entry(D, "accept", way="read")])[0].decision.way == "read"
    with closing(sqlite3.connect(path)) as after:
        assert after.execute(acts).fetchall()[:8] == before
        assert after.execute("PRAGMA user_version").fetchone() == (4,)
