"""The review store under kills, many writers, clocks that go back, races and damage: nothing acknowledged is lost."""

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from drilling import contents, forked, refusal_faults, tasks
from ledger import Tried, size
from making import call, environment, write
from reader_server import REVIEWERS, Client, Server
from rollout_curator.decisions.store import Decisions, Entry
from rollout_curator.workspace.workspace import Workspace

pytestmark = [pytest.mark.drill, pytest.mark.skipif(os.name != "posix", reason="signals are those of POSIX")]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return 400 rollouts with an index beside them."""
    path = write(tmp_path_factory.mktemp("source") / "rollouts.jsonl", tasks(400))
    assert call("index", path, "--cache-dir", path.parent / "cache").code == 0
    return path


@pytest.fixture(scope="module")
def keys(source: Path) -> list[str]:
    """Return the keys of these rollouts."""
    workspace = Workspace.open([source], source.parent / "cache")
    found = [workspace.key(row) for row in range(workspace.n_rollouts)]
    workspace.close()
    return found


def integrity(path: Path) -> list[str]:
    """Return what SQLite finds wrong with a store."""
    with closing(sqlite3.connect(path)) as store:
        said = [text for (text,) in store.execute("PRAGMA integrity_check")]
        return [] if said == ["ok"] else said


def lost(path: Path, acked: dict[str, list[tuple[str, str]]]) -> list[str]:
    """Return what of the acknowledged notes is not in a store; the last one of a key of one writer must hold.

    A later note of the same writer, not acknowledged yet when it was killed, may hold in its place.
    """
    with Decisions.open(path) as store:
        history = {(one.key, one.note): one.id for one in store.history()}
        holds = store.current()
    found = [f"{key} {note}" for key, said in acked.items() for _, note in said if (key, note) not in history]
    for key, said in acked.items():
        writers = {who for who, _ in said}
        note = said[-1][1]
        if len(writers) == 1 and (key not in holds or number(holds[key].note) < number(note)):
            found.append(f"{key}: {note} does not hold")
    return found


def number(note: str) -> int:
    """Return the number in a note."""
    return int(note.rpartition(" ")[2])


@pytest.mark.promises(9)
def test_what_was_acknowledged_survives_kill_9_of_the_server(
    source: Path, keys: list[str], tmp_path: Path, report: Callable[..., None]
) -> None:
    """Two reviewers press as fast as they are answered, on keys of their own and on shared ones."""
    store, dice, acked = tmp_path / "curation.sqlite", random.Random(9), dict[str, list[tuple[str, str]]]()
    n_kills, n_writes, n = size("store_kills"), size("writes"), 0
    server, counts, guard = Server(source, source.parent / "cache", store), [0], threading.Lock()

    def press(who: str, part: int, until: int) -> None:
        client, own = Client(server.port, who, f"{who}-{part}"), keys[REVIEWERS.index(who) : 300 : 2]
        mine = random.Random(f"{who} {part}")
        while counts[0] < until:
            key = mine.choice(own if mine.random() < 0.7 else keys[300:])
            verdict = mine.choice(("reject", "accept"))
            with guard:
                counts[0] += 1
                note = f"{who} {counts[0]}"
            answer = client.decide(key, verdict, note)
            if answer is None:
                return
            if answer.get("decision", {}).get("note") == note:
                with guard:
                    acked.setdefault(key, []).append((who, note))

    for n in range(n_kills):
        with server:
            until = n_writes * (n + 1) // n_kills
            threads = [threading.Thread(target=press, args=(who, n, until + 10_000_000)) for who in REVIEWERS]
            for thread in threads:
                thread.start()
            while counts[0] < until and any(thread.is_alive() for thread in threads):
                time.sleep(0.002)
            time.sleep(0.01 * dice.random())
            server.kill()
            for thread in threads:
                thread.join()
    n_acked = sum(map(len, acked.values()))
    found = [*lost(store, acked), *integrity(store)]
    if n_acked < n_writes // 2:
        found.append(f"only {n_acked:,} of {n_writes:,} were acknowledged")
    report(Tried(9, f"{n_acked:,} acknowledged over HTTP, {n_kills} kills of the server: {len(found)} lost", found))


WRITER = """
import datetime, random, sys
from pathlib import Path

