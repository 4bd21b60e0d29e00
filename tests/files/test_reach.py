"""Whatever path a browser sends, by whatever way, opens nothing out of reach and tells nothing of what is there.

The ways are walked with the same hostile paths, and the source is read: in `ui` nobody else opens a file by name.
"""

import ast
import os
import re
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_pages import opened

from making import gym, said, write
from rollout_curator.errors import ExportError, RecipeError, TemplateError
from rollout_curator.export import Settings
from rollout_curator.files.path_access import ANYWHERE, NOT_HERE, NOWHERE, OutOfReach, Reach
from rollout_curator.printable import brief, shown
from rollout_curator.recipe import url
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.selection.splits.split import Split
from rollout_curator.training import templates
from rollout_curator.ui.pages import recipe_file
from rollout_curator.ui.server import site as sites
from rollout_curator.ui.server.browser_paths import check_written, reach_of, typed
from rollout_curator.ui.server.server import ServeOptions
from rollout_curator.ui.server.site import Site
from rollout_curator.workspace.workspace import Workspace
from serving import Served, get, served

PACKAGE = Path(__file__).parents[2] / "components" / "rollout_curator"
SECRET = "what-no-page-may-show"
TEMPLATE = f"{SECRET} {{{{ messages[0].content }}}}"
HOSTILE = (
    "{out}/secret.jinja",
    "{out}",
    "{out}/",
    "{out}/.",
    "{out}/tokenizer_config.json",
    "{out}/tokenizer.json",
    "../out/secret.jinja",
    "../../../../../../../../../../../../../../../..{out}/secret.jinja",
    "{root}/../out/secret.jinja",
    "{root}/./../out/./secret.jinja",
    "{root}//..//out//secret.jinja",
    "{root}/link.jinja",
    "{root}/folder",
    "{root}/folder/secret.jinja",
    "{root}/folder/../out/secret.jinja",
    "{root}/.hidden/secret.jinja",
    "{root}/.secret.jinja",
    "{root}-of-others/secret.jinja",
    "{root}/pipe.jinja",
    "{root}/socket.jinja",
    "{root}/loop.jinja",
    "{root}/nothing.jinja",
    "{root}/nothing.jinja\0.jinja",
    "{root}/secret\ud800.jinja",
    "{root}/" + "a" * 5000 + ".jinja",
    "file://{out}/secret.jinja",
    "{root}/%2e%2e/out/secret.jinja",
    "{root}/..%2fout%2fsecret.jinja",
    "..\\out\\secret.jinja",
    "\\\\?\\C:\\secret.jinja",
    "\\\\server\\share\\secret.jinja",
    "//server/share/secret.jinja",
    "~/secret.jinja",
    "~root/secret.jinja",
    "$HOME/secret.jinja",
    "/etc/shadow",
    "/etc/passwd",
    "/proc/self/environ",
    "/proc/self/cwd/../out/secret.jinja",
    "/proc/self/root{out}/secret.jinja",
    "/dev/stdin",
    "/dev/zero",
    "/dev/fd/0",
)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Make a folder that may be opened and a secret beside it, with every way from the one to the other."""
    root, out = tmp_path / "root", tmp_path / "out"
    for folder in (root, out, root / ".hidden", tmp_path / "root-of-others", tmp_path / "home"):
        folder.mkdir()
        (folder / "secret.jinja").write_text(TEMPLATE)
    (root / "secret.jinja").rename(root / ".secret.jinja")
    (root / "mine.jinja").write_text("{{ messages[0].content }}")
    (out / "tokenizer_config.json").write_text('{"chat_template": "' + SECRET + '"}')
    (out / "tokenizer.json").write_text("{}")
    (root / "link.jinja").symlink_to(out / "secret.jinja")
    (root / "folder").symlink_to(out)
    (root / "loop.jinja").symlink_to(root / "loop.jinja")
    os.mkfifo(root / "pipe.jinja")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(root)
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("socket.jinja")
        yield root


@pytest.fixture
def site(root: Path) -> Iterator[Site]:
    """Share one rollout of that folder."""
    source = write(root / "run.jsonl", [gym(output=[said("4.")])])
    workspace = Workspace.open([source], root.parent / "cache")
    yield sites.install(Site(ServeOptions(paths=(source,), out_dir=root, shared=True), workspace))
    workspace.close()


def made(path: str, root: Path) -> str:
    """Return a hostile path for these folders."""
    return path.replace("{root}", str(root)).replace("{out}", str(root.parent / "out"))


def toml(text: str) -> str:
    """Return a text as TOML holds it; half a surrogate pair it cannot hold."""
    return '"' + "".join(f"\\u{ord(c):04x}" if c < " " or c in '"\\' else c for c in text.replace("\ud800", "?")) + '"'


def told(kind: str, given: str, name: str = "") -> str:
    """Return the one answer to every path; one that is too long for a screen loses its middle."""
    said = brief(f"{kind} {shown(given)}: {NOT_HERE}")
    return brief(f"{name}: {said}") if name else said


@pytest.mark.parametrize("path", HOSTILE)
def test_a_template_of_a_text_box_out_of_reach_gets_one_answer(site: Site, root: Path, path: str) -> None:
    given = made(path, root)
    with pytest.raises(TemplateError) as error:
        templates.load(typed(site, given), reach=reach_of(site))
    assert str(error.value) == told("template", given)


@pytest.mark.parametrize("path", HOSTILE)
def test_a_tokenizer_of_a_text_box_out_of_reach_gets_one_answer(site: Site, root: Path, path: str) -> None:
    given = made(path.replace("secret.jinja", "tokenizer.json"), root)
    with pytest.raises(TemplateError) as error:
        templates.with_tokenizer(templates.built_in("chatml"), typed(site, given), reach=reach_of(site))
    assert str(error.value) == told("tokenizer", given)


@pytest.mark.parametrize("path", HOSTILE)
def test_a_template_of_an_uploaded_recipe_out_of_reach_gets_one_answer(site: Site, root: Path, path: str) -> None:
    given = made(path, root).replace("\ud800", "?")
    with pytest.raises(RecipeError) as error:
        recipe_file.read("up.toml", f"template = {toml(given)}".encode(), reach_of(site))
    assert str(error.value) == told("template", given, "up.toml")


@pytest.mark.parametrize("path", HOSTILE)
def test_a_tokenizer_of_an_uploaded_recipe_out_of_reach_gets_one_answer(site: Site, root: Path, path: str) -> None:
    given = made(path.replace("secret.jinja", "tokenizer.json"), root).replace("\ud800", "?")
    text = f'[template]\nname = "chatml"\ntokenizer = {toml(given)}\ntokenizer_sha256 = "{"0" * 64}"'
    with pytest.raises(RecipeError) as error:
        recipe_file.read("up.toml", text.encode(), reach_of(site))
    assert str(error.value) == told("tokenizer", given, "up.toml")


@pytest.mark.parametrize("path", HOSTILE)
def test_an_export_of_a_shared_app_goes_nowhere_else(site: Site, root: Path, path: str) -> None:
    given = made(path, root).replace("secret.jinja", "x.jsonl")
    allowed = Path(os.path.realpath(root))
    try:
        found = site.out_path(given)
    except ExportError as error:
        assert "~" in given or str(root.parent / "home") not in str(error)
    else:
        assert allowed in Path(os.path.realpath(found)).parents


WRITTEN = (
    "x.train.jsonl",
    "x.validation.jsonl",
    "x.jsonl.manifest.json",
    "x.card.md",
    "x.report.jsonl",
    "x.control.train.jsonl",
    "x.control.jsonl.manifest.json",
)


@pytest.mark.parametrize("name", WRITTEN)
def test_no_file_of_an_export_goes_through_a_link_elsewhere(site: Site, root: Path, name: str) -> None:
    (root / name).symlink_to(root.parent / "out" / "written")
    settings = Settings(card="x.card.md", report="x.report.jsonl", seeds=(1,))
    with pytest.raises(ExportError, match="not an allowed export folder"):
        check_written(site, Recipe(split=Split()), root / "x.jsonl", settings)


@pytest.mark.parametrize("path", HOSTILE)
@pytest.mark.parametrize("name", url.NAMES)
def test_a_link_opens_nothing(site: Site, root: Path, monkeypatch: pytest.MonkeyPatch, name: str, path: str) -> None:
    monkeypatch.setattr(os, "open", None)
    monkeypatch.setattr(os, "lstat", None)
    monkeypatch.setattr("builtins.open", None)
    url.take_parameter(Recipe(), name, made(path, root))


def test_strategies_of_a_link_bring_no_path_with_them() -> None:
    assert url.take_parameter(Recipe(), "rules", '[{"name": "top_n", "template": "/etc/passwd"}]') is None


def test_what_is_within_reach_is_opened(site: Site, root: Path) -> None:
    assert templates.load(str(root / "mine.jinja"), reach=reach_of(site)).text == "{{ messages[0].content }}"
    assert recipe_file.read("up.toml", b'template = "mine.jinja"', reach_of(site)).template["name"] == "mine.jinja"


def test_a_file_below_a_root_is_within_reach_of_a_shared_app(site: Site, root: Path) -> None:
    out = root.parent / "out"
    sites.install(Site(ServeOptions(roots=(out,), shared=True)))
    assert templates.load(str(out / "secret.jinja"), reach=reach_of(sites.current())).text == TEMPLATE


def test_roots_bind_an_app_of_ones_own_too(root: Path) -> None:
    alone = Site(ServeOptions(roots=(root,)))
    with pytest.raises(TemplateError, match=NOT_HERE):
        templates.load(str(root.parent / "out" / "secret.jinja"), reach=reach_of(alone))


def test_without_roots_an_app_of_ones_own_opens_what_its_user_may(root: Path) -> None:
    assert reach_of(Site(ServeOptions())) == ANYWHERE
    assert templates.load(typed(Site(ServeOptions()), "~/secret.jinja")).text == TEMPLATE


def test_a_tokenizer_within_reach_is_kept_by_where_it_really_lies(site: Site, root: Path) -> None:
    (root / "real").mkdir()
    (root / "real" / "tokenizer.json").write_text("{}")
    (root / "model").symlink_to(root / "real")
    text = '[template]\nname = "chatml"\ntokenizer = "model"'
    found = recipe_file.read("up.toml", text.encode(), reach_of(site))
    assert found.template["tokenizer"] == str(root / "real" / "tokenizer.json")
    assert found.template["tokenizer_sha256"] == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


def test_a_recipe_is_looked_at_again_without_opening_what_it_names(site: Site, root: Path) -> None:
    (root / "tokenizer.json").write_text("{}")
    text = '[template]\nname = "chatml"\ntokenizer = "tokenizer.json"'
    table = recipe_file.read("up.toml", text.encode(), reach_of(site)).template
    (root / "tokenizer.json").unlink()
    assert templates.from_table(table, reach=None).tokenizer_sha256 == table["tokenizer_sha256"]


@pytest.mark.parametrize("text", ['template = "huge.jinja"', '[template]\nname = "chatml"\ntokenizer = "huge.json"'])
def test_a_file_of_two_gigabytes_is_not_read(site: Site, root: Path, text: str) -> None:
    os.truncate(root / "mine.jinja", 2 << 30)
    (root / "huge.jinja").symlink_to("mine.jinja")
    (root / "huge.json").symlink_to("mine.jinja")
    with pytest.raises(RecipeError, match="the limit"):
        recipe_file.read("up.toml", text.encode(), reach_of(site))


@pytest.mark.skipif(sys.platform != "linux", reason="reads a file of /proc")
def test_a_file_that_grows_while_it_is_read_ends_at_the_limit(root: Path) -> None:
    with pytest.raises(OutOfReach, match="more than 10 bytes"):
        Reach(("/proc",)).read("/proc/self/limits", 10)  # its size is said to be 0


def test_a_hash_is_that_of_the_whole_file(root: Path) -> None:
    (root / "three.json").write_bytes(b"x" * (3 << 20))
    assert ANYWHERE.sha256(root / "three.json", 3 << 20) == (
        "3bea8a9a07c1e8dcaa4c1b816815c35a29b4fb585ba6ecc70ea44840a794cfb3"
    )


def test_nothing_is_within_no_reach(root: Path) -> None:
    assert (NOWHERE.has_file(root / "mine.jinja"), NOWHERE.has_folder(root)) == (False, False)


@pytest.mark.parametrize("path", ["/etc/shadow", "/etc/nothing"])
def test_an_uploaded_recipe_gets_the_answer_on_the_page(site: Site, path: str) -> None:
    app = opened("select")
    text = f'[template]\nname = "chatml"\ntokenizer = "{path}"'
    app.file_uploader(key="rc.recipe-load").set_value(("up.toml", text.encode(), "application/toml")).run()
    said = "\n".join(error.value for error in app.error).replace("\\", "")
    assert said == f"up.toml: tokenizer {path}: {NOT_HERE}"


# The running app


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve one rollout beside a secret."""
    folder = tmp_path_factory.mktemp("served")
    (folder / "secret.jinja").write_text(SECRET)
    with served(folder, write(folder / "run.jsonl", [gym()])) as running:
        yield running


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.jinja",
        "/..%2f..%2fsecret.jinja",
        "/%2e%2e/%2e%2e/etc/passwd",
        "//etc/passwd",
        "/static/../../../../etc/passwd",
        "/static/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "/app/static/../secret.jinja",
        "/component/../../../../etc/passwd",
        "/component/rollout_curator/..%2f..%2f..%2fetc%2fpasswd",
        "/_stcore/../../etc/passwd",
        "/media/../../../../etc/passwd",
        "/%5c%5cserver%5cshare",
        "/..%5c..%5csecret.jinja",
        "/api/raw?view=/etc/passwd&key=/etc/passwd",
        "/api/rollout?view=../../etc/passwd&key=../../etc/passwd",
        "/review?key=../../../../etc/passwd",
        "/export?target=/etc/passwd&format=/etc/passwd",
    ],
)
def test_no_address_of_the_running_app_gives_a_file(app: Served, path: str) -> None:
    with get(app.port, app.host, path) as asked:
        answer = asked.makefile("rb").read().decode("utf-8", "replace")
    assert SECRET not in answer
    assert re.search(r"^root:", answer, re.MULTILINE) is None


