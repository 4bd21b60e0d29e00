"""What the sample data promises: its size, its oddities at the lines the README names, and the same bytes again.

The files are read as any user would; the generator is only ever run as a program.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SAMPLE = Path(__file__).parents[1] / "sample_data"
MAIN_FILES = ("code_repair/rollouts.jsonl", "math_reasoning/rollouts.jsonl", "support_tools/rollouts.jsonl")


def generate(*arguments: str, hash_seed: str = "0") -> int:
    """Run the generator and return its exit code."""
    env = {**os.environ, "PYTHONHASHSEED": hash_seed}
    command = [sys.executable, str(SAMPLE / "generator" / "generate.py"), *arguments]
    return subprocess.run(command, env=env, capture_output=True, check=False).returncode


def lines(path: str) -> list[str]:
    """Return the lines of a file."""
    return (SAMPLE / path).read_text("utf-8").split("\n")


def parsed(path: str) -> list[dict[str, Any]]:
    """Return the rollouts of a file without the lines that do not parse."""
    return [json.loads(line) for line in lines(path) if parses(line)]


def parses(line: str) -> bool:
    """Return whether a line is JSON."""
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def rollouts() -> list[dict[str, Any]]:
    """Return all rollouts."""
    return [row for path in MAIN_FILES for row in parsed(path)]


def places(oddity: str) -> list[tuple[str, int]]:
    """Return the file and line of each place the README lists for an oddity."""
    text = (SAMPLE / "README.md").read_text("utf-8")
    row = next(line for line in text.split("\n") if line.startswith(f"| {oddity} |"))
    return [(path, int(number)) for path, number in re.findall(r"`([\w/.]+):(\d+)`", row)]


def named(oddity: str) -> list[dict[str, Any]]:
    """Return the rollouts that show an oddity, according to the README."""
    return [json.loads(lines(path)[number - 1]) for path, number in places(oddity)]


def output(row: dict[str, Any]) -> list[Any]:
    """Return the output items of a rollout."""
    items: list[Any] = row["response"]["output"]
    return items


def last_text(row: dict[str, Any]) -> str:
    """Return the text of the last item, an assistant message."""
    text: str = output(row)[-1]["content"][0]["text"]
    return text


def unanswered(row: dict[str, Any]) -> set[str]:
    """Return the calls that have no output."""
    calls = {item["call_id"] for item in output(row) if item["type"] == "function_call"}
    return calls - {item["call_id"] for item in output(row) if item["type"] == "function_call_output"}


def test_the_files_on_disk_are_what_the_generator_writes() -> None:
    assert generate("--check") == 0


def test_a_changed_file_fails_the_check(tmp_path: Path) -> None:
    generate("--out", str(tmp_path))
    with (tmp_path / "math_reasoning/rollouts.jsonl").open("ab") as file:
        file.write(b"\n")
    assert generate("--check", "--out", str(tmp_path)) == 1


def test_another_hash_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    generate("--out", str(tmp_path), hash_seed="1")
    assert generate("--check", "--out", str(tmp_path), hash_seed="2") == 0


def test_there_are_three_agents_with_their_type() -> None:
    assert {(row["agent_ref"]["type"], row["agent_ref"]["name"]) for row in rollouts()} == {
        ("responses_api_agents", "code_repair_agent"),
        ("responses_api_agents", "math_reasoning_simple_agent"),
        ("responses_api_agents", "support_tools_agent"),
    }


def test_there_are_more_than_forty_tasks() -> None:
    assert len({(row["agent_ref"]["name"], row["_ng_task_index"]) for row in rollouts()}) == 51


def test_there_are_about_three_hundred_rollouts() -> None:
    assert 280 <= len(rollouts()) <= 340


def test_everything_together_is_under_three_megabytes() -> None:
    assert sum(path.stat().st_size for path in SAMPLE.glob("*/*.jsonl")) < 3_000_000


def test_the_reward_follows_the_response() -> None:
    assert {list(row).index("reward") for row in rollouts() if "reward" in row} == {2}


def test_only_the_placeholder_and_the_cut_off_line_do_not_parse() -> None:
    bad = [
        (path, number) for path in MAIN_FILES for number, line in enumerate(lines(path), 1) if line and not parses(line)
    ]
    assert bad == places("cut-off JSON, no newline at the end") + places("placeholder text, not JSON")


def test_the_cut_off_line_is_the_last_one_and_has_no_newline() -> None:
    text = (SAMPLE / "code_repair/rollouts.jsonl").read_bytes()
    assert not text.endswith(b"\n")


def test_half_of_the_math_is_right() -> None:
    rated = [float(row["reward"]) for row in parsed("math_reasoning/rollouts.jsonl") if row.get("reward") is not None]
    assert 0.45 < sum(rated) / len(rated) < 0.6


def test_the_reward_of_code_goes_beyond_zero_and_one() -> None:
    rewards = {row["reward"] for row in parsed("code_repair/rollouts.jsonl")}
    assert (min(rewards), max(rewards)) == (-1.0, 2.5)


def test_duplicates_are_exact() -> None:
    text = lines("math_reasoning/rollouts.jsonl")
    copies = places("exact duplicate of line 11") + places("exact duplicate of line 32")
    assert [text[number - 1] for _, number in copies] == [text[10], text[31]]


def test_the_sidecars_hold_no_rollouts() -> None:
    inputs = [json.loads(line) for line in lines("math_reasoning/rollouts_materialized_inputs.jsonl") if line]
    failed = [json.loads(line) for line in lines("code_repair/rollouts_failures.jsonl") if line]
    assert not [row for row in inputs + failed if "response" in row or "reward" in row]
    assert {row["_ng_failure_class"] for row in failed} == {"transient", "judge_failed", "agent_failed"}


ODDITIES: dict[str, Callable[[dict[str, Any]], object]] = {
    "reward missing": lambda row: "reward" not in row,
    "reward null": lambda row: row["reward"] is None,
    'reward as text, "0.8"': lambda row: row["reward"] == "0.8",
    "reward is an integer": lambda row: type(row["reward"]) is int,
    "string input": lambda row: isinstance(row["responses_create_params"]["input"], str),
    "developer message": lambda row: row["responses_create_params"]["input"][0]["role"] == "developer",
    "instructions set": lambda row: row["responses_create_params"]["instructions"],
    "image part": lambda row: "data:image/png;base64,iVBOR" in json.dumps(row["responses_create_params"]),
    "incomplete_details max_output_tokens": lambda row: (
        row["response"]["incomplete_details"] == {"reason": "max_output_tokens"}
    ),
    "mask_sample true": lambda row: row["mask_sample"] is True,
    "empty output": lambda row: output(row) == [],
    "nested output, cumulative snapshots": lambda row: (
        output(row)[0] == output(row)[1][: len(output(row)[0])] and row["responses_create_params"]["input"] == []
    ),
    "ends on a tool result": lambda row: output(row)[-1]["type"] == "function_call_output",
    "ends on a tool call": lambda row: output(row)[-1]["type"] == "function_call",
    "ends on reasoning": lambda row: output(row)[-1]["type"] == "reasoning",
    "tool call never answered, mid-way": lambda row: len(unanswered(row)) == 1 and output(row)[-1]["type"] == "message",
    "inline `<think>`, closed": lambda row: "<think>" in last_text(row) and "</think>" in last_text(row),
    "inline `<think>`, only the closing tag": lambda row: (
        "<think>" not in last_text(row) and "</think>" in last_text(row)
    ),
    "inline `<think>`, never closed": lambda row: "<think>" in last_text(row) and "</think>" not in last_text(row),
    "blank assistant text": lambda row: '"text": ""' in json.dumps(output(row)),
    "two assistant messages in a row": lambda row: [item.get("role") for item in output(row)] == ["assistant"] * 2,
    "hostile text in a tool result": lambda row: (
        "canary.invalid" in json.dumps(output(row)) and "\\u202e" in json.dumps(output(row))
    ),
    "reasoning hidden, encrypted_content": lambda row: output(row)[0]["summary"] == [],
    "user turn in the output": lambda row: "user" in [item.get("role") for item in output(row)],
    "token ids on a message": lambda row: len(output(row)[-1]["generation_token_ids"]) == 12,
    "tool call and result in the input": lambda row: (
        row["responses_create_params"]["input"][-1]["type"] == "function_call_output"
    ),
}
"""What each oddity of the README looks like."""


@pytest.mark.parametrize("oddity", ODDITIES)
def test_every_line_the_readme_names_shows_its_oddity(oddity: str) -> None:
    assert named(oddity)
    assert all(ODDITIES[oddity](row) for row in named(oddity))
