"""What an export knows of trainers, and what the trainers themselves would say."""

import ast
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from loaders import (
    axolotl_accepts,
    llamafactory_accepts,
    nemo_rl_accepts,
    nemo_rl_accepts_file,
    openai_accepts,
    trl_accepts,
)
from rollout_curator.conversation import GYM_OPTIONS
from rollout_curator.errors import RecipeError
from rollout_curator.training.targets.base import ConfigFacts, get, quote, targets
from rollout_curator.training.targets.nemo_rl import NEMO_RL

HOSTILE_PATHS = [
    "/data/a b/sft: 1 #2.jsonl",
    '/data/it\'s "so"/sft.jsonl',
    "/data/back\\slash.jsonl",
    "/data/tab\tline\nend.jsonl",
    "/data/ümläut 日本 🙂.jsonl",
    "/data/\x7f\x85\u2028\ufeff\udcff.jsonl",
    "/data/{a}: [b], - c & *d !e %f @g `h`.jsonl",
]


def facts(path: str = "/data/sft.jsonl", validation_path: str | None = None) -> ConfigFacts:
    """Return the facts of a chat file with tools."""
    return ConfigFacts(path=path, format="chat", has_tools=True, validation_path=validation_path)


def test_the_config_for_nemo_rl_is_ready_to_run() -> None:
    assert NEMO_RL.config(facts(validation_path="/data/val.jsonl")) == (
        "# NeMo RL, supervised fine-tuning. Save this beside examples/configs/sft.yaml, then:\n"
        "#   uv run examples/run_sft.py --config examples/configs/<this file>\n"
        "# It needs NeMo RL with pull request 2515 (May 2026): before it, use_preserving_dataset: true stops the load\n"
        '# with "Expected a list of Dataset objects" (issue 2116).\n'
        "defaults: sft.yaml\n"
        "data:\n"
        "  train:\n"
        "    dataset_name: openai_format\n"
        '    data_path: "/data/sft.jsonl"\n'
        "    chat_key: messages\n"
        "    tool_key: tools\n"
        "    use_preserving_dataset: true\n"
        "  validation:\n"
        "    dataset_name: openai_format\n"
        '    data_path: "/data/val.jsonl"\n'
        "    chat_key: messages\n"
        "    tool_key: tools\n"
        "    use_preserving_dataset: true\n"
        "policy:\n"
        "  # Longer examples are silently masked: raise this (sft.yaml says 1024) until the longest one fits.\n"
        "  # max_total_sequence_length: 1024\n"
        "  tokenizer:\n"
        "    chat_template: default\n"
    )


def test_without_a_validation_file_the_config_turns_validation_off() -> None:
    yaml = pytest.importorskip("yaml")
    parsed = yaml.safe_load(NEMO_RL.config(facts()))
    assert parsed["data"]["validation"] is None
    assert parsed["sft"] == {"val_period": 0, "val_at_start": False, "val_at_end": False}
    assert parsed["checkpointing"] == {"metric_name": None}


def stepping(rows: int, batch_size: int | None = None, epochs: int = 1) -> Any:
    """Return what a config of NeMo RL for so many rows says of steps and batches."""
    yaml = pytest.importorskip("yaml")
    asked = ConfigFacts(
        "/data/sft.jsonl",
        "chat",
        has_tools=False,
        validation_path="/v.jsonl",
        rows=rows,
        batch_size=batch_size,
        epochs=epochs,
    )
    parsed = yaml.safe_load(NEMO_RL.config(asked))
    return parsed["policy"]["train_global_batch_size"], parsed["sft"]


def test_the_config_for_nemo_rl_trains_on_all_rows_and_epochs() -> None:
    assert stepping(10_000) == (32, {"max_num_epochs": 1, "max_num_steps": 312})
    assert stepping(10_000, 128, 3) == (128, {"max_num_epochs": 3, "max_num_steps": 234})


