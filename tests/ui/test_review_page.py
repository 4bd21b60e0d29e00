"""The Review page around the reader: plan, bulk decisions, what the reading says, reasons, team, names."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from making import gym, write
from rollout_curator.decisions.store import Decisions, Entry
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.review import summary
from rollout_curator.review.queues import rows_of
from rollout_curator.ui import reject_reasons
from rollout_curator.ui.server import site as sites
from rollout_curator.ui.server.identity import COOKIE, Who, who_of
from rollout_curator.ui.server.proxies import NAME_HEADER
from rollout_curator.ui.server.serve_options import ServeOptions
from rollout_curator.ui.server.site import Site
from rollout_curator.ui.state.state import SESSION, Session
from rollout_curator.workspace.workspace import Workspace

EVIL = "![x](http://evil.example/?q=1) :red[name]"
KEEP = Recipe(min_reward=0.5)


def draw(page: str) -> None:
    """Draw one page; Streamlit's test runner takes the source of this function for a script."""
    from rollout_curator.ui import links, main

    links.declare({name: main.page_of(name) for name in main.DRAW}, main.home)
    main.page_of(page)()


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """Open 80 rollouts of reward 1.0 by an agent with a hostile name, one of them twice, and 20 of 0.2."""
    more = {"agent_ref": {"name": EVIL}}
    high = [gym(answer=f"high {n}", reward=1.0, _ng_task_index=n % 9, **more) for n in range(80)]
    low = [gym(answer=f"low {n}", reward=0.2, _ng_task_index=n) for n in range(20)]
    source = write(tmp_path / "run.jsonl", [*high, high[0], *low])
    opened = Workspace.open([source], tmp_path / "cache", Decisions.open(tmp_path / "curation.sqlite"))
    yield opened
    opened.close()


@pytest.fixture
def site(workspace: Workspace, tmp_path: Path) -> Site:
    return sites.install(Site(ServeOptions(paths=(tmp_path / "run.jsonl",), reviewer="ann"), workspace))


def opened(page: str = "review", **query: str) -> AppTest:
    app = AppTest.from_function(draw, args=(page,), default_timeout=30)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert [error.value for error in app.exception] == []
    return app


def said(app: AppTest) -> str:
    texts = [element.value for element in (*app.markdown, *app.caption, *app.error, *app.warning)]
    return "\n".join([*texts, *(link.proto.label for link in app.get("page_link"))]).replace("\\", "")


def state_of(app: AppTest) -> Session:
    found: Session = app.session_state[SESSION]
    return found


def mounted(app: AppTest) -> dict[str, object]:
    found: dict[str, object] = json.loads(app.get("bidi_component")[0].proto.json)
    return found


def has_reader(app: AppTest) -> bool:
    return any("targetTitle" in json.loads(component.proto.json or "{}") for component in app.get("bidi_component"))


def press(app: AppTest, words: str) -> None:
    next(button for button in app.button if button.label == words).click().run()


def decide(workspace: Workspace, rows: list[int], verdict: str, who: str = "ann", *why: str) -> None:
    assert workspace.decisions is not None
    workspace.decisions.record(
        [Entry(workspace.key(row), verdict, why, reviewer=who, queue="random", blind=True) for row in rows]
    )


def drawn(workspace: Workspace, n: int) -> list[int]:
    return [int(row) for row in rows_of(workspace, KEEP, "random")[:n]]


def test_the_statement_stands_behind_the_progress(site: Site, workspace: Workspace) -> None:
    app = opened(min="0.5", queue="random")
    assert (
        "None of the 80 selected rollouts has been reviewed at random yet, so the kept set has no error bound yet."
        in said(app)
    )
    assert "Choose a plan before you start" in said(app)
    app.button(key="rc.sampling-0").click().run()
    assert "Plan for this selection: 36 random reviews, 0 bad." in said(app)
    decide(workspace, drawn(workspace, 36), "accept")
    assert "36 of the 80 selected rollouts reviewed at random, as planned, 0 bad: at most 5% of the unique" in said(
        app.run()
    )
    assert "rc.sampling-0" not in [button.key for button in app.button]
    assert "Duplicates count once: 81 kept rollouts, 80 unique." in said(app)


