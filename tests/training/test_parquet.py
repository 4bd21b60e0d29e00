"""Parquet exports: rows of any shape come back as they went in, by pyarrow always and by `datasets` where it is."""

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from making import SAMPLE_DATA, SHARED_ROLLOUTS, exported, gym, rows_of, write
from rollout_curator.conversation import encode
from rollout_curator.errors import ExportError
from rollout_curator.export import verify
from rollout_curator.files.atomic import publish
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.selection.pairs.pairing import Pairs
from rollout_curator.selection.splits.split import Split
from rollout_curator.training.file_types.parquet import PARQUET, read_lines
from rollout_curator.workspace.workspace import Workspace

TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {"a": {}}}}}
OTHER = {"type": "function", "function": {"name": "g", "parameters": {"required": ["b", 2, None], "x": 1.5}}}
CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": {"n": 18446744073709551617}}}


def put(path: Path, *rows: dict[str, Any]) -> list[bytes]:
    """Write rows and return the lines they were."""
    lines = [encode(row) for row in rows]
    with publish(path) as (file,):
        list(PARQUET.write(lines, file))
    return lines


def chat(content: Any, **more: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": content}, {"role": "assistant", "content": "4", **more}]}


def test_tools_arguments_and_contents_of_any_shape_come_back_to_the_byte(tmp_path: Path) -> None:
    lines = put(
        tmp_path / "x.parquet",
        {**chat("2+2?"), "tools": [TOOL]},
        {**chat("[1,2]", tool_calls=[CALL]), "tools": [OTHER, TOOL]},
        chat([{"type": "text", "text": "hi"}], reasoning_content="hm"),
        chat("\ud83d"),
    )
    assert list(read_lines(tmp_path / "x.parquet")) == lines


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
MESSAGES = st.lists(st.dictionaries(st.text(max_size=6), VALUES, max_size=4), max_size=4)


@given(rows=st.lists(st.tuples(MESSAGES, st.none() | st.lists(VALUES, max_size=2)), min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_any_json_comes_back_to_the_byte(tmp_path_factory: pytest.TempPathFactory, rows: list[Any]) -> None:
    path = tmp_path_factory.mktemp("p") / "x.parquet"
    made = [{"messages": messages, **({} if tools is None else {"tools": tools})} for messages, tools in rows]
    assert put(path, *made) == list(read_lines(path))


def test_columns_are_lists_of_json_texts_and_metadata_with_types(tmp_path: Path) -> None:
    put(tmp_path / "x.parquet", {**chat("2+2?"), "reward": 1.0, "line": 3}, {**chat("a"), "reward": None, "line": 4})
    schema = pq.read_schema(tmp_path / "x.parquet")
    assert [(field.name, str(field.type)) for field in schema] == [
        ("messages", "list<element: extension<arrow.json>>"),
        ("tools", "extension<arrow.json>"),
        ("reward", "double"),
        ("line", "int64"),
    ]
    assert json.loads(schema.metadata[b"huggingface"])["info"]["features"] == {
        "messages": {"feature": {"_type": "Json"}, "_type": "List"},
        "tools": {"_type": "Json"},
        "reward": {"dtype": "float64", "_type": "Value"},
        "line": {"dtype": "int64", "_type": "Value"},
    }


def test_many_rows_are_several_row_groups_and_keep_their_order(tmp_path: Path) -> None:
    lines = put(tmp_path / "x.parquet", *({**chat(f"{n}"), "line": n} for n in range(3000)))
    assert pq.ParquetFile(tmp_path / "x.parquet").num_row_groups == 3
    assert list(read_lines(tmp_path / "x.parquet")) == lines


def test_a_column_that_only_a_later_row_has_is_refused_and_no_file_appears(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"row 2 has more columns: \['extra'\]"):
        put(tmp_path / "x.parquet", chat("a"), {**chat("b"), "extra": 1})
    assert not (tmp_path / "x.parquet").exists()


def test_a_broken_file_is_a_value_error(tmp_path: Path) -> None:
    (tmp_path / "x.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(ValueError, match=r"."):
        list(read_lines(tmp_path / "x.parquet"))


@pytest.mark.parametrize(
    "recipe", [Recipe(metadata=("reward", "key")), Recipe(pairs=Pairs()), Recipe(split=Split(0.2))]
)
def test_an_export_holds_the_rows_of_its_jsonl_and_is_verified(tmp_path: Path, recipe: Recipe) -> None:
    workspace = Workspace.open([SAMPLE_DATA])
    exported(workspace, recipe, tmp_path / "a.jsonl")
    done = exported(workspace, replace(recipe, kind="parquet"), tmp_path / "a.parquet")
    lines = [line for each in done.files for line in read_lines(tmp_path / each["file"])]
    same = b"".join((tmp_path / each["file"].replace("parquet", "jsonl")).read_bytes() for each in done.files)
    assert b"".join(lines) == same
    assert [check for check in verify(done.manifest_path) if not check.holds] == []


def test_a_changed_parquet_file_is_found(tmp_path: Path) -> None:
    write(tmp_path / "r.jsonl", [gym(answer=f"{n}") for n in range(4)])
    done = exported(Workspace.open([tmp_path / "r.jsonl"]), Recipe(kind="parquet"), tmp_path / "a.parquet")
    put(done.path, *(row for row in map(json.loads, reversed(list(read_lines(done.path))))))
    failing = [check for check in verify(done.manifest_path) if not check.holds]
    assert [check.claim.split()[0] for check in failing] == ["a.parquet", "file"]
    assert failing[1].detail == "0 of 4 examples are the same, example 1 is the first that differs"


@pytest.mark.parametrize(
    ("target", "loads"),
    [
        ("nemo_rl", ["load_dataset('parquet', data_files={'train': ", "export as jsonl"]),
        ("trl", ['files = {"train": ', 'load_dataset("parquet", data_files=path']),
        ("unsloth", ["load_dataset('parquet', data_files={'train': ", "export as jsonl"]),
        ("axolotl", ["ds_type: parquet"]),
        ("llamafactory", ['a.train.parquet", "formatting": "sharegpt"']),
        ("openai", ["load_dataset('parquet', data_files={'train': ", "export as jsonl"]),
        ("gym", ["No trainer loads this file"]),
    ],
)
def test_the_config_loads_parquet_or_says_that_its_trainer_does_not(
    tmp_path: Path, target: str, loads: list[str]
) -> None:
    recipe = Recipe(target=target, kind="parquet", split=Split(0.2))
    config = exported(Workspace.open([SAMPLE_DATA]), recipe, tmp_path / "a.parquet").config
    assert [text for text in loads if text not in config] == []
    assert '"json"' not in config
    assert "ds_type: json" not in config
    assert "json.loads" not in config


@pytest.mark.parametrize(("name", "kind"), [("a.jsonl", "parquet"), ("a.parquet", "jsonl")])
def test_a_name_that_speaks_of_another_kind_is_refused(tmp_path: Path, name: str, kind: str) -> None:
    write(tmp_path / "r.jsonl", [gym()])
    with pytest.raises(ExportError, match="ends in"):
        exported(Workspace.open([tmp_path / "r.jsonl"]), Recipe(kind=kind), tmp_path / name)


def nearly(value: Any, other: Any) -> bool:
    """Say whether two values are the same but for the last digits of floats, which `datasets` reads less exactly."""
    if isinstance(value, dict) and isinstance(other, dict):
        return value.keys() == other.keys() and all(nearly(value[name], other[name]) for name in value)
    if isinstance(value, list) and isinstance(other, list):
        return len(value) == len(other) and all(map(nearly, value, other))
    if isinstance(value, float) and isinstance(other, float):
        return value == pytest.approx(other, rel=1e-12)
    return type(value) is type(other) and bool(value == other)


EXAMPLES = Recipe(metadata=("reward", "source"), keep=("image",))


@pytest.mark.peer
@pytest.mark.parametrize(
    ("source", "recipe"),
    [
        (SAMPLE_DATA, EXAMPLES),
        (SHARED_ROLLOUTS, EXAMPLES),
        (SAMPLE_DATA, Recipe(pairs=Pairs(format="trl"))),
        (SAMPLE_DATA, Recipe(pairs=Pairs(format="nemo_rl"))),
    ],
)
def test_datasets_reads_every_row_as_it_was_written(tmp_path: Path, source: Path, recipe: Recipe) -> None:
    datasets = pytest.importorskip("datasets")
    if not source.is_dir():
        pytest.skip("the shared rollouts are not beside this checkout")
    workspace = Workspace.open([source])
    exported(workspace, recipe, tmp_path / "a.jsonl")
    exported(workspace, replace(recipe, kind="parquet"), tmp_path / "a.parquet")
    files = {"train": str(tmp_path / "a.parquet")}
    loaded = datasets.load_dataset("parquet", data_files=files, cache_dir=str(tmp_path / "cache"))["train"]
    written = rows_of(tmp_path / "a.jsonl")
    assert len(loaded) == len(written)
    for row, expected in zip(loaded, written, strict=True):
        found = {name: value for name, value in row.items() if name != "tools" or value is not None}
        assert nearly(found, expected)


def test_the_order_of_keys_inside_messages_is_kept(tmp_path: Path) -> None:
    names = list("zyxwv")
    random.Random(1).shuffle(names)
    lines = put(tmp_path / "x.parquet", {"messages": [dict.fromkeys(names, 1)]})
    assert list(read_lines(tmp_path / "x.parquet")) == lines


@pytest.mark.parametrize(
    ("target", "odd"),
    [
        ("nemo_rl", {"message_loss_mask": [0, 0, 0, 1]}),
        ("trl", {"chat_template_kwargs": {"enable_thinking": False}}),
    ],
)
def test_a_column_that_few_rows_fill_stands_in_one_place_beside_metadata(
    tmp_path: Path, target: str, odd: dict[str, Any]
) -> None:
    talk = [{"role": role, "content": f"{n}"} for n in range(2) for role in ("user", "assistant")]
    lines = [{"messages": talk[:2], "reward": 1.0}, {"messages": talk, "reward": 0.5, **odd}]
    workspace = Workspace.open([write(tmp_path / "r.jsonl", lines)])
    recipe = Recipe(format="chat", target=target, metadata=("reward",), kind="parquet")
    done = exported(workspace, recipe, tmp_path / "a.parquet")
    assert (done.rows, pq.read_schema(tmp_path / "a.parquet").names) == (2, ["messages", "tools", *odd, "reward"])
