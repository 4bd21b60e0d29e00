"""Both conversions against what rules F1-F8 and C1-C11 give for real rollouts, and against NeMo Gym's own converter.

Reads `shared/rollouts` beside the checkout and is skipped where there is none.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rollout_curator.conversation import GYM_OPTIONS, ChatOptions, FlatOptions, encode, issue_kind, to_chat, to_flat
from rollout_curator.rollout import Example, Rollout
from rollout_curator.sources.formats.base import read_object
from rollout_curator.sources.lines import Parsed, parse

ROLLOUTS = Path(__file__).parents[1].parent / "shared" / "rollouts"
SOURCES = sorted((ROLLOUTS / "nemo_gym").rglob("*.jsonl"))

pytestmark = [pytest.mark.shared, pytest.mark.skipif(not SOURCES, reason="shared/rollouts is not beside the checkout")]

FIELD = ChatOptions(reasoning="field")


@dataclass(frozen=True, slots=True)
class Case:
    """One line of a source, the rollout read from it (None where there is none), and what is expected of it."""

    where: str
    line: bytes
    rollout: Rollout | None
    expected: dict[str, Any]


def read_rollout(line: bytes) -> Rollout | None:
    """Return the rollout of a line as the product reads it, or None where the line is a problem."""
    parsed = parse(line)
    if not isinstance(parsed, Parsed):
        return None
    rollout = read_object(parsed.obj, parsed.notes)
    return rollout if isinstance(rollout, Rollout) else None


def read_cases() -> Iterator[Case]:
    """Yield every non-blank line of every source with its expectation."""
    for source in SOURCES:
        relative = source.relative_to(ROLLOUTS / "nemo_gym")
        lines = source.read_bytes().split(b"\n")
        for text in (ROLLOUTS / "expected" / relative).read_bytes().splitlines():
            expected = json.loads(text)
            line = lines[expected["line"] - 1]
            yield Case(f"{relative}:{expected['line']}", line, read_rollout(line), expected)


CASES = list(read_cases())


def record_of(case: Case, make: Callable[[Rollout], Example]) -> Any:
    """Return the record as a trainer reads it back, or None where there is none."""
    example = make(case.rollout) if case.rollout else None
    return json.loads(encode(example.record())) if example and example.skip is None else None


def differing(make: Callable[[Rollout], Example], key: str) -> list[str]:
    """Return the places where the record is not the expected one."""
    return [case.where for case in CASES if record_of(case, make) != case.expected.get(key)]


NEWER = {"joined_answers", "tools_not_recorded", "unknown_tool", "arguments_off_schema", "unread_content"}
"""Kinds of issue that the expectations do not know yet; they stand beside those that they do."""


def noticed(example: Example) -> set[str]:
    """Return issues and skip reason in the notation of the expectations."""
    known = {issue for issue in example.issues if issue_kind(issue) not in NEWER}
    return known | ({f"SKIP:{example.skip}"} if example.skip else set())


def test_what_the_expectations_do_not_know_is_told_of_few_real_rollouts() -> None:
    found = Counter(
        issue_kind(issue)
        for case in CASES
        if case.rollout
        for issue in to_chat(case.rollout).issues
        if issue_kind(issue) in NEWER
    )
    assert found == {"joined_answers": 7, "tools_not_recorded": 50, "arguments_off_schema": 1, "unread_content": 5}


def test_the_only_content_of_real_rollouts_that_is_not_read_is_sound_in_their_metadata() -> None:
    notes = [note for case in CASES if case.rollout for note in case.rollout.notes if note.startswith("unread")]
    assert notes == ["unread_content:metadata.audio_url"] * 5


def test_there_are_98_real_sources_with_490_lines() -> None:
    assert (len(SOURCES), len(CASES)) == (98, 490)


def test_every_flat_example_is_the_expected_one() -> None:
    assert differing(to_flat, "flat") == []


def test_every_chat_example_without_reasoning_is_the_expected_one() -> None:
    assert differing(to_chat, "chat_drop_object") == []


def test_every_chat_example_with_reasoning_is_the_expected_one() -> None:
    assert differing(lambda rollout: to_chat(rollout, FIELD), "chat_field_object") == []


def test_every_example_for_gym_is_what_gyms_converter_gives() -> None:
    assert differing(lambda rollout: to_chat(rollout, GYM_OPTIONS), "gym_converter") == []


def test_every_flat_issue_is_the_expected_one() -> None:
    made = [(case, to_flat(case.rollout)) for case in CASES if case.rollout]
    assert [case.where for case, example in made if noticed(example) != set(case.expected["flat_issues"])] == []


def test_every_chat_issue_is_the_expected_one() -> None:
    made = [(case, to_chat(case.rollout)) for case in CASES if case.rollout]
    assert [case.where for case, example in made if noticed(example) != set(case.expected["chat_issues"])] == []


def test_lines_that_are_no_rollouts_are_expected_to_give_nothing() -> None:
    expected = [case.expected for case in CASES if case.rollout is None]
    assert Counter(line.get("problem") or line["chat_issues"][0] for line in expected) == {
        "not a JSON object": 10,
        "SKIP:no_response": 75,
        "SKIP:no_params": 15,
    }


def test_the_counts_of_examples_are_the_measured_ones() -> None:
    makers: dict[str, Callable[[Rollout], Example]] = {
        "flat": to_flat,
        "chat": to_chat,
        "chat with reasoning": lambda rollout: to_chat(rollout, FIELD),
        "gym": lambda rollout: to_chat(rollout, GYM_OPTIONS),
    }
    counts = {name: sum(record_of(case, make) is not None for case in CASES) for name, make in makers.items()}
    assert counts == {"flat": 359, "chat": 369, "chat with reasoning": 375, "gym": 380}


def guide_messages(fields: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what the SFT guide's script gives with `response.output`: prompt items as they are, one joined answer."""
    messages = [
        {"role": item["role"], "content": item["content"]} for item in fields["responses_create_params"]["input"]
    ]
    texts = [item["content"][0]["text"] for item in fields["response"]["output"] if item["type"] == "message"]
    return [*messages, {"role": "assistant", "content": " ".join(texts)}] if texts else messages


def guide_example(case: Case) -> list[dict[str, Any]] | None:
    """Return the guide's messages where they can be used: texts only, an answer at the end, no prompt in the output."""
    assert case.rollout
    if "prompt_in_output" in to_flat(case.rollout).issues:
        return None
    try:
        messages = guide_messages(json.loads(case.line))
    except (KeyError, TypeError, IndexError):
        return None
    are_texts = all(isinstance(message["content"], str) for message in messages)
    is_answered = bool(messages) and messages[-1]["role"] == "assistant" and messages[-1]["content"].strip() != ""
    return messages if are_texts and is_answered else None


def test_f8_flat_is_what_the_guides_script_gives_wherever_that_is_usable() -> None:
    verbatim = FlatOptions(developer_to_system=False)
    pairs = [(case, messages) for case in CASES if case.rollout and (messages := guide_example(case))]
    assert len(pairs) > 300
    assert [
        c.where for c, messages in pairs if record_of(c, lambda r: to_flat(r, verbatim)) != {"messages": messages}
    ] == []
