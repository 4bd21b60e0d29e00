"""Every line is read back as a trainer loads it, every file is read again from the disk; what differs is never kept."""

import json
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from making import SAMPLE_DATA, SHARED_ROLLOUTS, exported, gym, said, write
from rollout_curator.errors import ExportError, SourceChanged
from rollout_curator.export import Settings, choose, export
from rollout_curator.export.conversion import Batch, convert, prompt_text, reads_back
from rollout_curator.export.stream import Stream
from rollout_curator.export.worker_count import POOL_BYTES, count_for
from rollout_curator.files.atomic import AtomicFile, publish
from rollout_curator.parallel import run_ordered
from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.rollout import Rollout
from rollout_curator.sources.formats.base import read_object
from rollout_curator.training.file_types import jsonl
from rollout_curator.workspace.workspace import Workspace


def line(value: Any) -> bytes:
    return json.dumps(value).encode() + b"\n"


def test_a_line_reads_back_when_the_trainer_gets_what_was_shown() -> None:
    made = {"messages": [{"role": "user", "content": "\ud83d 2\u2028", "n": 2**64 + 1}], "tools": [{"x": 1.5}]}
    assert reads_back(line({**made, "reward": 1.0}), made)


@pytest.mark.parametrize(
    "written",
    [
        {"messages": [{"role": "user", "content": None}]},
        {"messages": [{"role": "user", "content": "a "}]},
        {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": ""}]},
        {"messages": [{"role": "user", "content": "a", "tool_calls": None}]},
        {"tools": []},
        [1],
    ],
)
def test_a_line_that_gives_anything_else_does_not(written: Any) -> None:
    assert not reads_back(line(written), {"messages": [{"role": "user", "content": "a"}]})


def test_a_number_that_became_null_does_not_read_back() -> None:
    made = {"messages": [{"n": math.nan}]}
    assert not reads_back(orjson.dumps(made), made)


def test_a_line_that_is_no_json_does_not_read_back() -> None:
    assert not reads_back(b"{", {"messages": []})


def batch(*lines: dict[str, Any], **more: Any) -> Batch:
    texts = [json.dumps(each).encode() for each in lines]
    plan = more.pop("plan", recipes.plan(Recipe()))
    return Batch(texts, [(n,) for n in range(len(texts))], [{} for _ in texts], plan, **more)


def test_a_target_may_decode_lines_by_rules_of_its_own() -> None:
    def shouted(text: bytes, record: Mapping[str, Any]) -> bool:
        return bool(json.loads(text)["messages"][0]["content"].upper() == record["messages"][0]["content"])

    plan = recipes.plan(Recipe())
    told = replace(plan, target=replace(plan.target, holds=shouted))
    assert convert(batch(gym("a", "b"), plan=plan)).different == []
    assert convert(batch(gym("a", "b"), plan=told)).different == [0]


def test_a_rollout_that_gives_no_example_ends_the_batch_with_its_reason() -> None:
    made = convert(batch(gym(answer="1"), gym(output=[]), gym(answer="3")))
    assert (len(made.lines), made.fault) == (1, (1, "empty_output"))


def test_every_rollout_of_the_sample_data_reads_back(tmp_path: Path) -> None:
    for recipe in (Recipe(keep=("image",)), Recipe(format="flat"), Recipe(target="gym")):
        done = exported(Workspace.open([SAMPLE_DATA]), recipe, tmp_path / "a.jsonl")
        assert done.content["round_trip"] == {"loader": recipe.target, "rows": done.rows, "same": done.rows}


@pytest.mark.shared
def test_every_real_rollout_reads_back(shared_folder: Path, tmp_path: Path) -> None:
    done = exported(Workspace.open([SHARED_ROLLOUTS]), Recipe(target="gym"), tmp_path / "a.jsonl")
    assert done.content.get("round_trip") == {"loader": "gym", "rows": done.rows, "same": done.rows}


def opened(tmp_path: Path, n: int = 5) -> Workspace:
    return Workspace.open([write(tmp_path / "rollouts.jsonl", [gym(answer=f"{k}") for k in range(n)])])


def test_an_example_that_does_not_read_back_is_named_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rollout_curator.recipe import training_line

    encode = training_line.encode
    monkeypatch.setattr(training_line, "encode", lambda made: encode(made).replace(b'"3"', b'"4"'))
    with pytest.raises(ExportError, match=r"^rollouts.jsonl:4: its example does not read back as it was made"):
        exported(opened(tmp_path), Recipe(), tmp_path / "a.jsonl")
    assert not (tmp_path / "a.jsonl").exists()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda data: data.replace(b'"3"', b'"7"'), "row 4 does not read back as it was written"),
        (lambda data: data[: data.index(b'"3"')], "row 4 does not read back as it was written"),
        (lambda data: b"".join(data.splitlines(keepends=True)[:3]), "5 rows were written and 3 read back"),
        (lambda data: data + b"{}\n", "row 6 does not read back as it was written"),
    ],
)
def test_a_disk_that_gives_back_other_bytes_is_found_before_the_file_appears(
    tmp_path: Path, change: Any, sentence: str
) -> None:
    workspace = opened(tmp_path)
    stream = Stream(workspace, Recipe(), choose(workspace, Recipe()).parts[0], {})

    def injure(file: AtomicFile) -> None:
        path = file.reopened()
        path.write_bytes(change(path.read_bytes()))

    with pytest.raises(ExportError, match=sentence), publish(tmp_path / "a.jsonl") as (file,):
        list(jsonl.write(stream, file))
        injure(file)
        list(stream.read_again(jsonl.JSONL, file))
    assert sorted(os.listdir(tmp_path)) == ["rollouts.jsonl"]


