"""The reader's routes: what they give, what they take, whom they refuse."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from rollout_curator.decisions.store import Decisions, Entry, Recorded
from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.ui.reader.routes import routes
from rollout_curator.ui.reader.views import View
from rollout_curator.ui.server.serve_options import ServeOptions
from rollout_curator.ui.server.site import Site
from rollout_curator.workspace.workspace import Workspace

Json = dict[str, Any]


def line(answer: str, reward: float, task: int = 0) -> str:
    """Return one rollout as NeMo Gym writes it."""
    message = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": answer}]}
    prompt = {"input": [{"role": "user", "content": "What is 2 + 2?"}]}
    rollout = {"responses_create_params": prompt, "response": {"output": [message]}, "reward": reward}
    return json.dumps({**rollout, "_ng_task_index": task})


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Open three rollouts, with a review store beside them."""
    source = tmp_path / "run.jsonl"
    source.write_text(
        "\n".join([line("4", 1.0), line("5", 0.2), line("four \\ud83d", 0.9)]).replace("\\\\", "\\") + "\n"
    )
    decisions = Decisions.open(tmp_path / "curation.sqlite")
    workspace = Workspace.open([source], tmp_path / "cache", decisions)
    yield Site(ServeOptions(paths=(source,)), workspace)
    workspace.close()


@pytest.fixture
def view(site: Site) -> View:
    """Hold a queue of all three rollouts, kept at 0.8 or more."""
    assert site.workspace is not None
    return site.views.hold(View(site.workspace, Recipe(min_reward=0.8), np.arange(3), "ann"))


@pytest.fixture
def client(site: Site) -> TestClient:
    """Ask as the page of this server does."""
    return TestClient(Starlette(routes=routes(site)), headers={"X-Curator-Token": site.token})


def rollouts(client: TestClient, view: View, first: int = 0, n: int = 3) -> list[Json]:
    """Return rollouts of the view from a position on."""
    answer = client.get("/api/rollouts", params={"view": view.token, "from": first, "n": n})
    assert answer.status_code == 200, answer.text
    found: list[Json] = answer.json()["rollouts"]
    return found


def decide(client: TestClient, view: View, *entries: Json, who: str = "page-1") -> Json:
    """Send entries, and return the answer."""
    answer = client.post("/api/decisions", json={"view": view.token, "client": who, "entries": list(entries)})
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def reject(view: View, pos: int, seq: int, expected: int | None = None) -> Json:
    """Return the entry of a rejection."""
    key = view.key_at(pos)
    more = {"verdict": "reject", "reasons": ["wrong_answer"], "note": "", "expected": expected}
    return {"seq": seq, "kind": "decide", "key": key, "pos": pos, **more}


def test_a_rollout_comes_with_its_reward_and_why_it_is_dropped(client: TestClient, view: View) -> None:
    second = rollouts(client, view)[1]
    assert (second["pos"], second["reward"], second["kept"], second["dropReason"]) == (1, 0.2, False, "below 0.8")
    assert second["where"] == "run.jsonl:2"


def test_an_attempt_outside_the_queue_can_be_read_by_its_key(client: TestClient, site: Site) -> None:
    assert site.workspace is not None
    held = site.views.hold(View(site.workspace, Recipe(), np.arange(2), "ann"))
    key = site.workspace.key(2)
    found = client.get("/api/rollout", params={"view": held.token, "key": key}).json()["rollout"]
    assert (found["key"], found["pos"], found["attempt"], found["where"]) == (key, None, [3, 3], "run.jsonl:3")


def test_a_key_that_is_nowhere_is_refused_in_words(client: TestClient, view: View) -> None:
    answer = client.get("/api/rollout", params={"view": view.token, "key": "0" * 32})
    assert (answer.status_code, answer.json()["error"]) == (404, f"no rollout with key {'0' * 32}")


def test_the_attempts_of_a_task_are_listed_with_their_rewards(client: TestClient, view: View) -> None:
    listed = client.get("/api/attempts", params={"view": view.token, "key": view.key_at(1)}).json()["attempts"]
    assert [(one["attempt"], one["pos"], one["reward"]) for one in listed] == [
        ([1, 3], 0, 1.0),
        ([2, 3], 1, 0.2),
        ([3, 3], 2, 0.9),
    ]


