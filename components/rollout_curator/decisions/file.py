"""The file of the review store: how it is made, checked, copied or refused.

It knows SQLite and places on disk; the tables are those of `schema`, and what an undo means it does not know.
WAL so that readers never wait, synchronous=FULL so that a commit outlives a power cut
(https://www.sqlite.org/pragma.html#pragma_synchronous).
"""

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Lock
from typing import Any
from uuid import uuid4

from rollout_curator.decisions import schema, timestamps
from rollout_curator.errors import DecisionsError
from rollout_curator.printable import beside

BUSY_S = 30

_ORIGINS = "SELECT origin, key FROM decision"
_COPY_IT = "copy it to a folder you can write to, and pass the copy with --decisions"
_MOUNTS = Path("/proc/mounts")
_NETWORK = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ceph", "lustre", "gpfs", "beegfs", "fuse.sshfs"}


class StoreFile:
    """An open store: one connection to write and one to read, so that reading never delays a write."""

    def __init__(self, path: Path) -> None:
        """Make the file when it is absent, then check it; raises DecisionsError when it cannot be the store."""
        self.path = Path(os.path.realpath(path))
        _prepare(self.path)
        self._inode = _inode(self.path)
        try:
            self._writer, self._reader = _connect(self.path), _connect(self.path)
        except sqlite3.Error as error:
            raise _unusable(self.path, error) from error
        self._write_lock, self._read_lock = Lock(), Lock()
        self.mend()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Lend the reading connection to one thread at a time."""
        with self._read_lock:
            try:
                yield self._reader
            except sqlite3.Error as error:
                raise _unusable(self.path, error) from error

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Lend the writing connection inside one transaction, which is on disk when the block has ended."""
        with self._write_lock:
            try:
                self._writer.execute("BEGIN IMMEDIATE")
                try:
                    yield self._writer
                    if _inode(self.path) != self._inode:
                        raise DecisionsError(f"{self.path}: was replaced while open; nothing was saved, start again")
                    self._writer.execute("COMMIT")
                finally:
                    if self._writer.in_transaction:
                        self._writer.execute("ROLLBACK")
            except sqlite3.Error as error:
                raise _unusable(self.path, error) from error

    def mend(self) -> None:
        """Bring acts of a time that cannot be back to one that can, where there are any."""
        with self.reading() as connection:
            if not timestamps.needs_mending(connection):
                return
        with self.writing() as connection:
            timestamps.mend(connection)

    def order_version(self) -> int:
        """Return a number that changes when clocks were mended, which takes a trigger away and brings it back."""
        with self.reading() as connection:
            return int(connection.execute("PRAGMA schema_version").fetchone()[0])

    def close(self) -> None:
        """Close both connections; the last process to do so leaves one file, without its log."""
        with self._write_lock, self._read_lock:
            self._writer.close()
            self._reader.close()


def origins_in(path: Path) -> dict[str, str]:
    """Return the key of every act by its origin; a store that is only looked at stays as it is, an older one too."""
    return dict(_looked_up(path, _ORIGINS))


def said_in(path: Path) -> set[tuple[str, str, int | None]]:
    """Return all that was ever said in a store, as key, verdict and item; it stays as it is."""
    return set(_looked_up(path, "SELECT DISTINCT key, verdict, item FROM decision"))


def _looked_up(path: Path, sql: str) -> list[Any]:
    path = Path(os.path.realpath(path))
    try:
        _refuse_place(path)
        _refuse_file(path, upgrades=False)
        with closing(_connect(path)) as connection:
            if connection.execute("PRAGMA user_version").fetchone()[0] == schema.USER_VERSION:
                return connection.execute(sql).fetchall()
            with closing(sqlite3.connect(":memory:", isolation_level=None)) as copy:
                connection.backup(copy)
                schema.upgrade(copy)
                return copy.execute(sql).fetchall()
    except OSError as error:
        raise DecisionsError(f"{path}: cannot be opened ({error.strerror}); choose another --decisions") from error
    except sqlite3.Error as error:
        raise _unusable(path, error) from error


def copy_file(source: Path, target: Path) -> None:
    """Write a checked copy of a store in use; raises DecisionsError when `target` exists or cannot be written."""
    draft = _draft(target)
    try:
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        with closing(_connect(source)) as reader, closing(sqlite3.connect(draft)) as copy:
            reader.backup(copy)
            _refuse_corrupt(copy, draft, "integrity_check")
        if not _publish(draft, target):
            raise DecisionsError(f"{target}: exists already; choose another name for the backup")
    except OSError as error:
        raise DecisionsError(f"{target}: the backup cannot be written ({error.strerror}); choose another") from error
    except sqlite3.Error as error:
        raise DecisionsError(f"{target}: the backup cannot be written ({error}); choose another") from error
    finally:
        _remove_draft(draft)


def _prepare(path: Path) -> None:
    try:
        _refuse_place(path)
        if not os.path.lexists(path):
            _create(path)
        _refuse_file(path)
    except OSError as error:
        raise DecisionsError(f"{path}: cannot be opened ({error.strerror}); choose another --decisions") from error
    except sqlite3.Error as error:
        raise _unusable(path, error) from error


