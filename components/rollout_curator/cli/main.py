"""The command line: the contract that scripts, tests and other tools call.

Each verb imports its room inside itself, so that `--help` answers at once. `main` is one of the two places that
catch errors: a user sees one line and exit code 2, never a traceback.
"""

import os
import sys
from pathlib import Path
from typing import Any

import click

from rollout_curator import __version__, interrupts
from rollout_curator.cli import options, progress
from rollout_curator.cli import review as cli_review
from rollout_curator.cli.opening import check_named, make_folder, opened, stores_of, told, told_of_check
from rollout_curator.terminal import explained, fail, note, open_closed_streams, say

EXIT_INTERRUPTED = 130


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__)
def app() -> None:
    """Open RL rollouts, choose and review what is good enough, write a training file exactly as previewed."""


@app.command()
@options.paths
@options.as_json
@options.cache
def check(paths: tuple[str, ...], as_json: bool, cache_dir: Path | None) -> None:
    """Show what is in the files: rollouts, flagged ones, skipped lines with their reasons, blank lines."""
    from rollout_curator.cli import json_report, text_report

    with opened(paths, cache_dir, needs_rollouts=False, as_json=as_json) as workspace:
        found = {**json_report.check(workspace), "store": told_of_check(workspace, paths)}
        say(found, as_json, text_report.check_text)
        if not workspace.n_rollouts and workspace.refused:
            fail(workspace.refused[0].reason)


@app.command()
@options.paths
@options.selection
@options.pairs
@options.cost
@click.option("--compare", multiple=True, type=options.FILE, help="Another recipe to compare with.")
@click.option("--checks", "--look", "look", is_flag=True, help="Run the training checks (slow on large files).")
@options.decisions
@options.as_json
@options.cache
def stats(
    paths: tuple[str, ...],
    compare: tuple[Path, ...],
    look: bool,
    decisions: Path | None,
    as_json: bool,
    cache_dir: Path | None,
    **selection: Any,
) -> None:
    """Statistics per agent, file and task; the funnel of a recipe; training cost."""
    from rollout_curator.cli import json_report, text_report
    from rollout_curator.recipe import recipe as recipes
    from rollout_curator.recipe.command_line import recipe_of
    from rollout_curator.workspace import random_controls

    asked = {name: selection.pop(name) for name in ("max_length", "batch_size", "epochs")}
    chosen = recipe_of(paths, **selection)
    others = {name: recipes.load(path) for name, path in progress.named_apart(compare).items()}
    with opened(paths, cache_dir, use="read", store=decisions) as workspace:
        progress.check_examples(workspace, chosen, with_hazards=look)
        found = {**json_report.stats(workspace, chosen), "store": told(workspace)}
        if look:
            found["hazards"] = json_report.hazards(workspace, chosen)
        if others:
            found["comparison"] = random_controls.compared(workspace, {"this selection": chosen, **others})
        if any(asked.values()):
            if not (target := recipes.plan(chosen).target).trains:
                fail(f"stats: {target.title} is not a trainer, so it has no training cost; choose one with --target")
            found["cost"] = json_report.cost(workspace, chosen, {name: value for name, value in asked.items() if value})
        say(found, as_json, text_report.stats_text)


@app.command()
@click.argument("paths", metavar="[PATH...]", nargs=-1, type=options.NAMED)
@click.option("--out", type=options.FILE, required=True, help="Output file; a manifest is written next to it.")
@options.selection
@options.files
@options.training
@click.option(
    "--with-control",
    "seeds",
    type=options.SEED,
    metavar="SEED",
    multiple=True,
    help="Also write a random baseline to OUT.control.jsonl, with its own manifest; several seeds write "
    "OUT.control-SEED.jsonl each.",
)
@options.overwrite
@options.decisions
@options.as_json
@options.cache
def export(
    paths: tuple[str, ...],
    out: Path,
    card: str,
    account: str,
    overwrite: bool,
    decisions: Path | None,
    as_json: bool,
    cache_dir: Path | None,
    **selection: Any,
) -> None:
    """Export the kept rollouts as a training file with a manifest.

    Pass a manifest as --recipe to reproduce that export.
    """
    from rollout_curator import export as publishing
    from rollout_curator.cli import json_report, text_report
    from rollout_curator.files.manifest import MANIFEST_SUFFIX
    from rollout_curator.recipe.command_line import recipe_of
    from rollout_curator.sources.find import find

    recipe, batch, epochs = selection["recipe"], selection.pop("batch_size"), selection.pop("epochs")
    settings = publishing.Settings(
        card,
        report=account,
        batch_size=batch,
        epochs=epochs or 1,
        overwrite=overwrite,
        seeds=selection.pop("seeds"),
    )
    if recipe is not None and recipe.name.endswith(MANIFEST_SUFFIX):
        if paths or decisions or settings.seeds or any(value for name, value in selection.items() if name != "recipe"):
            fail("export: with a manifest as --recipe, give only --out (no files, no other options)")
        progress.remake(recipe, out, settings, cache_dir, as_json)
        return
    chosen = recipe_of(paths, **selection)
    if settings.seeds and chosen.is_control:
        fail("export: this is already a random baseline; use --with-control with the selection itself")
    if not (sources := paths or chosen.sources):
        fail("export: give the files to read, or a --recipe that lists its sources")
    files = find(sources)
    stores = stores_of(sources, files, decisions)
    publishing.check_exports(out, chosen, settings, [file.path for file in files], stores)
    with opened(sources, cache_dir, use="read", store=decisions) as workspace:
        progress.check_examples(workspace, chosen)
        done, *random_controls = progress.written(publishing.export_with_controls(workspace, chosen, out, settings))
        found = {**json_report.export_report(done), "store": told(workspace)}
        if random_controls:
            found["controls"] = [json_report.export_report(control) for control in random_controls]
        say(found, as_json, text_report.exported_text)


