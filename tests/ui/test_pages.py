"""Every page as Streamlit draws it, on a small file: what it says, what its widgets change, what it never shows."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Block

from rollout_curator.cli.json_report import check
from rollout_curator.cli.text_report import check_text
from rollout_curator.decisions.store import Decisions, Entry
from rollout_curator.index import problem_counts
from rollout_curator.printable import digest
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.review import slice_queues
from rollout_curator.selection.filters import Filter, Thresholds
from rollout_curator.selection.pairs.pairing import Pairs
from rollout_curator.selection.slices import Range
from rollout_curator.selection.splits.split import Split
from rollout_curator.selection.strategies import Step
from rollout_curator.ui import links as places
from rollout_curator.ui.main import DRAW
from rollout_curator.ui.pages import export_counts
from rollout_curator.ui.server import site as sites
from rollout_curator.ui.server.serve_options import ServeOptions
from rollout_curator.ui.server.site import Site
from rollout_curator.ui.state.state import SESSION, Session
from rollout_curator.workspace.workspace import Workspace

EVIL = "![x](http://evil.example/?q=1) :red[name] <img src=x>"
PAGES = tuple(DRAW)


def line(reward: float | None, task: int, **more: object) -> str:
    """Return one rollout as NeMo Gym writes it."""
    message = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": f"answer {task}"}]}
    prompt = {"input": [{"role": "user", "content": "What is 2 + 2?"}]}
    rollout = {"responses_create_params": prompt, "response": {"output": [message]}, "reward": reward}
    return json.dumps({**rollout, "_ng_task_index": task, "agent_ref": {"name": EVIL}, **more})


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Open six lines: three good rollouts, one of them below 0.5, one cut off, one unrated, one that is no JSON."""
    source = tmp_path / "run.jsonl"
    good = [line(1.0, 1), line(0.9, 2), line(0.1, 3)]
    others = [line(1.0, 4, mask_sample=True), line(None, 5), "no json"]
    source.write_text("\n".join([*good, *others]) + "\n")
    decisions = Decisions.open(tmp_path / "curation.sqlite")
    workspace = Workspace.open([source], tmp_path / "cache", decisions)
    yield sites.install(Site(ServeOptions(paths=(source,), out_dir=tmp_path, reviewer="ann"), workspace))
    workspace.close()


def draw(page: str) -> None:
    """Draw one page; Streamlit's test runner takes the source of this function for a script."""
    from rollout_curator.ui import links as places
    from rollout_curator.ui import main

    places.declare({name: main.page_of(name) for name in main.DRAW}, main.home)
    main.page_of(page)()


def opened(page: str, **query: str) -> AppTest:
    """Return a page that was opened by a link."""
    app = AppTest.from_function(draw, args=(page,), default_timeout=30)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert [error.value for error in app.exception] == []
    return app


def said(app: AppTest) -> str:
    """Return all text a page shows through markdown, links and messages."""
    links = [link.proto.label for link in app.get("page_link")]
    return "\n".join([*links, *(element.value for element in (*app.markdown, *app.caption, *app.error, *app.warning))])


def state_of(app: AppTest) -> Session:
    """Return what the tab has chosen."""
    found: Session = app.session_state[SESSION]
    return found


def funnel(app: AppTest) -> list[str]:
    """Return the six numbers of the funnel with their words."""
    numbers = [link.proto.label for link in app.get("page_link") if link.proto.label.startswith("**")]
    return [words.replace("*", "").replace("\\", "") for words in numbers[:6]]