def test_the_places_of_keys_are_told_for_a_queue_made_anew(client: TestClient, view: View, site: Site) -> None:
    assert site.workspace is not None
    anew = site.views.hold(View(site.workspace, Recipe(), np.array([2, 0]), "ann"))
    body = {"view": anew.token, "keys": [view.key_at(0), view.key_at(1), "zz"]}
    assert client.post("/api/places", json=body).json() == {"places": [1, None, None]}


def test_a_long_example_is_sent_when_it_is_asked_for(tmp_path: Path) -> None:
    source = tmp_path / "long.jsonl"
    source.write_text(line("x" * 200_000, 1.0))
    workspace = Workspace.open([source], tmp_path / "cache")
    site = Site(ServeOptions(paths=(source,)), workspace)
    held = site.views.hold(View(workspace, Recipe(), np.arange(1), "ann"))
    client = TestClient(Starlette(routes=routes(site)), headers={"X-Curator-Token": site.token})
    (sent,) = rollouts(client, held, n=1)
    found = client.get("/api/example", params={"view": held.token, "key": sent["key"]}).json()
    plan = recipes.plan(held.recipe)
    written = workspace.training_line(0, plan).text
    assert (sent["example"]["text"], sent["example"]["later"], sent["example"]["bytes"]) == ("", True, len(written) - 1)
    assert found["line"].encode() + b"\n" == written


def test_the_lines_on_which_messages_begin_are_told(client: TestClient, view: View) -> None:
    example = rollouts(client, view)[0]["example"]
    lines = example["text"].split("\n")
    assert [lines[start + 1].strip() for start in example["starts"]] == ['"role": "user",', '"role": "assistant",']


def test_the_example_is_the_line_that_is_written(client: TestClient, view: View) -> None:
    plan = recipes.plan(view.recipe)
    written = view.workspace.training_line(0, plan).text
    assert rollouts(client, view)[0]["example"]["line"].encode() + b"\n" == written


def test_half_a_surrogate_pair_arrives_as_it_was(client: TestClient, view: View) -> None:
    answer = client.get("/api/rollouts", params={"view": view.token, "from": 2, "n": 1})
    assert "\\ud83d" in answer.text
    assert answer.json()["rollouts"][0]["turns"][-1]["blocks"][0]["text"] == "four \ud83d"


def test_the_raw_line_is_laid_out_but_not_changed(client: TestClient, view: View) -> None:
    text = client.get("/api/raw", params={"view": view.token, "key": view.key_at(1)}).json()["text"]
    assert json.loads(text) == json.loads(line("5", 0.2))


def test_an_answer_stays_under_a_megabyte_but_holds_one_rollout(tmp_path: Path) -> None:
    source = tmp_path / "long.jsonl"
    source.write_text("\n".join(line("x" * 700_000, 1.0, n) for n in range(3)))
    workspace = Workspace.open([source], tmp_path / "cache")
    site = Site(ServeOptions(paths=(source,)), workspace)
    held = site.views.hold(View(workspace, Recipe(), np.arange(3), "ann"))
    client = TestClient(Starlette(routes=routes(site)), headers={"X-Curator-Token": site.token})
    assert [rollout["pos"] for rollout in rollouts(client, held)] == [0]


def test_a_rejection_is_on_disk_when_it_is_acknowledged(client: TestClient, view: View, tmp_path: Path) -> None:
    answer = decide(client, view, reject(view, 0, seq=7))
    assert (answer["acked"], answer["results"][0]["decision"]["verdict"]) == (7, "reject")
    with Decisions.open(tmp_path / "curation.sqlite") as other:
        assert [(row.key, row.reviewer, row.reasons) for row in other.history()] == [
            (view.key_at(0), "ann", ("wrong_answer",))
        ]


def test_the_same_entry_sent_twice_is_stored_once(client: TestClient, view: View) -> None:
    first = decide(client, view, reject(view, 0, seq=1))
    again = decide(client, view, reject(view, 0, seq=1))
    assert again["version"] == first["version"] == 1