def _connect(path: Path) -> sqlite3.Connection:
    """Return a connection for any thread; the file must exist, and each commit waits until it is on disk."""
    uri = f"{path.absolute().as_uri()}?mode=rw"
    connection = sqlite3.connect(uri, uri=True, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def _inode(path: Path) -> tuple[int, int]:
    """Return what tells this file from another one of the same name; raises DecisionsError when it is gone."""
    try:
        found = path.stat()
    except OSError as error:
        raise DecisionsError(f"{path}: was moved or removed while open; nothing was saved, start again") from error
    return found.st_dev, found.st_ino


def _unusable(path: Path, error: sqlite3.Error) -> DecisionsError:
    """Return the sentence for an SQLite error."""
    said = str(error)
    if "locked" in said or "busy" in said:
        return DecisionsError(
            f"{path}: locked by another program for {BUSY_S} s; nothing was saved, close that program"
        )
    if "closed database" in said:
        return DecisionsError(f"{path}: is closed; open it again")
    if "not a database" in said:
        return DecisionsError(f"{path}: is not a review store; choose another --decisions")
    if "malformed" in said:
        return DecisionsError(f"{path}: is corrupt ({said}); move it away and start from a backup")
    return DecisionsError(f"{path}: cannot be used ({said}); nothing was saved, check the disk and try again")


def _refuse_place(path: Path) -> None:
    folder = path.parent
    if not folder.is_dir():
        raise DecisionsError(f"{folder}: folder does not exist; create it or choose another --decisions")
    if (kind := _network(path)) is not None:
        raise DecisionsError(f"{path}: is on a network file system ({kind}); use a local disk for --decisions")
    if not folder.stat().st_mode & 0o222 or not os.access(folder, os.W_OK | os.X_OK):
        if os.path.lexists(path):
            raise DecisionsError(f"{path}: is in a read-only folder; {_COPY_IT}")
        raise DecisionsError(f"{folder}: the folder is read-only; choose --decisions in a folder you can write to")


def _refuse_file(path: Path, *, upgrades: bool = True) -> None:
    """Check a file through SQLite alone: closing a plain handle on it would drop the locks of this whole process."""
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise DecisionsError(f"{path}: is not a regular file; choose another --decisions")
    if not found.st_mode & 0o222 or not os.access(path, os.R_OK | os.W_OK):
        raise DecisionsError(f"{path}: is read-only; make it writable, or {_COPY_IT}")
    if not found.st_size:
        raise DecisionsError(f"{path}: is empty, so it is not a review store; move it away or choose another")
    with closing(_connect(path)) as connection:
        if connection.execute("PRAGMA application_id").fetchone()[0] != schema.APPLICATION_ID:
            raise DecisionsError(f"{path}: is not a rollout-curator review store; choose another --decisions")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if not 1 <= version <= schema.USER_VERSION:
            newer = "update rollout-curator" if version > schema.USER_VERSION else "start from a backup"
            raise DecisionsError(f"{path}: has schema {version}, this program knows {schema.USER_VERSION}; {newer}")
        _refuse_corrupt(connection, path, "quick_check")
        if not upgrades:
            return
        if version < schema.USER_VERSION:
            schema.upgrade(connection)
        if connection.execute("PRAGMA journal_mode = WAL").fetchone()[0] != "wal":
            raise DecisionsError(f"{path}: this disk does not support a write-ahead log; choose another --decisions")


def _refuse_corrupt(connection: sqlite3.Connection, path: Path, check: str) -> None:
    found = connection.execute(f"PRAGMA {check}(1)").fetchone()[0]
    if found != "ok":
        first = " ".join(str(found).split())
        raise DecisionsError(f"{path}: is corrupt ({first}); move it away and start from a backup")


def _network(path: Path) -> str | None:
    """Return the kind of network file system that holds the path, None for a local one or where none can be told."""
    if not _MOUNTS.exists():
        return None
    kind, longest = "", -1
    for line in _MOUNTS.read_text("utf-8", "surrogateescape").splitlines():
        _, point, this_kind, *_ = line.split(" ")
        place = Path(point.replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\"))
        if path.is_relative_to(place) and len(place.parts) >= longest:
            kind, longest = this_kind, len(place.parts)
    return kind if kind in _NETWORK else None


def _create(path: Path) -> None:
    """Make the store under another name first, so that it appears whole or not at all."""
    left = Path(f"{path}-wal")
    if left.exists() and not path.exists():
        raise DecisionsError(f"{left}: is left over from a missing review store; restore {path.name} or move this file")
    draft = _draft(path)
    try:
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        with closing(_connect(draft)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            schema.create(connection)
        _publish(draft, path)
    finally:
        _remove_draft(draft)


def _publish(draft: Path, path: Path) -> bool:
    """Give the draft its name and make that durable; False when somebody else's file has the name."""
    _sync(draft)
    try:
        os.link(draft, path)
    except FileExistsError:
        return False
    except OSError:  # a disk without hard links, such as FAT
        if path.exists():
            return False
        os.rename(draft, path)
    _sync(path.parent)
    return True


def _sync(place: Path) -> None:
    descriptor = os.open(place, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _draft(path: Path) -> Path:
    return beside(path, ".", f".{uuid4().hex}.tmp", spare=len("-journal"))


def _remove_draft(draft: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        Path(f"{draft}{suffix}").unlink(missing_ok=True)