# The source

TOUCHES = frozenset(
    [
        "open",
        "read_text",
        "read_bytes",
        "write_text",
        "write_bytes",
        "touch",
        "unlink",
        "mkdir",
        "rename",
        "exists",
        "is_file",
        "is_dir",
        "is_symlink",
        "stat",
        "lstat",
        "samefile",
        "iterdir",
        "glob",
        "iglob",
        "rglob",
        "walk",
        "listdir",
        "scandir",
        "access",
        "readlink",
        "resolve",
        "realpath",
        "from_file",
        "memmap",
        "load",
        "with_tokenizer",
        "from_table",
        "FileResponse",
        "StaticFiles",
    ]
)
"""Calls that look at the disk, or hand a path to what does."""
ALLOWED = {
    "ui/server/guard.py": {"cookies.load": "text of a header"},
    "ui/server/headers.py": {"page.read_text": "Streamlit's own page"},
    "ui/server/server.py": {
        "(UI / 'theme.toml').read_text": "the program's own file",
        "site.open": "opens what was named at the start",
    },
    "ui/main.py": {"site.open": "opens what was named at the start"},
    "ui/server/site.py": {
        "recipes.load": "named at the start",
        "first.is_dir": "named at the start",
        "folder.is_dir": "named at the start",
        "os.access": "named at the start",
        "self.open": "opens what was named at the start",
        "Decisions.open": "named at the start",
        "beside.is_dir": "the sample data",
        "os.path.realpath": "the roots",
    },
    "ui/pages/export_asking.py": {
        "os.path.exists": "a place that `out_path` allowed",
        "path.stat": "a place that `out_path` allowed",
        "manifest.path_of(out).parent.glob": "a place that `out_path` allowed",
        "path.is_file": "a place that `out_path` allowed",
    },
    "ui/pages/export_downloads.py": {
        "path.stat": "a file that an export of this server wrote",
        "path.read_bytes": "a file that an export of this server wrote",
    },
    "ui/server/browser_paths.py": {
        "out.parent.is_dir": "a place that `out_path` allowed",
        "out.parent.mkdir": "a place that `out_path` allowed",
    },
    "ui/widgets/rendered.py": {"files(__package__).joinpath(name).read_text": "the program's own file"},
    "ui/scripts.py": {
        "(UI / name).read_text": "the program's own file",
        "(UI / room).glob": "the program's own files",
        "file.read_bytes": "the program's own file",
    },
    "training/templates/base.py": {
        "files(__package__).joinpath('builtin', f'{name}.jinja').read_text": "the program's own file"
    },
}
"""Every call of these in what a browser reaches: nothing that a browser sent is among them."""
REACHES = frozenset({"load", "with_tokenizer", "from_table"})
"""Calls that open what they are given: with `reach=` they may."""


