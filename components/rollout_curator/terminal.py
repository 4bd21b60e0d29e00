"""What stands between the program and a terminal: one line for an error, JSON or text for a result, bars for long work.

Results go to stdout, errors and progress to stderr, progress only when that is a terminal. Nothing else of the command
line prints (`tests/test_printable.py` reads the source for it), and whatever is printed goes through `printable`, so
names and texts of others cannot command the terminal, begin a line of their own or fail to be encoded.
"""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn, TextIO

import click

from rollout_curator.printable import brief, encodable, in_json, sentence, shown

EXIT_USER = 2
"""The user must change something; one line on stderr says what."""


def open_closed_streams() -> None:
    """Open what the caller closed (`>&-`) as a place that takes everything and keeps nothing.

    Else the next file that is opened, an export or the review store, would be where a library writes its warnings.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # it takes the lowest number that is free
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w" if number else "r", encoding="utf-8"))  # noqa: SIM115 it stays open


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
            words = shown(f"{label} {Path(name).name}".strip())
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


def say(found: Any, as_json: bool, as_text: Callable[[Any], Iterable[str]]) -> None:
    """Print a result as one JSON object, or as lines for people."""
    if as_json:
        _echo(in_json(_dumped(found), _encoding(sys.stdout)), sys.stdout)
    else:
        for line in as_text(found):
            tell(line)


def tell(line: str) -> None:
    """Print one line of a result."""
    _print(line, sys.stdout)


def note(message: str) -> None:
    """Say one thing on stderr that the user should know, while the work goes on."""
    _print(f"rollout-curator: {brief(sentence(message))}", sys.stderr)


def log(text: str) -> None:
    """Write lines to stderr, such as those of a traceback in the server's log."""
    for line in text.rstrip("\n").split("\n"):
        _print(line, sys.stderr)


def fail(message: str) -> NoReturn:
    """Say in one line what the user must change, and end with exit code 2."""
    note(message)
    sys.exit(EXIT_USER)


def explained(error: OSError) -> str:
    """Return the sentence for what the system refused."""
    if isinstance(error, FileNotFoundError) and not error.filename:
        try:
            os.getcwd()
        except OSError:
            return "the folder you are in is gone; change to one that is there"
    return f"{error.filename or 'this machine'}: {error.strerror or error}; fix this or choose another folder"


def _print(line: str, stream: TextIO) -> None:
    encoding = _encoding(stream)
    _echo(shown(line).encode(encoding, "backslashreplace").decode(encoding), stream)


def _echo(text: str, stream: TextIO) -> None:
    """Write to a stream; one of errors that takes nothing, as on a full disk, takes nothing from the work."""
    try:
        click.echo(text, file=stream)
    except BrokenPipeError:
        raise
    except OSError as error:
        if stream is not sys.stderr:
            fail(f"cannot write to standard output ({error.strerror}); redirect it elsewhere")


def _encoding(stream: TextIO) -> str:
    return stream.encoding or "utf-8"


def _dumped(found: Any) -> str:
    import json

    import orjson

    try:
        return orjson.dumps(found).decode()
    except orjson.JSONEncodeError:  # half a surrogate pair in a name, or a number of more than 64 bits
        return json.dumps(encodable(found), ensure_ascii=False)


def user_name() -> str:
    """Return the name of the user; in a container there may be none."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
