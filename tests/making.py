"""Small real files of rollouts for tests, and the command line as a function and as a process."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from rollout_curator.cli import main as cli
from rollout_curator.export import Exported, export
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.workspace.workspace import Workspace

CHECKOUT = Path(__file__).parents[1]
SAMPLE_DATA = CHECKOUT / "sample_data"
SHARED_ROLLOUTS = CHECKOUT.parent / "shared" / "rollouts" / "nemo_gym"


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Return the one JSON object that was printed."""
        return json.loads(self.out)


def said(text: str) -> dict[str, Any]:
    """Return an assistant message as Responses has it."""
    return {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}


def gym(prompt: str = "What is 2+2?", answer: str = "4.", reward: Any = 1.0, **more: Any) -> dict[str, Any]:
    """Return a NeMo Gym rollout with one answer; `output` in `more` replaces the answer, "response" adds to it."""
    output = more.pop("output", [said(answer)])
    response = {"output": output, **more.pop("response", {})}
    return {"responses_create_params": {"input": prompt}, "response": response, "reward": reward, **more}


def write(path: Path, lines: Iterable[dict[str, Any] | str | bytes]) -> Path:
    """Write one line for each object or text and return the path."""
    texts = (line if isinstance(line, str | bytes) else json.dumps(line) for line in lines)
    path.write_bytes(b"".join((text.encode() if isinstance(text, str) else text) + b"\n" for text in texts))
    return path


def exported(workspace: Workspace, recipe: Recipe, out: Path) -> Exported:
    """Export to the end and return the result."""
    last = list(export(workspace, recipe, out))[-1]
    assert isinstance(last, Exported)
    return last


def rows_of(path: Path) -> list[Any]:
    """Return the rows of a written file."""
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def call(*argv: object) -> Ran:
    """Run the command line in this process."""
    out, err = io.StringIO(), io.StringIO()
    with patch.object(sys, "argv", ["rollout-curator", *map(str, argv)]), redirect_stdout(out), redirect_stderr(err):
        try:
            cli.main()
        except SystemExit as ended:
            code = ended.code
    return Ran(code if isinstance(code, int) else 0, out.getvalue(), err.getvalue())


def environment(**more: str) -> dict[str, str]:
    """Return the environment of a child process that finds the package."""
    return os.environ | {"PYTHONPATH": str(CHECKOUT / "components")} | more


def run(*argv: object, **more: str) -> Ran:
    """Run the command line as a process; `more` are environment variables."""
    command = [sys.executable, "-m", "rollout_curator.cli.main", *map(str, argv)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(**more), timeout=60)
    return Ran(done.returncode, done.stdout, done.stderr)
