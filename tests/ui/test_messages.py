"""The messages between server and browser are described twice, for Python and for the scripts: key by key the same."""

import json
import re
import types
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from making import gym, write
from rollout_curator.decisions.store import Decisions
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.selection.threshold_counts import count_thresholds
from rollout_curator.ui import scripts
from rollout_curator.ui.picker import messages as picker
from rollout_curator.ui.picker.payload import payload
from rollout_curator.ui.reader import messages as reader
from rollout_curator.ui.reader.routes import routes
from rollout_curator.ui.reader.views import View
from rollout_curator.ui.server.serve_options import ServeOptions
from rollout_curator.ui.server.site import Site
from rollout_curator.workspace.workspace import Workspace

ANSWERS = (("4", 1.0), ("5", 0.2), ("four", 0.9))
ROOMS = {"reader": reader, "picker": picker}
PLAIN = {int: "number", float: "number", str: "string", bool: "boolean", type(None): "null"}
TYPEDEF = re.compile(r"@typedef \{Object\} (\w+)(.*?)(?=@typedef|\Z)", re.DOTALL)
PROPERTY = re.compile(r"@property \{(.+?)\} (\[?)(\w+)")

Keys = dict[str, tuple[str, bool]]


def of_script(kind: Any) -> str:
    """Return a type as the scripts write it."""
    if kind in PLAIN:
        return PLAIN[kind]
    if is_typeddict(kind):
        return str(kind.__name__)
    inner = get_args(kind)
    if get_origin(kind) is NotRequired:
        return of_script(inner[0])
    if get_origin(kind) is Literal:
        return "|".join(json.dumps(word) for word in inner)
    if get_origin(kind) in (types.UnionType, Union):
        return "|".join(dict.fromkeys(map(of_script, inner)))
    if isinstance(get_origin(kind), type) and issubclass(get_origin(kind), Mapping):
        return f"Object<string, {of_script(inner[1])}>"
    inside = of_script(inner[0])
    return f"({inside})[]" if "|" in inside else f"{inside}[]"


def in_python(module: types.ModuleType) -> dict[str, Keys]:
    """Return every message: the type of each key, and whether it may be left out."""
    found = {name: kind for name, kind in vars(module).items() if is_typeddict(kind)}
    return {
        name: {key: (of_script(hint), key in kind.__optional_keys__) for key, hint in get_type_hints(kind).items()}
        for name, kind in found.items()
    }


def in_script(room: str) -> dict[str, Keys]:
    text = re.sub(r"\n \*", "\n", scripts.text(f"{room}/messages.js"))
    return {
        name: {key: (kind, bool(optional)) for kind, optional, key in PROPERTY.findall(body)}
        for name, body in TYPEDEF.findall(text)
    }


@pytest.mark.parametrize("room", ROOMS)
def test_python_and_the_scripts_describe_the_same_messages(room: str) -> None:
    assert in_script(room) == in_python(ROOMS[room])


# ---- what is really sent


def misfits(value: Any, kind: Any, at: str = "") -> list[str]:
    """Return the places where a value has a key too many or too few for what describes it."""
    if get_origin(kind) in (types.UnionType, Union):
        fitting = [one for one in get_args(kind) if is_typeddict(one) == isinstance(value, dict)]
        return misfits(value, fitting[0], at) if value is not None else []
    if is_typeddict(kind):
        odd = [f"{at}.{key} is not described" for key in value.keys() - kind.__annotations__.keys()]
        odd += [f"{at}.{key} lacks" for key in kind.__required_keys__ - value.keys()]
        hints = get_type_hints(kind)
        return odd + [why for key in value.keys() & hints for why in misfits(value[key], hints[key], f"{at}.{key}")]
    if isinstance(value, list) and get_args(kind):
        return [why for one in value for why in misfits(one, get_args(kind)[0], f"{at}[]")]
    if isinstance(value, dict) and get_args(kind):
        return [why for one in value.values() for why in misfits(one, get_args(kind)[1], f"{at}[]")]
    return []


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> Iterator[View]:
    """Hold a queue of two of three attempts, one kept and one dropped."""
    folder = tmp_path_factory.mktemp("collected")
    source = write(folder / "run.jsonl", [gym("2 + 2?", answer, reward) for answer, reward in ANSWERS])
    workspace = Workspace.open([source], folder / "cache", Decisions.open(folder / "curation.sqlite"))
    yield View(workspace, Recipe(min_reward=0.8), np.arange(2), "ann")
    workspace.close()


@pytest.fixture(scope="module")
def client(view: View) -> TestClient:
    site = Site(ServeOptions(), view.workspace)
    site.views.hold(view)
    return TestClient(Starlette(routes=routes(site)), headers={"X-Curator-Token": site.token})


@pytest.mark.parametrize(
    ("what", "kind"),
    [
        ("rollouts?from=0&n=2", reader.Rollouts),
        ("rollout?", reader.OneRollout),
        ("attempts?", reader.Attempts),
        ("raw?", reader.Raw),
        ("example?", reader.ExampleText),
    ],
)
def test_what_a_route_answers_has_the_keys_that_are_described(
    client: TestClient, view: View, what: str, kind: Any
) -> None:
    answer = client.get(f"/api/{what}&view={view.token}&key={view.key_at(1)}")
    assert (answer.status_code, misfits(answer.json(), kind)) == (200, [])


def test_what_is_answered_to_decisions_has_the_keys_that_are_described(client: TestClient, view: View) -> None:
    entry: reader.EntrySent = {
        "kind": "decide",
        "seq": 1,
        "reviewer": "ann",
        "key": view.key_at(0),
        "pos": 0,
        "verdict": "reject",
        "reasons": [],
        "note": "",
        "expected": None,
        "way": "read",
    }
    nowhere = {**entry, "seq": 2, "key": "0" * 32}
    undo = {**entry, "seq": 3, "kind": "undo", "key": None}
    nothing = {**entry, "seq": 4, "kind": "redo", "reviewer": "bob"}
    body = {"view": view.token, "client": "page", "entries": [entry, nowhere, undo, nothing, {}]}
    answer = client.post("/api/decisions", json=body)
    assert (len(answer.json()["results"]), misfits(answer.json(), reader.Recorded)) == (5, [])


def test_what_is_answered_to_keys_has_the_keys_that_are_described(client: TestClient, view: View) -> None:
    answer = client.post("/api/places", json={"view": view.token, "keys": [view.key_at(1), "0" * 32]})
    assert misfits(answer.json(), reader.Places) == []
    assert answer.json() == {"places": [1, None]}


def test_what_the_picker_is_sent_has_the_keys_that_are_described() -> None:
    made = count_thresholds(np.array([0.0, 0.5, 1.0]), np.array([5, 6, 7]), np.array([0, 0, 1]))
    assert misfits(payload(made), picker.BothLevelsSaid) == []
