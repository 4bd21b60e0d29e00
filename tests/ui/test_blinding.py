"""Blind reading: what the server sends before and after a verdict, asked over its routes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from making import gym, write
from rollout_curator.decisions.store import Decisions, Entry
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.review.queues import mixed_of, rows_of
from rollout_curator.ui.reader.routes import routes
from rollout_curator.ui.reader.views import View
from rollout_curator.ui.server.serve_options import ServeOptions
from rollout_curator.ui.server.site import Site
from rollout_curator.workspace.workspace import Workspace

Json = dict[str, Any]
SECRET = "0.73519"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Open two attempts at one task, whose reward and component nobody would guess; bob rejected the first."""
    lines = [gym(answer=f"{n}", reward=float(SECRET), judge=float(SECRET), _ng_task_index=1) for n in range(2)]
    source = write(tmp_path / "run.jsonl", lines)
    decisions = Decisions.open(tmp_path / "curation.sqlite")
    workspace = Workspace.open([source], tmp_path / "cache", decisions)
    decisions.record([Entry(workspace.key(0), "reject", ("unsafe",), "says bob", "bob")])
    yield Site(ServeOptions(paths=(source,)), workspace)
    workspace.close()


@pytest.fixture
def view(site: Site) -> View:
    assert site.workspace is not None
    recipe = Recipe(min_reward=0.9, metadata=("reward",))
    return site.views.hold(View(site.workspace, recipe, np.arange(2), "ann", "second", blind=True))


@pytest.fixture
def client(site: Site) -> TestClient:
    return TestClient(Starlette(routes=routes(site)), headers={"X-Curator-Token": site.token})


def asked(client: TestClient, view: View, path: str, **query: object) -> str:
    answer = client.get(path, params={"view": view.token, **query})
    assert answer.status_code == 200, answer.text
    return answer.text


def everything(client: TestClient, view: View) -> str:
    """Return all that the server says of the first rollout."""
    key = view.key_at(0)
    said = [asked(client, view, "/api/rollouts", **{"from": 0, "n": 1})]
    said += [asked(client, view, f"/api/{path}", key=key) for path in ("raw", "rollout", "example")]
    return "".join(said)


def decide(client: TestClient, view: View, seq: int, **more: object) -> Json:
    entry = {
        "seq": seq,
        "kind": "decide",
        "key": view.key_at(0),
        "pos": 0,
        "verdict": "accept",
        "expected": None,
        **more,
    }
    answer = client.post("/api/decisions", json={"view": view.token, "client": "page", "entries": [entry]})
    found: Json = answer.json()["results"][0]
    return found


def test_before_the_verdict_nothing_tells_the_reward_or_what_others_said(client: TestClient, view: View) -> None:
    said = everything(client, view)
    assert SECRET not in said
    assert "bob" not in said
    assert "below" not in said
    assert '"blind":true' in said
    assert SECRET not in asked(client, view, "/api/attempts", key=view.key_at(0))


def test_after_the_verdict_all_of_it_is_told_of_this_rollout_and_of_no_other(client: TestClient, view: View) -> None:
    result = decide(client, view, 1)
    assert (result["conflict"], result["decision"]["reviewer"]) == (None, "ann")
    said = everything(client, view)
    assert SECRET in said
    assert '"blind":true' not in said
    assert SECRET not in asked(client, view, "/api/rollouts", **{"from": 1, "n": 1})


def test_an_undo_hides_it_again(client: TestClient, view: View) -> None:
    decide(client, view, 1)
    result = decide(client, view, 2, kind="undo")
    assert (result["decision"], result["conflict"]) == (None, None)
    assert "bob" not in everything(client, view)


def test_a_decision_knows_the_queue_it_was_made_in(client: TestClient, view: View) -> None:
    decide(client, view, 1)
    assert view.workspace.decisions is not None
    assert [row.queue for row in view.workspace.decisions.history(view.key_at(0))] == ["", "second"]


def test_whoever_reads_openly_is_told_at_once(client: TestClient, site: Site, view: View) -> None:
    openly = site.views.hold(View(view.workspace, view.recipe, view.rows, "ann"))
    assert SECRET in everything(client, openly)
    assert decide(client, openly, 1, expected=0)["conflict"]["reviewer"] == "bob"


def told_blind(view: View) -> list[bool | None]:
    """Return what the store notes of each act on the first rollout: could its reviewer not know of others?"""
    assert view.workspace.decisions is not None
    return [act.blind for act in view.workspace.decisions.history(view.key_at(0))]


def test_a_second_reading_is_blind_whatever_is_chosen(client: TestClient, site: Site, view: View) -> None:
    second = site.views.hold(View(view.workspace, view.recipe, view.rows, "ann", "second", blind=False))
    said = everything(client, second)
    assert SECRET not in said
    assert "bob" not in said
    assert decide(client, second, 1)["conflict"] is None
    assert told_blind(view) == [True, True]


def test_the_store_notes_who_could_know_of_others(client: TestClient, site: Site, view: View) -> None:
    openly = site.views.hold(View(view.workspace, view.recipe, view.rows, "ann", "all"))
    decide(client, openly, 1, expected=99)
    assert told_blind(view) == [True, False]


def test_who_was_shown_the_others_is_not_blind_again_by_an_undo(client: TestClient, view: View) -> None:
    decide(client, view, 1)
    decide(client, view, 2, kind="undo")
    decide(client, view, 3, verdict="reject")
    assert told_blind(view) == [True, True, None, False]


def test_what_is_brought_back_is_as_blind_as_it_was(client: TestClient, view: View) -> None:
    decide(client, view, 1)
    decide(client, view, 2, kind="undo")
    decide(client, view, 3, kind="redo")
    assert told_blind(view) == [True, True, None, True]


def test_a_plan_hides_what_it_has_for_a_second_reading_and_nothing_else(client: TestClient, site: Site) -> None:
    workspace = site.workspace
    assert workspace is not None
    assert workspace.decisions is not None
    workspace.decisions.set("share", 1.0)
    mixed = mixed_of(workspace, Recipe(), "plan-30", "ann")
    rows = rows_of(workspace, Recipe(), "plan-30", "ann")
    view = site.views.hold(View(workspace, Recipe(), rows, "ann", "plan-30", mixed=mixed))
    assert mixed == (("second", 1), ("random", 1))
    first, other = (asked(client, view, "/api/rollouts", **{"from": at, "n": 1}) for at in (0, 1))
    assert ("bob" in first, SECRET in first, SECRET in other) == (False, False, True)
    decide(client, view, 1)
    assert workspace.decisions.history(view.key_at(0))[-1].queue == "second"


def test_what_a_plan_has_to_settle_is_read_openly_and_settles_it(client: TestClient, site: Site, view: View) -> None:
    workspace = view.workspace
    assert workspace.decisions is not None
    workspace.decisions.record([Entry(workspace.key(0), "accept", reviewer="ann")])
    mixed = mixed_of(workspace, Recipe(), "plan-30", "ann")
    rows = rows_of(workspace, Recipe(), "plan-30", "ann")
    plan = site.views.hold(View(workspace, Recipe(), rows, "ann", "plan-30", blind=True, mixed=mixed))
    assert SECRET in everything(client, plan)
    decide(client, plan, 1, expected=99)
    assert workspace.decisions.history(view.key_at(0))[-1].queue == "settle"
