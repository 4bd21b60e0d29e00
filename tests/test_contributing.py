"""What CONTRIBUTING says can be found, CI runs on the Pythons it names, and the hooks are those of `make check`."""

import ast
import re
from functools import cache

import pytest

from making import CHECKOUT

TEXT = (CHECKOUT / ".github" / "CONTRIBUTING.md").read_text(encoding="utf-8")
MAKEFILE = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
WORDS = sorted(set(re.findall(r"`([^`\n]+)`", "".join(TEXT.split("```")[::2]))))
PATHS = [word for word in WORDS if re.fullmatch(r"[\w.]+(/[\w.]*)+|[\w.]+\.(md|py|yaml)", word)]
FUNCTIONS = [word for word in WORDS if "::" in word]
ROWS = [line for line in TEXT.splitlines() if re.match(r"\| (A|An) ", line)]


@cache
def defined_in(path: str) -> set[str]:
    """Return the functions that a file defines."""
    tree = ast.parse((CHECKOUT / path).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_there_are_paths_and_functions_to_look_for() -> None:
    assert (len(PATHS), len(FUNCTIONS), len(ROWS)) > (20, 30, 12)


@pytest.mark.parametrize("path", PATHS)
def test_a_path_that_contributing_names_exists(path: str) -> None:
    assert (CHECKOUT / path).exists()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_that_contributing_names_exists(name: str) -> None:
    path, _, test = name.partition("::")
    assert test in defined_in(path)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip())
def test_every_extension_point_says_where_and_which_test(row: str) -> None:
    _, _, where, signature, test, _ = re.split(r"(?<!\\)\|", row)
    assert "`components/rollout_curator/" in where
    assert "`tests/" in test
    assert signature.strip()


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\bmake ([a-z-]+)", TEXT))))
def test_a_make_target_that_contributing_names_exists(target: str) -> None:
    assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE)


def test_the_hooks_are_those_of_make_check() -> None:
    recipe = re.search(r"^check:.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)
    assert recipe
    hooks = (CHECKOUT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    entries = re.findall(r"^ +entry: (.+)$", hooks, re.MULTILINE)
    assert entries == [line.strip().replace("$(BIN)", ".venv/bin") for line in recipe[1].splitlines()]


def test_no_hook_is_fetched() -> None:
    hooks = (CHECKOUT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    assert re.findall(r"repo: (.+)", hooks) == ["local"]
    assert set(re.findall(r"language: (.+)", hooks)) == {"system"}


def test_ci_services_run_what_ci_runs_on_every_python() -> None:
    workflow = (CHECKOUT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    assert re.findall(r"- run: (.+)", workflow) == [".ci/run"]
    assert 'python: ["3.11", "3.12", "3.13"]' in workflow
    assert all(re.fullmatch(r"actions/[a-z-]+@v\d+", used) for used in re.findall(r"uses: (.+)", workflow))
