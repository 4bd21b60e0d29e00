"""What the review store promises, against real SQLite files."""

import os
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from deciding import decide
from rollout_curator.decisions import file as decisions_file
from rollout_curator.decisions.store import Decision, Decisions, Entry
from rollout_curator.errors import DecisionsError

A, B = "a" * 32, "b" * 32


def held(store: Decisions) -> dict[str, tuple[str, str]]:
    """Return what holds by key, after seeing that each key tells the same on its own."""
    assert all(store.holding(key) == store.current().get(key) for key in (A, B, "never-decided"))
    return {key: (row.verdict, row.reviewer) for key, row in store.current().items()}


def folded(store: Decisions) -> dict[str, str]:
    newest = {row.key: row.verdict for row in store.history()}
    return {key: verdict for key, verdict in newest.items() if verdict != "clear"}


def refusal(path: Path) -> str:
    with pytest.raises(DecisionsError) as caught:
        Decisions.open(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# --- recording


def test_a_decision_comes_back_whole(store: Decisions) -> None:
    entry = Entry(A, "reject", ("wrong answer", "truncated"), "stops at 3", "ann", "tab1", 7)
    recorded = store.record([entry])[0]
    assert recorded.decision == Decision(
        1, A, "reject", ("wrong answer", "truncated"), "stops at 3", "ann", recorded.decision.at, "tab1", 7, None
    )
    assert (recorded.before, recorded.conflict, recorded.repeated) == (None, None, False)
    assert store.history() == [recorded.decision]


def test_the_time_is_utc_with_microseconds(store: Decisions) -> None:
    at = decide(store, A, "accept", "ann").at
    assert len(at) == len("2025-01-02T03:04:05.678901+00:00")
    assert at.endswith("+00:00")


def test_decisions_outlive_a_restart(path: Path) -> None:
    with Decisions.open(path) as first:
        written = decide(first, A, "reject", "ann")
    with Decisions.open(path) as second:
        assert second.current() == {A: written}


def test_the_latest_decision_holds_and_the_earlier_one_stays_in_the_history(store: Decisions) -> None:
    decide(store, A, "reject", "ann")
    decide(store, A, "accept", "ann")
    assert held(store) == {A: ("accept", "ann")}
    assert [row.verdict for row in store.history(A)] == ["reject", "accept"]


def test_a_cleared_key_is_absent(store: Decisions) -> None:
    decide(store, A, "reject", "ann")
    assert held(store) == {A: ("reject", "ann")}
    decide(store, A, "clear", "ann")
    assert store.current() == {}
    assert store.changed(1) == {A: None}


def test_one_bad_entry_keeps_out_the_whole_post(store: Decisions) -> None:
    with pytest.raises(DecisionsError, match="verdict 'maybe' is unknown"):
        store.record([Entry(A, "reject"), Entry(B, "maybe")])
    assert store.history() == []


@pytest.mark.parametrize("key", ["", "a b", "../x", "k" * 65, "é", "a\n"])
def test_a_key_of_another_shape_is_refused(store: Decisions, key: str) -> None:
    with pytest.raises(DecisionsError, match="is not 1 to 64"):
        store.record([Entry(key, "reject")])


def test_a_note_of_10000_characters_is_kept_and_a_longer_one_is_refused(store: Decisions) -> None:
    kept = store.record([Entry(A, "reject", note="é" * 10_000)])[0].decision
    assert store.history()[0].note == kept.note == "é" * 10_000
    with pytest.raises(DecisionsError, match="note has 10,001 characters"):
        store.record([Entry(A, "reject", note="x" * 10_001)])


def test_what_sqlite_cannot_keep_is_replaced_visibly(store: Decisions) -> None:
    written = store.record([Entry(A, "reject", ("a\0",), "x\ud800y\0z", "an\udfffn")])[0].decision
    assert (written.reasons, written.note, written.reviewer) == (("a\u2400",), "x\ufffdy\u2400z", "an\ufffdn")
    assert store.history() == [written]


def test_a_cache_learns_what_is_new(store: Decisions) -> None:
    assert (store.version(), store.changed(0)) == (0, {})
    decide(store, A, "reject", "ann")
    newer = decide(store, B, "accept", "bob")
    assert store.version() == 2
    assert store.changed(1) == {B: newer}


def test_what_another_process_wrote_is_seen_by_a_store_that_has_read_before(store: Decisions, path: Path) -> None:
    decide(store, A, "reject", "ann")
    assert held(store) == {A: ("reject", "ann")}
    with Decisions.open(path) as other:
        decide(other, A, "clear", "bob")
        decide(other, B, "accept", "bob")
    assert held(store) == {B: ("accept", "bob")}


def test_a_read_that_failed_loses_nothing(store: Decisions, monkeypatch: pytest.MonkeyPatch) -> None:
    decide(store, A, "reject", "ann")
    assert held(store) == {A: ("reject", "ann")}
    decide(store, B, "accept", "ann")
    with monkeypatch.context() as patch, pytest.raises(DecisionsError):
        patch.setattr(decisions_file.StoreFile, "reading", fail)
        store.current()
    assert held(store) == {A: ("reject", "ann"), B: ("accept", "ann")}


def fail(file: decisions_file.StoreFile) -> None:
    raise DecisionsError("the disk is away")


# --- retried posts


def test_a_retried_post_is_stored_once_and_answered_alike(store: Decisions) -> None:
    decide(store, A, "accept", "bob")
    entry = Entry(A, "reject", ("unsafe",), "n", "ann", "tab1", 1, expected=0)
    first, again = store.record([entry])[0], store.record([entry])[0]
    assert (again.decision, again.before, again.conflict) == (first.decision, first.before, first.conflict)
    assert (first.repeated, again.repeated, len(store.history())) == (False, True, 2)


def test_one_number_for_two_decisions_is_an_error_not_a_lost_press(store: Decisions) -> None:
    store.record([Entry(A, "reject", client="tab1", seq=1)])
    with pytest.raises(DecisionsError, match="sent number 1 twice"):
        store.record([Entry(B, "reject", client="tab1", seq=1)])


def test_a_number_without_a_client_is_refused(store: Decisions) -> None:
    with pytest.raises(DecisionsError, match="needs a client"):
        store.record([Entry(A, "reject", seq=1)])


def test_a_retried_undo_takes_back_one_decision(store: Decisions) -> None:
    decide(store, A, "reject", "ann")
    decide(store, B, "reject", "ann")
    first, again = store.undo("ann", "tab1", 1), store.undo("ann", "tab1", 1)
    assert first is not None
    assert again is not None
    assert (again.decision, again.before, again.repeated) == (first.decision, first.before, True)
    assert held(store) == {A: ("reject", "ann")}


# --- several reviewers


def test_who_decides_over_an_unseen_decision_is_told(store: Decisions) -> None:
    seen = decide(store, A, "reject", "ann")
    newer = decide(store, A, "accept", "bob")
    recorded = store.record([Entry(A, "reject", reviewer="ann", expected=seen.id)])[0]
    assert (recorded.conflict, recorded.before) == (newer, newer)
    assert [row.verdict for row in store.history(A)] == ["reject", "accept", "reject"]


def test_who_asks_for_it_is_refused_instead_and_nothing_is_stored(store: Decisions) -> None:
    theirs = decide(store, A, "accept", "bob")
    entries = [Entry(A, "reject", reviewer="ann", expected=0), Entry(B, "reject", reviewer="ann", expected=0)]
    refused, kept = store.record(entries, refuse_conflicts=True)
    assert (refused.decision, refused.conflict) == (theirs, theirs)
    assert (kept.conflict, held(store)) == (None, {A: ("accept", "bob"), B: ("reject", "ann")})


def test_a_decision_that_was_stored_is_not_refused_when_it_is_sent_again(store: Decisions) -> None:
    entry = Entry(A, "reject", reviewer="ann", client="tab1", seq=1, expected=0)
    first = store.record([entry], refuse_conflicts=True)[0]
    decide(store, A, "accept", "bob")
    again = store.record([entry], refuse_conflicts=True)[0]
    assert (again.decision, again.conflict, again.repeated) == (first.decision, None, True)


def test_a_decision_that_was_seen_is_no_conflict(store: Decisions) -> None:
    seen = decide(store, A, "accept", "bob")
    assert store.record([Entry(A, "reject", reviewer="ann", expected=seen.id)])[0].conflict is None


def test_ones_own_newer_decision_is_no_conflict(store: Decisions) -> None:
    decide(store, A, "accept", "ann")
    assert store.record([Entry(A, "reject", reviewer="ann", expected=0)])[0].conflict is None


def test_a_key_somebody_cleared_looks_undecided(store: Decisions) -> None:
    seen = decide(store, A, "accept", "bob")
    cleared = decide(store, A, "clear", "bob")
    assert store.record([Entry(A, "reject", reviewer="ann", expected=seen.id)])[0].conflict == cleared
    decide(store, B, "clear", "bob")
    assert store.record([Entry(B, "reject", reviewer="ann", expected=0)])[0].conflict is None


# --- undo and redo


def test_undo_walks_back_to_the_beginning(store: Decisions) -> None:
    decide(store, A, "accept", "ann")
    decide(store, A, "reject", "ann", "unsafe")
    back = store.undo("ann")
    assert back is not None
    assert (back.decision.verdict, back.decision.undoes) == ("accept", 2)
    assert held(store) == {A: ("accept", "ann")}
    store.undo("ann")
    assert (held(store), folded(store)) == ({}, {})
    assert store.undo("ann") is None


def test_undo_and_redo_go_on_after_a_restart(path: Path) -> None:
    with Decisions.open(path) as first:
        decide(first, A, "accept", "ann")
        decide(first, B, "reject", "ann", "unsafe")
        first.undo("ann")
    with Decisions.open(path) as second:
        second.undo("ann")
        assert held(second) == {}
        second.redo("ann")
        second.redo("ann")
        assert held(second) == folded_with(second, "ann") == {A: ("accept", "ann"), B: ("reject", "ann")}
        assert second.current()[B].reasons == ("unsafe",)
        assert second.redo("ann") is None


def folded_with(store: Decisions, who: str) -> dict[str, tuple[str, str]]:
    return {key: (verdict, who) for key, verdict in folded(store).items()}


def test_what_was_redone_can_be_undone_again(store: Decisions) -> None:
    decide(store, A, "accept", "ann")
    store.undo("ann")
    store.redo("ann")
    store.undo("ann")
    assert (held(store), folded(store)) == ({}, {})
    store.redo("ann")
    assert held(store) == {A: ("accept", "ann")}


def test_a_new_decision_ends_what_can_be_redone(store: Decisions) -> None:
    decide(store, A, "accept", "ann")
    store.undo("ann")
    decide(store, B, "accept", "ann")
    assert store.redo("ann") is None


def test_undo_takes_back_only_ones_own_decisions(store: Decisions) -> None:
    decide(store, A, "accept", "ann")
    decide(store, B, "reject", "bob")
    store.undo("ann")
    assert held(store) == {B: ("reject", "bob")}


def test_undo_gives_a_key_back_to_whom_it_was_taken_from(store: Decisions) -> None:
    decide(store, A, "accept", "bob")
    decide(store, A, "reject", "ann")
    store.undo("ann")
    assert held(store) == {A: ("accept", "bob")}
    assert folded(store) == {A: "accept"}


def test_undo_of_an_overtaken_decision_tells_so_changes_nothing_and_lets_the_next_one_go_on(store: Decisions) -> None:
    decide(store, B, "accept", "ann")
    decide(store, A, "reject", "ann")
    theirs = decide(store, A, "accept", "bob")
    told = store.undo("ann", "tab1", 1)
    assert told is not None
    assert (told.conflict, told.decision.act, told.decision.verdict) == (theirs, "yield", "accept")
    assert held(store) == {A: ("accept", "bob"), B: ("accept", "ann")}
    store.undo("ann")
    assert held(store) == {A: ("accept", "bob")}
    assert folded(store) == {A: "accept"}


def test_redo_over_a_newer_decision_of_somebody_else_tells_so_and_changes_nothing(store: Decisions) -> None:
    decide(store, A, "reject", "ann")
    store.undo("ann")
    theirs = decide(store, A, "accept", "bob")
    told = store.redo("ann")
    assert told is not None
    assert told.conflict == theirs
    assert held(store) == {A: ("accept", "bob")}
    assert store.redo("ann") is None


def test_an_overtaken_decision_that_was_withdrawn_does_not_return(store: Decisions) -> None:
    decide(store, A, "reject", "ann")
    decide(store, A, "accept", "bob")
    store.undo("ann")
    store.undo("bob")
    assert (held(store), folded(store)) == ({}, {})


# --- append-only, on disk


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE decision SET verdict = 'accept'",
        "DELETE FROM decision",
        "REPLACE INTO decision SELECT * FROM decision",
        "REPLACE INTO decision SELECT 9, key, 'accept', reasons, '', '', at, client, seq, undoes, act, '', '',"
        " clock, 'new', NULL, NULL, way FROM decision",
        "REPLACE INTO decision SELECT 9, key, 'accept', reasons, '', '', at, '', NULL, undoes, act, '', '', clock,"
        " origin, NULL, NULL, way FROM decision",
        "INSERT INTO decision SELECT 0, key, 'accept', reasons, '', '', at, '', NULL, undoes, act, '', '', clock,"
        " 'new', NULL, NULL, way FROM decision",
    ],
)
def test_a_row_is_never_changed_by_any_statement(store: Decisions, path: Path, sql: str) -> None:
    written = store.record([Entry(A, "reject", client="tab1", seq=1)])[0].decision
    with closing(sqlite3.connect(path)) as other, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        other.execute(sql)
    assert store.history() == [written]


