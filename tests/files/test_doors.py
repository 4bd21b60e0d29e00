"""Every file that any verb takes, against everything that a file can be: one sentence and an exit code, at once.

Verbs and options come from the command line itself. A new option that can name a file has one of the types of
`options` and is tried here by itself; a new verb needs a row in USUAL, and what else takes text is in TEXTS.
"""

import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import click
import pytest

from making import Ran, call, gym, write
from rollout_curator.cli import main as cli
from rollout_curator.decisions.store import Decisions
from rollout_curator.errors import RecipeError, TemplateError
from rollout_curator.files.named_files import Door
from rollout_curator.training import tokens
from rollout_curator.training.templates import load
from rollout_curator.ui.server import server
from rollout_curator.workspace.workspace import Workspace

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs pipes and sockets in folders")
AT_ONCE_S = 20
Values = dict[str, list[str]]
USUAL: dict[str, Values] = {
    "check": {"paths": ["a.jsonl"]},
    "stats": {"paths": ["a.jsonl"], "template": ["chatml"]},
    "export": {"paths": ["a.jsonl"], "out": ["out.jsonl"], "template": ["chatml"]},
    "verify": {"manifest": ["done.jsonl.manifest.json"]},
    "diff": {"a": ["recipe.toml"], "b": ["recipe.toml"], "paths": ["a.jsonl"]},
    "index": {"paths": ["a.jsonl"]},
    "ui": {"paths": ["a.jsonl"], "port": ["0"]},
    "decide": {"paths": ["a.jsonl"], "key": ["KEY"], "verdict": ["reject"]},
    "review": {"paths": ["a.jsonl"], "template": ["chatml"]},
    "decisions export": {"paths": ["a.jsonl"], "out": ["out.jsonl"], "decisions": ["curation.sqlite"]},
    "decisions import": {"paths": ["a.jsonl"], "files": ["acts.jsonl"]},
}
"""What each verb is given beside the file that is tried."""
TEXTS = {
    *("format", "target", "reasoning", "arguments", "settings", "keep", "drop", "trim", "harmless", "metadata"),
    *("filters", "thresholds", "control_by", "group_by", "strategies", "pairs", "kind", "split"),
    *("key", "verdict", "reasons", "note", "reviewer", "address", "proxies", "user_header", "origins"),
}
"""Options that take text and no file."""
SUFFIXES = {
    **dict.fromkeys(("recipe", "compare", "a"), ".toml"),
    **dict.fromkeys(("manifest", "b", "tokenizer"), ".json"),
    "template": ".jinja",
    "card": ".md",
    "decisions": ".sqlite",
}
MAY_LACK = {"out", "disagreements", "cache_dir", "decisions", "card", "account", "out_dir"}
"""What is made when it is not there."""
FOLDERS = {"cache_dir", "roots", "out_dir", "template", "tokenizer", "paths"}
"""What may be a folder, and is then looked into."""
DIGITS = b"9" * 5000


def socket_at(path: Path) -> None:
    """Make a socket; its path is given from this folder, for it may not be long."""
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)