def test_the_config_for_nemo_rl_never_asks_for_a_batch_that_no_rows_fill() -> None:
    assert stepping(20) == (16, {"max_num_epochs": 1, "max_num_steps": 1})
    assert stepping(1, 128, 2) == (1, {"max_num_epochs": 2, "max_num_steps": 2})
    assert stepping(32) == (32, {"max_num_epochs": 1, "max_num_steps": 1})


def test_steps_stand_beside_the_validation_that_is_turned_off() -> None:
    yaml = pytest.importorskip("yaml")
    parsed = yaml.safe_load(NEMO_RL.config(ConfigFacts("/data/sft.jsonl", "chat", has_tools=False, rows=64)))
    assert parsed["sft"] == {
        "max_num_epochs": 1,
        "max_num_steps": 2,
        "val_period": 0,
        "val_at_start": False,
        "val_at_end": False,
    }


@pytest.mark.parametrize("name", ["axolotl", "llamafactory", "trl", "unsloth"])
def test_a_config_takes_the_rows_a_step_and_the_epochs_that_were_asked_for(name: str) -> None:
    told = get(name).config(ConfigFacts("/data/sft.jsonl", "chat", has_tools=True, batch_size=48, epochs=7))
    assert re.search(r"gradient_accumulation_steps(: |=)48\b", told)
    assert re.search(r"num(_train)?_epochs(: |=)7\b", told)


def test_the_config_names_the_longest_example() -> None:
    told = NEMO_RL.config(ConfigFacts("/data/sft.jsonl", "chat", has_tools=False, longest_tokens=12345))
    assert "until the longest one fits (here about 12,345 tokens).\n" in told


@pytest.mark.parametrize("path", HOSTILE_PATHS)
def test_the_config_holds_any_path_exactly(path: str) -> None:
    yaml = pytest.importorskip("yaml")
    assert yaml.safe_load(NEMO_RL.config(facts(path)))["data"]["train"]["data_path"] == path


@pytest.mark.parametrize("path", HOSTILE_PATHS)
@pytest.mark.parametrize("name", sorted(targets()))
def test_no_path_adds_a_line_to_a_config(name: str, path: str) -> None:
    harmless = get(name).config(facts("/data/sft.jsonl"))
    assert len(get(name).config(facts(path)).splitlines()) == len(harmless.splitlines())


def read_yaml(text: str) -> Any:
    """Return what a snippet in YAML says."""
    return pytest.importorskip("yaml").safe_load(text)


def leaves(made: Any) -> list[Any]:
    """Return every value of nested tables and lists."""
    if isinstance(made, dict | list):
        inner = made.values() if isinstance(made, dict) else made
        return [leaf for value in inner for leaf in leaves(value)]
    return [made]


def strings_of(script: str) -> list[str]:
    """Return every text literal of a Python script."""
    return [
        node.value for node in ast.walk(ast.parse(script)) if isinstance(node, ast.Constant) and type(node.value) is str
    ]


def files_of(script: str, tmp_path: Path) -> Path:
    """Run a shell script without its last line, which trains, and return the folder it wrote into."""
    lines = script.splitlines(keepends=True)
    assert lines[-1] == "llamafactory-cli train curated/sft.yaml\n"
    subprocess.run(["sh", "-c", "".join(lines[:-1])], cwd=tmp_path, check=True)
    return tmp_path / "curated"


@pytest.mark.parametrize("path", HOSTILE_PATHS)
def test_the_config_for_axolotl_is_yaml_that_names_any_file_exactly(path: str) -> None:
    made = read_yaml(get("axolotl").config(facts(path, "/data/val.jsonl")))
    assert made["datasets"][0] == {
        "path": path,
        "ds_type": "json",
        "split": "train",
        "type": "chat_template",
        "field_messages": "messages",
        "field_tools": "tools",
        "field_thinking": "reasoning_content",
        "message_field_training": "train",
        "template_thinking_key": "reasoning_content",
        "roles_to_train": ["assistant"],
        "train_on_eos": "turn",
    }
    assert made["test_datasets"][0]["path"] == "/data/val.jsonl"
    assert (made["sequence_len"], made["val_set_size"]) == (512, 0)


