"""Who may import whom, and the only ways into Streamlit: the map in RANKS, checked on the source of every module.

A room is a module or folder directly under `rollout_curator`. A room imports from rooms of a lower rank only, wherever
in the file the import stands; a module's name in a string (`discover.rows("rollout_curator.formats", ...)`) counts too.
Nothing is executed: the checks read syntax trees, and the last tests here show them small examples of what they refuse.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from streamlit_text import unsafe_calls

PACKAGE = Path(__file__).parents[1] / "components" / "rollout_curator"
ROOT = PACKAGE.name

RANKS = {
    "cli": 13,
    "api": 12,
    "api_frame": 11,
    "api_progress": 11,
    "api_recipe": 11,
    "api_selection": 11,
    "cli_review": 12,
    "reading_report": 11,
    "cli_options": 9,
    "cli_working": 12,
    "cli_opening": 10,
    "diffing": 9,
    "ui": 12,
    "report": 11,
    "publishing": 10,
    "workspace": 7,
    "ruling": 7,
    "attempts": 8,
    "collection": 6,
    "opening": 6,
    "stores": 6,
    "counted": 1,
    "contents": 5,
    "outlook": 5,
    "marked": 1,
    "runner": 5,
    "manifest": 2,
    "vouching": 3,
    "conversion": 5,
    "flags": 5,
    "index": 4,
    "decisions": 5,
    "decisions_acts": 4,
    "decisions_bulk": 4,
    "decisions_exchange": 4,
    "decisions_rows": 3,
    "recipe": 4,
    "selection": 4,
    "decisions_file": 3,
    "decisions_schema": 2,
    "decisions_clocks": 2,
    "reading": 8,
    "reading_words": 9,
    "reading_shared": 9,
    "reading_shared_words": 10,
    "formats": 3,
    "hazards": 3,
    "views": 3,
    "policy": 3,
    "plan": 3,
    "problems": 0,
    "limits": 0,
    "controls": 8,
    "lacking": 8,
    "findings": 5,
    "targets": 3,
    "exports": 3,
    "splits": 3,
    "pairs": 3,
    "sides": 2,
    "side_figures": 2,
    "signals": 3,
    "comparison": 3,
    "strategies": 3,
    "cost": 4,
    "card": 4,
    "review": 3,
    "sources": 4,
    "folders": 3,
    "plots": 3,
    "levels": 2,
    "similarity": 1,
    "ties": 2,
    "pile": 0,
    "shared_text": 1,
    "split_report": 4,
    "templates": 2,
    "tokens": 1,
    "conversation": 1,
    "shapes": 0,
    "reader": 2,
    "documents": 3,
    "layouts": 3,
    "packing": 1,
    "report_text": 9,
    "terminal": 5,
    "arrow": 0,
    "errors": 0,
    "names": 0,
    "endings": 0,
    "doors": 1,
    "rollout": 0,
    "discover": 0,
    "digits": 0,
    "wording": 0,
    "hashing": 0,
    "intervals": 0,
    "grouping": 1,
    "slices": 1,
    "naming": 0,
    "reach": 0,
    "filters": 3,
    "axes": 5,
    "bounding": 6,
}
SIDEWAYS = {
    ("errors", "names"),  # a message of an error can be printed, whatever names it holds
    ("side_figures", "sides"),  # what is measured
    ("folders", "vouching"),  # a folder tells its exports by their manifests
    ("cli", "ui"),  # the verb `ui` starts the app
    ("layouts", "documents"),  # looks at a document with the same eyes
    ("cli_review", "ui"),  # turns are numbered as Review shows them
    ("exports", "targets"),  # an export is written for a trainer
    ("plan", "hazards"),  # a plan says with what an example is looked at
    ("plan", "targets"),  # and for which trainer
    ("outlook", "findings"),  # what it finds is what they are
    ("workspace", "ruling"),  # what a recipe keeps is what its rules say
    ("views", "targets"),  # which template is rendered, and what of its text is trained on
    ("hazards", "views"),  # what is a hazard depends on what its trainer sees
    ("hazards", "targets"),  # what is a hazard depends on the trainer
}
API = "api"
"""The room of the public names, which the package hands on."""
STATE = "ui/state.py"
SAYS_TEXT = "ui/text.py"

SOURCES = {path.relative_to(PACKAGE).as_posix(): path for path in sorted(PACKAGE.rglob("*.py"))}


def dotted(relative: str) -> list[str]:
    """Return the name of the module in a file, in parts: ui/pages/review.py is [rollout_curator, ui, pages, review]."""
    parts = [ROOT, *relative.removesuffix(".py").split("/")]
    return parts[:-1] if parts[-1] == "__init__" else parts


def imported(tree: ast.AST, relative: str) -> Iterator[str]:
    """Yield the full name of everything that a module imports, at any depth, and of modules named in strings."""
    package = dotted(relative) if relative.endswith("__init__.py") else dotted(relative)[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith(f"{ROOT}."):
            yield node.value


def rooms(tree: ast.AST, relative: str) -> set[str]:
    """Return the rooms that a module reaches into; what the package itself offers (`__version__`) is no room."""
    names = (name.split(".") for name in imported(tree, relative))
    return {parts[1] for parts in names if parts[0] == ROOT and len(parts) > 1 and not parts[1].startswith("__")}


def forbidden(tree: ast.AST, relative: str) -> list[str]:
    """Return one sentence for every import of a module that the ranks do not allow."""
    room = dotted(relative)[1:2]
    if not room:
        others = rooms(tree, relative) - {API}
        return [f"{relative} imports {name}: the package itself offers what is in {API} alone" for name in others]
    here = room[0]
    return [
        f"{relative} ({here}, rank {RANKS[here]}) imports {there} (rank {RANKS.get(there, 'unknown')})"
        for there in sorted(rooms(tree, relative) - {here})
        if (here, there) not in SIDEWAYS and RANKS.get(there, 99) >= RANKS[here]
    ]


def touches_streamlit(tree: ast.AST, relative: str) -> bool:
    """Say whether a module imports Streamlit or any part of it."""
    return any(name.split(".")[0] == "streamlit" for name in imported(tree, relative))


def touches_session_state(tree: ast.AST) -> list[int]:
    """Return the lines in which a module reaches for `session_state`."""
    lines = {node.lineno for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr == "session_state"}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and any(alias.name == "session_state" for alias in node.names):
            lines.add(node.lineno)
    return sorted(lines)


def tree_of(relative: str) -> ast.Module:
    """Return the syntax tree of a module of the package."""
    return ast.parse(SOURCES[relative].read_text(encoding="utf-8"), filename=relative)


def test_every_room_has_a_rank() -> None:
    here = {dotted(relative)[1] for relative in SOURCES if len(dotted(relative)) > 1}
    unknown = sorted(here - set(RANKS))
    assert unknown == [], (
        f"new rooms {unknown}: give each its rank in RANKS of tests/test_layers.py, or move it into a room"
    )


@pytest.mark.parametrize("relative", SOURCES)
def test_imports_go_downward(relative: str) -> None:
    if dotted(relative)[1:2] and dotted(relative)[1] not in RANKS:
        pytest.skip("a room without a rank, reported above")
    assert forbidden(tree_of(relative), relative) == []


@pytest.mark.parametrize("relative", [relative for relative in SOURCES if not relative.startswith("ui/")])
def test_streamlit_is_imported_in_ui_only(relative: str) -> None:
    assert not touches_streamlit(tree_of(relative), relative)


@pytest.mark.parametrize("relative", [relative for relative in SOURCES if relative != STATE])
def test_session_state_is_touched_in_one_file_only(relative: str) -> None:
    assert touches_session_state(tree_of(relative)) == []


@pytest.mark.parametrize("relative", [name for name in SOURCES if name.startswith("ui/") and name != SAYS_TEXT])
def test_text_reaches_streamlit_through_one_file_only(relative: str) -> None:
    tree = tree_of(relative)
    found = unsafe_calls(tree) if touches_streamlit(tree, relative) else []
    assert found == [], f"in {relative}, pass text through a function of {SAYS_TEXT}, or write it as a literal"


def test_an_import_upward_is_refused_even_inside_a_function() -> None:
    tree = ast.parse("def late():\n    from rollout_curator.workspace import Workspace\n")
    assert forbidden(tree, "reader.py") == ["reader.py (reader, rank 2) imports workspace (rank 7)"]


def test_an_import_sideways_is_refused() -> None:
    tree = ast.parse("from rollout_curator import plots")
    assert forbidden(tree, "review.py") == ["review.py (review, rank 3) imports plots (rank 3)"]


def test_a_relative_import_counts() -> None:
    assert rooms(ast.parse("from ..index import COLUMNS"), "ui/pages.py") == {"index"}


def test_a_module_named_in_a_string_counts() -> None:
    assert rooms(ast.parse('rows("rollout_curator.formats", Format)'), "index/scan.py") == {"formats"}


def test_a_room_may_import_from_itself_and_from_below() -> None:
    tree = ast.parse("from rollout_curator.ui import state\nfrom rollout_curator import __version__, errors, workspace")
    assert forbidden(tree, "ui/main.py") == []


def test_session_state_is_found_however_it_is_reached() -> None:
    assert touches_session_state(ast.parse("from streamlit import session_state\nst.session_state['x'] = 1")) == [1, 2]


TEXT = "import streamlit as st\nfrom rollout_curator.ui import text\nfrom rollout_curator.ui.text import label\n"


@pytest.mark.parametrize(
    "line",
    [
        "st.markdown(agent)",
        "st.error(f'no such file: {path}')",
        "st.caption(f'{agent:>8}')",
        "column.metric('Tasks', n, delta=change)",
        "st.button('Go', help=row.task_id)",
        "st.write(frame)",
        "st.pills('agent', agents)",
        "st.tabs([agent for agent in agents])",
        "st.selectbox('agent', agents, format_func=str)",
        "st.expander(title(agent))",
        "with st.expander(agent): pass",
        "def page(agent):\n    heading = 'agent ' + agent\n    st.subheader(heading)",
    ],
)
def test_text_from_data_is_found_on_its_way_to_streamlit(line: str) -> None:
    assert len(unsafe_calls(ast.parse(TEXT + line))) == 1


@pytest.mark.parametrize(
    "line",
    [
        "st.markdown('Rewards')",
        "st.markdown(label(agent))",
        "st.caption(f'{n_kept:,} of {total:,}, {share:.1%} by {text.label(agent)}')",
        "text.show_untrusted(body)",
        "HELP = 'keeps ' 'more'\nst.button('Go', help=HELP)",
        "st.metric('Tasks', f'{n:,}', delta=None)",
        "st.pills('agent', agents, format_func=label)",
        "st.radio('axis', ['reward', 'length'])",
        "WORDS = {'a': 'accept'}\nst.info(WORDS[verdict])\nst.info(WORDS.get(verdict, ''))",
        "for word in ('one', 'two'):\n    st.button(word)",
        "def counted(n):\n    return f'{n:,} rollouts'\nst.caption(counted(n))",
        "st.caption(' · '.join(label(agent) for agent in agents))",
        "st.dataframe(frame)",
    ],
)
def test_literals_numbers_and_text_that_was_made_safe_may_pass(line: str) -> None:
    assert unsafe_calls(ast.parse(TEXT + line)) == []
