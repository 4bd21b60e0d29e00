"""What drills do to the program: run the command as a process that is watched, killed, limited; read what it left."""

import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from making import environment, gym
from rollout_curator.cli import main as cli

Stop = tuple[float, int]
"""After how many seconds which signal is sent."""
HANG_S = 120.0
TRACEBACK = "Traceback (most recent call last)"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended: its exit code (the negative signal if one ended it), what it said, time and memory.

    `seconds` is by the clock on the wall, `work_s` what it and those it waited for worked, whatever else was running.
    """

    code: int
    out: str
    err: str
    seconds: float
    work_s: float
    peak_mb: float


def command(*argv: object) -> list[str]:
    """Return the command line as a process of its own."""
    return [sys.executable, "-m", "rollout_curator.cli.main", *map(str, argv)]


def watched(argv: list[str], *, before: Callable[[], None] | None = None, **how: Any) -> Ended:
    """Run a process to its end as `waited` does; `before` runs in the child before the program."""
    env = environment(**how.pop("env", {}))

    def start(out: IO[bytes], err: IO[bytes]) -> int:
        more = {"stdin": subprocess.DEVNULL, "stdout": out, "stderr": err, "start_new_session": True}
        process = subprocess.Popen(argv, env=env, preexec_fn=before, **more)
        process.returncode = 0  # it is waited for here
        return process.pid

    return waited(start, **how)


def forked(*argv: object, before: Callable[[], None] | None = None, **how: Any) -> Ended:
    """Run the command line in a copy of this process, so that what is stopped is the work and not the start."""

    def work() -> None:
        if before:
            before()
        sys.argv = ["rollout-curator", *map(str, argv)]
        cli.main()

    return copied(work, **how)


def copied(work: Callable[[], None], **how: Any) -> Ended:
    """Do something in a copy of this process; what escapes ends it with 70 and a traceback."""

    def start(out: IO[bytes], err: IO[bytes]) -> int:
        pid = os.fork()
        if pid:
            return pid
        code = 70
        try:
            os.setsid()
            os.dup2(out.fileno(), 1)
            os.dup2(err.fileno(), 2)
            sys.stdout, sys.stderr = (open(n, "w", encoding="utf-8", closefd=False) for n in (1, 2))  # noqa: SIM115
            work()
            code = 0
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        except BaseException:  # noqa: BLE001 - what escapes is what is looked for
            traceback.print_exc()
        finally:
            with suppress(BaseException):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)

    return waited(start, **how)


def waited(start: Callable[[IO[bytes], IO[bytes]], int], *, limit_s: float = HANG_S, stop: Stop | None = None) -> Ended:
    """Wait for a process, or send it the signal of `stop` after some seconds; past `limit_s` it is killed.

    The time is that from the signal on, where one was sent. Memory is what the process and its children held at most.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began, asked, peak = time.monotonic(), False, 0
        child = start(out, err)
        while True:
            peak = max(peak, peak_kib(child))
            pid, status, used = os.wait4(child, os.WNOHANG)
            spent = time.monotonic() - began
            if pid:
                break
            if stop and not asked and spent >= stop[0]:
                os.kill(child, stop[1])
                began, asked, spent = time.monotonic(), True, 0.0
            if spent > limit_s:
                end_all(child)
            time.sleep(0.003)
        end_all(child)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode("utf-8", "replace"))
        code = os.waitstatus_to_exitcode(status)
        return Ended(code, texts[0], texts[1], spent, used.ru_utime + used.ru_stime, peak / 1024)


def peak_kib(pid: int) -> int:
    """Return what a process and its children held at most so far, by /proc; 0 where there is none.

    Not `ru_maxrss`: that begins with what the parent held when it started the child.
    """
    total = 0
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                total = int(line.split()[1])
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            total += peak_kib(int(child))
    except OSError:
        pass
    return total


def end_all(pid: int) -> None:
    """End what a process that was started in a session of its own left behind."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def refusal_faults(ended: Ended, names: str = "") -> list[str]:
    """Return what is wrong with how a command refused: not exit code 2, no single line, a traceback, no name."""
    found = []
    said = [line for line in ended.err.splitlines() if line.strip()]
    if ended.code != 2:
        found.append(f"exit code {ended.code}")
    if TRACEBACK in ended.err + ended.out:
        found.append("a traceback")
    elif len(said) != 1:
        found.append(f"{len(said)} lines of error")
    if names and names not in ended.err:
        found.append(f"{names} is not named")
    return found


def contents(folder: Path) -> dict[str, str]:
    """Return the digest of every file in a folder, by name."""
    return {path.name: digest(path) for path in sorted(folder.iterdir()) if path.is_file()}


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def tasks(n_rollouts: int, n_words: int = 30) -> Iterable[dict[str, Any]]:
    """Yield rollouts of tasks with four attempts each, whose prompts have no word in common."""
    for n in range(n_rollouts):
        prompt = " ".join(f"w{n // 4}x{word}" for word in range(12))
        yield gym(prompt, f"answer {n} " * n_words, n % 4 / 3, _ng_task_index=n // 4, _ng_rollout_index=n % 4)


def can_mount() -> bool:
    """Tell whether this user may make a mount namespace with a disk in it."""
    argv = [*UNSHARE, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    try:
        return subprocess.run(argv, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


UNSHARE = ["unshare", "-m" if os.geteuid() == 0 else "-rm"]