def test_commits_wait_for_the_disk(path: Path) -> None:
    with closing(decisions_file.StoreFile(path)) as file, file.writing() as connection:
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA busy_timeout").fetchone() == (30_000,)


def test_only_the_owner_may_read_the_files(store: Decisions, path: Path) -> None:
    decide(store, A, "reject", "ann")
    modes = {file.name: oct(file.stat().st_mode & 0o777) for file in path.parent.iterdir()}
    assert modes == {path.name: "0o600", f"{path.name}-wal": "0o600", f"{path.name}-shm": "0o600"}


def test_a_file_that_was_removed_while_open_is_not_written_to_in_silence(store: Decisions, path: Path) -> None:
    path.rename(path.with_name("moved"))
    with pytest.raises(DecisionsError, match="moved or removed while open"):
        decide(store, A, "reject", "ann")
    path.with_name("moved").rename(path)
    assert store.history() == []


def test_a_closed_store_says_so(path: Path) -> None:
    store = Decisions.open(path)
    store.close()
    with pytest.raises(DecisionsError, match="is closed"):
        decide(store, A, "reject", "ann")


# --- refused at start


def test_a_file_that_is_no_database_is_refused_and_left_alone(path: Path) -> None:
    path.write_bytes(b'{"reward": 1}\n' * 500)
    assert "is not a review store" in refusal(path)
    assert path.read_bytes() == b'{"reward": 1}\n' * 500


