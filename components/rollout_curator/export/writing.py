"""Writing an export: every part, then its data card, then the manifest, all of which appear together or not at all."""

import os
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import wait
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rollout_curator import __version__
from rollout_curator.errors import ExportError, SourceChanged, SplitError
from rollout_curator.export.card_facts import control_words, described, pair_notes
from rollout_curator.export.choice import Chosen, choosing
from rollout_curator.export.config_facts import config_for
from rollout_curator.export.losses import left_out, report_blocks, rows_written, store_of, unknown_harmless
from rollout_curator.export.overwrite_guard import ExportGuard, guard_of
from rollout_curator.export.paths import beside_of, check_out, paths_of
from rollout_curator.export.progress import ExportProgress, ExportSteps
from rollout_curator.export.settings import Settings, command_of
from rollout_curator.export.stream import Stream
from rollout_curator.export.training_checks import TrainingChecks, checks_of
from rollout_curator.files import manifest
from rollout_curator.files.atomic import AtomicFile, Written, publish
from rollout_curator.index import store
from rollout_curator.index.source import Source
from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.selection.funnel import Funnel
from rollout_curator.selection.splits.split import Split
from rollout_curator.selection.splits.split_report import fault, sentences
from rollout_curator.training.file_types.base import get
from rollout_curator.workspace.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export wrote; `config` is the trainer's, `command` does the same on the command line.

    `path`, `size_bytes` and `sha256` are those of the training file, `rows` counts those of all files; `files` are all
    that were written but the manifest. `content` is the manifest; `copies` counts the kept copies.
    """

    path: Path
    manifest_path: Path
    rows: int
    size_bytes: int
    sha256: str
    funnel: Funnel = field(repr=False)
    config: str = field(repr=False)
    command: str = field(repr=False)
    files: tuple[manifest.Beside, ...] = field(repr=False)
    content: manifest.Manifest = field(repr=False)
    copies: int
    checks: TrainingChecks
    notes: tuple[str, ...] = ()


def export(
    workspace: Workspace,
    recipe: Recipe,
    out: Path,
    settings: Settings = Settings(),  # noqa: B008 frozen
) -> Generator[ExportProgress | Exported, None, None]:
    """Write the kept rollouts to `out` and the manifest beside it; the last item yielded is the result.

    All files appear whole or not at all; closing the generator leaves what was there. Raises SourceError and
    ExportError, as FileInTheWay where a file that this program did not write would be replaced.
    """
    guard = _begin(workspace, recipe, out, settings)
    chosen = yield from choosing(workspace, recipe, settings.over)
    _require_rows(out, recipe, chosen)
    checks = checks_of(workspace, recipe, chosen)
    paths = paths_of(out, recipe)
    others = beside_of(out, settings.card, settings.report)
    manifest_path = manifest.path_of(out)
    streams = [Stream(workspace, recipe, part, chosen.marks, settings.workers) for part in chosen.parts]
    with ExitStack() as stack:
        *files, beside = stack.enter_context(
            publish(*paths.values(), *others.values(), manifest_path, lock=out, guard=guard)
        )
        digests = stack.enter_context(manifest.hashed([source.path for source in workspace.sources]))
        yield from _write_parts(streams, files, recipe, chosen.n_units)
        while not digests.done():
            yield ExportProgress(chosen.n_units, chosen.n_units, chosen.n_units)
            wait([digests], timeout=0.05)
        inputs = [
            input_of(*pair, manifest_path.parent) for pair in zip(workspace.sources, digests.result(), strict=True)
        ]
        _check_unchanged(workspace, out)
        written = {name: file.written() for name, file in zip(paths, files, strict=False)}
        content = _manifest(recipe, written, chosen, inputs)
        content["left_out"] = left_out(workspace, recipe, rows_written(workspace, chosen))
        if checks.length is not None:
            content["max_length"] = checks.length.as_json()
        content["store"] = store_of(workspace, chosen, out.parent)
        opened = dict(zip(others, files[len(paths) :], strict=True))
        yield from _write_others(workspace, recipe, chosen, content, opened)
        beside.write(manifest.dump(content))
    main = paths[next(iter(paths))]
    yield Exported(
        path=main,
        manifest_path=manifest_path,
        rows=chosen.n_units,
        size_bytes=content["size_bytes"],
        sha256=content["sha256"],
        funnel=chosen.funnel,
        config=config_for(workspace, recipe, chosen, paths, settings, checks.length),
        command=command_of(workspace, recipe, out, settings),
        files=tuple(manifest.files(content)),
        content=content,
        copies=chosen.copies,
        checks=checks,
        notes=(
            *_length_notes(checks),
            *_notes(workspace, recipe, chosen, streams),
            *_left_over(out, paths, workspace),
            *guard.replaced(),
        ),
    )


def _begin(workspace: Workspace, recipe: Recipe, out: Path, settings: Settings) -> ExportGuard:
    """Return the guard of an export that can be written. Raises SourceError, RecipeError and ExportError."""
    store_path = workspace.decisions.path if workspace.decisions else None
    check_out(out, [file.path for file in workspace.found], store_path, recipe, settings.card, settings.report)
    recipes.plan(recipe)
    guard = guard_of(out, recipe, settings)
    guard.check()
    _check_unchanged(workspace, out)
    return guard


def _write_others(
    workspace: Workspace,
    recipe: Recipe,
    chosen: Chosen,
    content: manifest.Manifest,
    files: Mapping[str, AtomicFile],
) -> ExportSteps[None]:
    """Write the files beside the training files, and name each in the content of the manifest."""
    for name, file in files.items():
        if name == "report":
            yield from _write_report(workspace, recipe, chosen, file)
        else:
            card = described(workspace, recipe, chosen, content, file.path.parent)
            file.write(card.encode("utf-8", "replace"))
        content["others"] = [*content.get("others", ()), _beside(name, file.written())]


def _write_parts(
    streams: Sequence[Stream], files: Sequence[AtomicFile], recipe: Recipe, total: int
) -> ExportSteps[None]:
    """Write each part, then read it again and compare."""
    kind, n_before = get(recipe.kind), 0
    for stream, file in zip(streams, files, strict=False):  # a data card may follow the parts
        for done in kind.write(stream, file):
            yield ExportProgress(n_before + done, total, n_before)
        for checked in stream.read_again(kind, file):
            yield ExportProgress(n_before + file.rows, total, n_before + checked)
        n_before += file.rows


def _write_report(workspace: Workspace, recipe: Recipe, chosen: Chosen, file: AtomicFile) -> ExportSteps[None]:
    """Write what became of every rollout."""
    n = chosen.n_units
    for lines in report_blocks(workspace, recipe, chosen):
        file.write(b"".join(lines), rows=len(lines))
        yield ExportProgress(n, n, n)


def _require_rows(out: Path, recipe: Recipe, chosen: Chosen) -> None:
    if recipe.split is not None and chosen.split is not None and (why := fault(chosen.split, recipe.split)):
        raise SplitError(f"{out}: {why}")
    if len(chosen.parts[0].units):
        return
    if chosen.paired is not None and chosen.funnel.exportable and not chosen.n_units:
        raise ExportError(f"{out}: nothing to write: {chosen.paired.sentence()}; choose another rule for pairs")
    said = chosen.funnel.sentence()
    raise ExportError(f"{out}: nothing to write: {said}; lower the threshold or choose another recipe")


def _notes(workspace: Workspace, recipe: Recipe, chosen: Chosen, streams: Sequence[Stream]) -> list[str]:
    """Return what the user should know of copies, a control, a split, pairs, hazards or columns, in sentences."""
    notes = [*([chosen.copies_sentence()] if chosen.copies else []), *control_words(workspace, recipe)]
    notes += pair_notes(recipe, chosen, advises=True)
    if recipe.split is not None and chosen.split is not None:
        sizes = ", ".join(f"{counts['rows']:,} {name}" for name, counts in chosen.split["parts"].items())
        left_out = chosen.split["left_out"]
        tied = f"; {left_out:,} in no split, because they were split from their family" if left_out else ""
        notes.append(" ".join([f"{sizes}{tied}.", *sentences(chosen.split)]))
    notes += filter(None, [recipes.plan(recipe).look.words])
    return [*notes, *unknown_harmless(workspace, recipe), *_late_columns(recipe, streams)]


def _length_notes(checks: TrainingChecks) -> list[str]:
    """Return how many examples exceed the limit, and what would hold them all."""
    length = checks.length
    if length is None or length.holds:
        return []
    more = f"; {length.fits_all:,} hold all" if length.fits_all else ""
    return [f"{length.sentence()}{more}."]


def _late_columns(recipe: Recipe, streams: Sequence[Stream]) -> list[str]:
    """Return what to do where the first 10 MB of a file lack what later rows have."""
    late = sorted({stream.columns.late for stream in streams if stream.columns.late})
    if recipe.kind == "parquet":
        return []
    if any(stream.columns.is_dates for stream in streams):
        return ["Every text looks like a date, and Hugging Face datasets converts them to dates: export as parquet."]
    if not late:
        return []
    return [
        "Hugging Face datasets takes the columns of a file from its first 10 MB and stops at later rows with more, "
        f"here in {', '.join(late)}: export as parquet, whose columns are written in the file."
    ]


def _left_over(out: Path, written: Mapping[str, Path], workspace: Workspace) -> list[str]:
    """Return a sentence for each file that an earlier export to `out` may have written, and this one did not."""
    everything = Recipe(split=Split(0.1, 0.1))
    others = {out, *paths_of(out, everything).values()} - {*written.values(), *(file.path for file in workspace.found)}
    there = sorted(path.name for path in others if os.path.exists(path))  # a name too long is none that exists
    return [f"{name} also exists but is not part of this export: delete it if it is left over." for name in there]


def _check_unchanged(workspace: Workspace, out: Path) -> None:
    for source in workspace.sources:
        if store.stamp(source.path) != store.Stamp(**source.header["stamp"]):
            raise SourceChanged(f"{out}: nothing was written: {source.name} changed since it was opened; open it again")


def input_of(source: Source, sha256: str, folder: Path) -> manifest.Input:
    """Return what a manifest in a folder says of a source."""
    return {
        "path": manifest.relative(source.path, folder.resolve()),
        "name": source.name,
        "size_bytes": int(source.header["stamp"]["size"]),
        "sha256": sha256,
        "lines": int(source.header["n_lines"]),
        "rollouts": source.n_rollouts,
        "problems": int(source.header["n_problems"]),
    }


def _beside(part: str, written: Written) -> manifest.Beside:
    return {
        "part": part,
        "file": written.path.name,
        "sha256": written.sha256,
        "size_bytes": written.size_bytes,
        "rows": written.rows,
    }


def _manifest(
    recipe: Recipe, written: Mapping[str, Written], chosen: Chosen, inputs: list[manifest.Input]
) -> manifest.Manifest:
    first, *others = [_beside(name, one) for name, one in written.items()]
    content = manifest.Manifest(
        schema=manifest.SCHEMA,
        tool="rollout-curator",
        version=__version__,
        file=first["file"],
        sha256=first["sha256"],
        size_bytes=first["size_bytes"],
        rows=first["rows"],
        inputs=inputs,
        recipe=recipes.to_table(replace(recipe, sources=())),
        decisions=chosen.reviewed,
        counts=chosen.funnel.as_json(),
        round_trip={"loader": recipe.target, "rows": chosen.n_units, "same": chosen.n_units},
    )
    if others:
        content["others"] = others
    more: dict[str, Any] = {"split": chosen.split, "pairs": chosen.paired and chosen.paired.as_json()}
    content.update({name: value for name, value in more.items() if value is not None})  # type: ignore[typeddict-item]
    return content
