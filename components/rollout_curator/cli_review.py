"""The verbs about reading: what it says of the kept set, and decisions as a file that others take in.

Each verb imports its room inside itself, so that `--help` answers at once.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rollout_curator import cli_options as options
from rollout_curator.cli_opening import opened, store_of
from rollout_curator.terminal import fail, say

if TYPE_CHECKING:
    from rollout_curator.recipe import Recipe
    from rollout_curator.workspace import Workspace

SHARE = click.FloatRange(0, 1, min_open=True, max_open=True)


@click.command()
@options.paths
@options.selection
@click.option("--goal", type=SHARE, default=0.05, show_default=True, help="Share of bad ones to get below.")
@click.option("--confidence", type=SHARE, default=0.95, show_default=True, help="How sure the bounds are.")
@click.option("--precision", type=SHARE, default=0.95, show_default=True, help="Share of good ones above a threshold.")
@click.option("--disagreements", type=options.FILE, help="Write rollouts on which reward and reader differ, as JSONL.")
@click.option("--plan", type=click.IntRange(1), help="Before reading, choose how many to read next at random.")
@options.decisions
@options.as_json
@options.cache
def review(
    paths: tuple[str, ...],
    plan: int | None,
    goal: float,
    confidence: float,
    precision: float,
    disagreements: Path | None,
    decisions: Path | None,
    as_json: bool,
    cache_dir: Path | None,
    **selection: Any,
) -> None:
    """Say what reading a part shows of the kept set: how many are bad at most, and rewards against people."""
    import orjson

    from rollout_curator import reading, reading_report

    chosen, place = options.recipe_of(paths, **selection), store_of(paths, decisions)
    if plan is not None and place is None:
        from rollout_curator.opening import default_decisions

        place = decisions or default_decisions(paths)
    with opened(paths, cache_dir, place) as workspace:
        if plan is not None:
            _choose(workspace, chosen, plan, goal, confidence)
        found = reading_report.reviewed(workspace, chosen, goal, confidence, precision)
        if disagreements is not None:
            lines = reading.disagreement_lines(workspace, chosen)
            _write(disagreements, (orjson.dumps(line) + b"\n" for line in lines), paths, place)
        say(found, as_json, reading_report.reviewed_text)


def _choose(workspace: "Workspace", recipe: "Recipe", reads: int, goal: float, confidence: float) -> None:
    """Keep a plan for the reading of a selection."""
    from rollout_curator import reading
    from rollout_curator.errors import DecisionRefused
    from rollout_curator.review.plans import allowed

    said = reading.statement(workspace, recipe, goal, confidence)
    try:
        reading.choose(workspace, recipe, reads, allowed(goal, reads, said.sample.total, confidence), goal)
    except DecisionRefused as error:
        fail(f"review: {error}")


def _write(out: Path, lines: Iterable[bytes], sources: Sequence[str], decisions: Path | None) -> int:
    """Write lines as a whole file, never over a source or the review store; return how many."""
    from rollout_curator.exports.base import publish
    from rollout_curator.publishing import check_out
    from rollout_curator.sources import find

    check_out(out, [file.path for file in find(sources)], decisions)
    with publish(out) as (file,):
        for line in lines:
            file.write(line, rows=1)
    return file.rows


@click.group()
def decisions() -> None:
    """Decisions as a file: export them, or take in those of others."""


@decisions.command("export")
@options.paths
@click.option("--out", type=options.FILE, required=True, help="The file to write, one act a line.")
@options.decisions
def export_decisions(paths: tuple[str, ...], out: Path, decisions: Path | None) -> None:
    """Write every decision, undo and note as JSONL, for a colleague or as a backup."""
    from rollout_curator.decisions import Decisions
    from rollout_curator.opening import default_decisions

    place = decisions or default_decisions(paths)
    if not place.exists():
        fail(f"decisions export: {place}: there is no review store yet; decide something first, or name --decisions")
    with Decisions.open(place) as store:
        n_lines = _write(out, store.give_out(), paths, place)
    click.echo(f"wrote {n_lines:,} acts to {out}")


@decisions.command("import")
@options.paths
@click.option("--from", "files", type=options.FILE, required=True, multiple=True, help="A file of `decisions export`.")
@options.decisions
def import_decisions(paths: tuple[str, ...], files: tuple[Path, ...], decisions: Path | None) -> None:
    """Take in decisions of others; what is here already stays, and taking in a file twice changes nothing."""
    from rollout_curator.decisions import Decisions
    from rollout_curator.errors import DecisionRefused
    from rollout_curator.opening import default_decisions
    from rollout_curator.sources import existing

    existing(paths)  # a path that is not there would put them where nobody looks
    with Decisions.open(decisions or default_decisions(paths)) as store:
        for file in files:
            try:
                with file.open("rb") as lines:
                    done = store.take_in(lines)
            except OSError as error:
                fail(f"decisions import: {file}: cannot be read ({error.strerror})")
            except DecisionRefused as error:
                fail(f"decisions import: {file}: {error}")
            click.echo(f"{file}: {done.added:,} acts added, {done.known:,} were here already")
