"""Names and texts of others wherever they go: seen in full, printed as they are to nobody, never too long for a file.

The checks of the source read syntax trees, so that nobody prints or makes a name past `names` and `terminal`.
"""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from making import Ran, call, environment, gym, said, write
from rollout_curator import errors, printable
from rollout_curator.decisions.store import Decisions, Entry
from rollout_curator.files.atomic import publish
from rollout_curator.files.manifest import path_of
from rollout_curator.workspace.workspace import Workspace
from test_layers import SOURCES, tree_of

EVIL = "a\x1b[2J\x9b31m\u202e\nok     everything is fine\r"
SEEN = r"a\x1b[2J\u009b31m\u202e\nok     everything is fine\r"
NOT_UTF8 = os.fsdecode(b"caf\xe9")
LONG = "x" * 246


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("données 数据 👍.jsonl", "données 数据 👍.jsonl"),
        (EVIL, SEEN),
        (NOT_UTF8, r"caf\xe9"),
        (b"caf\xe9", r"caf\xe9"),
        (Path("a\tb"), r"a\tb"),
        ("\ud800 \U000e0041", r"\ud800 \U000e0041"),
        ("a\u2028b\x85", r"a\u2028b\u0085"),
    ],
)
def test_a_name_is_shown_on_one_line_with_everything_visible(text: object, seen: str) -> None:
    assert printable.shown(text) == seen
    assert printable.shown(seen) == seen


def test_different_names_have_different_hashes() -> None:
    assert len({printable.digest(name) for name in ("a\udcff", r"a\xff", "a\ud800", "a")}) == 4


