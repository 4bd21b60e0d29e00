"""The keys of other programs' lines are known in `sources` alone: what the rest sees of a line is a `Rollout`."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "components" / "rollout_curator"
UNMISTAKABLE = re.compile(
    r"_ng_|agent_ref|responses_create_params|mask_sample|exception_type|incomplete_details|verifier_metadata"
    r"|generation_token_ids|rollout_trace_contract|training_traces|mean/reward|task_idx|failure_(kind|reason|class)"
    r"|stop_condition|(finish|stop)_reason|is_truncated|timed_out|(?<![a-z_])(prompt|completion|input|output)_tokens\b|audio_url"
)
ALONE = frozenset({"usage", "uuid", "instance_id", "problem_id", "question_id", "example_id", "extra_info"})
"""Keys that are words too: foreign where one is a whole text."""
OTHERS = sorted(path for path in PACKAGE.rglob("*") if path.suffix in (".py", ".js") and "sources" not in path.parts)


def texts_of(module: str) -> Iterator[str]:
    """Yield every text of a Python module but its docstrings."""
    tree = ast.parse(module)
    documented = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documented:
            yield node.value


def foreign_keys(path: Path) -> list[str]:
    """Return the texts of a module that are, or name, a key of another program's lines."""
    text = path.read_text(encoding="utf-8")
    texts = texts_of(text) if path.suffix == ".py" else re.findall(r"""\.?[\w/]+""", text)
    return [one for one in texts if one in ALONE or UNMISTAKABLE.search(one)]


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_no_room_but_sources_names_a_foreign_key(path: Path) -> None:
    assert foreign_keys(path) == []


def test_foreign_keys_are_found_where_they_stand(tmp_path: Path) -> None:
    module, script = tmp_path / "a.py", tmp_path / "a.js"
    module.write_text(
        '"""Reads `usage`."""\nx = fields["agent_ref"]["usage"], f"{y}_ng_task_index", "the usage of it"\n'
    )
    script.write_text("const name = line.agent_ref.name; // usage\n")
    assert sorted(foreign_keys(module)) == ["_ng_task_index", "agent_ref", "usage"]
    assert foreign_keys(script) == [".agent_ref", "usage"]


def test_every_module_outside_sources_is_looked_at() -> None:
    assert {"facts.py", "turns.js"} <= {path.name for path in OTHERS}