@app.command()
@click.argument("manifest", metavar="MANIFEST", type=options.FILE)
@options.as_json
def verify(manifest: Path, as_json: bool) -> None:
    """Verify an export: recompute all hashes and counts. Exit code 0 only if all match."""
    from rollout_curator import export as publishing
    from rollout_curator.cli import json_report, text_report

    checks = publishing.verify(manifest)
    say(json_report.verify_report(checks), as_json, text_report.verified_text)
    if not all(item.holds for item in checks):
        sys.exit(progress.EXIT_DID_NOT_HOLD)


@app.command()
@click.argument("a", metavar="A", type=options.FILE)
@click.argument("b", metavar="B", type=options.FILE)
@click.argument("paths", metavar="[PATH...]", nargs=-1, type=options.NAMED)
@options.decisions
@options.as_json
@options.cache
def diff(
    a: Path, b: Path, paths: tuple[str, ...], decisions: Path | None, as_json: bool, cache_dir: Path | None
) -> None:
    """Compare two recipes or two export manifests: rollouts, tasks and tokens added and removed.

    Recipes read PATH, or the sources they list; manifests read their own sources.
    """
    from rollout_curator.cli import text_report
    from rollout_curator.export import diff as diffing

    origins = [diffing.read(file, paths) for file in (a, b)]

    def chosen(origin: diffing.Origin) -> diffing.DiffSide:
        use: Any = "read" if origin.verdicts is None else None
        with opened(origin.sources, cache_dir, use=use, store=decisions) as workspace:
            return diffing.choose(workspace, origin, origins[0].recipe.group_by)

    say(diffing.compared(*map(chosen, origins)), as_json, text_report.diff_text)


@app.command()
@options.paths
@options.as_json
@options.cache
def index(paths: tuple[str, ...], as_json: bool, cache_dir: Path | None) -> None:
    """Build or refresh the index."""
    from rollout_curator.cli import json_report, text_report

    with opened(paths, cache_dir, needs_rollouts=False, as_json=as_json) as workspace:
        say(json_report.index_report(workspace), as_json, text_report.indexed_text)
        if not workspace.n_rollouts and workspace.refused:
            fail(workspace.refused[0].reason)


@app.command()
@click.argument("paths", metavar="[PATH...]", nargs=-1, type=options.NAMED)
@click.option("--root", "roots", multiple=True, type=options.FOLDER, help="Allow only files under this folder.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8501,
    show_default=True,
    help="Port on this machine; 0 picks a free one.",
)
@click.option("--address", default="127.0.0.1", show_default=True, help="Any other needs --shared or --behind-proxy.")
@click.option("--shared", is_flag=True, help="Allow other users; prints a link with an access token.")
@click.option(
    "--origin",
    "origins",
    multiple=True,
    help="URL under which browsers reach the app through a proxy (e.g. https://curator.example).",
)
@click.option("--reviewer", default="", help="Reviewer name stored with decisions.")
@click.option("--behind-proxy", is_flag=True, help="A proxy signs people in; the reviewer name comes from its header.")
@click.option(
    "--proxy",
    "proxies",
    metavar="ADDRESS",
    multiple=True,
    help="Address of a trusted proxy (e.g. 10.0.0.5 or 10.0.0.0/24); default: this machine.",
)
@click.option(
    "--user-header",
    default="X-Forwarded-User",
    show_default=True,
    help="Header in which the proxy sends the user name.",
)
@options.recipe_file
@options.decisions
@click.option("--out-dir", type=options.Folder(may_lack=True), help="Export folder (created if missing).")
@options.cache
def ui(paths: tuple[str, ...], roots: tuple[Path, ...], cache_dir: Path | None, **others: Any) -> None:
    """Start the app; without PATH it shows the sample data."""
    from rollout_curator.decisions.store import Decisions
    from rollout_curator.ui.server.server import ServeOptions, serve

    if paths:  # what the page would say can be said at once
        check_named(paths)
    if (store := others["decisions"]) is not None and os.path.lexists(store):
        Decisions.open(store).close()
    make_folder(others["out_dir"])
    serve(ServeOptions(paths=tuple(map(Path, paths)), roots=roots, cache=cache_dir, **others))


app.add_command(cli_review.decide)
app.add_command(cli_review.review)
app.add_command(cli_review.decisions)


def main() -> None:
    """Run the command line; the exit code is part of the contract."""
    from rollout_curator.errors import CuratorError

    open_closed_streams()
    try:
        with interrupts.heeded():
            code = app(prog_name="rollout-curator", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        say(error.format_message(), False, lambda text: text.split("\n"))
        code = 0
    except click.ClickException as error:
        fail(f"{error.format_message()} (see rollout-curator --help)")
    except CuratorError as error:
        fail(str(error))
    except (KeyboardInterrupt, click.Abort) as error:  # click makes the one of the other
        ended = interrupts.behind(error)
        note(f"ended by {ended.name}" if ended else "interrupted")
        code = ended.code if ended else EXIT_INTERRUPTED
    except BrokenPipeError:
        code = EXIT_INTERRUPTED
    except MemoryError:
        fail("out of memory: this needs more than the process may use; raise the limit, or give fewer or smaller files")
    except OSError as error:  # a cache folder that cannot be written, a disk that is full
        fail(explained(error))
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
