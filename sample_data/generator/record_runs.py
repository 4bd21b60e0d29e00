"""Run every bug of `code_repair` for real and keep what was printed in `pytest_runs.txt`.

Only needed after a bug was changed: `python sample_data/generator/record_runs.py` (needs pytest). The generator
reads the text, so it needs neither pytest nor the same timings on every machine.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from code_kit import Bug, bugs

RUNS = Path(__file__).with_name("pytest_runs.txt")
MARK = "=#= "
PYTEST = ("-m", "pytest", "-q", "--no-header", "-p", "no:cacheprovider")


def recorded() -> dict[str, str]:
    """Return what was printed, by `task_id/variant`."""
    sections = RUNS.read_text("utf-8").split(MARK)[1:]
    return {name: text for name, _, text in (section.partition("\n") for section in sections)}


def _run(folder: Path, *command: str) -> str:
    """Return what Python printed in the folder, without the path of the folder or of Python itself."""
    env = {**os.environ, "COLUMNS": "80", "PYTHONDONTWRITEBYTECODE": "1", "PY_COLORS": "0", "PYTHONUTF8": "1"}
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, env=env, capture_output=True, text=True, encoding="utf-8", check=False
    )
    return (done.stdout + done.stderr).replace(f"{folder}/", "").rstrip("\n")


def _variants(bug: Bug) -> Iterator[tuple[str, str, str]]:
    """Yield the name, the source and the tests of every state of the program."""
    yield "before", bug.source, bug.tests
    for name, edit in (("right", bug.right), ("other", bug.other), ("wrong", bug.wrong)):
        assert bug.source.count(edit.old) == 1, (bug.task_id, name)
        yield name, bug.after(edit), bug.tests
    assert bug.tests.count(bug.hack.old) == 1, (bug.task_id, "hack")
    yield "hack", bug.source, bug.tests.replace(bug.hack.old, bug.hack.new)
    yield "wronghack", bug.after(bug.wrong), bug.tests.replace(bug.hack.old, bug.hack.new)


def _sections(bug: Bug) -> Iterator[tuple[str, str]]:
    """Yield every section of one bug."""
    for name, source, tests in _variants(bug):
        with TemporaryDirectory() as made:
            folder = Path(made).resolve()
            (folder / bug.path).write_text(source, "utf-8")
            (folder / bug.test_path).write_text(tests, "utf-8")
            if name == "before":
                yield "probe", _run(folder, "-c", bug.probe)
            if name == "right":
                yield "probe-right", _run(folder, "-c", bug.probe)
            yield name, _run(folder, *PYTEST)


def main() -> None:
    """Write `pytest_runs.txt`."""
    text = "".join(f"{MARK}{bug.task_id}/{name}\n{said}\n" for bug in bugs() for name, said in _sections(bug))
    RUNS.write_text(text, "utf-8", newline="\n")


if __name__ == "__main__":
    main()