def test_every_page_has_a_title() -> None:
    assert list(places.TITLES) == list(PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_the_funnel_stands_on_every_page(site: Site, page: str) -> None:
    assert funnel(opened(page, min="0.5")) == [
        "6 lines",
        "5 rollouts",
        "4 valid",
        "2 reward ≥ 0.5",
        "2 after review",
        "2 kept",
    ]


@pytest.mark.parametrize("page", PAGES)
def test_no_page_lets_markdown_from_data_through(site: Site, page: str) -> None:
    text = said(opened(page))
    assert "![" not in text
    assert ":red[" not in text


@pytest.fixture
def site_of_odd_names(tmp_path: Path) -> Iterator[Site]:
    """Open a folder whose name, and that of a file in it, is not UTF-8 and holds escape codes."""
    folder = tmp_path / os.fsdecode(b"caf\xe9\x1b[2J")
    folder.mkdir()
    (folder / os.fsdecode(b"run\xff\n.jsonl")).write_text(f"{line(1.0, 1)}\n{line(0.0, 1)}\nno json\n")
    (folder / "b.jsonl").write_text(f"{line(1.0, 2)}\n")
    workspace = Workspace.open([folder], tmp_path / "cache", Decisions.open(folder / "curation.sqlite"))
    yield sites.install(Site(ServeOptions(paths=(folder,), out_dir=folder, reviewer="ann"), workspace))
    workspace.close()


@pytest.mark.parametrize("page", PAGES)
def test_a_name_that_is_not_utf8_breaks_no_page(site_of_odd_names: Site, page: str) -> None:
    text = said(opened(page))
    assert text.replace("\n", "").isprintable()
    assert text.encode()


def test_the_threshold_in_the_box_changes_the_funnel_and_the_url(site: Site) -> None:
    app = opened("select")
    app.number_input(key="rc.least-reward").set_value(0.95).run()
    assert funnel(app)[3] == "1 reward ≥ 0.95"
    assert app.query_params["min"] == "0.95"


def test_an_emptied_box_means_any_reward(site: Site) -> None:
    app = opened("select", min="0.5")
    app.number_input(key="rc.least-reward").set_value(None).run()
    assert funnel(app)[3] == "4 no threshold"
    assert "min" not in app.query_params


def test_a_link_without_sense_is_passed_over(site: Site) -> None:
    app = opened("review", min="high", queue="no such queue", key="zz", target="nobody", format="poem")
    assert funnel(app)[5] == "4 kept"


@pytest.mark.parametrize("bound", ["inf", "-inf", "1e999", "nan"])
def test_a_link_with_a_threshold_that_is_not_finite_is_passed_over(site: Site, bound: str) -> None:
    app = opened("select", min=bound)
    assert funnel(app)[3] == "4 no threshold"
    assert [warning.value for warning in app.warning] == []


def test_a_threshold_is_said_in_all_its_digits(site: Site) -> None:
    app = opened("select", min="0.89999999")
    assert funnel(app)[3] == "2 reward ≥ 0.89999999"


def picker(app: AppTest) -> dict[str, Any]:
    """Return what the threshold picker was given."""
    found: dict[str, Any] = json.loads(app.get("bidi_component")[0].proto.json)
    return found


def test_what_has_no_place_on_the_axis_stands_apart(site: Site) -> None:
    given = picker(opened("select"))
    outside = [(one["name"], one["count"]) for one in given["outside"] if not one["isPart"]]
    assert outside == [("masked", 1), ("unrated", 1)]
    assert given["total"] == {"rollouts": 4, "tasks": 4, "tokens": 8}


def test_invalid_rollouts_with_a_high_reward_are_one_click_away(site: Site) -> None:
    (found,) = [one for one in picker(opened("select", min="0.5"))["outside"] if one["isPart"]]
    assert (found["words"], found["count"]) == ("invalid with reward ≥ 0.5", 1)
    assert found["name"] == slice_queues.queue(slice_queues.INVALID, Range("reward", 0.5))


def test_the_next_step_of_the_threshold_says_what_it_brings_and_costs(site: Site) -> None:
    app = opened("select", min="0.9")
    assert words_on(app, "rc.band-down") == "Lower to 0.1: +1 rollout, +1 task"
    assert words_on(app, "rc.band-up") == "Raise to 1: −1 rollout, −1 task"


def words_on(app: AppTest, key: str) -> str:
    """Return what stands on a button."""
    return str(app.button(key=key).label).replace("\\", "")


def test_the_picker_says_how_many_pass_and_what_the_rules_leave_of_them(site: Site) -> None:
    app = opened("select", min="0.05", rules='[{"name":"best_of_n"},{"name":"drop_hard_tasks"}]')
    given = picker(app)
    assert (given["kept"]["rollouts"], funnel(app)[5]) == (3, "1 kept")
    assert given["then"] == {"passing": "pass the threshold", "count": 1, "words": "kept after rules"}


def test_without_rules_the_picker_and_the_funnel_say_one_number(site: Site) -> None:
    app = opened("select", min="0.5")
    given = picker(app)
    assert (given["kept"]["rollouts"], given["then"], funnel(app)[5]) == (2, None, "2 kept")


def test_rules_before_the_threshold_leave_it_the_last_word(site: Site) -> None:
    given = picker(opened("select", min="0.05", rules='[{"name":"best_of_n"}]', order="last"))
    assert given["then"] is None


def test_a_rule_equal_to_the_last_one_is_refused_in_words(site: Site) -> None:
    app = add_rule(add_rule(opened("select"), "best_of_n"), "best_of_n")
    assert state_of(app).recipe.strategies == (Step("best_of_n"),)
    assert [one.value for one in app.warning] == ["The last rule is the same; adding it again would change nothing\\."]


@pytest.mark.parametrize(
    ("name", "number"),
    [("threshold", "at_least"), ("threshold", "at_most"), ("random_per_task", "n"), ("random_per_task", "fraction")],
)
def test_a_rule_that_goes_by_one_of_several_numbers_cannot_be_added_without_any(
    site: Site, name: str, number: str
) -> None:
    app = opened("select")
    app.selectbox(key="rc.rule").select(name).run()
    assert app.button(key="rc.rule-add").disabled
    app.number_input(key=f"rc.rule-{name}-{number}").set_value(1).run()
    assert not app.button(key="rc.rule-add").disabled


@pytest.mark.parametrize("name", ["best_of_n", "drop_copies", "task_zscore"])
def test_a_rule_that_needs_no_number_can_be_added_as_it_stands(site: Site, name: str) -> None:
    app = opened("select")
    app.selectbox(key="rc.rule").select(name).run()
    assert not app.button(key="rc.rule-add").disabled


@pytest.mark.parametrize(("name", "add"), [("add-rule", "rc.rule-add"), ("add-filter", "rc.filter-add")])
def test_what_adds_a_rule_or_a_filter_closes_once_it_was_added(site: Site, name: str, add: str) -> None:
    app = opened("select")
    app.selectbox(key="rc.rule").select("best_of_n").run()
    before = popover_ids(app)
    app.multiselect(key="rc.filter-names-agent").select(EVIL).run()
    assert popover_ids(app) == before
    app.button(key=add).click().run()
    assert [one for one in before if one not in popover_ids(app)] == [one for one in before if f"rc.{name}-" in one]


def popover_ids(app: AppTest) -> list[str]:
    """Return what tells one popover from another in the browser, which closes one that is no longer there."""
    return [one.proto.id for one in app.get("popover") if "rc.add-" in one.proto.id]


@pytest.fixture
def site_of_scales(tmp_path: Path) -> Iterator[Site]:
    """Open rollouts of three agents, whose highest rewards are 0.7, 1 and 2.5."""
    rewards = {"a": [0.7, 0.1], "b": [1.0, 0.0], "c": [2.5, 1.0]}
    lines = [line(one, 1, agent_ref={"name": agent}) for agent, given in rewards.items() for one in given]
    (tmp_path / "run.jsonl").write_text("\n".join(lines) + "\n")
    workspace = Workspace.open([tmp_path / "run.jsonl"], tmp_path / "cache")
    yield sites.install(Site(ServeOptions(paths=(tmp_path / "run.jsonl",), out_dir=tmp_path), workspace))
    workspace.close()


SCALES = "Highest rewards differ between agents (1, 1, 2.5): one threshold means something else for each."


def test_agents_with_different_scales_are_named_until_each_has_its_threshold(site_of_scales: Site) -> None:
    app = opened("select")
    assert SCALES in said(app).replace("\\", "")
    assert not app.toggle(key="rc.panels-axis").value
    app.button(key="rc.scales-set").click().run()
    assert state_of(app).recipe.group_thresholds("agent") == {"a": 0.7, "b": 1.0, "c": 2.5}
    assert SCALES not in said(app).replace("\\", "")


def test_scales_are_those_of_agents_without_a_threshold_of_their_own(site_of_scales: Site) -> None:
    app = opened("select")
    state_of(app).recipe = Recipe(thresholds=Thresholds("agent", {"b": 0.5}))
    app.run()
    assert "Highest rewards differ between agents (1, 2.5)" in said(app).replace("\\", "")
    state_of(app).recipe = Recipe(thresholds=Thresholds("agent", {"c": 2.0}))
    app.run()
    assert "Highest rewards differ" not in said(app)


def test_the_notice_of_different_scales_can_be_dismissed(site_of_scales: Site) -> None:
    app = opened("select")
    app.button(key="rc.scales-not").click().run()
    assert SCALES not in said(app).replace("\\", "")


def test_the_picker_keeps_its_place_in_the_page_when_a_notice_goes(site_of_scales: Site) -> None:
    """The browser draws anew whatever stands at another place than before."""
    app = opened("select")
    before = place_of_picker(app)
    app.button(key="rc.scales-not").click().run()
    assert place_of_picker(app) == before


def place_of_picker(app: AppTest) -> int:
    """Return the number, among the parts of the page, of the one that holds the picker."""
    return next(
        number
        for number, part in app.main.children.items()
        if isinstance(part, Block) and any(one.type == "bidi_component" for one in part)
    )


def test_agents_of_one_scale_are_not_named(site: Site) -> None:
    app = opened("select")
    assert "Highest rewards differ" not in said(app)
    assert app.toggle(key="rc.panels-axis").value


def test_the_rollouts_of_a_step_are_those_it_counts(site: Site) -> None:
    workspace = site.workspace
    assert workspace is not None and workspace.decisions is not None
    workspace.decisions.record([Entry(workspace.key(2), "accept", reviewer="ann")])  # reward 0.1 stays whatever
    app = opened("select", min="0.95")
    assert words_on(app, "rc.band-down") == "Lower to 0.9: +1 rollout, +1 task"
    of_axis, free = (f"in:{among}:reward=0.1..<0.95" for among in ("reward", "!free-reward"))
    assert slice_queues.rows(workspace, Recipe(min_reward=0.95), of_axis).tolist() == [1, 2]
    assert slice_queues.rows(workspace, Recipe(min_reward=0.95), free).tolist() == [1]
    assert any("free-reward" in link.proto.query_string for link in app.get("page_link"))
    assert slice_queues.free("reward", Range("reward", 0.1, 0.95, closed=False)) == free


def test_two_filters_on_one_number_are_counted_and_moved_together(site: Site) -> None:
    app = opened("select", axis="tokens", where="tokens=1.0..;agent==x;tokens=..3.0")
    boxes = [app.number_input(key=f"rc.{name}-tokens").value for name in ("least", "most")]
    assert boxes == [1.0, 3.0]
    app.number_input(key="rc.least-tokens").set_value(2.0).run()
    assert state_of(app).recipe.filters == (Filter("tokens", 2.0, 3.0), Filter("agent", one_of=("x",)))


def test_a_link_moves_both_bounds_past_those_there_are(site: Site) -> None:
    app = opened("select", min="0.1", max="0.2")
    app.query_params["min"], app.query_params["max"] = "0.5", "0.95"
    app.run()
    assert funnel(app)[3] == "1 reward 0.5–0.95"


def test_a_link_keeps_that_a_bound_of_the_start_was_taken_away(site: Site) -> None:
    site.recipe = Recipe(min_reward=0.95)
    app = opened("select")
    assert (funnel(app)[3], dict(app.query_params)) == ("1 reward ≥ 0.95", {"min": "0.95"})
    app.number_input(key="rc.least-reward").set_value(None).run()
    assert app.query_params["min"] == "any"
    assert funnel(opened("select", min="any"))[3] == "4 no threshold"


def test_thresholds_by_agent_hold_in_the_small_plots_of_another_class(site: Site) -> None:
    app = opened("select", own=f"agent;{quote(EVIL)}=0.9")
    app.segmented_control(key="rc.panels-by").set_value("source").run()
    (panel,) = json.loads(app.get("bidi_component")[1].proto.json)["panels"]
    assert funnel(app)[3] == "2 no threshold (per-agent where set)"
    assert (panel["note"], panel["total"]["rollouts"], panel["own"]) == (
        "2 rollouts, mean 0.95, SD 0.071",
        2,
        False,
    )
    words = "1 agent has its own threshold, which still applies here. Setting one by file replaces it."
    assert words in said(app).replace("\\", "")


def test_a_step_down_can_be_taken(site: Site) -> None:
    app = opened("select", min="0.9")
    app.button(key="rc.band-down").click().run()
    assert state_of(app).recipe.min_reward == 0.1
    assert app.query_params["min"] == "0.1"


def test_an_upper_bound_in_the_box_changes_the_funnel_and_the_url(site: Site) -> None:
    app = opened("select", min="0.1")
    app.number_input(key="rc.most-reward").set_value(0.95).run()
    assert funnel(app)[3] == "2 reward 0.1–0.95"
    assert app.query_params["max"] == "0.95"


def test_a_filter_on_a_class_is_a_chip_that_can_be_taken_out(site: Site) -> None:
    app = opened("select")
    app.multiselect(key="rc.filter-names-agent").select(EVIL).run()
    app.button(key="rc.filter-add").click().run()
    assert state_of(app).recipe.filters == (Filter("agent", one_of=(EVIL,)),)
    app.button(key="rc.filter-0").click().run()
    assert state_of(app).recipe.filters == ()


def test_any_number_can_be_the_axis_and_its_bounds_are_a_filter(site: Site) -> None:
    app = opened("select", axis="tokens", min="0.5")
    app.number_input(key="rc.least-tokens").set_value(8.0).run()
    assert state_of(app).recipe.filters == (Filter("tokens", 8.0),)
    assert funnel(app)[3] == "0 reward ≥ 0.5, 1 filter"
    assert app.query_params["where"] == "tokens=8.0.."


def test_a_link_brings_back_the_whole_selection(site: Site) -> None:
    where = "tokens=1.0..9.0"
    app = opened("select", min="0.05", max="0.9", where=where, rules='[{"name":"best_of_n"}]', own="agent;x=1.0")
    recipe = state_of(app).recipe
    assert (recipe.min_reward, recipe.max_reward, recipe.filters) == (0.05, 0.9, (Filter("tokens", 1.0, 9.0),))
    assert funnel(app)[3] == "2 reward 0.05–0.9 (per-agent where set), 1 filter, 1 rule"


def test_a_recipe_that_names_what_the_files_lack_says_so_and_can_be_mended(site: Site) -> None:
    app = opened("select", where="speed=1.0..")
    assert app.error[0].value.replace("\\", "") == (
        "This recipe does not fit these files: the filter on speed: these files have no such numeric column."
    )
    app.button(key="rc.unusable-0").click().run()
    assert [error.value for error in app.error] == []
    assert state_of(app).recipe.filters == ()


def test_the_control_is_one_switch(site: Site) -> None:
    app = opened("select", min="0.5")
    app.toggle(key="rc.control").set_value(True).run()
    assert funnel(app)[3] == "2 reward ≥ 0.5, random baseline"
    assert state_of(app).recipe.control == 1


def test_a_rule_beside_its_control_still_says_what_it_drops(site: Site) -> None:
    app = add_rule(opened("select", min="0.1"), "drop_hard_tasks")
    dropped = "**2** without a reward or in a task with a pass rate < 0.1"
    assert dropped in said(app).replace("\\", "")
    app.toggle(key="rc.control").set_value(True).run()
    assert dropped in said(app).replace("\\", "")


def test_rules_can_change_places(site: Site) -> None:
    app = add_rule(add_rule(opened("select"), "best_of_n"), "drop_hard_tasks")
    app.button(key="rc.rule-1-earlier").click().run()
    assert [step.name for step in state_of(app).recipe.strategies] == ["drop_hard_tasks", "best_of_n"]


def test_a_rule_that_drops_nobody_says_so_beside_the_others(site: Site) -> None:
    app = add_rule(opened("select", min="0.95"), "drop_copies")
    assert "**0** duplicates of another line" in said(app)


def dropped_lines(app: AppTest) -> list[str]:
    """Return what stands before each rule and the threshold, and what the threshold drops, in order."""
    lines = (one.value for one in app.markdown)
    return [line for line in lines if line in ("Threshold drops", "Rule 1 (Best of n) drops") or "below 0" in line]


def test_the_threshold_has_a_place_before_or_after_the_rules(site: Site) -> None:
    app = add_rule(opened("select", min="0.95"), "best_of_n")
    assert dropped_lines(app) == [
        "Threshold drops",
        "**1** without a reward, **2** below 0\\.95",
        "Rule 1 (Best of n) drops",
    ]
    app.button(key="rc.threshold-order").click().run()
    assert state_of(app).recipe.threshold_last
    assert app.query_params["order"] == ["last"] or app.query_params["order"] == "last"
    assert dropped_lines(app)[:2] == ["Rule 1 (Best of n) drops", "Threshold drops"]
    app.button(key="rc.threshold-order").click().run()
    assert not state_of(app).recipe.threshold_last


def test_a_usual_rule_keeps_what_its_name_promises(site: Site) -> None:
    app = opened("select", min="0.5", success="0.9")
    app.segmented_control(key=key_of(app, "section")).set_value("compare").run()
    app.selectbox(key="rc.compare-usual").select("without easy tasks").run()
    app.button(key="rc.compare-with").click().run()
    made = state_of(app).compared["without easy tasks"]
    assert made.strategies == (Step("drop_easy_tasks", {"pass_at_least": 0.9}),)
    assert compared(app)[-6:] == ["without easy tasks", "0 −2", "0 −2", "0 −4", "–", "0"]


def compared(app: AppTest) -> list[str]:
    """Return the cells of the rows of recipes, from left to right and from top to bottom."""
    cells = [one.value.replace("\\", "").replace("**", "") for one in app.markdown]
    return [cell.replace(":gray[", "").replace("]", "") for cell in cells[cells.index("Current") :]]


def test_what_is_said_of_tasks_follows_no_threshold_and_counts_what_is_rejected(site: Site) -> None:
    fares = "one attempt each: 1 solved, 2 not"
    assert fares in said(opened("select", section="tasks")).replace("\\", "")
    workspace = site.workspace
    assert workspace is not None and workspace.decisions is not None
    workspace.decisions.record([Entry(workspace.key(2), "reject", reviewer="ann")])
    found = said(opened("select", min="0.5", section="tasks")).replace("\\", "")
    assert fares in found
    assert (
        "1 rejected in review counts as failed; not counted: 1 that was masked by the environment, 1 without" in found
    )


def test_a_selection_put_aside_stands_beside_this_one_and_can_be_taken_up(site: Site) -> None:
    app = opened("select", min="0.5")
    app.segmented_control(key=key_of(app, "section")).set_value("compare").run()
    app.text_input(key="rc.compare-name").set_value("high").run()
    app.button(key="rc.compare-aside").click().run()
    app.number_input(key="rc.least-reward").set_value(0.05).run()
    assert compared(app)[:5] == ["Current", "3", "3", "6", "0.667"]
    assert compared(app)[-6:-2] == ["high", "2 −1", "2 −1", "4 −2"]
    assert compared(app)[-1] == "2"
    next(one for one in app.button if one.key == f"rc.compared-{digest('high')[:12]}").click().run()
    assert state_of(app).recipe.min_reward == 0.5


def test_names_that_begin_alike_are_compared_beside_each_other(site: Site) -> None:
    app = opened("select", section="compare")
    alike = "recipe of the run of the 27th of November, "
    state_of(app).compared = {f"{alike}a": Recipe(min_reward=0.5), f"{alike}b": Recipe(min_reward=0.95)}
    app.run()
    assert [error.value for error in app.exception] == []
    assert [name for name in compared(app) if name.startswith("recipe of")] == [f"{alike}a", f"{alike}b"]


def test_a_recipe_that_cannot_be_compared_here_says_why_and_can_be_taken_away(site: Site) -> None:
    app = opened("select")
    state_of(app).compared = {"odd.toml": Recipe(filters=(Filter("speed", 1.0),))}
    app.segmented_control(key=key_of(app, "section")).set_value("compare").run()
    assert [one.value.replace("\\", "") for one in app.error] == [
        "Cannot compare odd.toml: the filter on speed: these files have no such numeric column."
    ]
    assert len(app.dataframe[-1].value) == 5
    app.button(key=f"rc.unusable-{digest('odd.toml')[:12]}").click().run()
    assert (list(app.error), state_of(app).compared) == ([], {})


def key_of(app: AppTest, name: str) -> str:
    """Return the key of the widget whose choices are part of its key."""
    return next(str(one.key) for one in app.segmented_control if str(one.key).startswith(f"rc.{name}"))


def table_of(app: AppTest, name: str) -> AppTest:
    """Choose a table of the Data page."""
    return app.segmented_control(key="rc.data-table").set_value(name).run()


def test_decisions_change_the_funnel(site: Site) -> None:
    assert site.workspace is not None
    assert site.workspace.decisions is not None
    app = opened("select", min="0.5")
    site.workspace.decisions.record([Entry(site.workspace.key(0), "reject", reviewer="bob")])
    assert funnel(app.run())[4:] == ["1 after review", "1 kept"]


def test_sources_lists_each_problem_with_file_line_and_reason(site: Site) -> None:
    problems = table_of(opened("data"), "Skipped").dataframe[0].value
    assert problems["where"].to_list() == ["run.jsonl:6"]
    assert problems["reason"].to_list()[0].startswith("not JSON")


def test_sources_shows_lines_that_are_not_listed_as_counted_ranges(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(problem_counts, "LISTED_MAX", 2)
    (tmp_path / "run.jsonl").write_text(f"{line(1.0, 1)}\n" + "x\n" * 3000)
    workspace = Workspace.open([tmp_path / "run.jsonl"], tmp_path / "cache")
    sites.install(Site(ServeOptions(paths=(tmp_path / "run.jsonl",), out_dir=tmp_path), workspace))
    app = table_of(opened("data"), "Skipped")
    assert app.dataframe[0].value.to_numpy().tolist() == [
        ["run.jsonl:2", "not JSON: expecting value at column 1"],
        ["run.jsonl:3", "not JSON: expecting value at column 1"],
        ["run.jsonl:4-3001", "2,998 more lines: not JSON"],
    ]
    assert "**3,001 lines = 1 rollout + 3,000 skipped + 0 blank**" in said(app)
    workspace.close()


def test_the_totals_of_sources_add_up_in_words(site: Site) -> None:
    assert "**6 lines = 5 rollouts + 1 skipped + 0 blank**" in said(table_of(opened("data"), "Skipped"))


def test_sources_and_check_name_the_numeric_columns_that_are_not_kept_in_the_same_words(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.write_text(line(1.0, 1, **{f"k{n}": n for n in range(203)}) + "\n")
    workspace = Workspace.open([path], tmp_path / "cache")
    sites.install(Site(ServeOptions(paths=(path,), out_dir=tmp_path), workspace))
    note = "3 numeric columns beyond the first 200 are not kept: k200, k201, k202"
    found = check(workspace)
    assert opened("data").dataframe[0].value["notes"].to_list() == [note]
    assert found["notes"] == [note]
    assert f"run.jsonl: {note}" in check_text(found)


def test_sources_names_what_was_passed_over(tmp_path: Path) -> None:
    (folder := tmp_path / "runs").mkdir()
    (folder / "run.json").write_text(f"[{line(1.0, 1)}, {line(0.5, 2)}]")
    (folder / "notes_*x*.txt").touch()
    workspace = Workspace.open([folder], tmp_path / "cache")
    sites.install(Site(ServeOptions(paths=(folder,), out_dir=tmp_path), workspace))
    app = opened("data")
    assert [expander.label.replace("\\", "") for expander in app.expander] == ["1 skipped file: notes_*x*.txt"]
    table = app.expander[0].dataframe[0].value
    assert table["reason"].to_list() == ["a file ending in .txt is read only when it is given by name"]
    assert not app.expander[0].markdown  # the table says the one reason there is
    assert "All non-blank records are rollouts." in said(table_of(app, "Skipped"))
    assert funnel(app)[0] == "2 records"
    workspace.close()


def test_several_reasons_why_files_were_passed_over_are_counted_above_their_table(tmp_path: Path) -> None:
    (folder := tmp_path / "runs").mkdir()
    (folder / "run.jsonl").write_text(line(1.0, 1))
    for name in ("a.txt", "b.txt", "c.csv"):
        (folder / name).touch()
    workspace = Workspace.open([folder], tmp_path / "cache")
    sites.install(Site(ServeOptions(paths=(folder,), out_dir=tmp_path), workspace))
    (by_reason,) = [block.value.replace("\\", "") for block in opened("data").expander[0].markdown]
    assert by_reason.splitlines() == [
        "- 2: a file ending in .txt is read only when it is given by name",
        "- 1: a file ending in .csv is read only when it is given by name",
    ]
    workspace.close()


def test_sources_counts_as_flagged_what_check_counts(site: Site) -> None:
    assert site.workspace is not None
    table = opened("data").dataframe[0].value
    assert table["flagged"].to_list() == [check(site.workspace)["total"]["flagged"]] == [1]


def test_sources_says_how_many_tasks_there_are_and_another_rule_counts_others(site: Site) -> None:
    app = opened("data")
    assert "5 tasks: rollouts of one task have the same agent, task name and prompt." in said(app).replace("\\", "")
    app.selectbox(key="rc.group-by").set_value("source").run()
    assert state_of(app).recipe.group_by == "source"
    assert "5 tasks: rollouts of one task have the same agent and task name in one file." in said(app).replace("\\", "")


def test_sources_says_where_decisions_are_kept(site: Site) -> None:
    assert "curation.sqlite" in said(opened("data")).replace("\\", "")


def add_rule(app: AppTest, name: str) -> AppTest:
    """Choose a strategy by name and add it as it stands."""
    app.selectbox(key="rc.rule").select(name).run()
    return app.button(key="rc.rule-add").click().run()


def test_a_rule_that_is_added_follows_the_threshold(site: Site) -> None:
    app = opened("select")
    app.selectbox(key="rc.rule").select("threshold").run()
    app.number_input(key="rc.rule-threshold-at_least").set_value(0.95).run()
    app.button(key="rc.rule-add").click().run()
    assert funnel(app)[3] == "1 no threshold, 1 rule"
    assert state_of(app).recipe.strategies == (Step("threshold", {"at_least": 0.95}),)
    assert "**3** without a reward ≥ 0.95" in said(app).replace("\\", "")


def test_rules_stand_in_the_order_in_which_they_were_added(site: Site) -> None:
    app = add_rule(add_rule(opened("select"), "best_of_n"), "drop_hard_tasks")
    assert [step.name for step in state_of(app).recipe.strategies] == ["best_of_n", "drop_hard_tasks"]


def test_a_rule_can_be_removed(site: Site) -> None:
    app = add_rule(add_rule(opened("select"), "best_of_n"), "drop_hard_tasks")
    app.button(key="rc.rule-0-remove").click().run()
    assert [step.name for step in state_of(app).recipe.strategies] == ["drop_hard_tasks"]


def test_a_rule_that_cannot_be_is_refused_in_a_sentence(site: Site) -> None:
    app = opened("select")
    app.selectbox(key="rc.rule").select("random_per_task").run()
    app.number_input(key="rc.rule-random_per_task-n").set_value(1)
    app.number_input(key="rc.rule-random_per_task-fraction").set_value(0.5).run()
    app.button(key="rc.rule-add").click().run()
    assert "not both" in app.warning[0].value
    assert state_of(app).recipe.strategies == ()


def mounted(app: AppTest) -> dict[str, object]:
    """Return what the reader was given."""
    found: dict[str, object] = json.loads(app.get("bidi_component")[0].proto.json)
    return found


def test_review_holds_the_queue_on_the_server(site: Site) -> None:
    given = mounted(opened("review", min="0.5", queue="below"))
    view = site.views.get(str(given["view"]))
    assert view is not None
    assert (given["total"], view.rows.tolist(), given["reviewer"]) == (1, [2], "ann")


def test_a_link_opens_a_rollout_outside_the_queue_beside_it(site: Site) -> None:
    assert site.workspace is not None
    outside = site.workspace.key(2)
    given = mounted(opened("review", min="0.5", key=outside))
    assert (given["visit"], given["total"], given["start"]) == (outside, 2, 1)


def test_a_link_into_the_queue_opens_its_place(site: Site) -> None:
    assert site.workspace is not None
    given = mounted(opened("review", min="0.5", key=site.workspace.key(1)))
    assert (given["visit"], given["start"]) == ("", 1)


def test_a_link_that_leads_nowhere_is_named(site: Site) -> None:
    given = mounted(opened("review", key="f" * 32))
    assert (given["missing"], given["visit"], given["start"]) == ("f" * 32, "", 0)


def test_a_decision_does_not_move_the_queue_that_is_being_read(site: Site) -> None:
    assert site.workspace is not None
    assert site.workspace.decisions is not None
    app = opened("review", min="0.5")
    before = mounted(app)
    site.workspace.decisions.record([Entry(site.workspace.key(0), "reject", reviewer="ann")])
    after = mounted(app.run())
    assert (after["view"], after["start"]) == (before["view"], 0)


def test_choosing_a_queue_opens_it_from_its_beginning(site: Site) -> None:
    app = opened("review", min="0.5")
    app.selectbox[0].select("near").run()
    given = mounted(app)
    assert (given["total"], given["start"], app.query_params["queue"]) == (3, 0, "near")


def test_the_export_button_names_the_exact_count(site: Site) -> None:
    assert opened("export", min="0.5").button(key="rc.export").label == "Export 2 examples"


def test_an_export_writes_the_file_and_says_its_hash(site: Site, tmp_path: Path) -> None:
    app = opened("export", min="0.5")
    app.button(key="rc.export").click().run()
    assert site.export is not None
    assert site.export.wait(20)
    app.run()
    shown = [block.value for block in app.code]
    assert site.export.result is not None
    assert site.export.result.sha256 in shown
    assert len((tmp_path / "curated.nemo_rl.jsonl").read_text().splitlines()) == 2


def test_an_option_changes_what_is_written(site: Site) -> None:
    app = opened("export")
    chosen = next(box for box in app.selectbox if box.label == "Tool arguments")
    chosen.select("string").run()
    assert any('arguments = "string"' in block.value for block in app.code)


def test_another_trainer_brings_its_own_defaults(site: Site) -> None:
    app = opened("export")
    app.selectbox(key="rc.target").select("gym").run()
    assert app.query_params["target"] == "gym"
    assert funnel(app)[5] == "5 kept"


def test_a_file_that_may_not_be_written_is_refused_in_a_sentence(site: Site) -> None:
    app = opened("export")
    app.text_input(key="rc.out-nemo_rl").input("/etc/out.jsonl").run()
    assert "\\-\\-out\\-dir" in app.error[0].value


def test_a_file_that_no_export_wrote_is_replaced_only_on_demand(site: Site, tmp_path: Path) -> None:
    (tmp_path / "curated.nemo_rl.jsonl").write_text("mine\n")
    app = opened("export")
    assert app.button(key="rc.export").disabled
    app.checkbox(key=f"rc.replace-{digest(tmp_path / 'curated.nemo_rl.jsonl')}").check().run()
    assert not app.button(key="rc.export").disabled


def test_when_nothing_is_kept_the_button_rests_and_says_why(site: Site) -> None:
    app = opened("export", min="5")
    assert app.button(key="rc.export").disabled
    assert any("Nothing to export" in caption.value for caption in app.caption)


def test_a_changed_source_is_noticed(site: Site, tmp_path: Path) -> None:
    (tmp_path / "run.jsonl").write_text(line(1.0, 1) + "\n")
    site._looked_at = -100.0
    app = opened("select")
    assert "changed on disk" in app.warning[0].value
    app.button(key="reload-changed").click().run()
    assert funnel(app)[0] == "1 lines"


def test_sources_that_cannot_be_opened_give_a_sentence_and_a_way_on(tmp_path: Path) -> None:
    sites.install(Site(ServeOptions(paths=(tmp_path / "absent.jsonl",), cache=tmp_path)))
    app = opened("select")
    assert "absent" in app.error[0].value
    assert [button.label for button in app.button] == ["Try again"]


# Parts and pairs on the Export page


def chosen(app: AppTest) -> Recipe:
    """Return the recipe of the tab."""
    return state_of(app).recipe


def test_a_split_is_chosen_counted_and_kept_in_the_recipe(site: Site) -> None:
    app = opened("export")
    app.segmented_control(key="rc.split").set_value("share").run()
    assert chosen(app).split == Split()
    app.number_input(key="rc.split-validation-share").set_value(25.0).run()
    assert chosen(app).split == Split(0.25)
    table = app.dataframe[0].value
    assert table[""].tolist()[:2] == ["examples", "tasks"]
    assert table["train"][0] + table["validation"][0] == 4
    app.segmented_control(key="rc.split").set_value("count").run()
    app.number_input(key="rc.split-validation-count").set_value(1).run()
    assert app.dataframe[0].value["validation"][0] == 0  # all have one prompt, and stay together
    assert "all 4 examples are one family of tied rollouts" in app.warning[0].value
    app.segmented_control(key="rc.split").set_value("one").run()
    assert chosen(app).split is None
    assert [error.value for error in app.exception] == []


def test_pairs_are_chosen_counted_and_explained(site: Site) -> None:
    app = opened("export")
    app.segmented_control(key="rc.rows").set_value("pairs").run()
    assert chosen(app).pairs == Pairs()
    shown = " ".join(block.value for block in (*app.markdown, *app.caption))
    assert "0 pairs from 0 of 5 tasks" in shown
    assert "5 have only one usable rollout" in shown
    assert "or rejected in review" in shown
    assert app.button(key="rc.export").disabled
    app.selectbox(key="rc.pair-rule").set_value("margin").run()
    app.number_input(key="rc.pair-margin").set_value(0.25).run()
    assert chosen(app).pairs == Pairs("margin", 0.25)


def test_a_parquet_file_is_named_so(site: Site, tmp_path: Path) -> None:
    app = opened("export")
    app.segmented_control(key="rc.kind").set_value("parquet").run()
    app.button(key="rc.export").click().run()
    assert site.export is not None
    assert site.export.wait(20)
    assert (tmp_path / "curated.nemo_rl.parquet").read_bytes().startswith(b"PAR1")


def test_a_file_that_does_not_fit_its_manifest_is_told(site: Site, tmp_path: Path) -> None:
    app = opened("export")
    app.button(key="rc.export").click().run()
    assert site.export is not None
    assert site.export.wait(20)
    (tmp_path / "curated.nemo_rl.jsonl").write_text("{}\n")
    warned = [warning.value for warning in opened("export").warning]
    assert any("is not the file its manifest was written for" in text.replace("\\", "") for text in warned)


def test_the_cost_of_training_stands_on_the_page(site: Site) -> None:
    app = opened("export")
    shown = " ".join(block.value for block in app.markdown)
    assert "tokens trained" in shown
    limit = next(box for box in app.number_input if box.label == "Sequence length (tokens)")
    limit.set_value(1).run()
    (warning,) = [warning.value for warning in app.warning if warning.value.startswith("Too long")]
    assert "masks them" in warning and "they take a place in the batch and train nothing" in warning


def test_parts_of_large_sources_are_worked_out_when_asked_for(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_counts, "AT_ONCE_BYTES", 10)
    app = opened("export")
    app.segmented_control(key="rc.rows").set_value("pairs").run()
    assert app.button(key="rc.export").label == "Export pairs"
    app.checkbox(key="rc.work-out").check().run()
    assert app.button(key="rc.export").label == "Export 0 pairs"


# What nobody read, and what examples leave out


def talk(**more: object) -> str:
    """Return a chat rollout whose answer has these keys besides."""
    answer = {"role": "assistant", "content": "4", **more}
    return json.dumps({"messages": [{"role": "user", "content": "2+2?"}, answer], "reward": 1.0})


@pytest.fixture
def odd_site(tmp_path: Path) -> Iterator[Site]:
    """Open three chats: one with an unknown list of texts, one with a time stamp, one with reasoning."""
    source = tmp_path / "chat.jsonl"
    lines = [talk(attachments=["a map"]), talk(timestamp="09:40"), talk(reasoning_content="easy")]
    source.write_text("\n".join(lines) + "\n")
    workspace = Workspace.open([source], tmp_path / "cache")
    yield sites.install(Site(ServeOptions(paths=(source,), out_dir=tmp_path, reviewer="ann"), workspace))
    workspace.close()


def test_keys_that_nobody_read_are_named_on_sources_and_called_harmless_by_one_press(odd_site: Site) -> None:
    app = table_of(opened("data"), "Unread keys")
    assert "message\\.attachments in 1 rollout, probably conversation" in said(app)
    assert "message\\.timestamp in 1 rollout, only reported" in said(app)
    assert "1 has content that was not understood" in said(app).replace("\\", "").replace("**", "")
    app.checkbox(key="rc.harmless-message.attachments").check().run()
    assert state_of(app).recipe.harmless == ("message.attachments",)
    assert "not understood" not in said(app)
    app.checkbox(key="rc.harmless-message.attachments").uncheck().run()
    assert state_of(app).recipe.harmless == ()


def test_the_export_page_says_what_examples_leave_out_and_writes_the_report(odd_site: Site, tmp_path: Path) -> None:
    app = opened("export")
    assert "**1** block of reasoning in 1 rollout \\(option reasoning \\= drop\\)" in said(app)
    app.checkbox(key="rc.report").check().run()
    app.button(key="rc.export").click().run()
    rows = (tmp_path / "curated.nemo_rl.report.jsonl").read_text().splitlines()
    told = [(json.loads(row)["state"], json.loads(row)["left_out"], json.loads(row)["notes"]) for row in rows]
    assert told == [
        ("unread_content", {}, ["unread_content:message.attachments"]),
        ("exported", {}, ["unread:message.timestamp"]),
        ("exported", {"reasoning": 1}, []),
    ]
