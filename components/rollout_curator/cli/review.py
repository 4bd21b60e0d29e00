"""The verbs about reading: one decision, what reading says of the kept set, decisions as a file that others take in.

Each verb imports its room inside itself, so that `--help` answers at once.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rollout_curator.cli import options
from rollout_curator.cli.opening import check_named, opened, tell_unusual, told
from rollout_curator.terminal import fail, say, tell, user_name

if TYPE_CHECKING:
    from rollout_curator.decisions import store_choice
    from rollout_curator.recipe.recipe import Recipe
    from rollout_curator.workspace.workspace import Workspace

ACTS_BYTES, LINE_BYTES = 1 << 30, 1 << 20
"""The largest file of decisions, and the longest line of one: a note has 10,000 characters at most."""
SHARE = click.FloatRange(0, 1, min_open=True, max_open=True)


@click.command()
@options.paths
@click.option("--key", required=True, help="Content key of the rollout (32 hex digits; see the Review page).")
@click.option("--verdict", default="", help="reject, accept or clear.")
@click.option(
    "--no-train",
    "untrained",
    type=int,
    metavar="TURN",
    multiple=True,
    help="Do not train on this answer (turn number as in Review). Repeatable.",
)
@click.option("--train", "trained", type=int, metavar="TURN", multiple=True, help="Train on this answer again.")
@click.option("--reason", "reasons", multiple=True, help="Reason. Repeatable.")
@click.option("--note", default="", help="Free text.")
@click.option("--reviewer", default="", help="Reviewer name; default: your user name.")
@options.decisions
@options.cache
def decide(
    paths: tuple[str, ...],
    key: str,
    verdict: str,
    untrained: tuple[int, ...],
    trained: tuple[int, ...],
    reasons: tuple[str, ...],
    note: str,
    reviewer: str,
    decisions: Path | None,
    cache_dir: Path | None,
) -> None:
    """Save a decision for one rollout or its answers; prints "ACK KEY ID" once each is on disk."""
    from rollout_curator.decisions import store_choice
    from rollout_curator.decisions.store import VERDICTS, Entry

    if verdict and verdict not in VERDICTS:
        fail(f"decide: verdict is {verdict!r}, expected one of {', '.join(VERDICTS)}")
    if not (verdict or untrained or trained):
        fail("decide: nothing to save; give a --verdict, or --no-train TURN")
    with opened(paths, cache_dir) as workspace:
        rows = workspace.rows_of_key(key)
        if not rows:
            fail(f"decide: no rollout with key {key!r}; the Review page shows keys")
        items = _items_of(workspace, rows[0], (*untrained, *trained))
        who = reviewer or user_name()
        entries = [Entry(key, verdict, reasons, note, who, way="command")] if verdict else []
        entries += [Entry(key, "mark", reasons, note, who, item=items[turn]) for turn in untrained]
        entries += [Entry(key, "clear", (), "", who, item=items[turn]) for turn in trained]
        around = store_choice.Opened(paths, workspace.found)
        held = store_choice.write(around, decisions, workspace)
        workspace.hold(held.decisions, held.counted)
        for recorded in held.decisions.record(entries):
            tell(f"ACK {recorded.decision.key} {recorded.decision.id}")
        tell_unusual(around, held.counted, workspace.n_decided())


def _items_of(workspace: "Workspace", row: int, turns: tuple[int, ...]) -> dict[int, int]:
    """Return the item at which each of these answers begins, by the number of its turn in Review."""
    if not turns:
        return {}
    from rollout_curator.ui.reader.marking import answered

    shown, in_data = answered(workspace.rollout(row))
    items = {turn["n"]: turn["item"] for turn in shown if "item" in turn}
    for turn in turns:
        if turn not in items:
            fail(f"decide: turn {turn} of {workspace.where(row)} is not an answer; {_answers(list(items))}")
        if items[turn] in in_data:
            fail(f"decide: turn {turn} of {workspace.where(row)} is marked in the data, which stays as it is")
    return items


def _answers(turns: list[int]) -> str:
    if len(turns) == 1:
        return f"its only answer is turn {turns[0]}"
    return f"its answers are turns {', '.join(map(str, turns))}" if turns else "it has none"


@click.command()
@options.paths
@options.selection
@click.option("--goal", type=SHARE, default=0.05, show_default=True, help="Target: max fraction bad.")
@click.option("--confidence", type=SHARE, default=0.95, show_default=True, help="Confidence level of the bounds.")
@click.option("--precision", type=SHARE, default=0.95, show_default=True, help="Target precision above a threshold.")
@click.option("--disagreements", type=options.FILE, help="Write rollouts where reward and reviewer disagree (JSONL).")
@options.overwrite
@click.option("--plan", type=options.COUNT, help="Before you start: how many to review at random.")
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
    overwrite: bool,
    decisions: Path | None,
    as_json: bool,
    cache_dir: Path | None,
    **selection: Any,
) -> None:
    """Error bound of the kept set from random reviews; rewards compared with reviewers."""
    import orjson

    from rollout_curator.cli import review_report as reading_report
    from rollout_curator.recipe.command_line import recipe_of
    from rollout_curator.review import summary

    chosen = recipe_of(paths, **selection)
    with opened(paths, cache_dir, use="read" if plan is None else "write", store=decisions) as workspace:
        if plan is not None:
            _choose(workspace, chosen, plan, goal, confidence)
        found = reading_report.reviewed(workspace, chosen, goal, confidence, precision)
        found["store"] = told(workspace)
        if disagreements is not None:
            lines = [orjson.dumps(line) + b"\n" for line in summary.disagreement_lines(workspace, chosen)]
            place = workspace.decisions.path if workspace.decisions else None
            _write(disagreements, lambda: lines, paths, place, overwrite=overwrite)
        say(found, as_json, reading_report.reviewed_text)


def _choose(workspace: "Workspace", recipe: "Recipe", reads: int, goal: float, confidence: float) -> None:
    """Keep a plan for the reading of a selection."""
    from rollout_curator.errors import DecisionRefused
    from rollout_curator.review import summary
    from rollout_curator.review.plan_options import allowed

    said = summary.statement(workspace, recipe, goal, confidence)
    try:
        summary.choose(workspace, recipe, reads, allowed(goal, reads, said.sample.total, confidence), goal)
    except DecisionRefused as error:
        fail(f"review: {error}")


def _write(
    out: Path,
    lines: Callable[[], Iterable[bytes]],
    sources: Sequence[str],
    decisions: Path | None,
    *,
    overwrite: bool,
) -> int:
    """Write lines as a whole file, never over a source, the review store or lines of others; return how many."""
    from rollout_curator.export import LineGuard, check_out
    from rollout_curator.files.atomic import publish
    from rollout_curator.sources.find import find

    check_out(out, [file.path for file in find(sources)], decisions)
    with publish(out, guard=LineGuard(out, lines(), overwrite)) as (file,):
        for line in lines():
            file.write(line, rows=1)
    return file.rows


@click.group()
def decisions() -> None:
    """Export decisions to a file, or import those of others."""


@contextmanager
def _around(
    paths: Sequence[str], decisions: Path | None, cache: Path | None
) -> "Iterator[tuple[store_choice.Opened, Workspace | None]]":
    """Give the files and what is around them; the rollouts only where these tell which store counts."""
    from rollout_curator.decisions.store_choice import Opened
    from rollout_curator.sources.find import existing

    check_named(paths)
    around = Opened(paths, existing(paths))  # a path that is not there would put them where nobody looks
    if decisions is not None or not around.is_open():
        yield around, None
        return
    with opened(paths, cache, needs_rollouts=False) as workspace:
        yield around, workspace


@decisions.command("export")
@options.paths
@click.option("--out", type=options.FILE, required=True, help="Output file (JSONL, one decision per line).")
@options.overwrite
@options.decisions
@options.cache
def export_decisions(
    paths: tuple[str, ...], out: Path, overwrite: bool, decisions: Path | None, cache_dir: Path | None
) -> None:
    """Export every decision, undo and note as JSONL, for a colleague or as a backup."""
    from rollout_curator.decisions import store_choice

    with _around(paths, decisions, cache_dir) as (around, here):
        held = store_choice.read(around, decisions, here)
        if held.decisions is None:
            place = around.new_place()
            fail(
                f"decisions export: {place}: no review store yet; decide something first, or choose one with "
                "--decisions"
            )
        with held.decisions as store:
            n_lines = _write(out, store.give_out, paths, store.path, overwrite=overwrite)
        tell(f"exported {n_lines:,} decisions to {out}")
        tell_unusual(around, held.counted)


@decisions.command("import")
@options.paths
@click.option(
    "--from", "files", type=options.FILE, required=True, multiple=True, help="A file from `decisions export`."
)
@options.decisions
@options.cache
def import_decisions(
    paths: tuple[str, ...], files: tuple[Path, ...], decisions: Path | None, cache_dir: Path | None
) -> None:
    """Import decisions of others; existing ones stay, and importing a file twice changes nothing."""
    from rollout_curator.decisions import store_choice
    from rollout_curator.errors import DecisionRefused, DecisionsError
    from rollout_curator.files.named_files import Door

    door = Door("the file of decisions", DecisionsError, ACTS_BYTES, "use a file from `decisions export`")
    with _around(paths, decisions, cache_dir) as (around, here):
        held = store_choice.write(around, decisions, here)
        with held.decisions as store:
            for file in files:
                try:
                    done = store.take_in(door.lines(file, LINE_BYTES))
                except DecisionRefused as error:
                    fail(f"decisions import: {file}: {error}")
                tell(f"{file}: {done.added:,} decisions imported, {done.known:,} already present")
        tell_unusual(around, held.counted)
