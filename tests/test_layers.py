"""Who may import whom, and the only ways into Streamlit: the line ORDER, checked on the source of every module.

A room is a module or folder directly under `rollout_curator`. It imports from rooms to its right in ORDER only,
wherever in the file the import stands; a module named in a string (`rows("rollout_curator.sources.formats", ...)`)
counts too. Nothing is executed: the checks read syntax trees, and the last tests here show them small examples of
what they refuse.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from streamlit_text import unsafe_calls

README = Path(__file__).parents[1] / "README.md"
PACKAGE = Path(__file__).parents[1] / "components" / "rollout_curator"
ROOT = PACKAGE.name

ORDER = (
    "__main__ > cli > api > ui > export > review > workspace > recipe > selection > index > training > signals"
    " > conversation > decisions > sources > files"
    " > parallel > registry > interrupts > terminal > errors > printable > rollout > words"
)
"""Who may import whom: a room imports from those to its right only. They read as the flow of the data, backwards."""
ROOMS = ORDER.split(" > ")
RANKS = {room: len(ROOMS) - n for n, room in enumerate(ROOMS)}
STATE = "ui/state/state.py"
API = "api"
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
        f"{relative} imports {there}, which is not to the right of {here} in ORDER"
        for there in sorted(rooms(tree, relative) - {here})
        if RANKS.get(there, 99) >= RANKS[here]
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


def test_every_room_stands_in_the_order() -> None:
    here = {dotted(relative)[1] for relative in SOURCES if len(dotted(relative)) > 1}
    assert here == set(ROOMS), "a new room takes its place in ORDER of tests/test_layers.py, or moves into one there"


def test_readme_names_every_room_and_nothing_else() -> None:
    tree = README.read_text(encoding="utf-8").split("components/rollout_curator/\n")[1].split("\ntests/")[0]
    entries = [line.strip().split("  ")[0].split() for line in tree.splitlines()]
    named = {entry.rstrip("/").removesuffix(".py") for line in entries for entry in line}
    assert named == {*ROOMS, "__init__"}


@pytest.mark.parametrize("relative", SOURCES)
def test_imports_go_downward(relative: str) -> None:
    if dotted(relative)[1:2] and dotted(relative)[1] not in RANKS:
        pytest.skip("a room without a place, reported above")
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
    tree = ast.parse("def late():\n    from rollout_curator.workspace.workspace import Workspace\n")
    assert forbidden(tree, "sources/lines.py") == [
        "sources/lines.py imports workspace, which is not to the right of sources in ORDER"
    ]


def test_a_relative_import_counts() -> None:
    assert rooms(ast.parse("from ..index import COLUMNS"), "ui/pages.py") == {"index"}


def test_a_module_named_in_a_string_counts() -> None:
    assert rooms(ast.parse('rows("rollout_curator.sources.formats", Format)'), "index/scan.py") == {"sources"}


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


def bound_in(relative: str) -> set[str]:
    """Return the names that a package binds to something that is no module."""
    found = set()
    for node in tree_of(relative).body:
        if isinstance(node, ast.ImportFrom):
            base = (node.module or "").removeprefix(ROOT).strip(".").replace(".", "/")
            names = {alias.asname or alias.name: f"{base}/{alias.name}" for alias in node.names}
            found |= {
                name for name, path in names.items() if not {f"{path}.py", f"{path}/__init__.py"} & SOURCES.keys()
            }
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
    return found


@pytest.mark.parametrize("relative", [name for name in SOURCES if name.endswith("/__init__.py")])
def test_what_a_package_offers_is_not_called_like_one_of_its_modules(relative: str) -> None:
    folder = relative.removesuffix("__init__.py")
    modules = {
        name.removeprefix(folder).split("/")[0].removesuffix(".py") for name in SOURCES if name.startswith(folder)
    }
    assert bound_in(relative) & modules == set(), "else importing the module gives whatever the package binds"


BANNED = frozenset(
    [
        "found",
        "made",
        "said",
        "looked",
        "drawn",
        "taken",
        "standing",
        "narrow",
        "redrawn",
        "remade",
        "exported",
        "verified",
        "indexed",
        "fits",
        "place",
        "lots",
        "by_lot",
        "own_bounds",
        "set_own",
        "filter_falls",
        "rest_of",
        "entry_of_row",
        "Outlook",
        "Fall",
        "Is",
        "Part",
        "Levels",
        "Steps",
        "Drawn",
        "LookJob",
    ]
)
"""Names that say nothing, or that meant something else in each room: say the verb and its object, the field's noun."""


@pytest.mark.parametrize("relative", SOURCES)
def test_no_function_and_no_class_has_a_name_that_says_nothing(relative: str) -> None:
    defined = [node.name for node in tree_of(relative).body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    assert BANNED.isdisjoint(defined)