path, who, n, seed, back = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], float(sys.argv[5])
real = datetime.datetime

class SetBack(real):
    '''A clock that goes wrong by some hours in one direction.'''

    @classmethod
    def now(cls, zone=None):
        return real.now(zone) - datetime.timedelta(hours=back)

if back:
    datetime.datetime = SetBack

from rollout_curator.decisions.store import Decisions, Entry

dice = random.Random(who + seed)
with Decisions.open(Path(path)) as store:
    for i in range(n):
        key = f"shared-{dice.randrange(50)}" if i % 2 else f"own-{who}-{dice.randrange(200)}"
        note = f"{who} {int(seed) * 1_000_000 + i}"
        store.record([Entry(key, "reject", ("truncated",), note, who, f"{who}-{seed}", i)])
        print(key, note, sep="\\t", flush=True)
"""


def writer(path: Path, who: str, n: int, part: int, back_h: float = 0) -> subprocess.Popen[str]:
    """Start a writer of `n` decisions that prints each once it is acknowledged."""
    argv = [sys.executable, "-c", WRITER, str(path), who, str(n), str(part), str(back_h)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(argv, env=environment(), **pipes)


def heard(process: subprocess.Popen[str], who: str, acked: dict[str, list[tuple[str, str]]]) -> tuple[int, str]:
    """Note what a writer was acknowledged, and return how many that were and what it complained of."""
    out, err = process.communicate(timeout=600)
    whole = [line.split("\t") for line in out.split("\n")[:-1]]
    for key, note in whole:
        acked.setdefault(key, []).append((who, note))
    return len(whole), err


@pytest.mark.promises(10)
def test_four_writers_at_once_lose_nothing_though_a_clock_is_set_back(
    tmp_path: Path, report: Callable[..., None]
) -> None:
    """In the second round two of the four clocks are a day behind what the first one wrote."""
    store, acked, total, found = tmp_path / "curation.sqlite", dict[str, list[tuple[str, str]]](), 0, []
    Decisions.open(store).close()
    each = size("writes") // 8
    for part in range(2):
        running = [(f"w{n}", writer(store, f"w{n}", each, part, 24.0 * (part and n % 2))) for n in range(4)]
        for who, process in running:
            n, complaint = heard(process, who, acked)
            total += n
            if n != each or process.returncode:
                found.append(f"{who} wrote {n} of {each}: {complaint.strip()[-200:]}")
    found += [*lost(store, acked), *integrity(store)]
    report(Tried(10, f"{total:,} by 4 writers, two clocks set back a day: {len(found)} lost, 0 met a lock", found))


@pytest.mark.promises(10)
def test_writers_killed_at_any_moment_lose_nothing(tmp_path: Path, report: Callable[..., None]) -> None:
    store, acked, killed, found = tmp_path / "curation.sqlite", dict[str, list[tuple[str, str]]](), 0, []
    dice, part = random.Random(10), 0
    Decisions.open(store).close()
    while killed < size("store_kills"):
        running = [(f"w{n}", writer(store, f"w{n}", 100_000, part)) for n in range(4)]
        assert running[0][1].stdout
        running[0][1].stdout.readline()
        for _, process in running:
            time.sleep(0.1 * dice.random())
            process.kill()
        for who, process in running:
            heard(process, who, acked)
            killed += process.returncode == -signal.SIGKILL
        part += 1
    n_acked = sum(map(len, acked.values()))
    found += [*lost(store, acked), *integrity(store)]
    report(Tried(10, f"{killed} of them killed while writing, {n_acked:,} acknowledged: {len(found)} lost", found))


@pytest.mark.promises(11)
def test_of_two_who_decide_at_once_the_later_one_is_told(
    source: Path, keys: list[str], tmp_path: Path, report: Callable[..., None]
) -> None:
    told, found, n_races = 0, [], size("races")
    with Server(source, source.parent / "cache", tmp_path / "curation.sqlite") as server:
        clients = [Client(server.port, who, f"{who}-1") for who in REVIEWERS]
        for n in range(n_races):
            answers: list[object] = [None, None]
            both = threading.Barrier(2)

            def press(who: int, n: int = n, answers: list[object] = answers, both: threading.Barrier = both) -> None:
                both.wait()
                answers[who] = clients[who].decide(keys[n], ("reject", "accept")[who], f"note {n}", expected=0)

            threads = [threading.Thread(target=press, args=(who,)) for who in (0, 1)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            conflicts = [answer["conflict"] is not None for answer in answers if isinstance(answer, dict)]
            told += conflicts.count(True)
            if conflicts.count(True) != 1:
                found.append(f"race {n}: {conflicts.count(True)} of {len(conflicts)} were told")
    report(Tried(11, f"{n_races} rollouts decided by two at once: {told} later ones told", found))


@pytest.mark.promises(12)
def test_a_decision_waits_for_the_disk(tmp_path: Path, report: Callable[..., None]) -> None:
    """SQLite's own word for it, and where `strace` is, how often the disk was waited for."""
    path, n = tmp_path / "curation.sqlite", 50
    with Decisions.open(path) as store, store._file.writing() as connection:
        found = [] if connection.execute("PRAGMA synchronous").fetchone() == (2,) else ["synchronous is not FULL"]
    figure = "synchronous=FULL"
    if shutil.which("strace"):
        log = tmp_path / "trace"
        argv = [sys.executable, "-c", WRITER, str(path), "w", str(n), "1", "0"]
        subprocess.run(
            ["strace", "-f", "-qq", "-e", "trace=fsync,fdatasync", "-o", str(log), *argv],
            env=environment(),
            check=True,
            stdout=subprocess.DEVNULL,
        )
        waits = log.read_text().count("sync(")
        figure += f"; {waits} waits for {n} decisions"
        found += [] if waits >= n else [f"{waits} waits for {n} decisions"]
    report(Tried(12, figure, found))


