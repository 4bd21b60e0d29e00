"""The selection becomes a training file with its manifest, and a manifest is checked against the files it names.

Streams: one rollout is in memory at a time. What is written for a rollout comes from `recipe.example`, the function
the preview calls.
"""

import os
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from rollout_curator import __version__, manifest
from rollout_curator import recipe as recipes
from rollout_curator.errors import CuratorError, ExportError, SourceChanged
from rollout_curator.exports.base import Written, check_target, get, publish
from rollout_curator.index import store
from rollout_curator.index.facts import CHARS_PER_TOKEN
from rollout_curator.recipe import Plan, Recipe
from rollout_curator.selection import ACCEPT, REJECT, Funnel
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


@dataclass(frozen=True, slots=True)
class Check:
    """One claim of a manifest and whether it holds."""

    claim: str
    holds: bool
    detail: str


def export(workspace: Workspace, recipe: Recipe, out: Path) -> Iterator[ExportProgress | Exported]:
    """Write the kept rollouts to `out` and the manifest beside it; the last item yielded is the result.

    Both files appear whole or not at all; closing the generator leaves what was there.
    Raises ExportError and SourceError.
    """
    _check_not_a_source(workspace, out)
    manifest_path = manifest.path_of(out)
    check_target(out)
    plan = recipes.plan(recipe)
    selection, funnel = workspace.select(recipe), workspace.funnel(recipe)
    rows = np.flatnonzero(selection.kept)
    if not len(rows):
        raise ExportError(f"{out}: nothing to write: {funnel.sentence()}; lower the threshold or choose another recipe")
    before = [store.stamp(source.path) for source in workspace.sources]
    with publish(out, manifest_path) as (data, beside):
        lines = _Longest(_lines(workspace, plan, rows))
        for done in get("jsonl").write(lines, data):
            yield ExportProgress(done, len(rows))
        written = data.written()
        inputs = _inputs(workspace, manifest_path.parent)
        if before != [store.stamp(source.path) for source in workspace.sources]:
            raise SourceChanged(f"{out}: a source changed while it was exported, nothing was written; open it again")
        beside.write(manifest.dump(_manifest(workspace, recipe, written, funnel, inputs)))
    has_tools = bool((workspace.frame["n_tools"].to_numpy()[rows] > 0).any())
    longest_tokens = lines.length_bytes // CHARS_PER_TOKEN
    facts = ConfigFacts(str(out), plan.format, has_tools and plan.format == "chat", None, longest_tokens)
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


def _check_not_a_source(workspace: Workspace, out: Path) -> None:
    for source in workspace.sources:
        if out.exists() and out.samefile(source.path):
            raise ExportError(f"{out}: is one of the sources, which are never written; choose another name")


def _lines(workspace: Workspace, plan: Plan, rows: np.ndarray[Any, Any]) -> Iterator[bytes]:
    for row, rollout in workspace.rollouts(rows):
        made = recipes.example(rollout, plan)
        if made.skip:
            raise SourceChanged(
                f"{workspace.where(row)}: is not exportable any more ({made.skip}); open the source again"
            )
        yield recipes.line(made, workspace.metadata(row, plan))


def _inputs(workspace: Workspace, folder: Path) -> list[manifest.Input]:
    return [
        manifest.Input(
            path=manifest.relative(source.path, folder.resolve()),
            name=source.name,
            size_bytes=source.path.stat().st_size,
            sha256=manifest.sha256_of(source.path),
            lines=int(source.header["n_lines"]),
            rollouts=source.n_rollouts,
            problems=int(source.header["n_problems"]),
        )
        for source in workspace.sources
    ]


def _manifest(
    workspace: Workspace, recipe: Recipe, written: Written, funnel: Funnel, inputs: list[manifest.Input]
) -> manifest.Manifest:
    verdicts = workspace.verdicts()
    standing = workspace.standing()
    decisions: dict[str, Any] = {
        "accepted": int(np.count_nonzero(verdicts == ACCEPT)),
        "rejected": int(np.count_nonzero(verdicts == REJECT)),
        "sha256": manifest.digest_of(standing),
        "verdicts": dict(sorted(standing.items())),
    }
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
        decisions=decisions,
        counts=funnel.as_json(),
    )