@pytest.mark.parametrize("n_chars", [3, 200, 246, 255])
@pytest.mark.parametrize("letter", ["x", "é", "字", "\udcff"])
def test_what_is_named_after_a_file_is_never_too_long_and_stays_beside_it(
    tmp_path: Path, letter: str, n_chars: int
) -> None:
    path = tmp_path / (letter * (n_chars // len(os.fsencode(letter))))
    derived = printable.beside(path, ".", ".tmp-01234567")
    derived.touch()
    assert derived.parent == tmp_path
    assert derived.name.endswith(".tmp-01234567")


def test_a_short_name_keeps_its_usual_manifest_and_long_ones_have_one_each(tmp_path: Path) -> None:
    assert path_of(tmp_path / "a.jsonl").name == "a.jsonl.manifest.json"
    assert path_of(tmp_path / f"{LONG}1") != path_of(tmp_path / f"{LONG}2")
    assert (
        path_of(tmp_path / f"{LONG}.jsonl").name
        == f"{'x' * 222}~{printable.digest(f'{LONG}.jsonl')[:12]}.jsonl.manifest.json"
    )


@pytest.mark.parametrize("word", [EVIL, NOT_UTF8, "it's $HOME", "a b", "tab\t'\\"])
def test_a_command_line_gives_back_every_word(word: str) -> None:
    script = printable.shell([sys.executable, "-c", "import os, sys; print(os.fsencode(sys.argv[1]).hex())", word])
    shell = subprocess.run(["bash", "-c", script], check=True, capture_output=True, text=True)
    assert bytes.fromhex(shell.stdout) == os.fsencode(word)
    assert script.isprintable()


def test_json_reads_as_the_same_and_commands_no_terminal() -> None:
    text = printable.in_json(json.dumps([EVIL, "é", "\U000e0041"], ensure_ascii=False))
    assert json.loads(text) == [EVIL, "é", "\U000e0041"]
    assert text.isprintable()


# The whole way of a name


def names_of_folder(folder: Path, name: str) -> Path:
    """Return a folder with a file of this name, and another."""
    folder.mkdir()
    write(folder / f"{name}.jsonl", [gym(agent_ref={"name": EVIL}), gym(reward=0.0), "no JSON"])
    write(folder / "b.jsonl", [gym("other")])
    return folder


def lines_of(ran: Ran) -> list[str]:
    """Return what was printed, after a look at every character of it."""
    lines = [*ran.out.removesuffix("\n").split("\n"), *ran.err.removesuffix("\n").split("\n")]
    assert [line for line in lines if not line.isprintable()] == []
    return lines


@pytest.mark.parametrize("name", [EVIL, NOT_UTF8, LONG], ids=["evil", "not UTF-8", "long"])
@pytest.mark.parametrize("how", [[], ["--json"]], ids=["text", "json"])
def test_a_file_of_any_name_goes_all_the_way(tmp_path: Path, name: str, how: list[str]) -> None:
    folder = names_of_folder(tmp_path / name, name)
    out = tmp_path / f"{name[:240]}.jsonl"
    for verb in (["check"], ["index"], ["stats", "--look"], ["review"]):
        ran = call(*verb, folder, *how)
        assert ran.code == 0, ran.err
        lines_of(ran)
    ran = call("export", folder, "--out", out, "--card", "card.md", "--report", "report.jsonl", *how)
    assert ran.code == 0, ran.err
    lines_of(ran)
    ran = call("verify", path_of(out), *how)
    assert ran.code == 0, ran.out
    assert [line for line in lines_of(ran) if line.startswith("ok     everything")] == []
    assert not [line for line in (tmp_path / "card.md").read_text().split("\n") if not line.isprintable()]


def test_a_forged_manifest_forges_no_line_of_verify(tmp_path: Path) -> None:
    source = write(tmp_path / "a.jsonl", [gym()])
    call("export", source, "--out", tmp_path / "sft.jsonl")
    path = path_of(tmp_path / "sft.jsonl")
    content = json.loads(path.read_bytes())
    content["inputs"][0]["name"] = content["inputs"][0]["path"] = content["version"] = EVIL
    content["decisions"]["verdicts"] = {"\ud800": "accept"}
    path.write_text(json.dumps(content))
    ran = call("verify", path)
    assert ran.code == 1
    assert [line for line in lines_of(ran) if line.startswith("ok     everything")] == []


@pytest.mark.parametrize(
    "argv",
    [
        ["check", EVIL],
        ["stats", "a.jsonl", "--recipe", EVIL],
        ["stats", "a.jsonl", "--decisions", EVIL],
        ["stats", "a.jsonl", "--template", EVIL],
        ["stats", "a.jsonl", "--set", f"{EVIL}=1"],
        ["stats", "a.jsonl", "--filter", EVIL],
        ["stats", "a.jsonl", "--min-reward", EVIL],
        ["export", "a.jsonl", "--out", f"{EVIL}/x.jsonl"],
        ["verify", EVIL],
        ["decide", "a.jsonl", "--key", EVIL, "--verdict", "reject"],
        ["decisions", "import", "a.jsonl", "--from", EVIL],
        ["ui", "--root", EVIL],
        [EVIL],
    ],
)
def test_no_message_lets_a_word_of_the_command_line_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, argv: list[str]
) -> None:
    write(tmp_path / "a.jsonl", [gym()])
    monkeypatch.chdir(tmp_path)
    ran = call(*argv)
    assert ran.code in (0, 2)
    assert "everything is fine" in ran.err
    assert [line for line in lines_of(ran) if line.startswith("ok ")] == []


def test_notes_reasons_and_reviewers_are_printed_visibly(tmp_path: Path) -> None:
    source = write(tmp_path / "a.jsonl", [gym(str(n)) for n in range(9)])
    with Decisions.open(tmp_path / "curation.sqlite") as store:
        workspace = Workspace.open([source], tmp_path / "cache", store)
        for row, who in enumerate(("ann\u202e\x9b", "bob\x1b[2J", "eve")):
            store.record([Entry(workspace.key(row), "reject", (f"why\x1b{row}\x9b",), "note\x1b", who)])
    ran = call("review", source)
    assert ran.code == 0
    assert any(r"why\x1b0" in line for line in lines_of(ran))


def test_a_terminal_that_cannot_show_a_character_is_given_its_escape(tmp_path: Path) -> None:
    source = write(tmp_path / "数据.jsonl", [gym(output=[said("x")], agent_ref={"name": "é"})])
    command = [sys.executable, "-m", "rollout_curator.cli.main", "stats", str(source)]
    for how in ([], ["--json"]):
        done = subprocess.run([*command, *how], capture_output=True, env=environment(PYTHONIOENCODING="ascii"))
        assert done.returncode == 0
        assert done.stdout.isascii()
        assert not how or json.loads(done.stdout)["by_agent"][0]["name"] == "é"


# Locks


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (Path.mkdir, "is a folder; move it away, then export again"),
        (lambda lock: lock.symlink_to("x"), "is a link; move it away, then export again"),
        (os.mkfifo, "is not a regular file; move it away, then export again"),
    ],
)
def test_a_lock_that_is_none_is_named_with_what_to_do(tmp_path: Path, make: Any, words: str) -> None:
    lock, out = tmp_path / ".sft.jsonl.lock", tmp_path / "sft.jsonl"
    make(lock)
    with pytest.raises(errors.ExportError) as refused, publish(out):
        pass
    assert str(refused.value) == f"cannot write {out}: its lock {lock} {words}. Nothing was written"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may open everything")
