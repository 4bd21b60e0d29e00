"""Ctrl-C before and after the work: one line and exit code 130 from the first moment, with real processes and signals.

Each process interrupts itself: when it begins to import a module, or when Python leaves. What comes before our own
code runs, Python's start, ends in Python's words; nobody can change that.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from making import environment, gym, write

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
AT_IMPORT = """
import os, signal, sys

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == {name!r}:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupting())
"""
AT_EXIT = "import atexit, os, signal; atexit.register(lambda: os.kill(os.getpid(), signal.SIGINT))\n"


def heed_ctrl_c() -> None:
    """Take Ctrl-C as in a terminal: what a shell starts in the background ignores it, and so do its children."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def ignore_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def ended(folder: Path, hook: str, before: object = heed_ctrl_c, streams: str = "") -> tuple[int, str, str]:
    """Run a verb in a process into which Python loads a hook at its start; return how it ended and what it said."""
    (folder / "sitecustomize.py").write_text(hook)
    source = write(folder / "rollouts.jsonl", [gym(reward=1)])
    env = environment()
    env["PYTHONPATH"] = os.pathsep.join([str(folder), env["PYTHONPATH"]])
    command = [sys.executable, "-m", "rollout_curator", "stats", str(source), "--cache-dir", str(folder / "cache")]
    words = ["sh", "-c", f'exec "$@" {streams}', "sh", *command]
    done = subprocess.run(words, capture_output=True, text=True, env=env, preexec_fn=before, timeout=60)  # type: ignore[arg-type]
    return done.returncode, done.stdout, done.stderr.strip()


FIRST = ["rollout_curator.cli", "click", "rollout_curator.errors"]
LATER = ["orjson", "numpy", "pandas", "rollout_curator.workspace"]


@pytest.mark.parametrize("name", [*FIRST, *LATER])
def test_an_interruption_while_python_imports_is_one_line(tmp_path: Path, name: str) -> None:
    assert ended(tmp_path, AT_IMPORT.format(name=name)) == (130, "", "rollout-curator: interrupted")


def test_an_interruption_after_the_work_is_one_line(tmp_path: Path) -> None:
    code, printed, told = ended(tmp_path, AT_EXIT)
    assert (code, told) == (130, "rollout-curator: interrupted")
    assert printed.startswith("1 rollout")


def test_an_interruption_that_is_ignored_stays_ignored(tmp_path: Path) -> None:
    code, printed, told = ended(tmp_path, AT_IMPORT.format(name="rollout_curator.cli"), ignore_ctrl_c)
    assert (code, told) == (0, "")
    assert printed.startswith("1 rollout")


def test_an_interruption_that_nobody_hears_keeps_its_code(tmp_path: Path) -> None:
    assert ended(tmp_path, AT_IMPORT.format(name="click"), streams="2>&-") == (130, "", "")