def command_line(workspace: Workspace, recipe: Recipe, out: Path) -> str:
    """Return the command that writes the same file."""
    words = ["rollout-curator", "export", *(str(source.path) for source in workspace.sources), "--out", str(out)]
    words += ["--target", recipe.target]
    if recipe.format:
        words += ["--format", recipe.format]
    if recipe.min_reward is not None:
        words += ["--min-reward", repr(recipe.min_reward)]
    for name, value in recipe.options.items():
        words += ["--set", f"{name}={str(value).lower() if isinstance(value, bool) else value}"]
    for flag, names in (("--keep", recipe.keep), ("--drop", recipe.drop), ("--metadata", recipe.metadata)):
        for name in names:
            words += [flag, name]
    if workspace.decisions is not None:
        words += ["--decisions", str(workspace.decisions.path)]
    return shlex.join(words)


def verify(path: Path, cache: Path | None = None) -> list[Check]:
    """Recompute everything a manifest says: the file, the sources, the counts and every line of the file.

    Raises ManifestError when the manifest cannot be read.
    """
    content = manifest.load(path)
    out = path.with_name(content["file"])
    checks = [_check_file(out, content)]
    found = []
    for source in content["inputs"]:
        place = Path(path.parent, source["path"])
        checks.append(_check_input(place, source))
        found.append(place)
    if not all(check.holds for check in checks[1:]):
        return checks
    try:
        checks.extend(_check_again(content, out, found, cache))
    except CuratorError as error:
        checks.append(Check("the export can be made again", False, str(error)))
    return checks


def _check_file(out: Path, content: manifest.Manifest) -> Check:
    claim = f"{out.name} is the file that was written"
    if not out.is_file():
        return Check(claim, False, "it is missing; export again")
    found = manifest.sha256_of(out)
    holds = found == content["sha256"]
    return Check(
        claim, holds, f"sha256 {found}" if holds else f"sha256 is {found}, expected {content['sha256']}; export again"
    )


def _check_input(place: Path, source: manifest.Input) -> Check:
    claim = f"source {source['name']} is unchanged"
    if not place.is_file():
        return Check(claim, False, f"{place} is missing")
    found = manifest.sha256_of(place)
    return Check(claim, found == source["sha256"], f"sha256 {found}")


def _check_again(content: manifest.Manifest, out: Path, found: list[Path], cache: Path | None) -> Iterator[Check]:
    """Make the export again from sources, recipe and verdicts of the manifest, and compare line by line."""
    recipe = recipes.from_table(content["recipe"], f"{content['file']} manifest")
    workspace = Workspace.open(found, cache, None)
    try:
        workspace.assume(content["decisions"]["verdicts"])
        digest = manifest.digest_of(content["decisions"]["verdicts"])
        yield Check(
            "the verdicts are those that were counted", digest == content["decisions"]["sha256"], f"sha256 {digest}"
        )
        counts = workspace.funnel(recipe).as_json()
        yield Check("every count is the same", counts == content["counts"], _difference(counts, content["counts"]))
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
        detail = f"{same:,} of {content['rows']:,} rows are the same" + (
            f", row {wrong:,} is the first that is not" if wrong else ""
        )
        yield Check(
            "the file holds exactly what these sources and this recipe give",
            not wrong and same == content["rows"],
            detail,
        )
        yield Check(
            f"written by version {__version__}", content["version"] == __version__, f"version {content['version']}"
        )
    finally:
        workspace.close()


def _difference(found: dict[str, Any], expected: dict[str, Any]) -> str:
    different = [name for name in expected if found.get(name) != expected[name]]
    return (
        "; ".join(f"{name} is {found.get(name)}, expected {expected[name]}" for name in different) or "all counts agree"
    )
