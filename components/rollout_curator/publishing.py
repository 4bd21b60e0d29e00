"""The selection becomes a training file with its manifest, and a manifest is checked against the files it names.

Streams: one rollout is in memory at a time. What is written for a rollout comes from `recipe.example`, the function
the preview calls.
"""

import os
import tempfile
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import wait
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from rollout_curator import __version__, manifest
from rollout_curator import recipe as recipes
from rollout_curator.command import command_line
from rollout_curator.errors import CuratorError, ExportError, ManifestError, SourceChanged
from rollout_curator.exports.base import Written, check_target, get, publish
from rollout_curator.index import store
from rollout_curator.index.facts import CHARS_PER_TOKEN
from rollout_curator.index.source import Source
from rollout_curator.manifest import Check
from rollout_curator.recipe import Plan, Recipe
from rollout_curator.selection import ACCEPT, REJECT, Funnel
from rollout_curator.sources import Found
from rollout_curator.targets.base import ConfigFacts
from rollout_curator.workspace import Workspace


@dataclass(frozen=True, slots=True)
class ExportProgress:
    """How many of the rollouts are written."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export wrote; `config` is the trainer's, `command` does the same on the command line."""

    path: Path
    manifest_path: Path
    rows: int
    size_bytes: int
    sha256: str
    funnel: Funnel
    config: str
    command: str


def export(workspace: Workspace, recipe: Recipe, out: Path) -> Generator[ExportProgress | Exported, None, None]:
    """Write the kept rollouts to `out` and the manifest beside it; the last item yielded is the result.

    Both files appear whole or not at all; closing the generator leaves what was there.
    Raises ExportError and SourceError.
    """
    manifest_path = manifest.path_of(out)
    store_path = workspace.decisions.path if workspace.decisions else None
    check_out(out, [file.path for file in workspace.found], store_path)
    plan = recipes.plan(recipe)
    _check_unchanged(workspace, out)
    chosen = _choose(workspace, recipe)
    rows, funnel = chosen.rows, chosen.funnel
    if not len(rows):
        raise ExportError(f"{out}: nothing to write: {funnel.sentence()}; lower the threshold or choose another recipe")
    sources = [source.path for source in workspace.sources]
    with publish(out, manifest_path) as (data, beside), manifest.hashed(sources) as digests:
        lines = _Longest(_lines(workspace, plan, rows))
        for done in get("jsonl").write(lines, data):
            yield ExportProgress(done, len(rows))
        written = data.written()
        while not digests.done():
            yield ExportProgress(len(rows), len(rows))
            wait([digests], timeout=0.05)
        inputs = [_input(*pair, manifest_path.parent) for pair in zip(workspace.sources, digests.result(), strict=True)]
        _check_unchanged(workspace, out)
        beside.write(manifest.dump(_manifest(recipe, written, chosen, inputs)))
    has_tools = plan.format == "chat" and bool((workspace.column("n_tools")[rows] > 0).any())
    longest_tokens = lines.length_bytes // CHARS_PER_TOKEN
    facts = ConfigFacts(str(out), plan.format, has_tools, None, longest_tokens, recipe.max_tokens)
    yield Exported(
        path=out,
        manifest_path=manifest_path,
        rows=written.rows,
        size_bytes=written.size_bytes,
        sha256=written.sha256,
        funnel=funnel,
        config=plan.target.config(facts),
        command=command_line(workspace, recipe, out),
    )