def test_a_lock_that_may_not_be_opened_is_named(tmp_path: Path) -> None:
    lock = tmp_path / ".sft.jsonl.lock"
    lock.touch(mode=0)
    with pytest.raises(errors.ExportError, match=r"\.lock is not yours to open; ask"), publish(tmp_path / "sft.jsonl"):
        pass


# The source


def leaves(kind: type[errors.CuratorError]) -> Iterator[type[errors.CuratorError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from leaves(below)


@pytest.mark.parametrize("kind", list(leaves(errors.CuratorError)))
def test_the_message_of_every_error_can_be_printed(kind: type[errors.CuratorError]) -> None:
    assert str(kind(f"{EVIL}: is wrong")).startswith(f"{SEEN}: is wrong")


PRINTS = ("print", "echo", "secho", "echo_via_pager", "progressbar", "logging", "warn", "getLogger")
PRINTING = {
    "terminal.py",  # the one place
    "api/opening.py",  # warns in a notebook
    "training/templates/worker.py",  # a process that speaks JSON with the one that started it
}
DERIVING = {
    "printable.py",  # the one place
    "export/paths.py",  # names that somebody asks for, which must not be cut
    "training/targets/trl_templates.py",  # files of an installed package
}


def printing(tree: ast.AST) -> list[int]:
    """Return the lines in which a module reaches for something that prints."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and (
            node.attr in PRINTS or ast.unparse(node) in ("sys.stdout", "sys.stderr")
        ):
            found.add(node.lineno)
        if isinstance(node, ast.Name) and node.id in PRINTS:
            found.add(node.lineno)
        if isinstance(node, ast.Import | ast.ImportFrom) and {alias.name for alias in node.names} & {*PRINTS}:
            found.add(node.lineno)
    return sorted(found)


def deriving(tree: ast.AST) -> list[int]:
    """Return the lines in which a module makes a file name out of another, which may become too long."""
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("with_name", "with_suffix", "with_stem")
        and isinstance(node.args[0], ast.JoinedStr | ast.BinOp)
    ]


def spelling(tree: ast.AST) -> list[int]:
    """Return the lines in which a module turns bytes of names into text or back by itself."""
    words = ("fsencode", "fsdecode", "backslashreplace", "surrogateescape", "unicode_escape")
    return [
        node.lineno
        for node in ast.walk(tree)
        if (isinstance(node, ast.Attribute) and node.attr in words)
        or (isinstance(node, ast.Constant) and node.value in words)
    ]


@pytest.mark.parametrize("relative", [name for name in SOURCES if name not in PRINTING])
def test_only_the_terminal_prints(relative: str) -> None:
    assert printing(tree_of(relative)) == [], f"in {relative}, print through a function of terminal.py"


@pytest.mark.parametrize("relative", [name for name in SOURCES if name not in DERIVING])
def test_only_names_makes_a_file_name_out_of_another(relative: str) -> None:
    assert deriving(tree_of(relative)) == [], f"in {relative}, use printable.beside"


SPELLING = {
    "printable.py",
    "terminal.py",  # for a terminal of another encoding
    "decisions/file.py",  # reads names of the system
    "sources/shapes/finish_reason.py",  # text of rollouts, no names
    "sources/formats/base.py",
}


@pytest.mark.parametrize("relative", [name for name in SOURCES if name not in SPELLING])
def test_only_names_knows_how_names_are_spelled(relative: str) -> None:
    assert spelling(tree_of(relative)) == [], f"in {relative}, use printable.shown or printable.digest"


@pytest.mark.parametrize(
    "line", ["print(path)", "click.echo(name)", "from click import echo", "sys.stderr.write(name)", "import logging"]
)
def test_printing_is_found_however_it_is_reached(line: str) -> None:
    assert printing(ast.parse(line)) == [1]


def test_a_name_made_of_another_is_found() -> None:
    assert deriving(ast.parse('out.with_name(f".{out.name}.lock")\nout.with_name(out.name + ".x")')) == [1, 2]
