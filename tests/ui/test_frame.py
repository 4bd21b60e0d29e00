"""What stands around every page: what is open, the recipe of the last time, and one number of kept rollouts."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from test_pages import add_rule, funnel, opened, said, state_of

from making import call, gym, rows_of, write
from rollout_curator.decisions.store import Decisions, Entry
from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.ui import loading
from rollout_curator.ui.server import site as sites
from rollout_curator.ui.server.serve_options import ServeOptions
from rollout_curator.ui.server.site import Site
from rollout_curator.workspace.recent import recall_recipe, remember_recipe
from rollout_curator.workspace.workspace import Workspace

OFFER = "Last time: reward ≥ 0.5."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder of two files: two attempts at each of three tasks, one of them masked."""
    (made := tmp_path / "runs").mkdir()
    rewards = [1.0, 0.9, 0.6, 0.2, None, 0.8]
    lines = [gym(f"Task {n // 2}.", f"Answer {n}.", reward) for n, reward in enumerate(rewards)]
    write(made / "a.jsonl", lines[:4])
    write(made / "b.jsonl", [*lines[4:], gym("Task 0.", "Late.", 1.0, mask_sample=True), "no json"])
    return made


@pytest.fixture
def site(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Open the folder with a review store; looks are waited for."""
    monkeypatch.setattr(loading, "PATIENCE_S", 30.0)
    workspace = Workspace.open([folder], tmp_path / "cache", Decisions.open(folder / "curation.sqlite"))
    yield installed(workspace, folder, tmp_path)
    workspace.close()


def installed(workspace: Workspace, folder: Path, tmp_path: Path, **more: object) -> Site:
    """Install a site on the open workspace, started with these options besides."""
    options: dict[str, object] = {"out_dir": tmp_path, "cache": tmp_path / "cache", "reviewer": "ann", **more}
    return sites.install(Site(ServeOptions(paths=(folder,), **options), workspace))  # type: ignore[arg-type]


def links(app: AppTest) -> list[str]:
    """Return the words of all links."""
    return [link.proto.label.replace("\\", "") for link in app.get("page_link")]


# What is open


def test_the_header_names_the_opened_folder_and_how_many_files_it_has(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert links(opened("review"))[0] == "~/runs (2 files)"


def test_others_than_who_started_the_app_see_the_last_part_of_the_path_alone(
    site: Site, folder: Path, tmp_path: Path
) -> None:
    assert site.workspace
    installed(site.workspace, folder, tmp_path, shared=True)
    header, *_ = opened("data").get("page_link")
    assert header.proto.label == "runs \\(2 files\\)"
    assert str(tmp_path) not in header.proto.help.replace("\\", "")


def test_sample_data_is_named_so(site: Site) -> None:
    sites.install(Site(ServeOptions(out_dir=site.out_dir, cache=site.options.cache), site.workspace))
    assert links(opened("data"))[0] == "sample data (2 files)"


# The recipe of the last time


def remembered(site: Site, recipe: Recipe = Recipe(min_reward=0.5)) -> None:  # noqa: B008 frozen
    """Leave a recipe as the one that was worked with the last time."""
    assert site.options.cache
    remember_recipe(site.options.cache, site.paths, "ann", recipe)


def test_the_recipe_of_the_last_time_is_offered_and_taken_with_one_press(site: Site) -> None:
    remembered(site)
    app = opened("select")
    assert OFFER in said(app).replace("\\", "")
    app.button(key="rc.continue").click().run()
    assert (state_of(app).recipe, app.query_params["min"]) == (Recipe(min_reward=0.5), "0.5")
    assert "Last time" not in said(app)


def test_a_last_recipe_about_the_export_alone_says_no_threshold_that_was_never_chosen(site: Site) -> None:
    remembered(site, Recipe(max_tokens=4096))
    app = opened("select")
    assert "Last time: other export settings." in said(app).replace("\\", "")
    app.button(key="rc.continue").click().run()
    assert state_of(app).recipe == Recipe(max_tokens=4096)


def test_without_a_last_time_nothing_is_offered(site: Site) -> None:
    assert "Last time" not in said(opened("select"))


def test_where_the_url_chose_something_nothing_is_offered(site: Site) -> None:
    remembered(site)
    assert "Last time" not in said(opened("select", target="trl"))


def test_where_a_recipe_was_given_at_the_start_nothing_is_offered(site: Site, folder: Path, tmp_path: Path) -> None:
    remembered(site)
    (tmp_path / "recipe.toml").write_text("min_reward = 0.9\n")
    installed(site.workspace, folder, tmp_path, recipe=tmp_path / "recipe.toml")  # type: ignore[arg-type]
    assert "Last time" not in said(opened("select"))


def test_what_was_dismissed_is_not_offered_again_in_another_tab_either(site: Site) -> None:
    remembered(site)
    app = opened("select")
    app.button(key="rc.continue-not").click().run()
    assert "Last time" not in said(app)
    assert "Last time" not in said(opened("select"))


def test_what_was_chosen_and_cleared_is_not_offered_in_the_same_tab(site: Site) -> None:
    app = opened("select", min="0.5")
    app.number_input(key="rc.least-reward").set_value(None).run()
    assert state_of(app).recipe == Recipe()
    assert "Last time" not in said(app)


def test_what_is_chosen_is_kept_for_the_next_time(site: Site) -> None:
    opened("review", min="0.75")
    assert site.options.cache
    assert recall_recipe(site.options.cache, site.paths, "ann") == Recipe(min_reward=0.75)
    assert "Last time: reward ≥ 0.75." in said(opened("select")).replace("\\", "")


# One number of kept rollouts


def of_command(site: Site, app: AppTest, tmp_path: Path) -> int:
    """Return what the command line says is kept with the recipe of the page."""
    (tmp_path / "now.toml").write_text(recipes.to_toml(state_of(app).recipe))
    (folder,) = site.paths
    ran = call("stats", folder, "--recipe", tmp_path / "now.toml", "--cache-dir", tmp_path / "cache", "--json")
    kept: int = ran.json["funnel"]["exportable"]
    assert sum(one["kept"] for one in ran.json["by_agent"]) == kept
    return kept


def of_manifest(site: Site, app: AppTest, out: Path) -> tuple[int, int]:
    """Return the rows that an export of the recipe of the page writes, and those its manifest names."""
    assert site.workspace
    job = site.begin_export(site.workspace, state_of(app).recipe, out)
    assert job.wait(20)
    return len(rows_of(out)), json.loads(Path(f"{out}.manifest.json").read_bytes())["rows"]


def assert_all_say(count: int, site: Site, app: AppTest, tmp_path: Path) -> None:
    """Compare the funnel, the button, the command line, the file and its manifest."""
    assert funnel(app)[5] == f"{count} kept"
    export = opened("export", **{name: value[-1] for name, value in parameters(app).items()})
    assert (state_of(export).recipe, funnel(export)[5]) == (state_of(app).recipe, f"{count} kept")
    assert export.button(key="rc.export").label == f"Export {count} example{'' if count == 1 else 's'}"
    assert of_command(site, app, tmp_path) == count
    assert of_manifest(site, app, tmp_path / f"{count}.jsonl") == (count, count)


def parameters(app: AppTest) -> dict[str, list[str]]:
    """Return what a link to another page would carry."""
    return {name: value if isinstance(value, list) else [value] for name, value in app.query_params.items()}


def test_the_last_number_is_what_button_command_file_and_manifest_say(site: Site, tmp_path: Path) -> None:
    assert site.workspace and site.workspace.decisions
    app = opened("select")
    assert_all_say(6, site, app, tmp_path)
    app.number_input(key="rc.least-reward").set_value(0.5).run()
    assert_all_say(4, site, app, tmp_path)
    add_rule(app, "best_of_n")
    assert_all_say(3, site, app, tmp_path)
    site.workspace.decisions.record([Entry(site.workspace.key(5), "reject", reviewer="ann")])
    assert_all_say(2, site, app.run(), tmp_path)


@pytest.mark.parametrize("query", [{}, {"min": "0.5"}, {"min": "0.95", "rules": '[{"name":"best_of_n"}]'}])
def test_the_reasons_of_what_was_dropped_add_up_to_its_number(site: Site, query: dict[str, str]) -> None:
    assert site.workspace and site.workspace.decisions
    site.workspace.decisions.record([Entry(site.workspace.key(0), "reject", reviewer="ann")])
    app = opened("data", **query)
    numbers = [words for words in links(app) if words.startswith("**")]
    *reasons, whole = [int(words.split("**")[1]) for words in numbers[6:]]
    assert numbers[-1].endswith("dropped in all")
    rollouts, kept = (int(funnel(app)[at].split()[0]) for at in (1, 5))
    assert sum(reasons) == whole == rollouts - kept
    assert all(reasons)


def test_where_nothing_was_dropped_the_line_says_so(tmp_path: Path) -> None:
    source = write(tmp_path / "run.jsonl", [gym()])
    workspace = Workspace.open([source], tmp_path / "cache")
    sites.install(Site(ServeOptions(paths=(source,), out_dir=tmp_path, cache=tmp_path / "cache"), workspace))
    assert "nothing dropped" in said(opened("data"))
    workspace.close()