class _Longest:
    """Passes lines on and remembers the length of the longest."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines = lines
        self.length_bytes = 0

    def __iter__(self) -> Iterator[bytes]:
        for line in self._lines:
            self.length_bytes = max(self.length_bytes, len(line))
            yield line


def check_out(out: Path, sources: Iterable[Path], decisions: Path | None) -> None:
    """Raise ExportError, before any long work, when `out` is one of these files or cannot be written."""
    for path in (out, manifest.path_of(out)):
        if any(_is_same(path, source) for source in sources):
            raise ExportError(f"{path}: is one of the sources, which are never written; choose another name")
        if decisions is not None and _is_same(path, decisions):
            raise ExportError(f"{path}: is the review store, which no export replaces; choose another name")
    if out.suffix in (".gz", ".zst"):
        raise ExportError(f"{out}: exports are written plain, name a .jsonl file; compress it afterwards if you wish")
    check_target(out)


def _is_same(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except OSError:
        return False


def _check_unchanged(workspace: Workspace, out: Path) -> None:
    for source in workspace.sources:
        if store.stamp(source.path) != store.Stamp(**source.header["stamp"]):
            raise SourceChanged(f"{out}: nothing was written: {source.name} changed since it was opened; open it again")


@dataclass(frozen=True, slots=True)
class _Chosen:
    """What is exported and why, all as of one moment."""

    rows: np.ndarray[Any, Any]
    funnel: Funnel
    reviewed: manifest.Reviewed


def _choose(workspace: Workspace, recipe: Recipe) -> _Chosen:
    """Return what is exported; looks again when somebody decided meanwhile, so that rows and verdicts fit."""
    while True:
        version = workspace.refresh_decisions()
        rows = np.flatnonzero(workspace.select(recipe).kept)
        chosen = _Chosen(rows, workspace.funnel(recipe), _reviewed(workspace))
        if workspace.refresh_decisions() == version:
            return chosen


def _reviewed(workspace: Workspace) -> manifest.Reviewed:
    verdicts, standing = workspace.verdicts(), workspace.standing()
    return {
        "accepted": int(np.count_nonzero(verdicts == ACCEPT)),
        "rejected": int(np.count_nonzero(verdicts == REJECT)),
        "sha256": manifest.digest_of(standing),
        "verdicts": dict(sorted(standing.items())),
    }


def _lines(workspace: Workspace, plan: Plan, rows: np.ndarray[Any, Any]) -> Iterator[bytes]:
    for row, rollout in workspace.rollouts(rows):
        made = recipes.example(rollout, plan)
        if made.skip:
            raise SourceChanged(
                f"{workspace.where(row)}: is not exportable any more ({made.skip}); open the source again"
            )
        yield recipes.line(made, workspace.metadata(row, plan))


def _input(source: Source, sha256: str, folder: Path) -> manifest.Input:
    return {
        "path": manifest.relative(source.path, folder.resolve()),
        "name": source.name,
        "size_bytes": int(source.header["stamp"]["size"]),
        "sha256": sha256,
        "lines": int(source.header["n_lines"]),
        "rollouts": source.n_rollouts,
        "problems": int(source.header["n_problems"]),
    }


def _manifest(recipe: Recipe, written: Written, chosen: _Chosen, inputs: list[manifest.Input]) -> manifest.Manifest:
    return manifest.Manifest(
        schema=manifest.SCHEMA,
        tool="rollout-curator",
        version=__version__,
        file=written.path.name,
        sha256=written.sha256,
        size_bytes=written.size_bytes,
        rows=written.rows,
        inputs=inputs,
        recipe=recipes.to_table(replace(recipe, sources=())),
        decisions=chosen.reviewed,
        counts=chosen.funnel.as_json(),
    )


def verify(path: Path) -> list[Check]:
    """Recompute everything a manifest says: the file, the sources, the counts and every line of the file.

    The sources are indexed anew, so that no cache is trusted.

    Raises ManifestError when the manifest cannot be read.
    """
    content = manifest.load(path)
    out = path.with_name(content["file"])
    checks = [manifest.check_file(out, content)]
    found = []
    for source in content["inputs"]:
        place = Path(path.parent.resolve(), source["path"])
        checks.append(manifest.check_input(place, source))
        found.append(Found(Path(os.path.abspath(place)), source["name"]))
    if not all(check.holds for check in checks[1:]):
        reason = "not checked, because a source is missing or changed; bring it back, or export again"
        return [*checks, Check("the file holds exactly what these sources and this recipe give", False, reason)]
    try:
        checks.extend(_check_again(content, out, found))
    except CuratorError as error:
        checks.append(Check("the export can be made again", False, str(error)))
    return checks


def _check_again(content: manifest.Manifest, out: Path, found: list[Found]) -> Iterator[Check]:
    """Make the export again from sources, recipe and verdicts of the manifest, and compare line by line."""
    if not found:
        raise ManifestError(f"manifest of {content['file']}: it names no source; export again")
    recipe = recipes.from_table(content["recipe"], f"recipe of {content['file']}")
    with tempfile.TemporaryDirectory(prefix="rollout-curator-") as folder:
        workspace = Workspace(found, Path(folder), None)
        try:
            workspace.require_rollouts()
            workspace.assume(content["decisions"]["verdicts"])
            digest = manifest.digest_of(content["decisions"]["verdicts"])
            same_verdicts = digest == content["decisions"]["sha256"]
            yield Check("the verdicts are those that were counted", same_verdicts, f"sha256 {digest}")
            inputs = [_input(source, "", out.parent) for source in workspace.sources]
            counts = _counts(workspace.funnel(recipe).as_json(), _reviewed(workspace), inputs)
            expected = _counts(content["counts"], content["decisions"], content["inputs"])
            yield Check("every count is the same", counts == expected, _difference(counts, expected))
            plan = recipes.plan(recipe)
            rows = np.flatnonzero(workspace.select(recipe).kept)
            same, wrong = 0, 0
            with open(out if out.is_file() else os.devnull, "rb") as written:
                for line in _lines(workspace, plan, rows):
                    if written.readline() == line:
                        same += 1
                    else:
                        wrong = wrong or same + 1
                wrong = wrong or (same + 1 if written.readline() else 0)
            detail = f"{same:,} of {content['rows']:,} rows are the same"
            if wrong:
                detail += f", row {wrong:,} is the first that is not"
            if content["version"] != __version__:
                detail += f"; written by version {content['version']}, this is {__version__}"
            claim = "the file holds exactly what these sources and this recipe give"
            yield Check(claim, not wrong and same == content["rows"], detail)
        finally:
            workspace.close()


def _counts(funnel: dict[str, Any], reviewed: manifest.Reviewed, inputs: Iterable[manifest.Input]) -> dict[str, Any]:
    """Return every count of a manifest in one table."""
    sizes = {
        f"{source['name']}: {name}": source[name]
        for source in inputs
        for name in ("size_bytes", "lines", "rollouts", "problems")
    }
    return {**funnel, "accepted": reviewed["accepted"], "rejected": reviewed["rejected"], **sizes}


def _difference(found: dict[str, Any], expected: dict[str, Any]) -> str:
    different = [name for name in {**expected, **found} if found.get(name) != expected.get(name)]
    words = (f"{name} is {found.get(name)}, the manifest says {expected.get(name)}" for name in different)
    return "; ".join(words) or "all counts agree"