def test_another_goal_asks_for_another_number(site: Site, workspace: Workspace) -> None:
    app = opened(min="0.5")
    app.number_input(key="rc.goal").set_value(20.0).run()
    helped = app.button(key="rc.sampling-0").help
    assert helped.replace("\\", "").startswith("12 reviews, 0 bad: at most 20%")


def test_findings_take_the_place_of_the_reader_and_stand_in_the_address(site: Site) -> None:
    app = opened(min="0.5")
    app.segmented_control(key="rc.view").set_value("Findings").run()
    assert (has_reader(app), app.query_params["findings"]) == (False, "rewards")
    app.segmented_control(key="rc.findings").set_value("team").run()
    assert app.query_params["findings"] == "team"
    app.segmented_control(key="rc.view").set_value("Read").run()
    assert (has_reader(app), "findings" in app.query_params) == (True, False)


def test_a_finding_that_does_not_exist_is_the_first_one(site: Site) -> None:
    assert opened(findings="weather").segmented_control(key="rc.findings").value == "rewards"


def test_a_verdict_on_more_than_100_asks_for_their_number(tmp_path: Path) -> None:
    source = write(tmp_path / "many.jsonl", [gym(answer=f"answer {n}") for n in range(101)])
    with closing(Workspace.open([source], tmp_path / "cache", Decisions.open(tmp_path / "curation.sqlite"))) as many:
        sites.install(Site(ServeOptions(paths=(source,), reviewer="ann"), many))
        app = opened(queue="all")
        app.button(key="rc.bulk").click().run()
        app.segmented_control(key="rc.bulk-verdict").set_value("accept").run()
        assert app.button(key="rc.bulk-do").disabled
        app.text_input(key="rc.bulk-count").set_value("100").run()
        assert app.button(key="rc.bulk-do").disabled
        app.text_input(key="rc.bulk-count").set_value("101").run()
        app.button(key="rc.bulk-do").click().run()
        assert "Accepted 101 rollouts." in said(app)


def test_a_queue_goes_on_where_one_stopped_and_counts_what_was_read(site: Site, workspace: Workspace) -> None:
    decide(workspace, drawn(workspace, 5), "accept")
    app = opened(min="0.5", queue="random")
    assert (mounted(app)["start"], mounted(app)["total"]) == (5, 80)
    assert "5 of 80 reviewed by you" in said(app)


def test_a_colleague_goes_on_where_the_other_stopped(site: Site, workspace: Workspace) -> None:
    decide(workspace, drawn(workspace, 5), "accept", "bob")
    app = opened(min="0.5", queue="random")
    assert mounted(app)["start"] == 5
    assert "0 of 80 reviewed by you" in said(app)


def test_a_plan_says_what_fits_and_becomes_a_queue(site: Site) -> None:
    app = opened(min="0.5")
    app.number_input(key="rc.minutes").set_value(6).run()
    assert "**5** random sample (for the error bound)" in said(app)
    app.button(key="rc.plan").click().run()
    assert state_of(app).queue == "plan-6"
    assert mounted(app)["total"] == 8


def test_the_menu_closes_when_it_asks_for_a_bulk_decision(site: Site) -> None:
    """The browser closes a popover that is no longer there; this one would stay open over the question."""
    app = opened()
    before = [one.proto.id for one in app.get("popover") if "rc.more-" in one.proto.id]
    app.button(key="rc.bulk").click().run()
    now = [one.proto.id for one in app.get("popover") if "rc.more-" in one.proto.id]
    assert (len(before), len(now), before == now) == (1, 1, False)


def test_a_whole_queue_is_rejected_after_its_numbers_and_taken_back_at_once(site: Site, workspace: Workspace) -> None:
    assert workspace.decisions is not None
    decide(workspace, [3], "accept", "bob")
    app = opened(min="0.5", queue="kept")
    app.button(key="rc.bulk").click().run()
    assert "**79** undecided rollouts in “kept, in order”" in said(app)
    assert "1 already decided; they will not change." in said(app)
    assert not any("![" in element.value for element in (*app.markdown, *app.caption))
    assert app.button(key="rc.bulk-do").disabled  # neither verdict is chosen beforehand
    app.segmented_control(key="rc.bulk-verdict").set_value("reject").run()
    app.pills(key="rc.bulk-reasons").set_value(["off_task"]).run()
    app.button(key="rc.bulk-do").click().run()
    assert "Rejected 79 rollouts." in said(app)
    assert workspace.select(KEEP).n_kept == 1
    assert [act.act for act in workspace.decisions.acts()[workspace.key(3)]] == ["decide", "spare"]
    assert summary.reasons(workspace) == {"off_task": 79}
    view = mounted(app)["view"]
    app.button(key="rc.bulk-undo").click().run()
    assert workspace.select(KEEP).n_kept == 81
    assert "Undo" not in [button.label for button in app.button]
    assert mounted(app)["view"] != view


