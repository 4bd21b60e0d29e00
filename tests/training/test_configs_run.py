"""Every config and script given with an export runs as it stands: it parses, and every name it uses is defined."""

import ast
import builtins
import subprocess

import pytest

from rollout_curator.export.dpo_config import SAYS, preference_config
from rollout_curator.training.targets.base import ConfigFacts, targets

yaml = pytest.importorskip("yaml")

PATHS = ["/data/sft.jsonl", '/data/it\'s "so" ${HOME} {a}.jsonl']
KINDS = {name: target.config_kind for name, target in targets().items() if target.trains}


def facts(path: str, form: str = "chat", validation: str | None = None) -> ConfigFacts:
    """Return the facts of a file of a hundred rows."""
    return ConfigFacts(path=path, format=form, has_tools=True, validation_path=validation, rows=100, max_tokens=4096)


def undefined(code: str) -> set[str]:
    """Return the names that a script reads and that nothing in it, nor Python, defines."""
    tree = ast.parse(code)
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    known = {node.id for node in names if not isinstance(node.ctx, ast.Load)} | set(dir(builtins))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            known |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            known.add(node.name)
        elif isinstance(node, ast.arg):
            known.add(node.arg)
    return {node.id for node in names if isinstance(node.ctx, ast.Load)} - known


def fault(kind: str, text: str) -> str:
    """Return why a config of a kind would not run, nothing where it would."""
    if kind == "python":
        compile(text, "train.py", "exec")
        return ", ".join(sorted(undefined(text)))
    if kind == "shell":
        return subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True, check=False).stderr
    return "" if isinstance(yaml.safe_load(text), dict) else "not a mapping"


@pytest.mark.parametrize("validation", [None, "/data/sft.validation.jsonl"])
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("form", ["chat", "flat"])
@pytest.mark.parametrize("name", sorted(KINDS))
def test_what_is_given_for_a_trainer_runs_as_it_stands(name: str, form: str, path: str, validation: str | None) -> None:
    assert fault(KINDS[name], targets()[name].config(facts(path, form, validation))) == ""


@pytest.mark.parametrize("validation", [None, "/data/sft.validation.jsonl"])
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("style", "kind"), [("trl", "python"), ("nemo_rl", "yaml")])
def test_what_is_given_for_pairs_runs_as_it_stands(style: str, kind: str, path: str, validation: str | None) -> None:
    assert fault(kind, preference_config(style, facts(path, validation=validation))) == ""


def test_every_kind_of_config_and_of_pairs_is_tried() -> None:
    assert set(KINDS.values()) == {"yaml", "python", "shell"}
    assert set(SAYS) == {"trl", "nemo_rl"}


@pytest.mark.parametrize("code", ["trainer = DPOTrainer(model=model)", "f(args)", "print(model.name)"])
def test_a_name_that_nothing_defines_is_found(code: str) -> None:
    assert undefined(code)
