"""Bulk decisions, merges and upgrades of the review store: one undo, no loss, the same verdicts everywhere."""

import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deciding import decide, held
from rollout_curator.decisions.store import Decisions, Entry
from rollout_curator.errors import DecisionRefused, DecisionsError

A, B, C, D = ("a" * 32, "b" * 32, "c" * 32, "d" * 32)
ALL = "SELECT id, key, verdict, reasons, note, reviewer, at, client, seq, undoes, act FROM decision ORDER BY id"
SCHEMA_1 = Path(__file__).with_name("schema_1.sql")


def marks(store: Decisions) -> dict[str, dict[int, str]]:
    return {key: {item: row.reviewer for item, row in found.items()} for key, found in store.marks().items()}


def reject_all(store: Decisions, *keys: str, who: str = "ann") -> tuple[int, int]:
    said = Entry("", "reject", ("off_task",), "in bulk", who, queue="below")
    batch = store.record_bulk(keys, said, seen=store.version())
    return batch.decided, batch.spared


# --- bulk


def test_a_bulk_rejection_decides_what_nobody_decided_and_spares_the_rest(store: Decisions) -> None:
    decide(store, B, "accept", "bob")
    assert reject_all(store, A, B, C, A) == (2, 1)
    assert held(store) == {A: ("reject", "ann"), B: ("accept", "bob"), C: ("reject", "ann")}
    assert [(row.act, row.verdict, row.reasons, row.queue) for row in store.history(A)] == [
        ("decide", "reject", ("off_task",), "below")
    ]
    assert [(row.act, row.verdict) for row in store.history(B)] == [("decide", "accept"), ("spare", "accept")]


def test_one_undo_takes_a_bulk_rejection_back_and_one_redo_brings_it_again(store: Decisions) -> None:
    decide(store, B, "accept", "bob")
    reject_all(store, A, B, C)
    back = store.undo("ann", "tab1", 1)
    assert back is not None
    assert (back.n, held(store)) == (3, {B: ("accept", "bob")})
    again = store.redo("ann")
    assert again is not None
    assert (again.n, held(store)) == (3, {A: ("reject", "ann"), B: ("accept", "bob"), C: ("reject", "ann")})
    assert [row.act for row in store.acts()[B]] == ["decide", "spare"]
    store.undo("ann")
    assert (held(store), store.undo("ann")) == ({B: ("accept", "bob")}, None)


def test_a_retried_undo_of_a_bulk_rejection_changes_nothing_more(store: Decisions) -> None:
    decide(store, D, "reject", "ann")
    reject_all(store, A, C)
    first, again = store.undo("ann", "tab1", 1), store.undo("ann", "tab1", 1)
    assert first is not None
    assert again is not None
    assert (again.decision, again.n, again.repeated) == (first.decision, 2, True)
    assert held(store) == {D: ("reject", "ann")}


def test_an_undo_goes_from_the_single_decisions_to_the_bulk_one_and_on(store: Decisions) -> None:
    decide(store, D, "accept", "ann")
    reject_all(store, A, C)
    decide(store, A, "accept", "ann")
    store.undo("ann")
    assert held(store) == {A: ("reject", "ann"), C: ("reject", "ann"), D: ("accept", "ann")}
    store.undo("ann")
    store.undo("ann")
    assert held(store) == {}


def test_somebody_elses_later_decision_outlives_the_undo_of_a_bulk_one(store: Decisions) -> None:
    reject_all(store, A, C)
    decide(store, A, "accept", "bob")
    store.undo("ann")
    assert held(store) == {A: ("accept", "bob")}
    assert [row.act for row in store.history(A)] == ["decide", "decide", "yield"]
    store.redo("ann")
    assert held(store) == {A: ("accept", "bob"), C: ("reject", "ann")}


def test_what_somebody_decided_while_the_question_stood_is_spared(store: Decisions) -> None:
    seen = store.version()
    decide(store, A, "accept", "bob")
    decide(store, A, "clear", "bob")
    batch = store.record_bulk([A, B], Entry("", "reject", reviewer="ann"), seen=seen)
    assert (batch.decided, batch.spared, held(store)) == (1, 1, {B: ("reject", "ann")})


def test_a_bulk_decision_with_nothing_to_decide_writes_nothing(store: Decisions) -> None:
    decide(store, A, "accept", "bob")
    before = store.version()
    assert reject_all(store, A) == (0, 1)
    assert store.version() == before