def test_a_bulk_decision_taken_back_by_a_key_makes_the_queue_anew(site: Site, workspace: Workspace) -> None:
    assert workspace.decisions is not None
    app = opened(min="0.5", queue="below")
    workspace.decisions.record_bulk([workspace.key(90)], Entry("", "accept", reviewer="ann"), seen=0)
    first = mounted(app.run())
    workspace.decisions.undo("ann")
    second = mounted(app.run())
    assert (first["view"] != second["view"], first["queue"] != second["queue"]) == (True, True)


def test_the_lowest_good_threshold_is_a_button(site: Site, workspace: Workspace) -> None:
    decide(workspace, drawn(workspace, 70), "accept")
    app = opened(min="0.9", findings="rewards")
    once = "(95% confidence, for one look after a number of reviews fixed before)"
    assert f"70 of 70 random reviews above it accepted. Reward ≥ 0.9: precision at least 95% {once}." in said(app)
    app.button(key="rc.use").click().run()
    assert state_of(app).recipe.min_reward == 0.9


def test_agreement_stands_with_its_interval_and_what_it_is_of(site: Site, workspace: Workspace) -> None:
    assert workspace.decisions is not None
    decide(workspace, range(30), "accept")
    said_by_bob = [(row, "reject" if row < 3 else "accept") for row in range(30)]
    entries = [
        Entry(workspace.key(row), verdict, reviewer="bob", queue="second", blind=True) for row, verdict in said_by_bob
    ]
    workspace.decisions.record([*entries, Entry(workspace.key(40), "accept", reviewer="bob", queue="all")])
    decide(workspace, [40], "reject")
    app = opened(min="0.5", findings="team")
    table = next(frame.value for frame in app.dataframe if "kappa" in frame.value)
    assert table.iloc[0].to_dict() | {"interval": ""} == {
        "one": "ann", "other": "bob", "both": 31, "agree": pytest.approx(27 / 31 * 100),
        "on accepts": pytest.approx(54 / 58 * 100), "on rejects": 0.0, "rejected": "1 and 3",
        "kappa": pytest.approx(-0.05, abs=0.01), "interval": "",
    }  # fmt: skip
    assert "Of first verdicts given blind." in said(app)
    assert "resolve 4 conflicts to estimate the error rates." in said(app)


def test_disagreements_are_counted_and_linked(site: Site, workspace: Workspace) -> None:
    decide(workspace, [1, 2], "reject")
    app = opened(min="0.5", findings="disagreements")
    assert "**2** rollouts where reward and reviewer disagree" in said(app)


def test_reasons_are_counted_and_edited_for_everybody(site: Site, workspace: Workspace) -> None:
    decide(workspace, [1, 2], "reject", "ann", "unsafe")
    app = opened(min="0.5", findings="reasons")
    assert "**2** unsafe" in said(app)
    app.text_area[0].set_value("Wrong unit\nunsafe\n\nunsafe\n")
    press(app, "Save")
    app.segmented_control(key="rc.view").set_value("Read").run()
    assert mounted(app)["reasons"] == [
        {"tag": "wrong_unit", "label": "Wrong unit"},
        {"tag": "unsafe", "label": "unsafe"},
    ]


def test_no_more_reasons_than_digits_and_none_is_the_usual_ones(workspace: Workspace) -> None:
    assert len(reject_reasons.named([f"reason {n}" for n in range(20)])) == 9
    assert reject_reasons.named(["", "  ", "!!"]) == []
    assert reject_reasons.agreed(workspace) == reject_reasons.USUAL
    assert workspace.decisions is not None
    workspace.decisions.set("reasons", {"no": "list"})
    assert reject_reasons.agreed(workspace) == reject_reasons.USUAL


