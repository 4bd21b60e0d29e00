"""The hostile corpus under `check`: no bad line kept, no good line lost, no hang, no traceback.

By default a part runs, chosen to hold every kind of damage. `make drills` (DRILLS=full) takes the whole,
the files that unpack to gigabytes too.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import rollout_curator

DRILLS = Path(__file__).parents[2].parent / "shared" / "drills"
COMPONENTS = str(Path(rollout_curator.__file__).parents[1])
WHOLE = os.environ.get("DRILLS") == "full"
PARTS = ["ok/", "enc/", "json/", "reward/", "shape/", "text/", "comp/", "names/", "special/"]
QUICK = ["ok/b", "ok/u", "ok/gz_m", "ok/zst_m", "enc/", "json/a", "json/d", "json/m", "json/p", "reward/", "shape/"]
QUICK += ["comp/tr", "comp/w", "names/b", "special/"]

DOCUMENTS = {
    "json/array_file.jsonl": [1, 2],
    "json/array_pretty.jsonl": [1, 2],
    "json/pretty.jsonl": [1],
    "enc/cr_only.jsonl": [1, 2],
}
"""What the corpus asks to be refused because it is not JSON Lines, and is read as a document: its records."""

pytestmark = [
    pytest.mark.drill,
    pytest.mark.shared,
    pytest.mark.skipif(not DRILLS.is_dir(), reason="the drills are not beside this checkout"),
    pytest.mark.skipif(os.name != "posix", reason="the drills need POSIX"),
]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the hostile corpus."""
    folder = tmp_path_factory.mktemp("corpus")
    size = [] if WHOLE else ["--no-big"]
    subprocess.run([sys.executable, str(DRILLS / "make_corpus.py"), str(folder), *size], check=True)
    expected = json.loads((folder / "EXPECT.json").read_bytes())
    for entry in expected["files"]:
        if entry["path"] in DOCUMENTS:
            entry.update(verdict="ok", good=DOCUMENTS[entry["path"]], bad={}, notes=[])
    (folder / "EXPECT.json").write_text(json.dumps(expected))
    return folder


@pytest.mark.parametrize("part", [*PARTS, "big/"] if WHOLE else QUICK)
def test_every_line_of_a_hostile_file_is_judged(corpus: Path, tmp_path: Path, part: str) -> None:
    check = f"{sys.executable} -m rollout_curator.cli.main check {{file}} --json --cache-dir {tmp_path}"
    command = [sys.executable, str(DRILLS / "corpus_check.py"), str(corpus), "--only", part, "--cmd", check]
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": COMPONENTS}, capture_output=True, text=True)
    assert (done.returncode, done.stdout.endswith(", 0 with findings\n")) == (0, True), done.stdout + done.stderr
    assert not done.stdout.startswith("0 files")
