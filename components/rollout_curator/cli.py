"""The command line: the contract that scripts, tests and other tools call.

Each verb imports its room inside itself, so that `--help` answers at once. `main` is one of the two places that
catch errors: a user sees one line and exit code 2, never a traceback.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

if TYPE_CHECKING:
    from rollout_curator.index.store import Progress
    from rollout_curator.recipe import Recipe
    from rollout_curator.workspace import Workspace

EXIT_DID_NOT_HOLD, EXIT_USER, EXIT_INTERRUPTED = 1, 2, 130

Command = TypeVar("Command", bound=Callable[..., Any])
FilePath = click.Path(path_type=Path)


def _together(*options: Callable[[Any], Any]) -> Callable[[Command], Command]:
    def add(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return add


_as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
_paths = click.argument("paths", metavar="PATH...", nargs=-1, required=True)
_cache = click.option("--cache-dir", type=FilePath, help="Where indexes are kept; safe to delete at any time.")
_decisions = click.option(
    "--decisions", type=FilePath, help="Review store; default: curation.sqlite in the folder that is opened."
)
_recipe_file = click.option("--recipe", type=FilePath, help="Recipe in TOML; options given here go before it.")
_selection = _together(
    _recipe_file,
    click.option("--min-reward", type=float, help="Keep rollouts with this reward or more."),
    click.option("--target", help="Trainer the file is for: nemo_rl (default) or gym."),
    click.option("--format", help="chat keeps tools and turns, flat is one answer a prompt; default: the target's."),
    click.option("--reasoning", help="drop, field or inline (chat)."),
    click.option("--arguments", help="Tool call arguments as object or string (chat)."),
    click.option("--set", "settings", metavar="NAME=VALUE", multiple=True, help="Any other conversion option."),
    click.option("--keep", multiple=True, help="An issue that by default keeps a rollout out: keep it."),
    click.option("--drop", multiple=True, help="An issue that by default only informs: drop it."),
    click.option("--metadata", multiple=True, help="Extra column: reward, source, line, task, agent or key."),
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="rollout-curator")
def app() -> None:
    """Open RL rollouts, choose what is good enough by eye and by hand, write a training file exactly as previewed."""


@app.command()
@_paths
@_as_json
@_cache
def check(paths: tuple[str, ...], as_json: bool, cache_dir: Path | None) -> None:
    """Say what is in the files: rollouts, flagged ones, problems with line and reason, blank lines."""
    from rollout_curator import report

    with _opened(paths, cache_dir, None, needs_rollouts=False, as_json=as_json) as workspace:
        found = report.check(workspace)
        _print(found, as_json, report.check_text)
        if not workspace.n_rollouts and workspace.refused:
            _fail(workspace.refused[0].reason)


@app.command()
@_paths
@_selection
@_decisions
@_as_json
@_cache
def stats(
    paths: tuple[str, ...], decisions: Path | None, as_json: bool, cache_dir: Path | None, **selection: Any
) -> None:
    """Count rollouts and rewards, per agent, source and task, and show the funnel of a recipe."""
    from rollout_curator import report

    chosen = _recipe(paths, **selection)
    with _opened(paths, cache_dir, decisions) as workspace:
        _print(report.stats(workspace, chosen), as_json, report.stats_text)


@app.command()
@click.argument("paths", metavar="[PATH...]", nargs=-1)
@click.option("--out", type=FilePath, required=True, help="The training file; its manifest is written beside it.")
@_selection
@_decisions
@_as_json
@_cache
def export(
    paths: tuple[str, ...],
    out: Path,
    decisions: Path | None,
    as_json: bool,
    cache_dir: Path | None,
    **selection: Any,
) -> None:
    """Write the kept rollouts as a training file, with a manifest beside it."""
    from rollout_curator import publishing, report
    from rollout_curator.exports.base import check_target

    check_target(out)
    chosen = _recipe(paths, **selection)
    if not (sources := paths or chosen.sources):
        _fail("export: name the files to read, or give a --recipe that names its sources")
    with _opened(sources, cache_dir, decisions) as workspace:
        with _bar("writing") as advance:
            for step in publishing.export(workspace, chosen, out):
                if isinstance(step, publishing.Exported):
                    done = step
                else:
                    advance(step.done, step.total)
        _print(report.exported(done), as_json, report.exported_text)


@app.command()
@click.argument("manifest", metavar="MANIFEST", type=FilePath)
@_as_json
@_cache
def verify(manifest: Path, as_json: bool, cache_dir: Path | None) -> None:
    """Recompute every hash and count of an export; exit code 0 only if all hold."""
    from rollout_curator import publishing, report

    checks = publishing.verify(manifest, cache_dir)
    _print(report.verified(checks), as_json, report.verified_text)
    if not all(item.holds for item in checks):
        sys.exit(EXIT_DID_NOT_HOLD)


@app.command()
@_paths
@click.option("--key", required=True, help="Content key of the rollout (32 hex digits); Review shows it.")
@click.option("--verdict", required=True, help="reject, accept or clear.")
@click.option("--reason", "reasons", multiple=True, help="Why; may be given several times.")
@click.option("--note", default="", help="Free text.")
@click.option("--reviewer", default="", help="Who decides; default: the name of the user.")
@_decisions
@_cache
def decide(
    paths: tuple[str, ...],
    key: str,
    verdict: str,
    reasons: tuple[str, ...],
    note: str,
    reviewer: str,
    decisions: Path | None,
    cache_dir: Path | None,
) -> None:
    """Record a decision on one rollout; prints ACK, the key and a number once it is on disk."""
    import getpass

    from rollout_curator.decisions import VERDICTS, Decisions, Entry
    from rollout_curator.workspace import default_decisions

    if verdict not in VERDICTS:
        _fail(f"decide: verdict is {verdict!r}, expected one of {', '.join(VERDICTS)}")
    with _opened(paths, cache_dir, None) as workspace:
        if not workspace.rows_of_key(key):
            _fail(f"decide: no rollout here has the key {key!r}; the app shows keys in Review")
    with Decisions.open(decisions or default_decisions(paths)) as store:
        entry = Entry(key, verdict, reasons, note, reviewer or getpass.getuser())
        recorded = store.record([entry])[0].decision
        click.echo(f"ACK {recorded.key} {recorded.id}")


@app.command()
@_paths
@_as_json
@_cache
def index(paths: tuple[str, ...], as_json: bool, cache_dir: Path | None) -> None:
    """Build or refresh the index of the files."""
    from rollout_curator import report

    with _opened(paths, cache_dir, None, needs_rollouts=False, as_json=as_json) as workspace:
        _print(report.indexed(workspace), as_json, report.indexed_text)


@app.command()
@click.argument("paths", metavar="[PATH...]", nargs=-1)
@click.option("--root", "roots", multiple=True, type=FilePath, help="Only files below this folder can be opened.")
@click.option("--port", default=8501, show_default=True, help="Port on this machine; 0 takes a free one.")
@click.option("--address", default="127.0.0.1", show_default=True, help="Any other needs --shared.")
@click.option("--shared", is_flag=True, help="Serve others too, behind a token that is printed at start.")
@click.option("--reviewer", default="", help="Name written beside your decisions.")
@_recipe_file
@_decisions
@click.option("--out-dir", type=FilePath, help="Where exports are written.")
@_cache
def ui(paths: tuple[str, ...], roots: tuple[Path, ...], cache_dir: Path | None, **options: Any) -> None:
    """Open the app, on the sample data when no PATH is given."""
    from rollout_curator.ui.server import ServeOptions, serve

    serve(ServeOptions(paths=tuple(map(Path, paths)), roots=roots, cache=cache_dir, **options))


@contextmanager
def _opened(
    paths: Sequence[str], cache: Path | None, store: Path | None, *, needs_rollouts: bool = True, as_json: bool = False
) -> Iterator["Workspace"]:
    """Open the files with progress on a terminal, and the review store that belongs to them when there is one."""
    from rollout_curator.decisions import Decisions
    from rollout_curator.errors import SourceError
    from rollout_curator.sources import find
    from rollout_curator.workspace import Workspace, build_indexes, default_cache, default_decisions

    place = store or default_decisions(paths)
    decisions = Decisions.open(place) if store or place.exists() else None
    folder = cache or default_cache()
    try:
        found = find(paths)
        _show_progress(build_indexes(found, folder))
        workspace = Workspace(found, folder, decisions)
    except SourceError as error:
        if as_json and not needs_rollouts:
            _print({"error": str(error), "good": [], "bad": {}, "flag": {}, "blank": [], "notes": []}, True, str)
        raise
    try:
        if needs_rollouts:
            workspace.require_rollouts()
        yield workspace
    finally:
        workspace.close()


def _show_progress(steps: Iterator["Progress"]) -> None:
    """Run the indexing, with a bar for every source."""
    with _bar("indexing") as advance:
        for step in steps:
            advance(step.done_bytes, step.total_bytes, Path(step.path).name)


@contextmanager
def _bar(label: str) -> Iterator[Callable[..., None]]:
    """Yield a function (done, total, name) that draws a bar on stderr when that is a terminal, else does nothing."""
    if not sys.stderr.isatty():
        yield lambda done, total, name="": None
        return
    bars: dict[str, Any] = {}

    def advance(done: int, total: int, name: str = "") -> None:
        if name not in bars:
            _end(bars)
            bars[name] = click.progressbar(length=total, label=f"{label} {name}".strip(), file=sys.stderr, width=30)
            bars[name].__enter__()
        bars[name].update(done - bars[name].pos)

    try:
        yield advance
    finally:
        _end(bars)


def _end(bars: dict[str, Any]) -> None:
    for bar in bars.values():
        if not bar.finished:
            bar.finish()
            bar.render_finish()


def _recipe(paths: tuple[str, ...], **given: Any) -> "Recipe":
    """Join a recipe file with what was given on the command line, which goes first."""
    from rollout_curator import recipe as recipes

    file = given.pop("recipe")
    table: dict[str, Any] = recipes.to_table(recipes.load(file)) if file else {}
    options = dict(table.get("options", {}))
    options.update({name: given.pop(name) for name in ("reasoning", "arguments") if given[name] is not None})
    options.update(_settings(given.pop("settings")))
    table.update({name: value for name, value in given.items() if value not in (None, ())})
    for name in ("reasoning", "arguments"):
        table.pop(name, None)
    if paths:
        table["sources"] = paths
    return recipes.from_table({**table, "options": options}, str(file or "command line"))


def _settings(pairs: tuple[str, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            _fail(f"--set {pair}: expected NAME=VALUE")
        found[name] = {"true": True, "false": False}.get(value, value)
    return found


def _print(found: Any, as_json: bool, as_text: Callable[[Any], str]) -> None:
    if as_json:
        import json

        import orjson

        try:
            text = orjson.dumps(found).decode()
        except orjson.JSONEncodeError:  # half a surrogate pair in a name
            text = json.dumps(found)
    else:
        text = as_text(found).encode("utf-8", "backslashreplace").decode()
    click.echo(text)


def _fail(message: str) -> NoReturn:
    click.echo(f"rollout-curator: {message}", err=True)
    sys.exit(EXIT_USER)


def main() -> None:
    """Run the command line; the exit code is part of the contract."""
    from rollout_curator.errors import CuratorError

    try:
        code = app(standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        code = 0
    except click.ClickException as error:
        _fail(f"{' '.join(error.format_message().split())} (see rollout-curator --help)")
    except CuratorError as error:
        _fail(" ".join(str(error).split()))
    except (KeyboardInterrupt, click.Abort):
        click.echo("rollout-curator: interrupted", err=True)
        code = EXIT_INTERRUPTED
    except BrokenPipeError:
        code = EXIT_INTERRUPTED
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