def test_export_says_what_the_reading_shows_and_why_rollouts_were_rejected(site: Site, workspace: Workspace) -> None:
    decide(workspace, drawn(workspace, 3), "reject", "ann", "wrong_answer")
    text = said(opened("export", min="0.5"))
    assert "3 of the 80 selected rollouts reviewed at random, 3 bad" in text
    assert "Rejection reasons: wrong answer 3." in text


def test_the_team_sees_who_read_what_and_how_far_they_agree(site: Site, workspace: Workspace) -> None:
    decide(workspace, [1, 2, 3, 4], "accept", "ann")
    decide(workspace, [1, 2, 3], "accept", "bob")
    decide(workspace, [4], "reject", "bob")
    app = opened(min="0.5", findings="team")
    assert app.dataframe[0].value["decided"].to_list() == [4, 4]
    pair = app.dataframe[1].value
    assert (pair["both"].to_list(), pair["agree"].to_list()) == ([4], [75.0])
    assert "**1** conflict" in said(app)


def test_decisions_of_others_count_on_the_whole_page_once_they_are_taken_in(
    site: Site, workspace: Workspace, tmp_path: Path
) -> None:
    with Decisions.open(tmp_path / "bob.sqlite") as theirs:
        theirs.record(
            [Entry(workspace.key(row), "accept", reviewer="bob", queue="random") for row in drawn(workspace, 3)]
        )
        lines = b"".join(theirs.give_out())
    app = opened(min="0.5", findings="team")
    app.file_uploader(key="rc.decisions-in").set_value(("decisions.jsonl", lines, "application/jsonl")).run()
    press(app, "Import")
    assert "Imported: 3 new decisions, 0 already present." in said(app)
    assert "3 of the 80 selected rollouts reviewed at random, 0 bad" in said(app)
    press(app, "Import")
    assert "Imported: 0 new decisions, 3 already present." in said(app)


def test_the_share_that_everybody_reads_is_agreed_on_for_all(site: Site, workspace: Workspace) -> None:
    app = opened(min="0.5", findings="team")
    box = next(box for box in app.segmented_control if box.label == "Overlap: share reviewed by everyone")
    box.set_value(1.0).run()
    assert workspace.decisions is not None
    assert workspace.decisions.setting("share", None) == 1.0


def test_blind_reading_stands_in_the_address_and_makes_a_blind_view(site: Site) -> None:
    app = opened(min="0.5", blind="1")
    view = site.views.get(str(mounted(app)["view"]))
    assert view is not None
    assert (view.blind, app.query_params["blind"]) == (True, "1")
    app.toggle(key="rc.blind").set_value(False).run()
    assert "blind" not in app.query_params


def test_what_reviewers_settle_is_never_read_blind(site: Site) -> None:
    view = site.views.get(str(mounted(opened(blind="1", queue="settle"))["view"]))
    assert view is not None
    assert view.blind is False


def test_on_a_shared_app_the_name_is_asked_before_reading(site: Site, workspace: Workspace, tmp_path: Path) -> None:
    sites.install(Site(ServeOptions(paths=(tmp_path / "run.jsonl",), reviewer="root", shared=True), workspace))
    app = opened(min="0.5")
    assert len(app.get("bidi_component")) == 0
    app.text_input[0].set_value("eve")
    press(app, "Start reviewing")
    assert mounted(app)["reviewer"] == "eve (unverified)"


def test_whoever_signs_in_is_the_reviewer_also_in_a_browser_that_remembers_another(site: Site) -> None:
    remembers, signs_in = {COOKIE: "J%C3%BCrgen"}, {NAME_HEADER: "%20eve%20"}
    proxied = Site(ServeOptions(reviewer="root", behind_proxy=True))
    assert who_of(proxied, remembers, signs_in) == Who("eve", is_known=True, is_fixed=True)
    assert who_of(proxied, remembers, {}) == Who("J\u00fcrgen", is_known=False)
    assert who_of(proxied, {}, {NAME_HEADER: "%20", "X-Forwarded-User": "eve"}) == Who("", is_known=False)
    assert who_of(site, {}, signs_in) == Who("ann", is_known=True)
