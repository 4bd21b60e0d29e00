"""Nothing vanishes (K5): a word put into any place of a line is written, or its row is out, or the row's report tells.

Told means told of this very thing: what the report says changes when the thing is taken away. So a report that says
something of every row would not do. The places are those of sample data, of real rollouts and of the cases.
"""

import copy
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from making import SAMPLE_DATA, call, gym, write
from places import WORD, Account, account, at, changed, kind_of, marked, objects, texts
from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.recipe import Plan, Recipe
from rollout_curator.rollout import Rollout
from rollout_curator.sources.formats.base import read_object
from rollout_curator.sources.lines import Parsed, parse
from rollout_curator.training.targets.base import targets

SHARED = Path(__file__).parents[2].parent / "shared"
ALL = [recipes.plan(Recipe(target=name, format=style)) for name in targets() for style in ("chat", "flat")]
FEW = [recipes.plan(Recipe(target="trl", format="chat")), recipes.plan(Recipe(target="nemo_rl", format="flat"))]
SIDES = ("messages", "conversations", "input", "output", "prompt", "completion")
BESIDE: list[tuple[str, Any]] = [
    ("zz", WORD),
    ("zz", [WORD]),
    ("zz", {"a": {"b": WORD}}),
    ("unread", WORD),
    ("reasoning", WORD),
    ("weight", WORD),
    ("value", WORD),
    ("zz", WORD + " and so on" * 30),
]
"""Keys that no rule knows, or knows elsewhere, put beside what stands in an object."""