def test_a_bulk_decision_cannot_clear_and_a_bad_key_keeps_out_all(store: Decisions) -> None:
    with pytest.raises(DecisionRefused, match="is reject or accept"):
        store.record_bulk([A], Entry("", "clear"), seen=0)
    with pytest.raises(DecisionRefused, match="is not 1 to 64"):
        store.record_bulk([A, "a b"], Entry("", "reject"), seen=0)
    assert store.history() == []


def test_20000_rollouts_are_rejected_and_taken_back_at_once_while_others_decide(store: Decisions, path: Path) -> None:
    waited: list[float] = []
    done = threading.Event()

    def work() -> None:
        with Decisions.open(path) as other:
            while not done.is_set():
                began = time.monotonic()
                decide(other, D, "accept", "bob")
                waited.append(time.monotonic() - began)

    reader = threading.Thread(target=work)
    reader.start()
    began = time.monotonic()
    assert reject_all(store, *(f"{n:032x}" for n in range(20_000))) == (20_000, 0)
    store.undo("ann")
    spent = time.monotonic() - began
    done.set()
    reader.join()
    assert held(store) == {D: ("accept", "bob")}
    assert spent < 60  # it took 3 alone, 6 beside other work, on two cores
    assert max(waited) < 30  # so long a program waits for the store before it gives up


# --- export and import


def copy_of(store: Decisions, path: Path) -> Decisions:
    store.backup(path)
    return Decisions.open(path)


def lines(store: Decisions) -> list[bytes]:
    return list(store.give_out())


def test_two_stores_that_take_in_each_other_hold_the_same(store: Decisions, tmp_path: Path) -> None:
    decide(store, A, "reject", "ann", "unsafe")
    decide(store, B, "accept", "ann")
    with copy_of(store, tmp_path / "other.sqlite") as other:
        decide(store, A, "accept", "bob")
        store.undo("ann")
        decide(other, A, "reject", "eve", "truncated")
        other.undo("ann")
        decide(other, C, "reject", "eve")
        mine, theirs = lines(store), lines(other)
        store.take_in(theirs)
        other.take_in(mine)
        assert held(store) == held(other) == {A: ("reject", "eve"), C: ("reject", "eve")}
        assert lines(store) == lines(other)


def test_taking_in_the_same_file_twice_adds_nothing(store: Decisions, tmp_path: Path) -> None:
    decide(store, A, "reject", "ann")
    store.undo("ann")
    with Decisions.open(tmp_path / "other.sqlite") as other:
        first, again = other.take_in(lines(store)), other.take_in(lines(store))
        assert (first.added, first.known, again.added, again.known) == (2, 0, 0, 2)
        assert lines(other) == lines(store)


def test_an_import_into_a_store_with_other_acts_keeps_every_field_and_the_links_of_undos(
    store: Decisions, tmp_path: Path
) -> None:
    decide(store, D, "accept", "bob")
    with Decisions.open(tmp_path / "other.sqlite") as other:
        other.record([Entry(A, "reject", ("unsafe", "ü"), "a\nnote", "ann", "tab1", 7, queue="random")])
        other.undo("ann", "tab1", 8)
        store.take_in(lines(other))
        undo = store.history(A)[1]
        assert (undo.undoes, undo.client, undo.seq) == (store.history(A)[0].id, "tab1", 8)
        assert lines(store)[1:] == lines(other)


def test_a_decision_made_after_an_import_is_newer_than_every_imported_one(store: Decisions, tmp_path: Path) -> None:
    decide(store, A, "reject", "ann")
    ahead = orjson.loads(lines(store)[0]) | {
        "clock": orjson.loads(lines(store)[0])["clock"] + 10**13,
        "origin": "ahead",
        "verdict": "accept",
    }
    with Decisions.open(tmp_path / "other.sqlite") as other:
        other.take_in([orjson.dumps(ahead)])
        decide(other, A, "reject", "bob")
        assert held(other) == {A: ("reject", "bob")}


