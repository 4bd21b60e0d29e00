"""Where an export goes: the names of its files, and what they must never be."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from rollout_curator.errors import ExportError
from rollout_curator.files import manifest
from rollout_curator.files.atomic import check_target
from rollout_curator.files.manifest import MANIFEST_SUFFIX
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.selection.splits.split import PARTS
from rollout_curator.training.file_types.base import file_types, get

CARD_MARK = "<!-- written by rollout-curator -->"
_CARD_NAME = re.compile(r"[^/\\\0]+\.md")


def paths_of(out: Path, recipe: Recipe) -> dict[str, Path]:
    """Return the file of each part: `out` itself under "", or with a split `out.train.jsonl` and so on."""
    if recipe.split is None:
        return {"": out}
    asked = [name for name in PARTS if name == PARTS[0] or getattr(recipe.split, name)]
    return {name: out.with_name(f"{out.stem}.{name}{out.suffix}") for name in asked}


def control_paths(out: Path, seeds: Sequence[int]) -> dict[int, Path]:
    """Return where the random controls of a selection go, beside its file; of several each has its seed in its name."""
    several = len(set(seeds)) > 1
    return {seed: out.with_name(f"{out.stem}.control{f'-{seed}' if several else ''}{out.suffix}") for seed in seeds}


def card_path(out: Path, name: str) -> Path:
    """Return where the data card goes: a name ending in .md in the folder of `out`. Raises ExportError."""
    if not _CARD_NAME.fullmatch(name) or name.startswith("."):
        raise ExportError(
            f"{name}: the dataset card needs a name that ends in .md (e.g. README.md), in the folder of the file"
        )
    return out.with_name(name)


def report_path(out: Path, name: str) -> Path:
    """Return where the report on every rollout goes: a .jsonl file in the folder of `out`. Raises ExportError."""
    path = Path(name)
    if path.suffix != ".jsonl" or path.name.startswith("."):
        raise ExportError(f"{name}: the report needs a name that ends in .jsonl (e.g. rows.jsonl)")
    if path.name != name and path.parent.resolve() != out.parent.resolve():
        raise ExportError(f"{name}: the report is written next to {out.name}; choose a name in that folder")
    return out.with_name(path.name)


def beside_of(out: Path, card: str, report: str) -> dict[str, Path]:
    """Return where the report and the card go, as far as they are asked for, in the order they are written."""
    there = {"report": report_path(out, report)} if report else {}
    return there | ({"card": card_path(out, card)} if card else {})


def usual_card(out: Path) -> str:
    """Return the name a data card has unless told otherwise."""
    return f"{out.stem}.card.md"


def usual_report(out: Path) -> str:
    """Return the name a report has unless told otherwise."""
    return f"{out.stem}.report.jsonl"


def check_out(
    out: Path,
    sources: Iterable[Path],
    decisions: Path | None,
    recipe: Recipe | None = None,
    card: str = "",
    report: str = "",
) -> None:
    """Raise ExportError, before any long work, when a file to be is one of these or cannot be written."""
    if not out.name:
        raise ExportError(f"{out}: is not a file name; choose a name for the training file")
    recipe, sources = recipe or Recipe(), list(sources)
    paths = [*paths_of(out, recipe).values(), manifest.path_of(out)]
    beside = [*beside_of(out, card, report).values()]
    if out.name.endswith(MANIFEST_SUFFIX):
        raise ExportError(f"{out}: is a manifest name; choose another name for the training file")
    for path in beside:
        if path in paths:
            raise ExportError(
                f"{path}: cannot be the training file and another file of the export; choose another name"
            )
    for path in (*paths, *beside):
        if any(_is_same(path, source) for source in sources):
            raise ExportError(f"{path}: is a source file and will not be overwritten; choose another name")
        if decisions is not None and _is_same(path, decisions):
            raise ExportError(f"{path}: is the review store and will not be overwritten; choose another name")
    _check_suffix(out, recipe)
    for path in (*paths[:-1], *beside):
        check_target(path)


def _check_suffix(out: Path, recipe: Recipe) -> None:
    if out.suffix in (".gz", ".zst"):
        raise ExportError(f"{out}: exports are uncompressed; use .jsonl and compress it afterwards")
    kind, suffixes = get(recipe.kind), {row.suffix: row.name for row in file_types().values()}
    if suffixes.get(out.suffix, "jsonl") != kind.name:
        raise ExportError(
            f"{out}: the name of a {kind.title} file ends in {kind.suffix}; use that, or choose another file format"
        )


def _is_same(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except (OSError, ValueError):  # a name that no file can have
        return False