def test_an_empty_file_is_refused_and_left_alone(path: Path) -> None:
    path.touch()
    assert "is empty" in refusal(path)
    assert path.stat().st_size == 0


def test_the_database_of_another_program_is_refused_and_left_alone(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE cookies (name)")
    before = path.read_bytes()
    assert "is not a rollout-curator review store" in refusal(path)
    assert path.read_bytes() == before


def test_a_newer_schema_is_refused(path: Path) -> None:
    Decisions.open(path).close()
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA user_version = 5")
    assert "has schema 5, this program knows 4; update" in refusal(path)


def test_a_corrupt_store_is_refused_and_left_alone(path: Path) -> None:
    with Decisions.open(path) as store:
        store.record([Entry(f"{i:032x}", "reject") for i in range(500)])
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xa5" * (len(whole) - 4096))
    assert "is corrupt" in refusal(path)
    assert path.stat().st_size == len(whole)


def test_a_cut_store_is_refused(path: Path) -> None:
    with Decisions.open(path) as store:
        store.record([Entry(f"{i:032x}", "reject") for i in range(500)])
    os.truncate(path, path.stat().st_size // 2)
    assert "is corrupt" in refusal(path)


def test_a_read_only_file_is_refused(path: Path) -> None:
    Decisions.open(path).close()
    path.chmod(0o400)
    assert "is read-only" in refusal(path)


def test_a_read_only_folder_is_refused(path: Path) -> None:
    path.parent.chmod(0o500)
    try:
        assert "the folder is read-only" in refusal(path)
    finally:
        path.parent.chmod(0o700)


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    assert "folder does not exist; create it" in refusal(tmp_path / "gone" / "curation.sqlite")


def test_a_folder_and_a_pipe_are_refused_without_opening_them(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "not a regular file" in refusal(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    assert "not a regular file" in refusal(tmp_path / "folder")


def test_a_network_file_system_is_refused(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/root / ext4 rw 0 0\nserver:/home {tmp_path} nfs4 rw 0 0\n")
    monkeypatch.setattr(decisions_file, "_MOUNTS", mounts)
    assert "network file system (nfs4)" in refusal(path)
    assert not path.exists()


def test_the_log_of_a_lost_store_is_not_mixed_into_a_new_one(path: Path) -> None:
    Path(f"{path}-wal").write_bytes(b"left")
    assert "is left over from a missing review store" in refusal(path)


def test_the_path_may_hold_signs_that_mean_something_to_sqlite(tmp_path: Path) -> None:
    odd = tmp_path / "a?mode=ro&b#c %41.sqlite"
    with Decisions.open(odd) as store:
        decide(store, A, "reject", "ann")
    assert [file.name for file in tmp_path.iterdir()] == [odd.name]


# --- several at once


WRITER = """
import sys
from pathlib import Path
from rollout_curator.decisions.store import Decisions, Entry
with Decisions.open(Path(sys.argv[1])) as store:
    for seq in range(int(sys.argv[3])):
        store.record([Entry(f"{sys.argv[2]}-{seq}", "reject", reviewer=sys.argv[2], client=sys.argv[2], seq=seq)])
"""


def start_writer(path: Path, who: str, n: int) -> subprocess.Popen[bytes]:
    components = str(Path(decisions_file.__file__).parents[1])
    command = [sys.executable, "-c", WRITER, str(path), who, str(n)]
    return subprocess.Popen(command, env=os.environ | {"PYTHONPATH": components})


def test_two_processes_make_one_store_and_lose_nothing(path: Path) -> None:
    writers = [start_writer(path, "ann", 100), start_writer(path, "bob", 100)]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    with Decisions.open(path) as store:
        assert len(store.current()) == store.version() == 200
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_one_key_can_be_asked_for_on_its_own(store: Decisions) -> None:
    made = decide(store, A, "reject", "ann", "unsafe")
    assert (store.holding(A), store.holding(B)) == (made, None)
    store.undo("ann")
    assert store.holding(A) is None


def test_threads_share_one_store(store: Decisions) -> None:
    def work(who: str) -> None:
        for n in range(50):
            decide(store, f"{who}-{n}", "reject", who)
            store.current()

    threads = [threading.Thread(target=work, args=(who,)) for who in ("ann", "bob", "eve", "dan")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.current()) == len(store.history()) == 200


def test_twenty_backups_made_while_two_write_are_whole(store: Decisions, path: Path, tmp_path: Path) -> None:
    writers = [start_writer(path, "ann", 1500), start_writer(path, "bob", 1500)]
    deadline = time.monotonic() + 30
    while not store.version() and time.monotonic() < deadline:
        time.sleep(0.005)
    for n in range(20):
        store.backup(tmp_path / f"backup{n}.sqlite")
    assert [writer.wait(60) for writer in writers] == [0, 0]
    copies = [checked_size(tmp_path / f"backup{n}.sqlite") for n in range(20)]
    assert copies == sorted(copies)
    assert 0 < copies[0] < copies[19] <= store.version() == 3000


def checked_size(path: Path) -> int:
    with closing(sqlite3.connect(path)) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return int(copy.execute("SELECT count(*) FROM decision").fetchone()[0])


def test_a_backup_opens_as_a_store_and_replaces_no_file(store: Decisions, tmp_path: Path) -> None:
    written = decide(store, A, "reject", "ann")
    store.backup(tmp_path / "copy.sqlite")
    with pytest.raises(DecisionsError, match="exists already"):
        store.backup(tmp_path / "copy.sqlite")
    with Decisions.open(tmp_path / "copy.sqlite") as copy:
        assert copy.history() == [written]
    assert (tmp_path / "copy.sqlite").stat().st_mode & 0o777 == 0o600


def test_a_backup_into_a_missing_folder_is_refused_in_a_sentence(store: Decisions, tmp_path: Path) -> None:
    with pytest.raises(DecisionsError, match="the backup cannot be written"):
        store.backup(tmp_path / "gone" / "copy.sqlite")