# One process or several


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_order_and_tasks_are_taken_as_they_are_needed(workers: int) -> None:
    taken: list[int] = []

    def tasks() -> Iterator[int]:
        for n in range(100):
            taken.append(n)
            yield n

    steps = run_ordered(abs, tasks(), workers)
    assert next(steps) == 0
    assert len(taken) <= 4 * workers
    assert list(steps) == list(range(1, 100))


@pytest.mark.parametrize(
    ("cores", "is_large", "processes"),
    [(1, True, 1), (3, True, 1), (4, False, 1), (4, True, 3), (64, False, 1), (64, True, 8)],
)
def test_several_processes_convert_what_is_large_where_there_are_four_cores(
    cores: int, is_large: bool, processes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = opened(tmp_path, 1)
    n_rows = POOL_BYTES // int(workspace.column("length")[0])
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert count_for(workspace, np.zeros(n_rows + is_large, dtype=np.int64)) == processes


def test_a_stopped_export_in_several_processes_leaves_the_old_file(tmp_path: Path) -> None:
    workspace, out = opened(tmp_path, 3000), tmp_path / "a.jsonl"
    out.write_bytes(b"old\n")
    steps = export(workspace, Recipe(), out, Settings(workers=2, overwrite=True))
    next(steps)
    steps.close()
    assert out.read_bytes() == b"old\n"
    assert sorted(name for name in os.listdir(tmp_path) if "tmp" in name) == []


def test_a_source_that_changes_under_several_processes_is_told(tmp_path: Path) -> None:
    workspace, out = opened(tmp_path, 3000), tmp_path / "a.jsonl"
    path = tmp_path / "rollouts.jsonl"
    steps = export(workspace, Recipe(), out, Settings(workers=2))
    next(steps)
    path.write_bytes(path.read_bytes().replace(b"2+2", b"3+3"))
    with pytest.raises(SourceChanged):
        list(steps)
    assert not out.exists()


# What a prompt says


@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        ("2+2?", "2+2?"),
        ([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "2+2?"}], "2+2?"),
        ([{"role": "developer", "content": "Solve task 3."}], "Solve task 3."),
        ([{"role": "user", "content": [{"type": "input_text", "text": "a"}, {"type": "input_image"}]}], "a"),
        ([{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}], "a\nb"),
        ([], ""),
    ],
)
def test_a_prompt_says_its_messages_but_not_the_systems(prompt: Any, text: str) -> None:
    rollout = read_object(gym(prompt))
    assert isinstance(rollout, Rollout)
    assert prompt_text(rollout) == text


BIG_CALL = {"type": "function_call", "call_id": "c1", "name": "add", "arguments": '{"n": 18446744073709551616}'}
BIG_ROLLOUT = gym(output=[BIG_CALL, {"type": "function_call_output", "call_id": "c1", "output": "4"}, said("4")])


def test_what_datasets_would_change_reads_back_only_when_it_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = recipes.plan(Recipe(target="trl", keep=("big_number",)))
    assert convert(batch(BIG_ROLLOUT, plan=kept)).different == []
    monkeypatch.setattr(recipes, "loading_issues", lambda *given: ())
    assert convert(batch(BIG_ROLLOUT, plan=kept)).different == [0]
    assert convert(batch(BIG_ROLLOUT)).different == []


def test_the_columns_of_each_line_are_told_where_datasets_loads_them() -> None:
    no_date = ("", frozenset[str]())
    plain = frozenset({no_date, ("messages", frozenset[str]()), ("messages", frozenset({"role", "content"}))})
    assert convert(batch(gym(), plan=recipes.plan(Recipe(target="trl")))).shapes == [plain]
    assert convert(batch(gym())).shapes == []
