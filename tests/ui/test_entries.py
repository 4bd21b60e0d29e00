"""What a reader sends at once is taken whole or refused whole, and one bad entry never holds up the others."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from rollout_curator.decisions.store import Decisions
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.ui.reader.routes import routes
from rollout_curator.ui.reader.views import View
from rollout_curator.ui.server.serve_options import ServeOptions
from rollout_curator.ui.server.site import Site
from rollout_curator.workspace.workspace import Workspace

Json = dict[str, Any]
N = 510


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Open 510 rollouts, with a review store beside them."""
    message = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "4"}]}
    prompt = {"input": [{"role": "user", "content": "What is 2 + 2?"}]}
    rollout = {"responses_create_params": prompt, "response": {"output": [message]}}
    source = tmp_path / "run.jsonl"
    source.write_text("".join(json.dumps({**rollout, "reward": n}) + "\n" for n in range(N)))
    workspace = Workspace.open([source], tmp_path / "cache", Decisions.open(tmp_path / "curation.sqlite"))
    yield Site(ServeOptions(paths=(source,)), workspace)
    workspace.close()


@pytest.fixture
def view(site: Site) -> View:
    assert site.workspace is not None
    return site.views.hold(View(site.workspace, Recipe(), np.arange(N), "ann"))


@pytest.fixture
def client(site: Site) -> TestClient:
    headers = {"X-Curator-Token": site.token, "Content-Type": "application/json"}
    return TestClient(Starlette(routes=routes(site)), headers=headers)


def entry(view: View, pos: int, **changes: object) -> Json:
    """Return the rejection of the rollout at a position."""
    plain = {"seq": pos + 1, "kind": "decide", "verdict": "reject", "reasons": ["unsafe"], "note": "", "expected": None}
    return {**plain, "key": view.key_at(pos), "pos": pos, **changes}


def send(client: TestClient, view: View, entries: list[Any]) -> tuple[int, Json]:
    """Send entries; return the status and the answer."""
    answer = client.post("/api/decisions", content=json.dumps({"view": view.token, "client": "c", "entries": entries}))
    return answer.status_code, answer.json()


def n_acts(view: View) -> int:
    assert view.workspace.decisions is not None
    return view.workspace.decisions.version()


def test_500_decisions_at_once_are_all_recorded(client: TestClient, view: View) -> None:
    status, answer = send(client, view, [entry(view, pos) for pos in range(500)])
    assert (status, len(answer["results"]), answer["acked"], n_acts(view)) == (200, 500, 500, 500)


def test_501_decisions_at_once_are_refused_whole_and_the_answer_says_how_many_may_come(
    client: TestClient, view: View
) -> None:
    status, answer = send(client, view, [entry(view, pos) for pos in range(501)])
    words = "501 entries in one request: too many, none was saved; send at most 500 at a time"
    assert (status, answer, n_acts(view)) == (413, {"error": words, "most": 500}, 0)


def test_501_keys_at_once_are_refused_whole(client: TestClient, view: View) -> None:
    keys = [view.key_at(pos) for pos in range(501)]
    answer = client.post("/api/places", json={"view": view.token, "keys": keys})
    assert (answer.status_code, answer.json()["most"]) == (413, 500)
    found = client.post("/api/places", json={"view": view.token, "keys": keys[:500]}).json()["places"]
    assert found == list(range(500))


def test_a_body_that_is_too_long_is_refused_whole(client: TestClient, view: View) -> None:
    status, answer = send(client, view, [entry(view, pos, note="x" * 10_000) for pos in range(101)])
    assert (status, "nothing was saved" in answer["error"], n_acts(view)) == (413, True, 0)


def test_half_a_surrogate_pair_in_a_note_is_kept_made_visible_and_holds_up_nothing(
    client: TestClient, view: View
) -> None:
    status, answer = send(client, view, [entry(view, 0, note="cut \ud83d"), entry(view, 1)])
    assert status == 200
    assert [result["decision"]["note"] for result in answer["results"]] == ["cut \ufffd", ""]


def test_nul_in_a_note_is_kept_made_visible(client: TestClient, view: View) -> None:
    _, answer = send(client, view, [entry(view, 0, note="a\0b", reasons=["\0"])])
    assert (answer["results"][0]["decision"]["note"], answer["results"][0]["decision"]["reasons"]) == ("a␀b", ["␀"])


@pytest.mark.parametrize(
    "changes",
    [
        {"seq": True},
        {"seq": 1.0},
        {"seq": None},
        {"seq": 2**63},
        {"seq": 2**64},
        {"seq": -1},
        {"expected": "1"},
        {"expected": 1.5},
        {"item": True},
        {"item": 2**31},
        {"item": -1},
        {"item": "1"},
        {"reasons": "unsafe"},
        {"reasons": [1]},
        {"reasons": [["a"]]},
        {"reasons": [str(n) for n in range(33)]},
        {"reasons": ["x" * 201]},
        {"note": {"a": 1}},
        {"note": "x" * 10_001},
        {"verdict": ["reject"]},
        {"key": 5},
        {"key": None},
        {"kind": ["decide"]},
    ],
)
def test_an_entry_out_of_range_or_of_another_type_is_refused_and_the_next_one_kept(
    client: TestClient, view: View, changes: Json
) -> None:
    status, answer = send(client, view, [entry(view, 0, **changes), entry(view, 1)])
    assert (status, "refused" in answer["results"][0], answer["results"][1]["decision"]["verdict"]) == (
        200,
        True,
        "reject",
    )
    assert n_acts(view) == 1


@pytest.mark.parametrize("bad", [None, 5, "text", [], [[]]])
def test_what_is_no_entry_is_refused_and_the_next_one_kept(client: TestClient, view: View, bad: object) -> None:
    status, answer = send(client, view, [bad, entry(view, 1)])
    assert (status, "refused" in answer["results"][0], n_acts(view)) == (200, True, 1)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"view": "v", "client": {"a": 1}, "entries": []}',
        b'{"view": "v", "client": "c", "entries": "abc"}',
        b'{"view": "v", "client": "c", "entries": {"a": 1}}',
        b'{"view": ["v"], "client": "c", "entries": []}',
        b'{"view": ' + b"9" * 5000 + b"}",
        b"\xff",
    ],
)
def test_a_body_that_is_no_list_of_decisions_is_refused_in_words(client: TestClient, view: View, body: bytes) -> None:
    answer = client.post("/api/decisions", content=body.replace(b'"v"', json.dumps(view.token).encode()))
    assert (answer.status_code, answer.json()) == (400, {"error": "not a list of decisions"})


def test_an_export_of_what_was_posted_can_be_imported(client: TestClient, view: View, tmp_path: Path) -> None:
    odd = {"note": "\ud83d\0" * 5000, "reasons": ["\0" * 200], "expected": 2**63}
    send(client, view, [entry(view, 0, **odd), entry(view, 1, seq=2**63 - 1), entry(view, 2, seq=2**62, kind="undo")])
    assert view.workspace.decisions is not None
    lines = list(view.workspace.decisions.give_out())
    with Decisions.open(tmp_path / "other.sqlite") as other:
        assert other.take_in(lines).added == len(lines) == 3