def lines_of(folder: Path, n_rows: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the first rollouts of every file of a folder."""
    for path in sorted(folder.rglob("*.jsonl")):
        if "expected" in path.parts:
            continue
        for text in path.read_bytes().split(b"\n")[:n_rows]:
            parsed = parse(text) if text.strip() else None
            if isinstance(parsed, Parsed) and isinstance(read_object(parsed.obj), Rollout):
                yield str(path.relative_to(folder)), parsed.obj


def vanished(fields: dict[str, Any], plans: list[Plan], n_of_a_kind: int = 1) -> list[str]:
    """Return every place of a line where a word vanishes."""
    lost, seen = [], Counter[str]()
    for place in texts(fields):
        seen[kind_of(place)] += 1
        if seen[kind_of(place)] <= n_of_a_kind:
            full = changed(fields, place, marked(at(fields, place), place[-1]))
            lost += [kind_of(place) for plan in plans if not is_accounted(full, place, plan)]
    for place in objects(fields):
        seen[f"{kind_of(place)}.*"] += 1
        for name, value in BESIDE if seen[f"{kind_of(place)}.*"] <= n_of_a_kind else ():
            if name not in at(fields, place):
                full, inside = changed(fields, (*place, name), value), (*place, name)
                lost += [f"{kind_of(inside)}={value!r:.20}" for plan in plans if not is_accounted(full, inside, plan)]
    return lost


def is_accounted(fields: dict[str, Any], place: tuple[Any, ...], plan: Plan) -> bool:
    """Say whether the word at a place is written, out with its row, or told."""
    found = account(fields, plan)
    return WORD in found.record or found.skip is not None or _is_told(fields, place, plan, found)


def _is_told(fields: dict[str, Any], place: tuple[Any, ...], plan: Plan, found: Account) -> bool:
    """Say whether taking the thing away that holds the place changes what is told."""
    for n in range(len(place), 0, -1):
        thing = place[:n]
        if n <= 2 and thing[-1] in SIDES and n < len(place):
            return False
        without = copy.deepcopy(fields)
        del at(without, thing[:-1])[thing[-1]]
        if account(without, plan).told != found.told:
            return True
        if isinstance(thing[-1], int) and n < min(len(place), 5):
            return False  # a part, a call, an item or a tool is the largest thing that one word stands for
    return False


def test_nothing_vanishes_from_sample_data() -> None:
    found = {name: vanished(fields, ALL) for name, fields in lines_of(SAMPLE_DATA, 2)}
    assert len(found) == 3
    assert not any(found.values()), found


RICH: dict[str, dict[str, Any]] = {
    "anthropic": {
        "system": [{"type": "text", "text": "Be brief."}],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "Tide?"}, {"type": "image", "source": {"url": "u"}}]},
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "Low.", "signature": "b64"},
                    {"type": "redacted_thinking", "data": "b64"},
                    {"type": "text", "text": "Wait."},
                    {"type": "tool_use", "id": "a", "name": "tide", "input": {"port": "A"}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": "a", "content": [{"type": "text", "text": "05:12"}]},
                    {"type": "text", "text": "And?"},
                ],
            },
            {"role": "assistant", "content": "05:12."},
        ],
        "tools": [{"name": "tide", "description": "Tide.", "input_schema": {"description": "Port."}}],
    },
    "langchain": {
        "messages": [
            {"type": "human", "content": "Tide?", "additional_kwargs": {"mood": "calm"}},
            {
                "type": "ai",
                "content": "",
                "tool_calls": [{"name": "tide", "args": {"port": "A"}, "id": "a"}],
                "additional_kwargs": {
                    "tool_calls": [{"id": "a", "function": {"name": "tide", "arguments": '{"port": "A"}'}}]
                },
            },
            {"type": "tool", "content": "05:12", "tool_call_id": "a"},
            {"type": "ai", "content": "05:12."},
        ]
    },
    "openrouter": {
        "messages": [
            {"role": "system", "content": "Be brief.", "tools": '[{"name": "tide", "description": "Tide."}]'},
            {"role": "user", "content": "Tide?", "name": "ada"},
            {
                "role": "assistant",
                "content": "05:12.",
                "reasoning": "Low.",
                "reasoning_details": [{"type": "reasoning.text", "text": "Low."}, {"type": "x", "data": "b64"}],
                "refusal": "No.",
            },
        ],
        "info": {"oai_tools": [{"type": "function", "function": {"name": "tide", "description": "Other."}}]},
    },
    "legacy": {
        "prompt": [{"role": "user", "content": "Tide?"}],
        "completion": [
            {"role": "assistant", "content": "Wait.", "function_call": {"name": "tide", "arguments": '{"port": "A"}'}},
            {"role": "function", "name": "tide", "content": {"content": [{"type": "image", "data": "QUJD"}]}},
            {"role": "assistant", "content": "05:12."},
        ],
        "system_prompt": "Be brief.",
        "images": ["a.png"],
    },
    "gym": {
        "responses_create_params": {
            "instructions": "Be brief.",
            "input": [{"role": "developer", "content": [{"type": "input_text", "text": "Tide?"}]}],
            "tools": [{"type": "custom", "name": "shell", "description": "Shell."}],
        },
        "response": {
            "output": [
                {"type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": "Low."}]},
                {"type": "web_search_call", "action": {"query": "tide"}},
                {"type": "function_call", "call_id": "a", "name": "tide", "arguments": ""},
                {"type": "function_call_output", "call_id": "a", "output": [{"type": "input_text", "text": "05:12"}]},
                {"type": "message", "role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]},
            ]
        },
    },
}
"""Rows of several writers, with as many sorts of content as they have."""


@pytest.mark.parametrize("name", RICH)
def test_nothing_vanishes_from_rows_of_other_writers(name: str) -> None:
    fields = {"reward": 1.0, **RICH[name]}
    assert isinstance(read_object(fields), Rollout)
    keeping = [replace(plan, exclude=frozenset(), exclude_invalid=frozenset()) for plan in ALL]
    assert vanished(fields, [*ALL, *keeping], n_of_a_kind=3) == []


@pytest.mark.shared
@pytest.mark.parametrize("folder", ["cases", "rollouts/other"])
def test_nothing_vanishes_from_other_shapes(folder: str) -> None:
    found = [(name, lost) for name, fields in lines_of(SHARED / folder, 3) if (lost := vanished(fields, ALL))]
    assert found == []


@pytest.mark.shared
def test_nothing_vanishes_from_real_rollouts() -> None:
    rows = list(lines_of(SHARED / "rollouts" / "nemo_gym", 1))
    assert len(rows) > 50
    assert [(name, lost) for name, fields in rows if (lost := vanished(fields, FEW))] == []


PLAIN = [
    {"messages": [{"role": "user", "content": f"{n}?"}, {"role": "assistant", "content": f"{n}."}], "reward": 1.0}
    for n in range(3)
]


@pytest.mark.parametrize("plan", ALL, ids=lambda plan: f"{plan.target.name}-{plan.format}")
def test_a_row_that_lost_nothing_has_nothing_beside_it(plan: Plan) -> None:
    assert account(PLAIN[0], plan).told == ("", None)


THOUGHT = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Add."}]}
ANSWER = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "4."}]}
ROWS = [
    gym(output=[THOUGHT, THOUGHT, ANSWER]),
    gym(reward=0.0, output=[THOUGHT, ANSWER]),
    "{broken",
    gym("And 3+3?"),
    {
        "messages": [{"role": "user", "content": "a", "note": ["b"]}, {"role": "assistant", "content": "c"}],
        "reward": 1.0,
    },
]


def exported(tmp_path: Path) -> tuple[list[Any], Any, Path]:
    """Return the report and the manifest of an export of these rows, and where the manifest is."""
    source, out, report = write(tmp_path / "in.jsonl", ROWS), tmp_path / "out.jsonl", tmp_path / "report.jsonl"
    done = call("export", source, "--out", out, "--min-reward", "0.5", "--format", "chat", "--report", report)
    assert done.code == 0, done.err
    manifest = json.loads(Path(f"{out}.manifest.json").read_bytes())
    return [json.loads(line) for line in report.read_bytes().splitlines()], manifest, Path(f"{out}.manifest.json")


def test_a_report_has_one_line_a_rollout_in_order(tmp_path: Path) -> None:
    rows, _, _ = exported(tmp_path)
    assert [(row["line"], row["state"], row["left_out"], row["notes"]) for row in rows] == [
        (1, "exported", {"reasoning": 2}, []),
        (2, "below", {"reasoning": 1}, []),
        (4, "exported", {}, []),
        (5, "unread_content", {}, ["unread_content:message.note"]),
    ]


def test_a_manifest_counts_what_the_exported_rows_of_the_report_lost(tmp_path: Path) -> None:
    rows, manifest, _ = exported(tmp_path)
    lost = Counter[str]()
    for row in rows:
        lost.update(row["left_out"] if row["state"] == "exported" else {})
    assert {kind: one["things"] for kind, one in manifest["left_out"].items()} == dict(lost) == {"reasoning": 2}


def test_an_export_with_a_report_holds(tmp_path: Path) -> None:
    _, _, manifest = exported(tmp_path)
    assert call("verify", manifest).code == 0


def test_a_changed_report_is_found(tmp_path: Path) -> None:
    _, _, manifest = exported(tmp_path)
    report = tmp_path / "report.jsonl"
    report.write_bytes(report.read_bytes().replace(b'"reasoning":2', b'"reasoning":1'))
    found = call("verify", manifest)
    assert found.code == 1
    assert "report.jsonl" in found.out + found.err


def test_a_slip_in_a_harmless_key_is_told(tmp_path: Path) -> None:
    source, out = write(tmp_path / "in.jsonl", ROWS), tmp_path / "out.jsonl"
    done = call("export", source, "--out", out, "--harmless", "message.note", "--harmless", "message.notes")
    assert done.code == 0
    assert "No rollout has a key message.notes that was not read; `check` names those there are." in done.out
