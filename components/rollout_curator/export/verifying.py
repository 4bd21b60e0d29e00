"""Checking an export: everything its manifest says is worked out again from the sources, and compared.

The sources are indexed anew, so that no cache is trusted.
"""

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from rollout_curator import __version__
from rollout_curator.errors import CuratorError, ManifestError
from rollout_curator.export.choice import Chosen, ExportPart, choose
from rollout_curator.export.losses import left_out, report_blocks, rows_written
from rollout_curator.export.manifest_checks import over_fits, stated
from rollout_curator.export.stream import Stream
from rollout_curator.export.training_checks import checks_of
from rollout_curator.export.writing import input_of
from rollout_curator.files import manifest
from rollout_curator.files.manifest import Check
from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.sources.find import Found
from rollout_curator.training.file_types.base import get
from rollout_curator.workspace.workspace import Workspace

HOLDS_EXACTLY = "file content matches sources + recipe"
NO_ROWS = np.empty(0, dtype=np.int64)


def verify(path: Path) -> list[Check]:
    """Recompute everything a manifest says: the files, the sources, the counts and every line of the files.

    Raises ManifestError when the manifest cannot be read.
    """
    content = manifest.load(path)
    checks = [manifest.check_file(path.with_name(each["file"]), each) for each in manifest.files(content)]
    sources = [manifest.check_input(place, source) for place, source in inputs_of(path, content)]
    checks += sources
    if not all(check.holds for check in sources):
        reason = "not checked: a source is missing or changed; restore it, or export again"
        return [*checks, Check(HOLDS_EXACTLY, False, reason)]
    try:
        checks.extend(_check_again(content, path))
    except CuratorError as error:
        checks.append(Check("export is reproducible", False, str(error)))
    return checks


def inputs_of(path: Path, content: manifest.Manifest) -> list[tuple[Path, manifest.Input]]:
    """Return where the sources of a manifest lie, with what it says of each."""
    return [(Path(path.parent.resolve(), source["path"]), source) for source in content["inputs"]]


@contextmanager
def reopened(path: Path, content: manifest.Manifest, cache: Path) -> Iterator[Workspace]:
    """Open the sources of a manifest with its verdicts and marks. Raises ManifestError when it names no source."""
    found = [Found(Path(os.path.abspath(place)), source["name"]) for place, source in inputs_of(path, content)]
    if not found:
        raise ManifestError(f"manifest of {content['file']}: it lists no source; export again")
    with closing(Workspace(found, cache, None)) as workspace:
        workspace.require_rollouts()
        workspace.assume(content["decisions"]["verdicts"], manifest.marks_of(content))
        yield workspace


def _check_again(content: manifest.Manifest, path: Path) -> Iterator[Check]:
    """Make the export again from sources, recipe and verdicts of the manifest, and compare line by line."""
    recipe = recipes.from_table(content["recipe"], f"recipe of {content['file']}")
    with (
        tempfile.TemporaryDirectory(prefix="rollout-curator-") as folder,
        reopened(path, content, Path(folder)) as workspace,
    ):
        digest = manifest.digest_of(content["decisions"]["verdicts"], manifest.marks_of(content))
        chosen = choose(workspace, recipe, content["decisions"].get("over", {}))
        same_verdicts = digest == content["decisions"]["sha256"]
        if not over_fits(content["decisions"], chosen):
            same_verdicts, digest = False, f"{digest}; over names rollouts that were not chosen over others"
        yield Check("verdicts match the counts", same_verdicts, f"sha256 {digest}")
        inputs = [input_of(source, "", path.parent) for source in workspace.sources]
        paired = None if chosen.paired is None else chosen.paired.as_json()
        lost = left_out(workspace, recipe, rows_written(workspace, chosen))
        more: dict[str, Any] = {"split": chosen.split, "pairs": paired, "left_out": lost}
        more |= {"round_trip": _trip(recipe, chosen), "max_length": _length(content, workspace, recipe, chosen)}
        told = {name: content.get(name) for name in more}
        for name in ("round_trip", "left_out"):
            told[name] = told[name] if name in content else more[name]  # older versions did not count these
        if paired is not None and "sides" not in (content.get("pairs") or ()):
            paired.pop("sides", None)  # older versions did not measure these, nor what dropped nobody
        told_counts = {"dropped_nobody": chosen.funnel.as_json()["dropped_nobody"], **content["counts"]}
        expected = _counts(told_counts, content["decisions"], content["inputs"], told)
        counts = _counts(chosen.funnel.as_json(), chosen.reviewed, inputs, more)
        if content["version"] != __version__:
            counts, expected = _without_words(counts), _without_words(expected)
        yield Check("all counts match", counts == expected, _difference(counts, expected))
        yield from stated(content, path, inputs_of(path, content), chosen)
        yield from _reports(content, path, workspace, recipe, chosen)
        parts = manifest.example_files(content)
        named = {each["part"] for each in parts}
        for part in chosen.parts:
            if len(part.units) and part.name not in named:
                words = f"the manifest lists no file for its {len(part.units):,} examples; export again"
                yield Check(f"{part.name or 'the export'} has a file", False, words)
        for each in parts:
            part = next((part for part in chosen.parts if part.name == each["part"]), ExportPart(each["part"], NO_ROWS))
            written = _written(recipe, path.with_name(each["file"]))
            check = _check_rows(
                Stream(workspace, recipe, part, chosen.marks), written, each["rows"], content["version"]
            )
            yield replace(check, claim=f"{each['file']}: {check.claim}") if len(parts) > 1 else check


