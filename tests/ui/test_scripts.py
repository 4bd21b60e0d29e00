"""The scripts of the components: every import leads to an export, and they are served under a hash of what they say."""

import re

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from rollout_curator.ui import scripts
from rollout_curator.ui.server.guard import Guard

NAMES = tuple(scripts.scripts())
ENTRIES = ("reader/main.js", "picker/threshold.js", "picker/panels.js")
IMPORT = re.compile(r'^import \{([^}]*)\} from "\./([\w/]+\.js)";$', re.MULTILINE)
EXPORT = re.compile(r"^export (?:async )?(?:function|class|const|let) (\w+)", re.MULTILINE)
COMMENT = re.compile(r"/\*.*?\*/|^//[^\n]*", re.DOTALL | re.MULTILINE)
TOKEN = "a-token-of-this-test"


def source(name: str) -> str:
    return scripts.scripts()[name].decode("utf-8")


def imports(name: str) -> dict[str, list[str]]:
    """Return the names that a script imports, by the script they come from."""
    room = name.partition("/")[0]
    return {f"{room}/{other}": re.findall(r"\w+", names) for names, other in IMPORT.findall(source(name))}


def client(token: str = "") -> TestClient:
    guard = Guard(Starlette(routes=[scripts.route()]), hosts=("127.0.0.1",), token=token)
    return TestClient(guard, base_url="http://127.0.0.1:8501")


def address(name: str, version: str = "") -> str:
    return f"/scripts/{version or scripts.version()}/{name}"


@pytest.mark.parametrize("name", NAMES)
def test_every_name_that_a_script_imports_is_exported_there(name: str) -> None:
    missing = [(other, one) for other, ones in imports(name).items() for one in ones if one not in exports(other)]
    assert missing == []


def exports(name: str) -> list[str]:
    return EXPORT.findall(source(name))


@pytest.mark.parametrize("name", NAMES)
def test_a_script_uses_every_name_that_it_imports(name: str) -> None:
    body = IMPORT.sub("", source(name))
    assert [one for ones in imports(name).values() for one in ones if not re.search(rf"\b{one}\b", body)] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_script_exports_nothing_that_nobody_imports(name: str) -> None:
    wanted = {one for other in NAMES for one in imports(other).get(name, [])}
    assert set(exports(name)) - wanted == set()


@pytest.mark.parametrize("name", NAMES)
def test_a_script_imports_only_by_names_from_its_own_folder(name: str) -> None:
    assert len(re.findall(r"^import\b", source(name), re.MULTILINE)) == len(IMPORT.findall(source(name)))
    assert "import(" not in COMMENT.sub("", source(name))


@pytest.mark.parametrize("name", NAMES)
def test_a_script_has_at_most_300_lines(name: str) -> None:
    assert source(name).count("\n") <= 300


def test_every_script_is_needed_by_a_component() -> None:
    described = {"reader/messages.js", "picker/messages.js"}  # types in comments, which nobody imports
    assert {needed for entry in ENTRIES for needed in scripts.needs(entry)} == set(NAMES) - described


def test_what_a_component_is_given_names_its_modules_and_their_version() -> None:
    loader = scripts.loader("picker/panels.js")
    assert f'"scripts/{scripts.version()}/"' in loader
    assert '["picker/panels.js", "picker/numbers.js", "picker/panel.js", "picker/counts.js"]' in loader


@pytest.mark.parametrize("name", NAMES)
def test_a_script_is_served_as_it_is_and_may_be_kept_for_good(name: str) -> None:
    answer = client().get(address(name))
    assert (answer.status_code, answer.content) == (200, scripts.scripts()[name])
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert "script-src 'self' blob:" in answer.headers["content-security-policy"]
    assert "'unsafe" not in answer.headers["content-security-policy"].partition("script-src")[2].partition(";")[0]


@pytest.mark.parametrize(
    "path",
    [
        "/scripts/0123456789abcdef0123456789abcdef/reader/main.js",
        address("reader/component.py"),
        address("reader/reader.css"),
        address("reader/..%2f..%2fscripts.py"),
        address("main.js"),
        address(""),
    ],
)
def test_another_version_or_another_file_is_not_served_and_not_kept(path: str) -> None:
    answer = client().get(path)
    assert (answer.status_code, answer.text) == (404, "no script of this version\n")
    assert answer.headers["cache-control"] == "no-store"


def test_in_a_shared_app_scripts_are_for_those_who_were_let_in() -> None:
    shared = client(TOKEN)
    assert shared.get(address("reader/main.js")).status_code == 401
    shared.get(f"/?token={TOKEN}")
    assert shared.get(address("reader/main.js")).status_code == 200


def test_another_byte_name_or_file_is_another_version() -> None:
    found = [
        scripts.hash_of({"reader/main.js": b"1;"}),
        scripts.hash_of({"reader/main.js": b"2;"}),
        scripts.hash_of({"reader/other.js": b"1;"}),
        scripts.hash_of({"reader/main.js": b"1;", "reader/other.js": b""}),
    ]
    assert len(set(found)) == 4
