"""Decisions follow the content whatever was named to open it: which review store counts, where new decisions go.

Every test opens real files with a real store; `w` holds `top.jsonl` and a folder `sub` with two files more.
"""

import gzip
import json
import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from making import Ran, call, gym, write
from rollout_curator.decisions.store import Decisions, Entry
from rollout_curator.ui.server import site as sites
from rollout_curator.ui.server.serve_options import ServeOptions
from rollout_curator.ui.server.site import Site
from rollout_curator.workspace.workspace import Workspace

STORE = "curation.sqlite"


@pytest.fixture
def w(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write five rollouts of reward 1 in three files, and stand in a folder elsewhere."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    (tmp_path / "w" / "sub").mkdir(parents=True)
    write(tmp_path / "w" / "top.jsonl", [gym(answer="top", reward=1, _ng_task_index=0)])
    for name, first in (("one", 1), ("two", 3)):
        lines = [gym(answer=f"{name} {n}", reward=1, _ng_task_index=n) for n in (first, first + 1)]
        write(tmp_path / "w" / "sub" / f"{name}.jsonl", lines)
    return tmp_path / "w"


def key_in(path: Path, row: int = 0) -> str:
    """Return the key of a rollout of a file."""
    with closing(Workspace.open([path])) as workspace:
        return workspace.key(row)


def reject(store: Path, path: Path, row: int = 0) -> None:
    """Reject a rollout of a file in a store."""
    with Decisions.open(store) as decisions:
        decisions.record([Entry(key_in(path, row), "reject", reviewer="ann", way="command")])


def acts_in(store: Path) -> int:
    """Return how many acts a store holds."""
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as connection:
        return int(connection.execute("SELECT count(*) FROM decision").fetchone()[0])


def dropped(*argv: object) -> Any:
    """Return what `stats` says is dropped."""
    return call("stats", *argv, "--json").json["funnel"]["dropped"]


def link(w: Path, target: Path) -> Path:
    place = w.parent / "elsewhere" / f"link to {target.name}"
    place.symlink_to(target)
    return place


def packed(w: Path) -> Path:
    """Leave the first file of `sub` as a .jsonl.gz alone."""
    plain = w / "sub" / "one.jsonl"
    (w / "sub" / "one.jsonl.gz").write_bytes(gzip.compress(plain.read_bytes()))
    plain.unlink()
    return w / "sub" / "one.jsonl.gz"


WAYS: dict[str, Callable[[Path], list[object]]] = {
    "the folder": lambda w: [w],
    "the folder with a slash": lambda w: [f"{w}/"],
    "a folder in it": lambda w: [w / "sub"],
    "a file in it": lambda w: [w / "sub" / "one.jsonl"],
    "a list of files": lambda w: [w / "sub" / "one.jsonl", w / "sub" / "two.jsonl"],
    "files of two folders": lambda w: [w / "top.jsonl", w / "sub" / "one.jsonl"],
    "a file and a folder": lambda w: [w / "top.jsonl", w / "sub"],
    "a quoted glob": lambda w: [w / "sub" / "*.jsonl"],
    "a glob over folders": lambda w: [w / "*" / "one.jsonl"],
    "a deep glob": lambda w: [w / "**" / "*.jsonl"],
    "a relative path": lambda w: [os.path.relpath(w / "sub" / "one.jsonl")],
    "a path with dots": lambda w: [w / "sub" / ".." / "sub" / "one.jsonl"],
    "a link to the folder": lambda w: [link(w, w)],
    "a link to a folder in it": lambda w: [link(w, w / "sub")],
    "a link to a file in it": lambda w: [link(w, w / "sub" / "one.jsonl")],
    "a folder through a link": lambda w: [link(w, w) / "sub"],
    "a packed file": lambda w: [packed(w)],
}
AT = {"above": "", "beside": "sub"}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("at", AT)
def test_a_rejection_counts_and_its_store_is_named_whatever_the_way_in(w: Path, at: str, way: str) -> None:
    store = w / AT[at] / STORE
    reject(store, w / "sub" / "one.jsonl")
    paths = WAYS[way](w)
    found = call("stats", *paths, "--json").json
    assert (found["funnel"]["dropped"], found["store"]["path"], found["store"]["decided"]) == (
        {"rejected": 1},
        str(store),
        1,
    )
    made = call("export", *paths, "--out", w.parent / "out" / "sft.jsonl", "--json")
    assert made.code == 2 and "out" in made.err  # there is no such folder yet
    (w.parent / "out").mkdir()
    made = call("export", *paths, "--out", w.parent / "out" / "sft.jsonl", "--json")
    assert made.json["counts"]["dropped"] == {"rejected": 1}
    assert f"Review store: {store}, with decisions on 1 of these rollouts." in made.json["store"]["sentences"]
    written = json.loads((w.parent / "out" / "sft.jsonl.manifest.json").read_bytes())["store"]
    assert written == {"how": "found", "path": f"../{store.relative_to(w.parent)}", "decided": 1, "passed_over": []}


@pytest.mark.parametrize("way", WAYS)
def test_a_decision_made_from_any_way_in_is_found_from_every_other(w: Path, way: str) -> None:
    key, paths = key_in(w / "sub" / "one.jsonl"), WAYS[way](w)
    ran = call("decide", *paths, "--key", key, "--verdict", "reject")
    assert (ran.code, ran.out) == (0, f"ACK {key} 1\n")
    others = (w, w / "sub", w / "sub" / "one.*", w / "*" / "one.*", next(w.glob("sub/one.*")))
    assert [dropped(path) for path in others] == [{"rejected": 1}] * 5


@pytest.mark.parametrize("way", WAYS)
def test_the_app_counts_what_the_command_line_counts(w: Path, tmp_path: Path, way: str) -> None:
    reject(w / STORE, w / "sub" / "one.jsonl")
    with closing(app(tmp_path, *WAYS[way](w))) as site:
        assert site.workspace is not None
        assert list(site.workspace.current_verdicts().values()) == ["reject"]
        assert site.workspace.counted.path == w / STORE


def draw(page: str) -> None:
    """Draw one page; Streamlit's test runner takes the source of this function for a script."""
    from rollout_curator.ui import links, main

    links.declare({name: main.page_of(name) for name in main.DRAW}, main.home)
    main.page_of(page)()


def said(page: str) -> list[str]:
    """Return what a page says in markdown, captions, warnings and errors, as it is read."""
    drawn = AppTest.from_function(draw, args=(page,), default_timeout=60).run()
    elements = (*drawn.markdown, *drawn.caption, *drawn.warning, *drawn.error)
    return [element.value.replace("\\", "") for element in elements]


@pytest.mark.parametrize("page", ["data", "export"])
def test_the_page_names_the_store_that_counts(w: Path, tmp_path: Path, page: str) -> None:
    reject(w / STORE, w / "sub" / "one.jsonl")
    with closing(sites.install(app(tmp_path, w / "sub"))):
        assert f"Review store: {w / STORE}, with decisions on 1 of these rollouts." in said(page)


def test_every_page_first_says_what_was_passed_over(w: Path, tmp_path: Path) -> None:
    reject(w / STORE, w / "top.jsonl")
    reject(w / "sub" / STORE, w / "sub" / "one.jsonl")
    with closing(sites.install(app(tmp_path, w / "sub"))):
        assert said("select")[-1] == (
            f"Review store: {w / 'sub' / STORE}, with decisions on 1 of these rollouts. "
            f"Not used: {w / STORE} (no decision on these rollouts)."
        )


def test_the_page_asks_which_of_several_counts(two_stores: Path, tmp_path: Path) -> None:
    with closing(sites.install(app(tmp_path, two_stores))):
        assert said("select")[-1] == several(two_stores)


def app(tmp_path: Path, *paths: object, **options: Any) -> Site:
    """Open the app's sources and wait until they are open or refused."""
    site = Site(ServeOptions(paths=tuple(Path(str(path)) for path in paths), cache=tmp_path / "cache", **options))
    site.open()
    while site.workspace is None and site.failure is None:
        time.sleep(0.005)
    return site


# None


def test_where_there_is_no_store_everybody_says_so(w: Path, tmp_path: Path) -> None:
    none = "Review store: none beside or above these files; no decisions applied."
    assert none in call("check", w).out.splitlines()
    assert none in call("stats", w).out.splitlines()
    assert none in call("review", w).out.splitlines()
    made = call("export", w, "--out", tmp_path / "sft.jsonl", "--card", "README.md")
    assert none in made.out.splitlines()
    assert none in (tmp_path / "README.md").read_text().replace("\\", "")
    written = json.loads((tmp_path / "sft.jsonl.manifest.json").read_bytes())["store"]
    assert written == {"how": "none", "path": "", "decided": 0, "passed_over": []}
    assert list(tmp_path.rglob(STORE)) == []


def test_check_names_the_store_of_files_without_rollouts_too(w: Path) -> None:
    reject(w / STORE, w / "top.jsonl")
    bad = write(w / "sub" / "bad.jsonl", ["{not json"])
    assert call("check", bad, "--json").json["store"]["path"] == str(w / STORE)


def test_a_store_above_that_says_nothing_of_these_rollouts_is_named_so(w: Path) -> None:
    reject(w / STORE, w / "top.jsonl")
    assert call("stats", w / "sub", "--json").json["store"]["sentences"] == [
        f"Review store: {w / STORE}, with no decision on these rollouts."
    ]


def test_new_decisions_go_to_a_store_above_though_it_says_nothing_of_these_yet(w: Path) -> None:
    reject(w / STORE, w / "top.jsonl")
    key = key_in(w / "sub" / "one.jsonl")
    ran = call("decide", w / "sub", "--key", key, "--verdict", "reject")
    assert ran.out == f"ACK {key} 2\n"
    assert ran.err == f"rollout-curator: Review store: {w / STORE}, with decisions on 1 of these rollouts.\n"
    assert list(w.rglob(STORE)) == [w / STORE]


# The store that is named


@pytest.mark.parametrize("way", WAYS)
def test_a_store_that_is_named_counts_alone(w: Path, tmp_path: Path, way: str) -> None:
    reject(w / STORE, w / "sub" / "one.jsonl")
    with Decisions.open(tmp_path / "own.sqlite"):
        pass
    found = call("stats", *WAYS[way](w), "--decisions", tmp_path / "own.sqlite", "--json").json
    assert found["funnel"]["dropped"] == {}
    own = tmp_path / "own.sqlite"
    assert found["store"]["sentences"] == [f"Review store: {own}, as given, with no decision on these rollouts."]


def test_a_store_that_is_named_settles_which_of_several_counts(w: Path) -> None:
    reject(w / STORE, w / "sub" / "one.jsonl", 0)
    reject(w / "sub" / STORE, w / "sub" / "one.jsonl", 1)
    assert dropped(w, "--decisions", w / STORE) == {"rejected": 1}


# Several


@pytest.fixture
def two_stores(w: Path) -> Path:
    """Keep a rejection above and another beside the files of `sub`, neither of which is in the other store."""
    reject(w / STORE, w / "sub" / "one.jsonl", 0)
    reject(w / "sub" / STORE, w / "sub" / "one.jsonl", 1)
    reject(w / "sub" / STORE, w / "sub" / "two.jsonl", 1)
    return w


def several(w: Path) -> str:
    return (
        f"several review stores hold decisions on these rollouts: {w / STORE} (1 rollout), "
        f"{w / 'sub' / STORE} (2 rollouts); choose the one that counts with --decisions, or join them: "
        "`decisions export PATH --decisions ONE --out FILE`, then `decisions import PATH --decisions THE_OTHER "
        "--from FILE`"
    )


@pytest.mark.parametrize("verb", ["stats", "review", "export", "decide"])
def test_of_several_that_speak_of_these_rollouts_none_is_chosen(two_stores: Path, tmp_path: Path, verb: str) -> None:
    key = key_in(two_stores / "top.jsonl")
    more = {"export": ("--out", tmp_path / "sft.jsonl"), "decide": ("--key", key, "--verdict", "accept")}
    ran = call(verb, two_stores, *more.get(verb, ()))
    assert ran == Ran(2, "", f"rollout-curator: {several(two_stores)}\n")
    assert not (tmp_path / "sft.jsonl").exists()


def test_check_says_that_several_speak_of_these_rollouts_and_goes_on(two_stores: Path) -> None:
    ran = call("check", two_stores)
    assert ran.code == 0
    assert f"Review store: {several(two_stores)}" in ran.out.splitlines()


def test_the_app_asks_which_of_several_counts_and_goes_on_once_that_is_settled(
    two_stores: Path, tmp_path: Path
) -> None:
    with closing(app(tmp_path, two_stores)) as site:
        assert str(site.failure) == several(two_stores)
        (two_stores / "sub" / STORE).rename(tmp_path / "kept-for-later.sqlite")
        site.reload()
        while site.workspace is None:
            time.sleep(0.005)
        assert site.workspace.counted.path == two_stores / STORE


def test_a_store_that_speaks_of_other_rollouts_is_passed_over_by_name(two_stores: Path) -> None:
    (two_stores / STORE).unlink()
    reject(two_stores / STORE, two_stores / "top.jsonl")
    found = call("stats", two_stores / "sub", "--json").json
    assert found["funnel"]["dropped"] == {"rejected": 2}
    assert found["store"]["sentences"] == [
        f"Review store: {two_stores / 'sub' / STORE}, with decisions on 2 of these rollouts.",
        f"Not used: {two_stores / STORE} (no decision on these rollouts).",
    ]


def test_a_decision_taken_back_is_one_too(w: Path) -> None:
    reject(w / STORE, w / "sub" / "one.jsonl", 0)
    with Decisions.open(w / "sub" / STORE) as store:
        store.record([Entry(key_in(w / "sub" / "one.jsonl"), "clear", reviewer="bob")])
    assert call("stats", w).code == 2


def test_stores_that_were_joined_are_one_again(two_stores: Path, tmp_path: Path) -> None:
    acts, upper, lower = tmp_path / "acts.jsonl", two_stores / STORE, two_stores / "sub" / STORE
    assert call("decisions", "export", two_stores, "--decisions", lower, "--out", acts).code == 0
    assert call("decisions", "import", two_stores, "--decisions", upper, "--from", acts).code == 0
    for path in (two_stores, two_stores / "sub", two_stores / "sub" / "two.jsonl"):
        found = call("stats", path, "--json").json["store"]
        assert found["path"] == str(upper)
        assert found["passed_over"] == [
            {"path": str(lower), "reason": "all it says of these rollouts is in the one that counts"}
        ]
    assert dropped(two_stores) == {"rejected": 3}


def test_decisions_of_several_stores_are_not_mixed_up_in_a_file(two_stores: Path, tmp_path: Path) -> None:
    ran = call("decisions", "export", two_stores / "sub", "--out", tmp_path / "acts.jsonl")
    assert (ran.code, ran.out) == (2, "")
    assert "several review stores hold decisions on these rollouts" in ran.err
    assert not (tmp_path / "acts.jsonl").exists()


def test_the_way_to_join_stores_that_the_error_names_works(two_stores: Path, tmp_path: Path) -> None:
    upper, lower = two_stores / STORE, two_stores / "sub" / STORE
    named = several(two_stores).replace("PATH", str(two_stores)).replace("THE_OTHER", str(upper))
    for words in named.replace("ONE", str(lower)).replace("FILE", str(tmp_path / "acts.jsonl")).split("`")[1::2]:
        assert call(*words.split()).code == 0
    assert dropped(two_stores) == {"rejected": 3}


def test_of_stores_that_say_nothing_the_highest_takes_new_decisions(w: Path) -> None:
    for place in (w / STORE, w / "sub" / STORE):
        Decisions.open(place).close()
    call("decide", w / "sub", "--key", key_in(w / "sub" / "one.jsonl"), "--verdict", "reject")
    assert (acts_in(w / STORE), acts_in(w / "sub" / STORE)) == (1, 0)


# New decisions where the store that counts lies lower


def test_the_app_takes_in_what_a_store_lower_down_holds_so_that_every_way_in_finds_all(w: Path, tmp_path: Path) -> None:
    reject(w / "sub" / STORE, w / "sub" / "one.jsonl")
    with closing(app(tmp_path, w)) as site:
        assert site.workspace is not None and site.workspace.decisions is not None
        assert site.notice == (
            f"Review store: {w / STORE}, with decisions on 1 of these rollouts. "
            f"It now includes every decision of {w / 'sub' / STORE}, which stays as it was."
        )
        site.workspace.decisions.record([Entry(key_in(w / "sub" / "two.jsonl"), "reject", reviewer="ann")])
    assert [dropped(path)["rejected"] for path in (w, w / "sub", w / "sub" / "two.jsonl")] == [2, 2, 1]
    assert acts_in(w / "sub" / STORE) == 1


def test_what_a_team_agreed_on_comes_along(w: Path, tmp_path: Path) -> None:
    reject(w / "sub" / STORE, w / "sub" / "one.jsonl")
    with Decisions.open(w / "sub" / STORE) as store:
        store.set("share", 0.5, "ann")
    with closing(app(tmp_path, w)) as site:
        assert site.workspace is not None and site.workspace.decisions is not None
        assert site.workspace.decisions.setting("share", 0.0) == 0.5


def test_decide_takes_in_what_a_store_lower_down_holds(w: Path) -> None:
    reject(w / "sub" / STORE, w / "sub" / "one.jsonl")
    reject(w / STORE, w.parent / "w" / "top.jsonl")
    with Decisions.open(w / STORE) as store:
        store.undo("ann")
    (w / STORE).unlink()
    Decisions.open(w / STORE).close()
    key = key_in(w / "top.jsonl")
    ran = call("decide", w, "--key", key, "--verdict", "reject")
    assert ran.out == f"ACK {key} 2\n"
    assert (
        f"rollout-curator: It now includes every decision of {w / 'sub' / STORE}, which stays as it was.\n" in ran.err
    )
    assert [dropped(path) for path in (w, w / "sub")] == [{"rejected": 2}, {"rejected": 1}]


def test_two_apps_that_start_at_once_share_one_store(w: Path, tmp_path: Path) -> None:
    reject(w / "sub" / STORE, w / "sub" / "one.jsonl")
    sites: list[Site] = []
    threads = [threading.Thread(target=lambda n=n: sites.append(app(tmp_path / str(n), w))) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [(site.failure, site.workspace and site.workspace.counted.path) for site in sites] == [(None, w / STORE)] * 4
    for site in sites:
        site.close()
    assert acts_in(w / STORE) == 1


def test_decisions_on_folders_side_by_side_lie_in_the_folder_they_share(w: Path) -> None:
    (w / "b").mkdir()
    write(w / "b" / "r.jsonl", [gym(answer="b", reward=1, _ng_task_index=9)])
    key = key_in(w / "b" / "r.jsonl")
    call("decide", w / "sub", w / "b", "--key", key, "--verdict", "reject")
    assert list(w.parent.rglob(STORE)) == [w / STORE]
    assert [dropped(path) for path in (w, w / "b", w / "b" / "r.jsonl")] == [{"rejected": 1}] * 3


# Where one is looked for, and where not


@pytest.mark.parametrize("schema", [1, 2, 3])
def test_a_store_of_an_older_program_that_is_passed_over_stays_as_it_was(w: Path, schema: int) -> None:
    """Whoever uses the older program can still open it."""
    with closing(sqlite3.connect(w / STORE)) as connection:
        connection.executescript((Path(__file__).parent / f"schema_{schema}.sql").read_text())
    reject(w / "sub" / STORE, w / "sub" / "one.jsonl")
    before = (w / STORE).read_bytes()
    found = call("stats", w / "sub", "--json").json["store"]
    assert found["passed_over"] == [{"path": str(w / STORE), "reason": "no decision on these rollouts"}]
    assert (w / STORE).read_bytes() == before


def test_a_store_in_the_working_folder_counts_if_it_speaks_of_these_rollouts(w: Path) -> None:
    here = Path.cwd() / STORE
    reject(here, w / "sub" / "one.jsonl")
    assert call("stats", w, "--json").json["store"]["path"] == str(here)


def test_a_store_in_the_working_folder_about_other_rollouts_is_no_matter(w: Path, tmp_path: Path) -> None:
    reject(Path.cwd() / STORE, write(tmp_path / "others.jsonl", [gym(answer="other", reward=1)]))
    assert call("stats", w, "--json").json["store"] == {
        "path": "",
        "how": "none",
        "decided": 0,
        "passed_over": [],
        "sentences": ["Review store: none beside or above these files; no decisions applied."],
    }


def test_decisions_on_other_rollouts_in_the_working_folder_are_neither_given_out_nor_taken_in(
    w: Path, tmp_path: Path
) -> None:
    reject(Path.cwd() / STORE, write(tmp_path / "others.jsonl", [gym(answer="other", reward=1)]))
    ran = call("decisions", "export", w, "--out", tmp_path / "none.jsonl")
    assert (ran.code, (tmp_path / "none.jsonl").exists()) == (2, False)
    assert f"{w / STORE}: no review store yet" in ran.err
    reject(tmp_path / "colleague.sqlite", w / "top.jsonl")
    call("decisions", "export", w, "--decisions", tmp_path / "colleague.sqlite", "--out", tmp_path / "acts.jsonl")
    ran = call("decisions", "import", w, "--from", tmp_path / "acts.jsonl")
    assert (ran.code, ran.err, acts_in(w / STORE)) == (0, "", 1)
    ran = call("decisions", "export", w, "--out", tmp_path / "own.jsonl")
    assert (ran.code, (tmp_path / "own.jsonl").read_bytes()) == (0, (tmp_path / "acts.jsonl").read_bytes())


@pytest.mark.parametrize("at", AT)
def test_a_link_to_a_store_that_leads_nowhere_is_told_and_no_store_takes_its_place(w: Path, at: str) -> None:
    store, key = w / AT[at] / STORE, key_in(w / "sub" / "one.jsonl")
    (w / "unmounted").mkdir()
    store.symlink_to(w / "unmounted" / "reviews.sqlite")
    lost = f"{store}: is a broken link, so it is unclear which decisions count; "
    for ran in (
        call("stats", w),
        call("export", w / "sub", "--out", w / "sft.jsonl"),
        call("decide", w, "--key", key, "--verdict", "reject"),
    ):
        assert (ran.code, ran.out) == (2, "") and lost in ran.err
    assert f"Review store: {lost}" in call("check", w / "sub" / "one.jsonl").out
    assert list((w / "unmounted").iterdir()) == []


@pytest.mark.parametrize("what", ["folder", "file"])
def test_a_store_that_cannot_be_written_says_to_copy_it_and_the_copy_counts(w: Path, tmp_path: Path, what: str) -> None:
    reject(w / STORE, w / "sub" / "one.jsonl")
    place = w if what == "folder" else w / STORE
    mode = place.stat().st_mode
    place.chmod(mode & 0o7555)
    try:
        ran = call("stats", w / "sub")
        assert ran.code == 2
        assert "copy it to a folder you can write to, and pass the copy with --decisions" in ran.err
        shutil.copyfile(w / STORE, tmp_path / "copy.sqlite")
        assert dropped(w / "sub", "--decisions", tmp_path / "copy.sqlite") == {"rejected": 1}
    finally:
        place.chmod(mode)


def test_decisions_on_a_read_only_folder_lie_where_the_user_works_and_count_there(w: Path) -> None:
    key = key_in(w / "sub" / "one.jsonl")
    for folder in (w / "sub", w):
        folder.chmod(0o555)
    try:
        ran = call("decide", w, "--key", key, "--verdict", "reject")
        assert ran.out == f"ACK {key} 1\n"
        assert (
            ran.err == f"rollout-curator: Review store: {Path.cwd() / STORE}, with decisions on 1 of these rollouts.\n"
        )
        assert [dropped(path) for path in (w, w / "sub", w / "sub" / "*.jsonl")] == [{"rejected": 1}] * 3
    finally:
        for folder in (w, w / "sub"):
            folder.chmod(0o755)


def test_with_roots_no_store_outside_them_counts_or_is_made(w: Path, tmp_path: Path) -> None:
    reject(w / STORE, w / "sub" / "one.jsonl")
    reject(Path.cwd() / STORE, w / "sub" / "one.jsonl")
    with closing(app(tmp_path, w / "sub" / "one.jsonl", roots=(w / "sub",))) as site:
        assert site.workspace is not None
        assert site.workspace.current_verdicts() == {}
        assert site.workspace.counted.path == w / "sub" / STORE
    assert (acts_in(w / STORE), acts_in(w / "sub" / STORE)) == (1, 0)


def test_with_roots_a_link_is_no_way_to_a_store_outside(w: Path, tmp_path: Path) -> None:
    reject(tmp_path / "outside.sqlite", w / "sub" / "one.jsonl")
    (w / "sub" / STORE).symlink_to(tmp_path / "outside.sqlite")
    reject(w / STORE, w / "sub" / "one.jsonl", 1)
    with closing(app(tmp_path, w / "sub" / "one.jsonl", roots=(w,))) as site:
        assert site.workspace is not None
        assert site.workspace.counted.path == w / STORE


def test_with_roots_that_cannot_be_written_a_store_must_be_named(w: Path, tmp_path: Path) -> None:
    (w / "sub").chmod(0o555)
    try:
        with closing(app(tmp_path, w / "sub", roots=(w / "sub",))) as site:
            assert str(site.failure) == f"{w / 'sub'}: cannot create a review store there; choose one with --decisions"
        with closing(app(tmp_path, w / "sub", roots=(w / "sub",), decisions=tmp_path / "own.sqlite")) as site:
            assert site.failure is None
    finally:
        (w / "sub").chmod(0o755)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
def test_a_store_that_another_user_put_above_where_anybody_may_write_is_passed_over(w: Path) -> None:
    reject(w / STORE, w / "sub" / "one.jsonl")
    os.chown(w / STORE, 65534, 65534)
    w.chmod(0o1777)
    found = call("stats", w / "sub", "--json").json
    assert found["funnel"]["dropped"] == {}
    assert found["store"]["passed_over"] == [
        {
            "path": str(w / STORE),
            "reason": "another user's, in a folder where anybody may write; --decisions takes it all the same",
        }
    ]
    os.chown(w / STORE, 0, 0)
    assert dropped(w / "sub") == {"rejected": 1}


def test_a_broken_store_above_stops_an_export_in_a_line_that_names_it(w: Path, tmp_path: Path) -> None:
    (w / STORE).write_bytes(b"not a database" * 100)
    ran = call("export", w / "sub", "--out", tmp_path / "sft.jsonl")
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert f"{w / STORE}: is not a review store; choose another --decisions" in ran.err


def test_no_store_around_the_files_is_replaced_by_an_export(w: Path) -> None:
    reject(w / STORE, w / "top.jsonl")
    reject(w / "sub" / STORE, w / "sub" / "one.jsonl")
    before = (w / STORE).read_bytes()
    ran = call("export", w / "sub", "--out", w / STORE)
    assert (ran.code, ran.out, (w / STORE).read_bytes()) == (2, "", before)


# Exports


def test_an_export_into_the_folder_changes_nothing_of_which_store_counts(w: Path) -> None:
    reject(w / STORE, w / "sub" / "one.jsonl")
    for _ in range(2):
        made = call("export", w / "sub", "--out", w / "sub" / "sft.jsonl", "--json").json
        assert (made["counts"]["dropped"], made["store"]["path"]) == ({"rejected": 1}, str(w / STORE))


def test_an_export_made_again_asks_no_store_and_says_so(w: Path, tmp_path: Path) -> None:
    reject(w / STORE, w / "sub" / "one.jsonl")
    call("export", w / "sub", "--out", w / "sub" / "sft.jsonl")
    reject(w / STORE, w / "sub" / "two.jsonl")
    again = call("export", "--recipe", w / "sub" / "sft.jsonl.manifest.json", "--out", tmp_path / "b.jsonl", "--json")
    assert (again.code, again.json["same"]) == (0, True)
    said = ["Review store: not used; the decisions in the manifest apply."]
    assert again.json["store"]["sentences"] == said
    written = json.loads((tmp_path / "b.jsonl.manifest.json").read_bytes())["store"]
    assert written == {"how": "manifest", "path": "", "decided": 1, "passed_over": []}
    assert call("verify", w / "sub" / "sft.jsonl.manifest.json").code == 0


def test_a_manifest_of_before_which_names_no_store_still_verifies(w: Path) -> None:
    call("export", w, "--out", w / "sft.jsonl")
    place = w / "sft.jsonl.manifest.json"
    content = json.loads(place.read_bytes())
    del content["store"]
    place.write_text(json.dumps(content))
    assert call("verify", place).code == 0


def test_the_command_that_does_the_same_names_the_store(w: Path, tmp_path: Path) -> None:
    reject(w / STORE, w / "sub" / "one.jsonl")
    made = call("export", w / "sub", "--out", tmp_path / "sft.jsonl", "--json").json
    assert made["command"].endswith(f"--decisions {w / STORE}")


def test_a_recipe_that_names_its_sources_finds_their_store(w: Path, tmp_path: Path) -> None:
    reject(w / STORE, w / "sub" / "one.jsonl")
    recipe = tmp_path / "r.toml"
    recipe.write_text(f'sources = ["{w}/sub/*.jsonl"]\n')
    made = call("export", "--recipe", recipe, "--out", tmp_path / "sft.jsonl", "--json").json
    assert made["counts"]["dropped"] == {"rejected": 1}


def test_diff_says_which_store_counts_for_each_side(w: Path, tmp_path: Path) -> None:
    reject(w / STORE, w / "sub" / "one.jsonl")
    call("export", w / "sub", "--out", tmp_path / "sft.jsonl")
    (tmp_path / "r.toml").write_text(f'sources = ["{w}/sub"]\n')
    found = call("diff", tmp_path / "sft.jsonl.manifest.json", tmp_path / "r.toml", "--json").json
    assert found["stores"] == [
        "Review store: not used; the decisions in the manifest apply.",
        f"Review store: {w / STORE}, with decisions on 1 of these rollouts.",
    ]


def test_a_copy_of_the_folder_takes_its_decisions_along(w: Path, tmp_path: Path) -> None:
    reject(w / STORE, w / "sub" / "one.jsonl")
    shutil.copytree(w, tmp_path / "copy")
    assert dropped(tmp_path / "copy" / "sub") == {"rejected": 1}


def test_the_card_names_the_store_from_its_own_folder(w: Path) -> None:
    reject(w / STORE, w / "sub" / "one.jsonl")
    call("export", w / "sub", "--out", w / "sub" / "sft.jsonl", "--card", "README.md")
    card = (w / "sub" / "README.md").read_text().replace("\\", "")
    assert "Review store: ../curation.sqlite, with decisions on 1 of these rollouts." in card.splitlines()