def holding(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


SPECIAL: dict[str, Callable[[Path], object]] = {
    "a pipe": os.mkfifo,
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "a socket": socket_at,
    "a circle of links": lambda path: path.symlink_to(path.name),
}
PLAIN: dict[str, Callable[[Path], object]] = {
    "nothing": lambda path: None,
    "a folder": Path.mkdir,
    "a link to nothing": lambda path: path.symlink_to("nowhere/at/all"),
    "an empty file": holding(b""),
    "no UTF-8": holding(b"a = '\xff\xfe'"),
    "bytes": holding(bytes(range(256)) * 4),
    "digits in TOML": holding(b"min_reward = " + DIGITS),
    "digits in JSON": holding(b'{"min_reward": ' + DIGITS + b"}\n"),
    "depth in TOML": holding(b"keep = " + b"[" * 100_000),
    "depth in JSON": holding(b"[" * 100_000 + b"\n"),
    "other JSON": holding(b'[{"file": "\\ud800", "decisions": 1}]\n'),
    "three billion zeros": lambda path: os.truncate(os.open(path, os.O_CREAT | os.O_WRONLY), 3_000_000_000),
}
KINDS = SPECIAL | PLAIN
REAL = {"a device": "/dev/zero", "a link to nothing": "/nowhere/at"}
"""Where links lead: a review store is named by its real path."""


def verbs(group: click.Group, before: str = "") -> Iterator[tuple[str, click.Command]]:
    """Yield every verb of the command line by its full name."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from verbs(command, f"{before}{name} ")
        else:
            yield before + name, command


VERBS = dict(verbs(cli.app))
TRIED = [
    (verb, parameter.name or "")
    for verb, command in VERBS.items()
    for parameter in command.params
    if isinstance(parameter.type, click.Path)
]


def argv(verb: str, values: Values) -> list[str]:
    """Return a command line that gives these values to a verb."""
    words = verb.split()
    for parameter in VERBS[verb].params:
        for value in values.get(parameter.name or "", ()):
            words += [value] if isinstance(parameter, click.Argument) else [parameter.opts[0], value]
    return words


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with two rollouts, and one good file of every other kind."""
    folder = tmp_path_factory.mktemp("doors")
    write(folder / "a.jsonl", [gym("one"), gym("two", reward=0.0)])
    (folder / "recipe.toml").write_text("min_reward = 0.5\n")
    (folder / "acts.jsonl").touch()
    assert call("export", folder / "a.jsonl", "--out", folder / "done.jsonl").code == 0
    return folder


class NoServer:
    """Stands for the server of the app, which would run until it is ended."""

    def __init__(self, **_parts: Any) -> None:
        pass

    def run(self, config: Any) -> None:
        """Do not serve."""


@contextmanager
def at_once() -> Iterator[None]:
    """Fail when the block waits for something."""

    def late(*_: object) -> None:
        raise AssertionError(f"not done after {AT_ONCE_S} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(AT_ONCE_S)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def tried(folder: Path, monkeypatch: pytest.MonkeyPatch, verb: str, parameter: str, given: str) -> Ran:
    """Run a verb in a folder with this file for one of its parameters."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr(server, "App", NoServer)
    values = {**USUAL[verb], parameter: [given]}
    if values.get("key"):
        with suppress(Exception):
            values["key"] = [Workspace.open([folder / "a.jsonl"]).key(0)]
    if "curation.sqlite" in values.get("decisions", ()):
        Decisions.open(folder / "curation.sqlite").close()
    if "cache_dir" in {one.name for one in VERBS[verb].params}:
        values.setdefault("cache_dir", ["cache"])
    with at_once():
        return call(*argv(verb, values))


def said_well(ran: Ran) -> bool:
    """Say whether a command that refuses does so in one line of its own that can be printed."""
    line, end, rest = ran.err.partition("\n")
    return line.startswith("rollout-curator: ") and line.isprintable() and (end, rest) == ("\n", "")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("verb", "parameter"), TRIED)
def test_whatever_a_file_is_a_verb_answers_at_once_in_one_sentence(
    folder: Path, monkeypatch: pytest.MonkeyPatch, verb: str, parameter: str, kind: str
) -> None:
    if kind == "three billion zeros" and parameter == "paths":
        pytest.skip("a line of any length is read to its end, see promise 20")
    if kind == "three billion zeros" and parameter == "tokenizer" and not hasattr(tokens, "TOKENIZER_BYTES"):
        pytest.skip("a tokenizer of any size is hashed")
    bad = (
        folder
        / f"bad-{verb.replace(' ', '-')}-{parameter}-{list(KINDS).index(kind)}{SUFFIXES.get(parameter, '.jsonl')}"
    )
    monkeypatch.chdir(folder)
    KINDS[kind](bad)
    try:
        ran = tried(folder, monkeypatch, verb, parameter, bad.name)
    finally:
        if not bad.is_dir():
            bad.unlink(missing_ok=True)
    if is_refused(parameter, kind):
        assert ran.code == 2
        assert bad.name in ran.err or REAL.get(kind, bad.name) in ran.err
    assert ran.code in (0, 1) or (ran.code == 2 and said_well(ran)), ran.err
    assert "Traceback" not in ran.err


def is_refused(parameter: str, kind: str) -> bool:
    """Say whether this can be no file of any kind that the parameter takes."""
    if kind in ("nothing", "a link to nothing"):
        return parameter not in MAY_LACK
    if kind == "a folder":
        return parameter not in FOLDERS
    return kind in SPECIAL and (parameter, kind) != ("decisions", "a circle of links")  # like none that is there


def test_every_verb_is_tried() -> None:
    assert sorted(VERBS) == sorted(USUAL)


@pytest.mark.parametrize("verb", VERBS)
def test_every_option_that_takes_text_is_known_to_take_no_file(verb: str) -> None:
    texts = {one.name for one in VERBS[verb].params if isinstance(one.type, click.types.StringParamType)}
    assert texts <= TEXTS, "give what can name a file the type FILE, FOLDER or NAMED of cli_options"


NUMBERS = [
    (verb, parameter.opts[0])
    for verb, command in VERBS.items()
    for parameter in command.params
    if isinstance(parameter.type, click.types.IntParamType)
]


@pytest.mark.parametrize(("verb", "option"), NUMBERS)
def test_a_number_of_31_digits_is_refused_in_one_sentence(
    folder: Path, monkeypatch: pytest.MonkeyPatch, verb: str, option: str
) -> None:
    monkeypatch.chdir(folder)
    values = {name: value for name, value in USUAL[verb].items() if name != "port"}
    ran = call(*argv(verb, values), option, "1" + "0" * 30)
    assert ran.code == 2
    assert said_well(ran), ran.err


# One door


DOOR = Door("the recipe", RecipeError, 100)


def test_a_file_larger_than_its_kind_can_be_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "r.toml").write_bytes(b"#" * 101)
    with pytest.raises(RecipeError) as refused:
        DOOR.read(tmp_path / "r.toml")
    where = f"{tmp_path}/r.toml: the recipe"
    assert str(refused.value) == f"{where} has more than 100 bytes, too many; choose another file"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"a = " + DIGITS, "holds a number with thousands of digits"),
        (b"a = 18446744073709551616", "holds a number of more than 64 bits"),
        (b"a = " + b"[" * 3000, "is nested too deeply to be TOML of this program"),
        (b"a = " + b"[" * 150 + b"]" * 150, "is nested too deeply to be TOML of this program"),
        (b"a = '\xff'", "is not UTF-8 text (byte 6 of it)"),
        (b"a", "is not TOML (Expected '=' after a key in a key/value pair (at end of document))"),
    ],
)
def test_whatever_a_parser_raises_is_one_sentence(tmp_path: Path, text: bytes, why: str) -> None:
    path = tmp_path / "r.toml"
    path.write_bytes(text)
    with pytest.raises(RecipeError) as refused:
        Door("the recipe", RecipeError, 10_000).toml(path)
    assert str(refused.value) == f"{path}: the recipe {why}; choose another file"


def test_a_config_with_a_number_of_5000_digits_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "tokenizer_config.json").write_bytes(b'{"a": ' + DIGITS + b"}")
    with pytest.raises(TemplateError, match=r"tokenizer_config.json: it is not JSON"):
        load(str(tmp_path / "tokenizer_config.json"))


@pytest.mark.parametrize("name", ["chat_template.jinja", "tokenizer_config.json", "tokenizer.json"])
def test_a_pipe_in_a_tokenizers_folder_is_not_opened(tmp_path: Path, name: str) -> None:
    (tmp_path / "chat_template.jinja").write_text("{{ 1 }}")
    (tmp_path / name).unlink(missing_ok=True)
    os.mkfifo(tmp_path / name)
    with at_once(), suppress(TemplateError):
        assert load(str(tmp_path)).tokenizer == ""


def test_a_pipe_named_like_a_manifest_does_not_stop_its_folder(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", [gym()])
    os.mkfifo(tmp_path / "x.manifest.json")
    with at_once():
        assert call("check", tmp_path).code == 0


def test_a_line_of_decisions_that_never_ends_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", [gym()])
    os.truncate(os.open(tmp_path / "acts.jsonl", os.O_CREAT | os.O_WRONLY), 900_000_000)
    ran = call("decisions", "import", tmp_path, "--from", tmp_path / "acts.jsonl")
    sentence = "the file of decisions has a line 1 of more than 1,048,576 bytes; use a file from `decisions export`"
    assert (ran.code, ran.err) == (2, f"rollout-curator: {tmp_path}/acts.jsonl: {sentence}\n")


def test_the_folder_exports_go_to_is_made_where_it_lacks_and_that_is_said(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = tried(folder, monkeypatch, "ui", "out_dir", "wished")
    assert (ran.code, ran.err) == (0, "rollout-curator: created the export folder wished\n")
    assert (folder / "wished").is_dir()
    assert tried(folder, monkeypatch, "ui", "out_dir", "wished").err == ""


def test_no_folder_is_made_for_exports_in_one_that_lacks(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = "wish/ed: neither this folder nor its parent exists; create the parent first"
    assert tried(folder, monkeypatch, "ui", "out_dir", "wish/ed") == Ran(2, "", f"rollout-curator: {said}\n")
    assert not (folder / "wish").exists()


def test_no_folder_is_made_for_exports_when_the_app_does_not_start(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    assert call("ui", "missing.jsonl", "--out-dir", "unmade").code == 2
    assert not (folder / "unmade").exists()