@pytest.mark.parametrize("path", HOSTILE_PATHS)
@pytest.mark.parametrize("name", ["trl", "unsloth", "openai"])
def test_a_config_that_is_a_script_names_any_file_exactly(name: str, path: str) -> None:
    script = get(name).config(facts(path, "/data/val.jsonl"))
    assert {path, "/data/val.jsonl"} <= set(strings_of(script))


@pytest.mark.parametrize("path", HOSTILE_PATHS)
def test_the_config_for_llamafactory_writes_both_of_its_files(tmp_path: Path, path: str) -> None:
    folder = files_of(get("llamafactory").config(facts(path, "/data/val.jsonl")), tmp_path)
    info = json.loads((folder / "dataset_info.json").read_text())
    assert (info["curated"]["file_name"], info["curated_validation"]["file_name"]) == (path, "/data/val.jsonl")
    assert info["curated"]["formatting"] == "sharegpt"
    assert info["curated"]["columns"] == {"messages": "conversations", "tools": "tools"}
    settings = read_yaml((folder / "sft.yaml").read_text())
    assert (settings["dataset"], settings["dataset_dir"], settings["cutoff_len"]) == ("curated", "curated", 2048)
    assert settings["eval_dataset"] == "curated_validation"


@pytest.mark.parametrize("name", sorted(set(targets()) - {"gym", "openai"}))
def test_a_config_takes_the_limit_of_the_recipe(name: str) -> None:
    told = get(name).config(ConfigFacts("/data/sft.jsonl", "chat", has_tools=True, max_tokens=12321))
    assert "12321" in told.replace("# max_total", "")


YAML = [name for name, target in sorted(targets().items()) if target.config_kind == "yaml" and target.trains]


@pytest.mark.parametrize("name", YAML)
def test_every_config_that_says_so_is_yaml(name: str) -> None:
    made = read_yaml(get(name).config(facts(validation_path="/data/val.jsonl")))
    assert {"/data/sft.jsonl", "/data/val.jsonl"} <= set(leaves(made))


def test_what_trains_nothing_has_a_config_of_remarks_that_name_the_file() -> None:
    told = get("gym").config(facts("/data/sft.jsonl"))
    assert "/data/sft.jsonl" in told
    assert [line for line in told.splitlines() if not line.startswith("#")] == []


def test_a_path_is_quoted_for_yaml_by_hand() -> None:
    assert quote('a"b\\c\n\x85é') == '"a\\"b\\\\c\\n\\u0085é"'


def test_a_dollar_brace_in_a_path_is_no_reference() -> None:
    assert '    data_path: "/data/\\\\${x}.jsonl"\n' in NEMO_RL.config(facts("/data/${x}.jsonl"))


def test_a_relative_path_becomes_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert f"    data_path: {quote(str(tmp_path / 'sft.jsonl'))}\n" in NEMO_RL.config(facts("./sft.jsonl"))


def test_a_hidden_folder_is_told_because_nemo_rl_fails_on_it() -> None:
    assert "# Move the file first" in NEMO_RL.config(facts("/data/.cache/sft.jsonl"))
    assert "# Move the file first" not in NEMO_RL.config(facts("/.data/run.1/sft.jsonl"))


def test_nemo_rl_gets_arguments_as_objects_and_ends_with_the_assistant() -> None:
    assert (NEMO_RL.format, NEMO_RL.chat.arguments, NEMO_RL.chat.trailing) == ("chat", "object", "trim")


def test_nemo_rl_leaves_out_broken_tool_use_and_invalid_rollouts() -> None:
    assert {"unanswered_tool_call", "lost_tool_results"} <= NEMO_RL.exclude
    assert NEMO_RL.exclude_invalid