def test_undo_takes_back_and_says_where(client: TestClient, view: View) -> None:
    decide(client, view, reject(view, 1, seq=1))
    undo = {"seq": 2, "kind": "undo", "key": None, "pos": None}
    result = decide(client, view, undo)["results"][0]
    assert (result["key"], result["pos"], result["decision"]) == (view.key_at(1), 1, None)
    assert rollouts(client, view)[1]["decision"] is None


def test_undo_with_nothing_left_says_so(client: TestClient, view: View) -> None:
    result = decide(client, view, {"seq": 1, "kind": "undo", "key": None, "pos": None})["results"][0]
    assert result["nothing"] is True


def test_a_decision_of_somebody_else_is_not_overwritten(client: TestClient, view: View) -> None:
    store = view.workspace.decisions
    assert store is not None
    theirs = store.record([Entry(view.key_at(0) or "", "accept", reviewer="bob")])[0].decision
    result = decide(client, view, reject(view, 0, seq=1))["results"][0]
    assert result["conflict"]["reviewer"] == "bob"
    assert store.current()[theirs.key].verdict == "accept"
    seen = decide(client, view, reject(view, 0, seq=2, expected=theirs.id))["results"][0]
    assert (seen["conflict"], seen["decision"]["verdict"]) == (None, "reject")


def test_a_decision_that_lands_meanwhile_is_not_overwritten(
    client: TestClient, view: View, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = Decisions.record

    def late(store: Decisions, entries: list[Entry], **how: bool) -> list[Recorded]:
        record(store, [Entry(entries[0].key, "accept", reviewer="bob")])
        return record(store, entries, **how)

    monkeypatch.setattr(Decisions, "record", late)
    result = decide(client, view, reject(view, 0, seq=1))["results"][0]
    assert (result["conflict"]["reviewer"], result["decision"]["verdict"]) == ("bob", "accept")
    assert view.workspace.decisions is not None
    assert [row.reviewer for row in view.workspace.decisions.history()] == ["bob"]


def test_a_changed_source_gives_words_and_no_body(client: TestClient, view: View, tmp_path: Path) -> None:
    (tmp_path / "run.jsonl").write_text(line("another", 0.0) + "\n")
    found = rollouts(client, view, n=1)[0]
    assert "changed" in found["example"]["skip"]
    assert [block["kind"] for turn in found["turns"] for block in turn["blocks"]] == ["note"]


@pytest.mark.parametrize("token", ["", "wrong", "ä"])
def test_without_the_token_nothing_is_answered(site: Site, view: View, token: str) -> None:
    client = TestClient(Starlette(routes=routes(site)))
    headers = [(b"x-curator-token", token.encode("latin-1"))]
    answer = client.get("/api/rollouts", params={"view": view.token, "from": 0, "n": 1}, headers=headers)
    assert (answer.status_code, list(answer.json())) == (403, ["error"])


def test_another_origin_is_refused(client: TestClient, view: View) -> None:
    body = {"view": view.token, "client": "c", "entries": [reject(view, 0, 1)]}
    answer = client.post("/api/decisions", json=body, headers={"Origin": "http://evil.example"})
    assert answer.status_code == 403
    assert view.workspace.refresh_decisions() == 0


def test_a_form_cannot_decide(client: TestClient, view: View) -> None:
    body = json.dumps({"view": view.token, "client": "c", "entries": [reject(view, 0, 1)]})
    answer = client.post("/api/decisions", content=body, headers={"Content-Type": "text/plain"})
    assert answer.status_code == 415


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"from": "0", "n": "1", "view": "unknown"}, 403),
        ({"from": "-1", "n": "1"}, 400),
        ({"from": "3", "n": "1"}, 404),
        ({"from": "0", "n": "x"}, 400),
        ({"n": "1"}, 400),
    ],
)
def test_questions_without_sense_are_refused_in_words(
    client: TestClient, view: View, query: dict[str, str], status: int
) -> None:
    answer = client.get("/api/rollouts", params={"view": view.token, **query})
    assert (answer.status_code, bool(answer.json()["error"])) == (status, True)


