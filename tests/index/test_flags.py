"""Which rollouts need a look: the same ones and the same words on the command line and on the Sources page."""

from pathlib import Path

from making import gym, write
from rollout_curator.index.flags import flag_words, flagged
from rollout_curator.workspace.workspace import Workspace


def test_a_note_that_says_nothing_is_wrong_is_no_flag() -> None:
    assert flag_words("has_audio") == ""


def test_several_flags_are_said_in_order() -> None:
    assert flag_words("reward_missing|has_audio|empty_output") == "unrated: no reward; the output is empty"


def test_only_rollouts_that_need_a_look_are_flagged(tmp_path: Path) -> None:
    thinking = gym(answer="<think>2+2</think>4")
    path = write(tmp_path / "run.jsonl", [gym(), gym(reward=None), thinking])
    workspace = Workspace.open([path])
    assert [flags != "" for flags in workspace.frame["flags"]] == [False, True, True]
    assert flagged(workspace.sources[0]).listed == {2: "unrated: no reward"}


def test_content_that_was_not_understood_is_named(tmp_path: Path) -> None:
    sound = gym(responses_create_params={"input": "2+2?", "metadata": {"audio_url": "a.wav"}})
    workspace = Workspace.open([write(tmp_path / "run.jsonl", [gym(), sound])])
    assert flagged(workspace.sources[0]).listed == {2: "content that was not understood: metadata.audio_url"}