def unusable(folder: Path) -> Iterator[Path]:
    """Yield paths at which no review store can be used."""
    (folder / "text.sqlite").write_bytes(b'{"reward": 1}\n' * 500)
    (folder / "empty.sqlite").touch()
    with closing(sqlite3.connect(folder / "cookies.sqlite")) as other:
        other.execute("CREATE TABLE cookies (name)")
    with Decisions.open(folder / "good.sqlite") as store:
        store.record([Entry(f"{n:032x}", "reject") for n in range(500)])
    whole = (folder / "good.sqlite").read_bytes()
    (folder / "good.sqlite").unlink()
    (folder / "zeroed.sqlite").write_bytes(whole[:4096] + bytes(len(whole) - 4096))
    (folder / "damaged.sqlite").write_bytes(whole[:4096] + b"\xa5" * (len(whole) - 4096))
    (folder / "cut.sqlite").write_bytes(whole[: len(whole) // 2])
    (folder / "headless.sqlite").write_bytes(b"\0" * 100 + whole[100:])
    (folder / "newer.sqlite").write_bytes(whole)
    with closing(sqlite3.connect(folder / "newer.sqlite")) as other:
        other.execute("PRAGMA user_version = 99")
    (folder / "gone.sqlite-wal").write_bytes(b"left")
    (folder / "folder.sqlite").mkdir()
    os.mkfifo(folder / "pipe.sqlite")
    (folder / "loop.sqlite").symlink_to("loop.sqlite")
    yield from sorted(folder.glob("*.sqlite"))
    yield folder / "gone.sqlite"
    yield folder / "no" / "folder.sqlite"


@pytest.mark.promises(13)
def test_a_store_that_cannot_be_used_is_refused_and_left_alone(
    source: Path, keys: list[str], tmp_path: Path, report: Callable[..., None]
) -> None:
    found, kinds, decision = [], list(unusable(tmp_path)), ["--key", keys[0], "--verdict", "reject"]
    before = contents(tmp_path)
    for path in kinds:
        ended = forked("decide", source, "--cache-dir", source.parent / "cache", *decision, "--decisions", path)
        found += [f"{path.name}: {fault}" for fault in refusal_faults(ended, path.stem)]
    now = contents(tmp_path)
    found += [f"{name} was written" for name in before if before[name] != now.get(name)]
    found += [f"{name} was made" for name in now.keys() - before.keys() if name.endswith(".sqlite")]
    report(Tried(13, f"{len(kinds)} kinds refused: {len(found)} written or not told", found))


@pytest.mark.promises(14)
def test_backups_made_while_two_write_are_whole(tmp_path: Path, report: Callable[..., None]) -> None:
    path, n, sizes, found = tmp_path / "curation.sqlite", size("backups"), [], []
    with Decisions.open(path) as store:
        running = [writer(path, who, 100_000, 1) for who in ("a", "b")]
        for process in running:
            assert process.stdout
            process.stdout.readline()
        for copy in range(n):
            to = tmp_path / f"backup{copy}.sqlite"
            store.backup(to)
            found += [f"backup {copy}: {text}" for text in integrity(to)]
            with Decisions.open(to) as opened:
                sizes.append(len(opened.history()))
        for process in running:
            process.kill()
            process.communicate()
    found += [] if sizes == sorted(sizes) and sizes[0] > 0 else [f"backups hold {sizes} decisions"]
    report(Tried(14, f"{n} backups while two wrote, {sizes[0]:,} to {sizes[-1]:,} decisions: all whole", found))


@pytest.mark.promises(15)
def test_decisions_follow_their_content(source: Path, tmp_path: Path, report: Callable[..., None]) -> None:
    """Lines are put above, taken out, shuffled, torn over two files, given CRLF: each keeps its own verdict."""
    lines, dice, moved, found = source.read_bytes().splitlines()[:60], random.Random(15), 0, []
    folder, cache, path = tmp_path / "moved", tmp_path / "cache", tmp_path / "curation.sqlite"
    folder.mkdir()
    (folder / "a.jsonl").write_bytes(b"\n".join(lines))
    workspace = Workspace.open([folder], cache)
    keys = {workspace.line(row).strip(): workspace.key(row) for row in range(len(lines))}
    workspace.close()
    verdicts = {line: dice.choice(("reject", "accept")) for line in lines[::3]}
    with Decisions.open(path) as store:
        store.record([Entry(keys[line], verdict) for line, verdict in verdicts.items()])
    for n in range(size("moves")):
        order = dice.sample(lines, dice.randrange(30, 61))
        order[dice.randrange(len(order)) :] += [b"", b"not JSON", b'{"reward": 1}']
        cut, ending = dice.randrange(1, len(order)), dice.choice((b"\n", b"\r\n"))
        for name, part in (("a.jsonl", order[:cut]), ("b.jsonl", order[cut:])):
            (folder / name).write_bytes(ending.join(part) + ending * dice.randrange(2))
        workspace = Workspace.open([folder], cache, Decisions.open(path))
        workspace.refresh_decisions()
        for row in range(workspace.n_rollouts):
            held = workspace.decision(workspace.key(row))
            moved += 1
            if (held.verdict if held else None) != verdicts.get(workspace.line(row).strip()):
                found.append(f"move {n}: row {row} has the verdict of another")
        workspace.close()
    report(Tried(15, f"{moved:,} lines looked up after {size('moves'):,} moves: {len(found)} wrong", found))