def test_an_outbox_that_reached_both_stores_counts_once(store: Decisions, tmp_path: Path) -> None:
    entry = Entry(A, "reject", reviewer="ann", client="tab1", seq=1)
    store.record([entry])
    with Decisions.open(tmp_path / "other.sqlite") as other:
        other.record([entry])
        assert other.take_in(lines(store)).known == 1


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"no json", "line 2: is not JSON"),
        (b'{"key": "x"}', "line 2: is not a decision record"),
        (b"[]", "line 2: is not a decision record"),
    ],
)
def test_a_line_that_is_no_act_keeps_out_the_whole_file(
    store: Decisions, tmp_path: Path, line: bytes, words: str
) -> None:
    decide(store, A, "reject", "ann")
    with Decisions.open(tmp_path / "other.sqlite") as other:
        with pytest.raises(DecisionsError, match=words):
            other.take_in([*lines(store), line])
        assert other.history() == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("verdict", "maybe"),
        ("key", "a b"),
        ("clock", -1),
        ("clock", 1.5),
        ("at", "yesterday"),
        ("act", "drop"),
        ("undoes", "nothing here"),
        ("reasons", "unsafe"),
        ("origin", ""),
        ("seq", True),
    ],
)
def test_an_act_with_a_field_that_no_store_writes_is_refused(store: Decisions, field: str, value: object) -> None:
    decide(store, A, "reject", "ann")
    changed = orjson.loads(lines(store)[0]) | {"origin": "another", field: value}
    with pytest.raises(DecisionRefused, match="line 1: .*nothing was imported"):
        store.take_in([orjson.dumps(changed)])


def test_an_undo_of_an_act_that_is_nowhere_is_refused(store: Decisions, tmp_path: Path) -> None:
    decide(store, A, "reject", "ann")
    store.undo("ann")
    with (
        Decisions.open(tmp_path / "other.sqlite") as other,
        pytest.raises(DecisionRefused, match="export the full history"),
    ):
        other.take_in(lines(store)[1:])


WHAT = ["reject", "accept", "clear", "mark", "unmark", "undo", "redo", "bulk"]
PLACES, PEOPLE, KEYS = st.sampled_from("12"), st.sampled_from(["ann", "bob"]), st.sampled_from([A, B, C])
STEPS = st.lists(st.tuples(PLACES, PEOPLE, st.sampled_from(WHAT), KEYS), max_size=14)


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_however_two_stores_diverge_a_merge_in_either_order_gives_one_history(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str, str, str]]
) -> None:
    folder = tmp_path_factory.mktemp("merge")
    with Decisions.open(folder / "1.sqlite") as one, Decisions.open(folder / "2.sqlite") as two:
        for place, who, what, key in steps:
            store = one if place == "1" else two
            if what in ("undo", "redo"):
                getattr(store, what)(who)
            elif what == "bulk":
                reject_all(store, A, B, C, who=who)
            elif what in ("mark", "unmark"):
                store.record([Entry(key, "mark" if what == "mark" else "clear", reviewer=who, item=1)])
            else:
                decide(store, key, what, who)
        mine, theirs = lines(one), lines(two)
        one.take_in(theirs)
        two.take_in(mine)
        assert (lines(one), held(one), marks(one)) == (lines(two), held(two), marks(two))


# --- settings


def test_what_a_team_agreed_on_is_kept_and_the_latest_holds(store: Decisions, path: Path) -> None:
    assert store.setting("share", 0.1) == 0.1
    store.set("share", 0.2, "ann")
    store.set("share", 0.05, "bob")
    with Decisions.open(path) as again:
        assert again.setting("share", 0.1) == 0.05


# --- upgrade


@pytest.fixture
def old(path: Path) -> Path:
    with closing(sqlite3.connect(path)) as made:
        made.executescript(SCHEMA_1.read_text(encoding="utf-8"))
    return path


def test_a_store_of_schema_1_opens_with_every_act_and_what_held_still_holds(old: Path) -> None:
    with closing(sqlite3.connect(old)) as before:
        expected = before.execute(ALL).fetchall()
    with Decisions.open(old) as store:
        assert held(store) == {A: ("accept", "bob"), C: ("reject", "bob")}
        assert [row.id for row in store.history()] == [1, 2, 3, 4, 5, 6, 7, 8]
        with closing(sqlite3.connect(old)) as connection:
            assert connection.execute(ALL).fetchall() == expected


def test_a_store_of_schema_1_goes_on_where_it_stopped(old: Path) -> None:
    with Decisions.open(old) as store:
        decide(store, B, "reject", "ann")
        assert store.history()[-1].id == 9
        store.undo("bob")
        store.undo("bob")
        assert held(store) == {B: ("reject", "ann")}
        with closing(sqlite3.connect(old)) as other, pytest.raises(sqlite3.IntegrityError, match="append-only"):
            other.execute("DELETE FROM decision")


def test_two_copies_of_an_old_store_that_were_upgraded_apart_merge_without_doubles(old: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.sqlite"
    copy.write_bytes(old.read_bytes())
    with Decisions.open(old) as one, Decisions.open(copy) as two:
        assert one.take_in(lines(two)).added == 0
        assert lines(one) == lines(two)