def test_a_decision_carries_the_name_it_was_made_under(client: TestClient, view: View) -> None:
    sent = {**reject(view, 0, 1), "reviewer": "zoe"}
    assert decide(client, view, sent)["results"][0]["decision"]["reviewer"] == "zoe"


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"view": 1}', b'{"view": "v", "client": "c", "entries": [{}]}'])
def test_decisions_that_are_none_are_refused(client: TestClient, body: bytes) -> None:
    answer = client.post("/api/decisions", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 403)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"key": "0" * 32}, "no rollout with key"),
        ({"note": "x" * 10_001}, "note has 10,001 characters"),
        ({"verdict": "maybe"}, "'maybe' is unknown"),
        ({"reviewer": "x" * 201}, "reviewer has 201 characters"),
        ({"kind": "paint"}, "not a valid decision"),
        ({"seq": -1}, "sequence number -1"),
        ({"seq": 1 << 63}, "sequence number 9223372036854775808"),
        ({"seq": "1"}, "not a valid decision"),
        ({"kind": "undo", "seq": -1}, "sequence number -1"),
    ],
)
def test_a_bad_entry_is_refused_in_words_and_the_next_one_is_kept(
    client: TestClient, view: View, wrong: Json, words: str
) -> None:
    bad = {**reject(view, 0, 1), **wrong}
    refused, kept = decide(client, view, bad, reject(view, 1, 2))["results"]
    assert (refused["seq"], words in refused["refused"]) == (bad["seq"], True)
    assert (kept["seq"], kept["decision"]["verdict"]) == (2, "reject")


def test_a_refused_entry_counts_as_heard(client: TestClient, view: View) -> None:
    assert decide(client, view, reject(view, 0, 1), {**reject(view, 1, 2), "key": "0" * 32})["acked"] == 2


def test_one_number_for_two_decisions_is_refused_in_words(client: TestClient, view: View) -> None:
    decide(client, view, reject(view, 0, 1))
    assert "sent number 1 twice" in decide(client, view, reject(view, 1, 1))["results"][0]["refused"]


def test_a_decision_for_other_files_is_told_apart(client: TestClient, view: View) -> None:
    result = decide(client, view, {**reject(view, 0, 1), "key": "0" * 32})["results"][0]
    assert result["elsewhere"] is True


def test_what_the_disk_refuses_is_not_acknowledged(client: TestClient, view: View, tmp_path: Path) -> None:
    (tmp_path / "curation.sqlite").rename(tmp_path / "moved.sqlite")
    body = {"view": view.token, "client": "c", "entries": [reject(view, 0, 1)]}
    answer = client.post("/api/decisions", json=body)
    assert (answer.status_code, list(answer.json())) == (409, ["error"])


# --- marks on answers


def marked(view: View, pos: int, seq: int, verdict: str = "mark", item: object = 1, expected: int = 0) -> Json:
    """Return the entry of a mark on the answer that begins at an item."""
    key = view.key_at(pos)
    return {
        "seq": seq,
        "kind": "decide",
        "key": key,
        "pos": pos,
        "verdict": verdict,
        "item": item,
        "expected": expected,
    }


def test_a_mark_comes_back_with_the_rollout_and_leaves_its_verdict_alone(client: TestClient, view: View) -> None:
    decide(client, view, reject(view, 0, 1))
    (result,) = decide(client, view, marked(view, 0, 2))["results"]
    assert (result["item"], result["decision"]["verdict"], result["conflict"]) == (1, "reject", None)
    assert [(item, mark["reviewer"]) for item, mark in result["marks"].items()] == [("1", "ann")]
    shown = rollouts(client, view)[0]
    assert (shown["marks"], shown["decision"]["verdict"], shown["markedInData"]) == (result["marks"], "reject", [])
    assert [turn.get("item") for turn in shown["turns"]] == [None, 1]