def _reports(
    content: manifest.Manifest, path: Path, workspace: Workspace, recipe: Recipe, chosen: Chosen
) -> Iterator[Check]:
    """Make the report again and compare line by line."""
    for each in content.get("others", ()):
        if each["part"] == "report":
            blocks = report_blocks(workspace, recipe, chosen, with_length="max_length" in content)
            lines = chain.from_iterable(blocks)
            check = _check_rows(lines, _lines(path.with_name(each["file"])), each["rows"], content["version"])
            yield replace(check, claim=f"{each['file']} matches the outcome of every rollout")


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with open(path, "rb") as file:
            yield from file
    except OSError:
        return


def _check_rows(stream: Iterable[bytes], written: Iterator[bytes], n_rows: int, version: str) -> Check:
    """Compare the lines of a file with those its part gives."""
    same, wrong = 0, 0
    for line in stream:
        if next(written, None) == line:
            same += 1
        else:
            wrong = wrong or same + 1
    wrong = wrong or (same + 1 if next(written, None) is not None else 0)
    detail = f"{same:,} of {n_rows:,} examples are the same"
    if wrong:
        detail += f", example {wrong:,} is the first that differs"
    if version != __version__:
        detail += f"; written by version {version}, this is {__version__}"
    return Check(HOLDS_EXACTLY, not wrong and same == n_rows, detail)


def _length(content: manifest.Manifest, workspace: Workspace, recipe: Recipe, chosen: Chosen) -> dict[str, Any] | None:
    """Return how many examples exceed the limit, None where the manifest does not say; older versions did not."""
    length = checks_of(workspace, recipe, chosen).length if "max_length" in content else None
    return None if length is None else length.as_json()


def _trip(recipe: Recipe, chosen: Chosen) -> manifest.RoundTrip:
    return {"loader": recipe.target, "rows": chosen.n_units, "same": chosen.n_units}


def _written(recipe: Recipe, path: Path) -> Iterator[bytes]:
    """Yield the lines of a file; one that is missing or broken ends early."""
    try:
        yield from get(recipe.kind).lines(path)
    except (OSError, ValueError):
        return


def _counts(
    funnel: dict[str, Any],
    reviewed: manifest.Reviewed,
    inputs: Iterable[manifest.Input],
    more: dict[str, Any],
) -> dict[str, Any]:
    """Return every count of a manifest in one table."""
    sizes = {
        f"{source['name']}: {name}": source[name]
        for source in inputs
        for name in ("size_bytes", "lines", "rollouts", "problems")
    }
    more = {name: value for name, value in more.items() if value is not None}
    return {**funnel, "accepted": reviewed["accepted"], "rejected": reviewed["rejected"], **sizes, **more}


def _without_words(counts: dict[str, Any]) -> dict[str, Any]:
    """Return counts without the words beside some of them, which another version may say in other words."""
    lost = {kind: {**one, "by": ""} for kind, one in counts.get("left_out", {}).items()}
    return {**counts, "dropped_nobody": list(counts["dropped_nobody"]), "left_out": lost}


def _difference(found: dict[str, Any], expected: dict[str, Any]) -> str:
    different = [name for name in {**expected, **found} if found.get(name) != expected.get(name)]
    words = (f"{name} is {found.get(name)}, the manifest says {expected.get(name)}" for name in different)
    return "; ".join(words) or "no difference"
