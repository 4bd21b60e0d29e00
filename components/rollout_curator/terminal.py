"""What stands between the program and a terminal: one line for an error, JSON or text for a result, bars for long work.

Results go to stdout, errors and progress to stderr, progress only when that is a terminal. Text from data cannot
command the terminal.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

if TYPE_CHECKING:
    from rollout_curator.index.store import Progress

EXIT_USER = 2
"""The user must change something; one line on stderr says what."""


def show_progress(steps: Iterator["Progress"]) -> None:
    """Run the indexing, with a bar for every source."""
    with bar("indexing") as advance:
        for step in steps:
            advance(step.done_bytes, step.total_bytes, step.path)


@contextmanager
def bar(label: str) -> Iterator[Callable[..., None]]:
    """Yield a function (done, total, name) that draws a bar on stderr when that is a terminal, else does nothing."""
    if not sys.stderr.isatty():
        yield lambda done, total, name="": None
        return
    bars: dict[str, Any] = {}

    def advance(done: int, total: int, name: str = "") -> None:
        if name not in bars:
            _end(bars)
            words = f"{label} {Path(name).name}".strip()
            bars[name] = click.progressbar(length=total, label=words, file=sys.stderr, width=30)
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


def say(found: Any, as_json: bool, as_text: Callable[[Any], str]) -> None:
    """Print a result as one JSON object or as text for people."""
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


def fail(message: str) -> NoReturn:
    """Say in one line what the user must change, and end with exit code 2."""
    click.echo(f"rollout-curator: {one_line(message)}", err=True)
    sys.exit(EXIT_USER)


def one_line(text: str) -> str:
    """Return the text on one line, with anything that could command a terminal made visible."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in " ".join(text.split()))


def user_name() -> str:
    """Return the name of the user; in a container there may be none."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
