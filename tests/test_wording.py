"""Words that follow a number read well after one, too."""

import pytest

from rollout_curator.conversation import ISSUE_WORDS
from rollout_curator.wording import said_of


@pytest.mark.parametrize(
    ("issue", "said"),
    [
        ("all_marked", "has all its answers marked as not to be trained"),
        ("unknown_tool", "calls a tool that was not offered"),
        ("template_error", "makes the chat template fail"),
        ("context_compacted", "had its context rewritten on the way, so the model never saw this conversation"),
        ("tail_after_assistant", "does not end with the assistant"),
    ],
)
def test_words_of_an_issue_are_those_of_one_rollout(issue: str, said: str) -> None:
    assert said_of(1, ISSUE_WORDS[issue]) == said


def test_every_issue_has_words_for_one_rollout() -> None:
    same = sorted(issue for issue, words in ISSUE_WORDS.items() if said_of(1, words) == words)
    assert same == ["dropped_empty_assistant", "final_tool_call", "stripped_think"]  # had, would end
