"""What the review store notes of blind reading: by whom a verdict was given without knowing those of others."""

import sqlite3
from contextlib import closing
from pathlib import Path

import orjson
import pytest

from rollout_curator.decisions.store import Decisions, Entry
from rollout_curator.errors import DecisionRefused

A, B, C, D = "a" * 32, "b" * 32, "c" * 32, "d" * 32
SCHEMA_3 = Path(__file__).with_name("schema_3.sql")


def blind(store: Decisions) -> list[tuple[str, bool | None]]:
    return [(act.reviewer, act.blind) for act in store.history()]


def test_the_first_verdict_on_a_rollout_is_its_reviewers_own(tmp_path: Path) -> None:
    with Decisions.open(tmp_path / "curation.sqlite") as store:
        store.record([Entry(A, "reject", reviewer="ann", queue="random"), Entry(B, "accept", reviewer="ann")])
        store.record([Entry(A, "reject", reviewer="bob", queue="all"), Entry(B, "accept", reviewer="bob")])
        assert blind(store) == [("ann", True), ("ann", True), ("bob", False), ("bob", True)]


def test_what_was_taken_back_cannot_be_known_and_marks_and_bulk_are_no_reading(tmp_path: Path) -> None:
    with Decisions.open(tmp_path / "curation.sqlite") as store:
        store.record([Entry(A, "reject", reviewer="ann", queue="all")])
        store.undo("ann")
        store.record([Entry(A, "accept", reviewer="bob", queue="all"), Entry(A, "mark", reviewer="bob", item=1)])
        store.record_bulk([B], Entry("", "reject", reviewer="eve", queue="all"), seen=store.version())
        assert blind(store) == [("ann", True), ("ann", None), ("bob", True), ("bob", None), ("eve", None)]


def test_two_who_read_in_stores_of_their_own_did_not_know_of_each_other_after_a_merge(tmp_path: Path) -> None:
    with Decisions.open(tmp_path / "ann.sqlite") as ann, Decisions.open(tmp_path / "bob.sqlite") as bob:
        ann.record([Entry(A, "reject", reviewer="ann", queue="random")])
        bob.record([Entry(A, "accept", reviewer="bob", queue="random")])
        ann.take_in(list(bob.give_out()))
        assert blind(ann) == [("ann", True), ("bob", True)]


def test_a_line_of_an_older_program_is_taken_in_without_a_claim(tmp_path: Path) -> None:
    with Decisions.open(tmp_path / "ann.sqlite") as ann, Decisions.open(tmp_path / "bob.sqlite") as bob:
        ann.record([Entry(A, "reject", reviewer="ann", queue="random")])
        old = {name: value for name, value in orjson.loads(next(iter(ann.give_out()))).items() if name != "blind"}
        bob.take_in([orjson.dumps(old)])
        assert blind(bob) == [("ann", None)]
        with pytest.raises(DecisionRefused, match="line 1: blind is 'yes'"):
            bob.take_in([orjson.dumps({**old, "blind": "yes"})])


def test_a_store_of_schema_3_opens_with_every_act_and_claims_nothing_of_them(tmp_path: Path) -> None:
    path = tmp_path / "curation.sqlite"
    acts = "SELECT id, key, verdict, reasons, undoes, act, batch, queue, clock, origin, item FROM decision ORDER BY id"
    with closing(sqlite3.connect(path)) as made:
        made.executescript(SCHEMA_3.read_text(encoding="utf-8"))
        before = made.execute(acts).fetchall()
    with Decisions.open(path) as store:
        assert {key: act.verdict for key, act in store.current().items()} == {
            A: "accept",
            **dict.fromkeys((B, C, D), "reject"),
        }
        assert {act.blind for act in store.history()} == {None}
        store.record([Entry(B, "reject", reviewer="ann", queue="second", blind=True)])
        assert store.history()[-1].blind is True
    with closing(sqlite3.connect(path)) as after:
        assert after.execute(acts).fetchall()[:8] == before
        assert after.execute("PRAGMA user_version").fetchone() == (4,)