def test_the_example_shows_the_mark_as_the_target_writes_it(client: TestClient, site: Site) -> None:
    assert site.workspace is not None
    recipe = Recipe(options={"marks": "message_loss_mask"}, keep=("all_marked",))
    held = site.views.hold(View(site.workspace, recipe, np.arange(3), "ann"))
    decide(client, held, marked(held, 0, 1))
    example = rollouts(client, held)[0]["example"]
    assert (example["untrained"], example["writesMarks"]) == ([1], True)
    assert json.loads(example["line"])["message_loss_mask"] == [0, 0]
    asked = client.get("/api/example", params={"view": held.token, "key": held.key_at(0)}).json()
    assert asked["line"] == example["line"]


def test_undo_of_a_mark_names_the_answer_and_what_holds_of_it_now(client: TestClient, view: View) -> None:
    decide(client, view, marked(view, 0, 1))
    undo = {"seq": 2, "kind": "undo", "key": None, "pos": None}
    (result,) = decide(client, view, undo)["results"]
    assert (result["key"], result["item"], result["marks"], result["decision"]) == (view.key_at(0), 1, {}, None)


@pytest.mark.parametrize("item", [0, 2, -1, 10**12])
def test_a_mark_on_what_is_no_answer_is_refused_in_words(client: TestClient, view: View, item: int) -> None:
    (result,) = decide(client, view, marked(view, 0, 1, item=item))["results"]
    assert result["refused"] == f"no assistant turn of this rollout begins at item {item}; reload the page"
    assert rollouts(client, view)[0]["marks"] == {}


@pytest.mark.parametrize("item", ["1", 1.5, True, [1]])
def test_a_mark_without_a_number_is_no_decision(client: TestClient, view: View, item: object) -> None:
    (result,) = decide(client, view, marked(view, 0, 1, item=item))["results"]
    assert result["refused"] == "not a valid decision; reload the page"


def test_a_mark_over_an_unseen_one_of_somebody_else_is_a_conflict(client: TestClient, site: Site, view: View) -> None:
    assert site.workspace is not None and site.workspace.decisions is not None
    site.workspace.decisions.record([Entry(view.key_at(0), "mark", reviewer="bob", item=1)])
    (result,) = decide(client, view, marked(view, 0, 1, "clear"))["results"]
    assert (result["conflict"]["reviewer"], result["marks"]["1"]["reviewer"]) == ("bob", "bob")


def test_who_reads_blind_sees_no_marks_of_others_until_they_decided(client: TestClient, site: Site) -> None:
    assert site.workspace is not None and site.workspace.decisions is not None
    recipe = Recipe(options={"marks": "message_loss_mask"}, keep=("all_marked",))
    held = site.views.hold(View(site.workspace, recipe, np.arange(3), "ann", "", True))
    site.workspace.decisions.record([Entry(held.key_at(0), "mark", reviewer="bob", item=1)])
    before = rollouts(client, held)[0]
    assert (before["marks"], before["example"]["untrained"]) == ({}, [])
    decide(client, held, reject(held, 0, 1))
    after = rollouts(client, held)[0]
    assert (list(after["marks"]), after["example"]["untrained"]) == (["1"], [1])


def test_a_press_says_how_it_came_about_and_in_which_queue_of_a_plan(client: TestClient, site: Site) -> None:
    assert site.workspace is not None
    assert site.workspace.decisions is not None
    mixed = (("random", 2), ("near", 1))
    held = site.views.hold(View(site.workspace, Recipe(), np.arange(3), "ann", "plan-30", False, mixed))
    ways: list[Json] = [{"way": "read"}, {"way": "compared"}, {}]
    decide(client, held, *({**reject(held, n, n + 1), **way} for n, way in enumerate(ways)))
    acts = site.workspace.decisions.history()
    assert [(act.way, act.queue) for act in acts] == [("read", "random"), ("compared", "random"), ("", "near")]


def test_what_is_visited_from_the_random_order_is_not_read_in_it(client: TestClient, site: Site) -> None:
    assert site.workspace is not None
    assert site.workspace.decisions is not None
    held = site.views.hold(View(site.workspace, Recipe(), np.arange(2), "ann", "random"))
    decide(client, held, {**reject(held, 0, 1), "key": site.workspace.key(2), "pos": None, "way": "read"})
    assert [(act.way, act.queue) for act in site.workspace.decisions.history()] == [("read", "")]
