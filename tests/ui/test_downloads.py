"""What a button downloads is made when it is pressed, so a page that has moved on never asks for a file that is gone.

Streamlit serves bytes that are handed over with the button under an address of their own, which the browser asks for
at once; the next run of the script takes it away, and with each change of the recipe comes a new one.
"""

import ast
from pathlib import Path

import pytest

UI = Path(__file__).parents[2] / "components" / "rollout_curator" / "ui"


def made_at_once(tree: ast.AST) -> list[int]:
    """Return the lines of the download buttons whose data is not a lambda or a partial."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and named(node.func) == "download_button"]
    return [call.lineno for call in calls if not is_deferred(call)]


def named(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def is_deferred(call: ast.Call) -> bool:
    given = [*call.args[1:2], *(each.value for each in call.keywords if each.arg == "data")]
    return any(
        isinstance(data, ast.Lambda) or (isinstance(data, ast.Call) and named(data.func) == "partial") for data in given
    )


@pytest.mark.parametrize(
    ("call", "n"),
    [
        ("st.download_button('Recipe', text)", 1),
        ("menu.download_button('Recipe', data=text)", 1),
        ("st.download_button('Recipe', lambda: text)", 0),
        ("st.download_button('Recipe', data=partial(read, path))", 0),
    ],
)
def test_bytes_that_are_handed_over_are_found(call: str, n: int) -> None:
    assert len(made_at_once(ast.parse(call))) == n


def test_every_download_of_the_app_is_made_when_its_button_is_pressed() -> None:
    found = {path.name: made_at_once(ast.parse(path.read_text("utf-8"))) for path in UI.rglob("*.py")}
    assert {name: lines for name, lines in found.items() if lines} == {}
