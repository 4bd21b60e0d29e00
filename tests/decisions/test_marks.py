"""Marks on single answers in the review store: beside verdicts, append-only, undone in order, carried along."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import orjson
import pytest

from deciding import decide
from rollout_curator.decisions import store as decisions
from rollout_curator.decisions.store import Decision, Decisions, Entry
from rollout_curator.errors import DecisionRefused

A, B, C, D = ("a" * 32, "b" * 32, "c" * 32, "d" * 32)
SCHEMA_2 = Path(__file__).with_name("schema_2.sql")


def mark(store: Decisions, key: str, item: int, who: str = "ann", verdict: str = "mark") -> Decision:
    return store.record([Entry(key, verdict, reviewer=who, item=item)])[0].decision


def marked(store: Decisions) -> dict[str, dict[int, str]]:
    found = {key: {item: act.reviewer for item, act in items.items()} for key, items in store.marks().items()}
    assert found == read_again(store.path)
    return found


def read_again(path: Path) -> dict[str, dict[int, str]]:
    """Return what another program would read by the views of the file alone."""
    with closing(sqlite3.connect(path)) as other:
        rows = other.execute("SELECT key, item, reviewer FROM marked ORDER BY clock, origin").fetchall()
    return {key: {item: who for owner, item, who in rows if owner == key} for key in dict.fromkeys(r[0] for r in rows)}


def verdicts(store: Decisions) -> dict[str, tuple[str, str]]:
    return {key: (row.verdict, row.reviewer) for key, row in sorted(store.current().items())}


# --- beside verdicts


def test_a_mark_decides_nothing_about_the_rollout(store: Decisions) -> None:
    mark(store, A, 3)
    assert (marked(store), verdicts(store), store.holding(A), store.acts()) == ({A: {3: "ann"}}, {}, None, {A: ()})


def test_a_verdict_keeps_the_marks_and_a_mark_the_verdict(store: Decisions) -> None:
    mark(store, A, 3)
    decide(store, A, "reject", "bob")
    mark(store, A, 5)
    decide(store, A, "clear", "bob")
    decide(store, A, "accept", "bob")
    assert (marked(store), verdicts(store)) == ({A: {3: "ann", 5: "ann"}}, {A: ("accept", "bob")})


def test_a_mark_is_taken_off_by_a_clear_of_the_same_item_only(store: Decisions) -> None:
    mark(store, A, 3)
    mark(store, A, 5)
    mark(store, A, 3, "bob", "clear")
    assert (marked(store), store.marks_on(A).keys()) == ({A: {5: "ann"}}, {5})


def test_a_bulk_rejection_takes_no_notice_of_marks(store: Decisions) -> None:
    seen = store.version()
    mark(store, A, 3)
    batch = store.record_bulk([A, B], Entry("", "reject", reviewer="bob"), seen=seen)
    assert (batch.decided, batch.spared, marked(store)) == (2, 0, {A: {3: "ann"}})


@pytest.mark.parametrize(("verdict", "item"), [("mark", None), ("reject", 3), ("mark", -1), ("mark", 2**31)])
def test_a_verdict_on_an_answer_and_a_mark_on_a_rollout_are_refused(
    store: Decisions, verdict: str, item: int | None
) -> None:
    with pytest.raises(DecisionRefused):
        store.record([Entry(A, verdict, item=item)])
    assert store.history() == []


# --- undo, conflicts, retries


def test_undo_takes_back_the_last_act_be_it_a_mark_or_a_verdict(store: Decisions) -> None:
    mark(store, A, 3)
    decide(store, A, "reject")
    mark(store, A, 5)
    undone = [store.undo("ann") for _ in range(3)]
    assert [(each.decision.item, each.decision.verdict) for each in undone if each] == [
        (5, "clear"),
        (None, "clear"),
        (3, "clear"),
    ]
    assert (marked(store), verdicts(store), store.undo("ann")) == ({}, {}, None)
    for _ in range(3):
        store.redo("ann")
    assert (marked(store), verdicts(store)) == ({A: {3: "ann", 5: "ann"}}, {A: ("reject", "ann")})


def test_undo_of_a_mark_leaves_what_somebody_marked_since(store: Decisions) -> None:
    mark(store, A, 3, "ann")
    theirs = mark(store, A, 3, "bob")
    answer = store.undo("ann")
    assert answer is not None
    assert (answer.conflict, answer.decision.act, marked(store)) == (theirs, "yield", {A: {3: "bob"}})


def test_a_mark_over_an_unseen_act_on_the_same_answer_is_told_and_on_another_is_none(store: Decisions) -> None:
    theirs = mark(store, A, 3, "bob")
    decide(store, A, "reject", "bob")
    over = Entry(A, "clear", reviewer="ann", item=3, expected=0)
    assert store.record([over], refuse_conflicts=True)[0].conflict == theirs
    beside = Entry(A, "mark", reviewer="ann", item=5, expected=0)
    assert store.record([beside], refuse_conflicts=True)[0].conflict is None
    assert marked(store) == {A: {3: "bob", 5: "ann"}}


def test_a_retried_mark_is_stored_once_and_a_number_cannot_name_another_answer(store: Decisions) -> None:
    entry = Entry(A, "mark", reviewer="ann", client="tab1", seq=1, item=3)
    first, again = store.record([entry])[0], store.record([entry])[0]
    assert (again.decision, again.repeated, len(store.history())) == (first.decision, True, 1)
    with pytest.raises(DecisionRefused, match="twice with different content"):
        store.record([Entry(A, "mark", reviewer="ann", client="tab1", seq=1, item=5)])


# --- copies, merges, old files


def lines(store: Decisions) -> list[bytes]:
    return list(store.give_out())


def test_two_stores_that_take_in_each_other_hold_all_marks(store: Decisions, tmp_path: Path) -> None:
    with Decisions.open(tmp_path / "other.sqlite") as other:
        mark(store, A, 3, "ann")
        mark(other, A, 5, "bob")
        decide(other, A, "accept", "bob")
        mark(store, B, 1, "ann")
        store.undo("ann")
        mine, theirs = lines(store), lines(other)
        store.take_in(theirs)
        other.take_in(mine)
        assert lines(store) == lines(other)
        assert marked(store) == marked(other) == {A: {3: "ann", 5: "bob"}}
        assert verdicts(store) == verdicts(other) == {A: ("accept", "bob")}


def test_a_file_that_an_older_program_exported_is_taken_in(store: Decisions, tmp_path: Path) -> None:
    decide(store, A, "reject")
    (line,) = lines(store)
    old = {name: value for name, value in orjson.loads(line).items() if name != "item"}
    with Decisions.open(tmp_path / "other.sqlite") as other:
        assert other.take_in([orjson.dumps(old)]).added == 1
        assert lines(other) == [line]


@pytest.mark.parametrize("item", ["3", 3.0, True, -1, None])
def test_a_mark_on_no_number_is_refused_by_an_import(store: Decisions, tmp_path: Path, item: object) -> None:
    mark(store, A, 3)
    changed = orjson.dumps({**orjson.loads(lines(store)[0]), "item": item})
    with Decisions.open(tmp_path / "other.sqlite") as other:
        with pytest.raises(DecisionRefused, match="line 1: .*nothing was imported"):
            other.take_in([changed])
        assert other.history() == []


def test_a_store_of_schema_2_opens_with_every_act_setting_and_verdict_and_takes_marks(path: Path) -> None:
    acts = "SELECT id, key, verdict, reasons, undoes, act, batch, queue, clock, origin FROM decision ORDER BY id"
    with closing(sqlite3.connect(path)) as made:
        made.executescript(SCHEMA_2.read_text(encoding="utf-8"))
        before = made.execute(acts).fetchall()
    with Decisions.open(path) as store:
        assert verdicts(store) == {A: ("accept", "bob"), C: ("reject", "bob")}
        assert store.setting("reasons", []) == ["unsafe"]
        mark(store, A, 3)
        assert [row.id for row in store.history()][-1] == 15
        undone = store.undo("bob")
        assert undone is not None
        assert (undone.n, verdicts(store), marked(store)) == (3, {A: ("accept", "bob")}, {A: {3: "ann"}})
    with closing(sqlite3.connect(path)) as after:
        assert after.execute(acts).fetchall()[:14] == before
        assert after.execute("PRAGMA user_version").fetchone() == (4,)
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            after.execute("DELETE FROM decision")
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            after.execute("DELETE FROM setting")


WRITER = """
import sys
from pathlib import Path
from rollout_curator.decisions.store import Decisions, Entry
with Decisions.open(Path(sys.argv[1])) as store:
    for n in range(10_000):
        made = store.record([Entry("a" * 32, "mark", reviewer="ann", client="tab", seq=n, item=n)])
        print(made[0].decision.item, flush=True)
"""


def test_every_mark_that_was_acknowledged_outlives_a_kill(path: Path) -> None:
    components = str(Path(decisions.__file__).parents[1])
    command = [sys.executable, "-c", WRITER, str(path)]
    writer = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": components}, stdout=subprocess.PIPE)
    assert writer.stdout is not None
    for _ in range(20):
        writer.stdout.readline()
    writer.kill()
    acknowledged = 20 + len(writer.stdout.read().splitlines())
    writer.wait()
    with Decisions.open(path) as store:
        assert acknowledged <= len(store.marks_on(A)) <= acknowledged + 1