def test_gym_equals_its_converter_and_leaves_nothing_out() -> None:
    gym = get("gym")
    assert (gym.chat, gym.exclude, gym.exclude_invalid) == (GYM_OPTIONS, frozenset(), False)


@pytest.mark.parametrize("name", sorted(targets()))
def test_every_target_speaks_in_whole_sentences(name: str) -> None:
    assert get(name).says
    assert [said for said in get(name).says if not (said[0].isupper() and said.endswith("."))] == []


def test_an_unknown_target_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(RecipeError, match=r'unknown target "nemo"; choose one of .*gym, .*nemo_rl'):
        get("nemo")


USER = {"role": "user", "content": "2 + 2?"}
CALL = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": {"a": 2, "b": 2}}}
TOOL = {"type": "function", "function": {"name": "add", "description": "adds", "parameters": {"type": "object"}}}
ANSWER = {"role": "assistant", "content": "4"}


@pytest.mark.parametrize(
    "row",
    [
        {"messages": [USER, ANSWER]},
        {"messages": [USER, {"role": "assistant", "content": "", "tool_calls": [CALL]}], "tools": [TOOL]},
        {"messages": [USER, {"role": "assistant", "content": None, "tool_calls": [CALL]}], "tools": [TOOL]},
        {
            "messages": [
                USER,
                {"role": "assistant", "content": "", "tool_calls": [CALL]},
                {"role": "tool", "tool_call_id": "c1", "content": "4"},
                ANSWER,
            ]
        },
    ],
)
def test_the_loader_accepts_what_nemo_rl_accepts(row: dict[str, Any]) -> None:
    assert nemo_rl_accepts(row) is None


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({}, "messages is missing or empty"),
        ({"messages": []}, "messages is missing or empty"),
        ({"messages": [ANSWER, USER]}, "the last message is of user, not of assistant"),
        ({"messages": [USER, {"role": "assistant", "content": ""}]}, "the last message is empty"),
        ({"messages": [{"role": "developer", "content": "x"}, ANSWER]}, "messages[0]: not an object with a role"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}, ANSWER]}, "messages[0]: content is not a str"),
        ({"messages": [{"role": "user", "content": None}, ANSWER]}, "messages[0]: content is missing"),
        ({"messages": [{"role": "tool", "content": "4"}, ANSWER]}, "messages[0]: a tool message without tool_call_id"),
        ({"messages": [USER, {**ANSWER, "tool_calls": []}]}, "messages[1]: tool_calls is empty"),
        ({"messages": [USER, {**ANSWER, "tool_calls": [{"name": "add"}]}]}, "messages[1]: a tool call that is not"),
        (
            {"messages": [USER, {**ANSWER, "tool_calls": [{**CALL, "function": {"name": "add", "arguments": "{}"}}]}]},
            "messages[1]: arguments of add are not an object",
        ),
        ({"messages": [USER, ANSWER], "tools": []}, "tools is not a list of tools"),
        ({"messages": [USER, ANSWER], "tools": [{"type": "function", "name": "add"}]}, "a tool that is not"),
    ],
)
def test_the_loader_refuses_what_nemo_rl_refuses(row: dict[str, Any], reason: str) -> None:
    assert (nemo_rl_accepts(row) or "").startswith(reason)


def test_one_bad_line_stops_the_load_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "sft.jsonl").write_bytes(b'{"messages":[{"role":"assistant","content":"4"}]}\n\n')
    assert (nemo_rl_accepts_file(tmp_path / "sft.jsonl") or "").startswith("line 2: not JSON")


TEXT_CALL = {**CALL, "function": {"name": "add", "arguments": '{"a": 2}'}}
CALLING = {"role": "assistant", "content": "", "tool_calls": [TEXT_CALL]}


def turns(*said: tuple[str, str]) -> dict[str, Any]:
    """Return a ShareGPT row of these turns."""
    return {"conversations": [{"from": who, "value": text} for who, text in said], "tools": ""}