def touching(tree: ast.AST) -> Iterator[str]:
    """Yield every call that looks at the disk without a reach, as it is written."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        name = called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""
        has_reach = any(keyword.arg == "reach" for keyword in node.keywords)
        if name in TOUCHES and not (name in REACHES and has_reach):
            yield ast.unparse(called)


FILES = sorted(
    path.relative_to(PACKAGE).as_posix()
    for path in [*(PACKAGE / "ui").rglob("*.py"), *(PACKAGE / "templates").glob("*.py"), PACKAGE / "training/tokens.py"]
)


@pytest.mark.parametrize("relative", FILES)
def test_what_a_browser_reaches_opens_files_within_reach_only(relative: str) -> None:
    tree = ast.parse((PACKAGE / relative).read_text(encoding="utf-8"))
    assert sorted(set(touching(tree)) - set(ALLOWED.get(relative, {}))) == [], (
        f"in {relative}: open what a browser may have named through reach_of(site), or say here who named it"
    )


@pytest.mark.parametrize(
    "line",
    ["open(given)", "Path(given).read_text()", "os.path.realpath(given)", "templates.load(given)", "given.exists()"],
)
def test_a_call_that_opens_a_name_is_found(line: str) -> None:
    assert len(list(touching(ast.parse(line)))) == 1


@pytest.mark.parametrize(
    "line", ["templates.load(given, reach=reach_of(site))", "reach.read(given, 10)", "label(given)"]
)
def test_a_call_within_reach_may_pass(line: str) -> None:
    assert list(touching(ast.parse(line))) == []


def test_the_tokenizers_library_gets_bytes_and_no_path() -> None:
    tree = ast.parse((PACKAGE / "training/tokens.py").read_text(encoding="utf-8"))
    assert "Tokenizer.from_buffer" in {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
