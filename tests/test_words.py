"""Words that follow a number read well after one, too; what was shown to be false is said nowhere any more."""

import re
from pathlib import Path

import pytest

from rollout_curator.conversation import ISSUE_WORDS
from rollout_curator.words import said_of


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


# Sentences that did not hold when they were simulated, as patterns; what stands instead is tested where it is made.

ROOT = Path(__file__).parents[1]
FALSE = (
    r"at least (\{[^{}]*\}|[\d.]+ %) good",  # of a threshold, without what it holds for
    r"(set|kept|pairs) (is|are) bad \(",
    r"make the rest better|sample no worse",
    r"clean (one|ones) (more )?(meets?|to meet)",
    r"sketch(es)? find|as far as sketches|near-duplicates that were found",
    r"trains no better|chose nothing|no better than (its|the) control",
    r"is often no better than drawing",
    r"in no pack and not trained on",
    r"accepted by hand|nobody looked at",
    r"(gave|said) (them )?on their own|as each gave them",
)


def texts() -> dict[str, str]:
    """Return all that people read of this program or in it, by file, with line ends as spaces."""
    files = [*ROOT.glob("components/**/*.py"), *ROOT.glob("components/**/*.js"), *ROOT.glob("sample_data/*.md")]
    files += [*ROOT.glob("sample_data/generator/*.*"), ROOT / "README.md", ROOT / "app.py"]
    return {str(file.relative_to(ROOT)): re.sub(r"\s+", " ", file.read_text("utf-8")) for file in files}


@pytest.mark.parametrize("pattern", FALSE)
def test_what_was_shown_to_be_false_is_said_nowhere(pattern: str) -> None:
    assert [file for file, text in texts().items() if re.search(pattern, text, re.IGNORECASE)] == []


def test_every_interval_of_a_mean_says_that_it_is_by_task() -> None:
    """Attempts at one task are alike; an interval that takes them as independent covers 63 % at 50 tasks of 8."""
    found = [
        (file, sentence)
        for file, text in texts().items()
        if file.endswith((".py", ".md"))
        for sentence in re.findall(r"[^.\"]*\bmean\b[^.\"]*95 ?% (?:interval|CI)[^.\"]*", text)
        if "task" not in sentence
    ]
    assert found == []
