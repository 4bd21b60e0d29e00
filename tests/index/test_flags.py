"""Which rollouts need a look: the same ones and the same words on the command line and on the Data page."""

import json
from pathlib import Path
from typing import Any

import pytest

from making import gym, write
from rollout_curator.index.flags import FLAG_WORDS, flag_words, flagged
from rollout_curator.workspace.workspace import Workspace

RAISED: dict[str, dict[str, Any] | str | bytes] = {
    "reward_missing": gym(reward=None),
    "reward_not_number": gym(reward="0.8"),
    "reward_not_finite": json.dumps(gym(reward="big")).replace('"big"', "1e999"),
    "no_params": {**gym(), "responses_create_params": None},
    "no_response": {**gym(), "response": None},
    "empty_output": gym(output=[]),
    "lone_surrogate": gym("half of one: \ud83d"),
    "non_finite_number": gym(score=float("nan")),
    "unread_content": gym(responses_create_params={"input": "2+2?", "metadata": {"audio_url": "a.wav"}}),
    "unread_tools": gym(responses_create_params={"input": "2+2?", "tools": "run(command)"}),
    "context_compacted": gym(training_traces=[{}, {}]),
    "byte_order_mark": b"\xef\xbb\xbf" + json.dumps(gym()).encode(),
}
"""One line for each flag."""


def test_every_flag_is_raised_by_a_line_here() -> None:
    lowered = {"tokens_not_read"}  # of lines over 4 MiB: tests/sources/test_token_lists.py lowers the limit
    assert sorted({*RAISED, *lowered}) == sorted(FLAG_WORDS)


@pytest.mark.parametrize("flag", RAISED)
def test_a_line_with_one_fault_gets_its_flag_and_words(tmp_path: Path, flag: str) -> None:
    workspace = Workspace.open([write(tmp_path / "run.jsonl", [gym(), RAISED[flag]])])
    assert flag in str(workspace.frame["flags"].iat[1]).partition(":")[0].split("|")
    assert FLAG_WORDS[flag] in flagged(workspace.sources[0]).listed[2]


def test_a_note_that_says_nothing_is_wrong_is_no_flag() -> None:
    assert flag_words("has_audio") == ""


def test_several_flags_are_said_in_order() -> None:
    assert flag_words("reward_missing|has_audio|empty_output") == "no reward; the output is empty"


def test_only_rollouts_that_need_a_look_are_flagged(tmp_path: Path) -> None:
    thinking = gym(answer="<think>2+2</think>4")
    path = write(tmp_path / "run.jsonl", [gym(), gym(reward=None), thinking])
    workspace = Workspace.open([path])
    assert [flags != "" for flags in workspace.frame["flags"]] == [False, True, True]
    assert flagged(workspace.sources[0]).listed == {2: "no reward"}


def test_content_that_was_not_understood_is_named(tmp_path: Path) -> None:
    sound = gym(responses_create_params={"input": "2+2?", "metadata": {"audio_url": "a.wav"}})
    workspace = Workspace.open([write(tmp_path / "run.jsonl", [gym(), sound])])
    assert flagged(workspace.sources[0]).listed == {2: "content that was not understood: metadata.audio_url"}
