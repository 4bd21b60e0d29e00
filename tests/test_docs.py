"""What is written about the project is true: commands, paths and options in the README exist; all code is described."""

import ast
import itertools
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from making import CHECKOUT
from rollout_curator import __version__
from rollout_curator.cli import main as cli
from rollout_curator.recipe.recipe import from_table

README = CHECKOUT / "README.md"
TEXT = README.read_text(encoding="utf-8") if README.exists() else ""
MODULES = sorted((CHECKOUT / "components" / "rollout_curator").rglob("*.py"))
COMMANDS = sorted(set(re.findall(r"^rollout-curator .*?(?=\s{2,}|$)", TEXT, re.MULTILINE)))
TARGETS = sorted(set(re.findall(r"\bmake ([a-z]+)\b", TEXT)))
WORDS_AFTER_MAKE = {"sure", "it"}
PACKAGE = CHECKOUT / "components" / "rollout_curator"


def tree() -> list[str]:
    """Return the paths that the file tree of the README names."""
    found, inside = [], ""
    block = next((part for part in TEXT.split("```") if "components/rollout_curator/" in part), "")
    for line in block.strip("\n").splitlines():
        names = re.split(r"\s{2,}", line.strip())[0].split()
        inside = inside if line.startswith(" ") else ""
        found += [inside + name for name in names]
        if not line.startswith(" ") and len(names) == 1 and names[0].endswith("/"):
            inside = names[0]
    return found


def backticked() -> list[str]:
    """Return what stands in backticks outside of blocks and looks like a path of this project."""
    prose = "".join(TEXT.split("```")[::2])
    return sorted(
        {
            word
            for word in re.findall(r"`([^`\s]+)`", prose)
            if re.fullmatch(r"[a-z_]+/|[a-z_/]+/[a-z_]+\.py|[a-z_]+\.py", word)
        }
    )


def test_the_readme_fits_in_250_lines_beside_its_tables() -> None:
    assert 0 < len([line for line in TEXT.splitlines() if not line.startswith("|")]) < 250


def test_the_first_screen_has_the_two_commands() -> None:
    first = TEXT.splitlines()[:20]
    assert any(line.startswith("make run") for line in first)
    assert any(line.startswith("make test") for line in first)


def test_there_are_commands_and_a_tree_to_check() -> None:
    assert len(COMMANDS) >= 7
    assert len(tree()) >= 15


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_readme_exists_with_its_options(command: str) -> None:
    words = [word.strip("[]") for word in shlex.split(command)]
    options = {name for option in cli.app.commands[words[1]].params for name in option.opts}
    assert {word for word in words if word.startswith("--")} <= options


@pytest.mark.parametrize("target", [name for name in TARGETS if name not in WORDS_AFTER_MAKE])
def test_a_make_target_of_the_readme_exists(target: str) -> None:
    assert re.search(rf"^{target}:", (CHECKOUT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("path", tree())
def test_a_path_in_the_tree_of_the_readme_exists(path: str) -> None:
    assert (CHECKOUT / path).exists()


@pytest.mark.parametrize("path", backticked())
def test_a_file_or_folder_the_readme_speaks_of_exists(path: str) -> None:
    assert (CHECKOUT / path).exists() or (PACKAGE / path).exists()


def test_the_recipe_in_the_readme_is_a_recipe() -> None:
    import tomllib

    block = re.search(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    assert block
    assert from_table(tomllib.loads(block[1]), "README.md").target == "nemo_rl"


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#:]+)\)", TEXT))))
def test_a_link_of_the_readme_leads_to_a_file(link: str) -> None:
    assert (CHECKOUT / link).exists()


def test_the_changelog_begins_with_this_version() -> None:
    headings = re.findall(r"^## (\S+)", (CHECKOUT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert next(heading for heading in headings if heading != "Unreleased") == __version__


def named(path: Path) -> str:
    return path.relative_to(CHECKOUT / "components").as_posix()


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_a_module_says_what_it_knows(path: Path) -> None:
    first = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").partition("\n\n")[0]
    assert first.rstrip().endswith((".", ":")), "the docstring begins with a sentence"


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_every_public_name_of_a_module_is_described(path: Path) -> None:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    tops = [node for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, kinds)]
    inner = [node for top in tops if isinstance(top, ast.ClassDef) and top.name[0] != "_" for node in top.body]
    public = [node for node in (*tops, *inner) if isinstance(node, kinds) and not node.name.startswith("_")]
    assert [node.name for node in public if not ast.get_docstring(node)] == []


# A docstring names what is there

TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in MODULES}
FILES = {"py", "js", "json", "jsonl", "toml", "jinja", "yaml", "sqlite"}
DATA = {"rewards.total", "response.usage", "info.oai_tools", "data.train", "data.validation"}
"""Keys of files and of other programs that docstrings name with a dot."""


def names_in(tree: ast.AST) -> set[str]:
    """Return every name that a syntax tree defines, binds or asks for."""
    found: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
                found.add(name)
            case ast.alias(name=name, asname=other):
                found.add(other or name.rpartition(".")[2])
    return found


def owners() -> dict[str, set[str]]:
    """Return what stands in each module, package and class, by its last name."""
    found: dict[str, set[str]] = {}
    for path, tree in TREES.items():
        *folders, name = path.relative_to(PACKAGE.parent).with_suffix("").parts
        found.setdefault(folders[-1], set()).add(name)
        for outer, inner in itertools.pairwise(folders):
            found.setdefault(outer, set()).add(inner)
        found.setdefault(folders[-1] if name == "__init__" else name, set()).update(names_in(tree))
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                found.setdefault(node.name, set()).update(names_in(node))
    return found


OWNERS = owners()


def docstrings(tree: ast.AST) -> Iterator[str]:
    """Yield the docstrings of a module, of all it defines, and those below constants."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        for statement in body if isinstance(body, list) else ():
            match statement:
                case ast.Expr(value=ast.Constant(value=str(text))):
                    yield text


def lost_names(tree: ast.AST) -> list[str]:
    """Return the dotted names in docstrings whose parts are not found one in the other."""
    here = names_in(tree)
    found = []
    for text in docstrings(tree):
        for name in re.findall(r"`([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+)(?:\(\))?`", text):
            parts = name.split(".")
            is_there = all(inner in OWNERS.get(outer, ()) for outer, inner in itertools.pairwise(parts))
            if not (is_there or parts[0] in here or parts[-1] in FILES or name in DATA):
                found.append(name)
    return found


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_a_docstring_names_what_is_there(path: Path) -> None:
    assert lost_names(TREES[path]) == []


def test_a_name_that_went_elsewhere_is_noticed() -> None:
    there = "`events.WAYS`, `review.team`, `Recipe.load` and `header.json`"
    assert lost_names(ast.parse(f'"""See {there}, not `words.WAYS` or `no_such_module.load`."""')) == [
        "words.WAYS",
        "no_such_module.load",
    ]
