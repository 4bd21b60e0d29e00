"""The check of lengths on the Export page: seen by default, and resolved by raising, dropping or trimming."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from test_pages import opened, state_of

from making import gym, said, write
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.selection.pairs.pairing import Pairs
from rollout_curator.ui import loading
from rollout_curator.ui.server import site as sites
from rollout_curator.ui.server.site import ServeOptions, Site
from rollout_curator.workspace.workspace import Workspace

MORE = {"type": "message", "role": "user", "content": "More?"}
ROLLOUTS = [gym(), gym("Long.", "c" * 30_000), gym("Twice.", output=[said("a"), MORE, said("b" * 30_000)])]
SENTENCE = "of 3 exceed 1,024 tokens (NeMo RL default, estimated): fully masked"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Open a folder with a short rollout, a long one, and one whose second answer is long."""
    monkeypatch.setattr(loading, "PATIENCE_S", 30.0)
    folder = tmp_path / "runs"
    folder.mkdir()
    write(folder / "run.jsonl", ROLLOUTS)
    installed = sites.install(Site(ServeOptions(paths=(folder,), out_dir=tmp_path, cache=tmp_path / "cache")))
    installed.workspace = installed._opened()
    yield installed
    installed.close()


def shown(app: AppTest) -> str:
    """Return all text that is drawn, links too."""
    links = [link.proto.label for link in app.get("page_link")]
    return "\n".join([*(block.value for block in (*app.markdown, *app.caption)), *links]).replace("\\", "")


def table(app: AppTest) -> dict[str, str]:
    """Return what happens to each issue."""
    return {str(one.key): one.value for one in app.segmented_control if "policy" in str(one.key)}


def label_of(app: AppTest) -> str:
    """Return what the button would write."""
    return app.button(key="rc.export").label


def test_what_exceeds_the_default_is_seen_without_being_asked_for(site: Site) -> None:
    app = opened("export")
    assert SENTENCE in shown(app)
    assert "Checks: 1 failed (too long), 4 passed; " in shown(app)
    assert (label_of(app), table(app)["rc.policy-over_length"]) == ("Export 3 examples", "keep")
    assert app.number_input(key="rc.limit").placeholder == "trainer default: 1,024"
    assert "Not looked for without a limit" not in shown(app)


def test_raised_it_holds_all_and_the_number_is_in_the_recipe(site: Site) -> None:
    app = opened("export")
    app.button(key="rc.raise").click().run()
    assert (state_of(app).recipe.max_tokens, label_of(app)) == (6144, "Export 3 examples")
    assert "Checks: 0 failed, 5 passed" in shown(app)
    assert "exceed" not in shown(app)


def test_dropped_only_what_fits_is_written(site: Site) -> None:
    app = opened("export")
    app.segmented_control(key="rc.policy-over_length").set_value("drop").run()
    recipe = state_of(app).recipe
    assert (recipe.max_tokens, recipe.drop, label_of(app)) == (None, ("over_length",), "Export 1 example")
    assert "Checks: 0 failed" in shown(app)
    app.segmented_control(key="rc.policy-over_length").set_value("keep").run()
    assert (state_of(app).recipe, label_of(app)) == (Recipe(), "Export 3 examples")


def test_trimmed_what_can_end_earlier_is_written(site: Site) -> None:
    app = opened("export")
    app.segmented_control(key="rc.policy-over_length").set_value("trim").run()
    assert (state_of(app).recipe.trim, label_of(app)) == (("over_length",), "Export 2 examples")


def test_of_many_rollouts_lengths_are_checked_without_a_look(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "ALWAYS_MAX", 2)
    app = opened("export")
    assert "3 examples not checked yet." in shown(app)
    assert SENTENCE in shown(app)


def test_the_count_leads_to_the_rollouts_it_counts(site: Site) -> None:
    assert site.workspace
    assert site.workspace.rows_with(Recipe(), "over_length").tolist() == [1, 2]
    asked = [link.proto.query_string for link in opened("export").get("page_link") if "exceed" in link.proto.label]
    assert len(asked) == 1
    assert "over_length" in asked[0]


def test_a_random_control_of_everything_is_not_offered(site: Site) -> None:
    app = opened("export")
    assert app.checkbox(key="rc.with-control").disabled
    assert "Nothing is filtered yet: the baseline would equal the export." in shown(app)


def test_no_pairs_say_the_true_reason(site: Site) -> None:
    app = opened("export")
    state_of(app).recipe = Recipe(pairs=Pairs())
    app.run()
    assert "No pairs: 3 tasks have only one usable rollout." in shown(app)
    assert "Nothing is kept" not in shown(app)


def test_the_command_names_the_folder_that_was_opened(site: Site, tmp_path: Path) -> None:
    commands = [block.value for block in opened("export").code if block.value.startswith("rollout-curator export")]
    assert [command.split()[2] for command in commands] == [str(tmp_path / "runs")]


def test_the_workspace_of_a_test_knows_no_folder_and_names_its_files(tmp_path: Path) -> None:
    source = write(tmp_path / "run.jsonl", ROLLOUTS)
    assert Workspace.open([source], tmp_path / "cache").named == (source,)
