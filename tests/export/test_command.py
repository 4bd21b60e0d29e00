"""The command that makes an export again: it names what was opened."""

import shlex
from pathlib import Path

from making import call, gym, write


def test_the_command_names_the_folder_that_was_opened(tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    folder.mkdir()
    for name in ("a", "b"):
        write(folder / f"{name}.jsonl", [gym(name)])
    made = call("export", folder, "--out", tmp_path / "sft.jsonl", "--json").json
    words = shlex.split(made["command"])
    assert words[:5] == ["rollout-curator", "export", str(folder), "--out", str(tmp_path / "sft.jsonl")]