def broken(message: dict[str, Any]) -> dict[str, Any]:
    """Return a message with a call whose arguments are no JSON."""
    return {**message, "tool_calls": [{**CALL, "function": {"name": "add", "arguments": "{2"}}]}


@pytest.mark.parametrize(
    ("accepts", "row", "reason"),
    [
        (trl_accepts, {"messages": [USER, ANSWER], "tools": json.dumps([TOOL])}, None),
        (trl_accepts, {"messages": [{"role": "user", "content": [{"type": "text"}]}, ANSWER]}, "a content that is no"),
        (trl_accepts, {"messages": [USER]}, "no answer at the end"),
        (trl_accepts, {"messages": [USER, ANSWER], "tools": '[{"name": "add"}]'}, "a tool that is not"),
        (axolotl_accepts, {"messages": [USER, CALLING], "tools": json.dumps([TOOL])}, None),
        (axolotl_accepts, {"messages": [USER, broken(CALLING)]}, "arguments that are no JSON"),
        (llamafactory_accepts, turns(("human", "2+2?"), ("gpt", "4")), None),
        (llamafactory_accepts, turns(("human", "2+2?"), ("function_call", '[{"name": "add", "arguments": {}}]')), None),
        (llamafactory_accepts, turns(("human", "2"), ("human", "+2?"), ("gpt", "4")), "skipped: human human gpt"),
        (llamafactory_accepts, turns(("developer", "2+2?"), ("gpt", "4")), "skipped: developer gpt"),
        (llamafactory_accepts, turns(("human", "2+2?"), ("function_call", "Let me add.[]")), "RuntimeError: calls"),
        (llamafactory_accepts, {"conversations": []}, "KeyError: tools"),
        (openai_accepts, {"messages": [USER, CALLING], "tools": [TOOL]}, None),
        (openai_accepts, {"messages": [USER, ANSWER], "reward": 1.0}, "an unknown key"),
        (openai_accepts, {"messages": [USER, {**ANSWER, "reasoning_content": "x"}]}, "an unknown key in a message"),
        (openai_accepts, {"messages": [USER, {**CALLING, "tool_calls": [CALL]}]}, "arguments that are not text"),
        (openai_accepts, {"messages": [USER, ANSWER, USER]}, "no answer at the end"),
    ],
)
def test_each_loader_said_again_takes_and_refuses(accepts: Any, row: dict[str, Any], reason: str | None) -> None:
    found = accepts(row)
    assert found is None if reason is None else (found or "").startswith(reason)


@pytest.mark.parametrize(
    ("name", "messages", "kind"),
    [
        ("nemo_rl", [USER, ANSWER], None),
        ("nemo_rl", [USER], "refused_by_trainer"),
        ("axolotl", [USER, CALLING], None),
        ("axolotl", [USER, broken(CALLING)], "refused_by_trainer"),
        ("llamafactory", [USER, ANSWER, USER, ANSWER], None),
        ("llamafactory", [ANSWER, USER, ANSWER], "skipped_by_trainer"),
        ("llamafactory", [USER, {**CALLING, "content": "As in <tool_call>:"}], "refused_by_trainer"),
        ("llamafactory", [{"role": "user", "content": [{"type": "image_url"}]}, ANSWER], "refused_by_trainer"),
        ("openai", [USER, {**CALLING, "content": None}], None),
        ("openai", [USER, {**CALLING, "tool_calls": [CALL]}], "refused_by_trainer"),
        ("openai", [{"role": "user", "content": [{"type": "input_audio"}]}, ANSWER], "refused_by_trainer"),
    ],
)
def test_a_target_judges_as_its_trainer_does(name: str, messages: list[Any], kind: str | None) -> None:
    judge = get(name).judge
    assert judge is not None
    found = judge({"messages": messages})
    assert (found.kind if found else None) == kind
