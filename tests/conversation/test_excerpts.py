"""The words by which a rollout is known in a table: the start of the task and of the final answer."""

from typing import Any

import pytest

from rollout_curator.conversation.excerpts import Excerpt, cut_shared_starts, excerpt_of
from rollout_curator.rollout import Rollout

USER = {"type": "message", "role": "user", "content": "What is\n 2 + 3?"}
SYSTEM = {"type": "message", "role": "system", "content": "Be brief."}
CALL = {"type": "function_call", "call_id": "c1", "name": "add", "arguments": '{"a": 2}'}
RESULT = {"type": "function_call_output", "call_id": "c1", "output": "5"}


def rollout(prompt: Any, output: Any, instructions: str | None = None) -> Rollout:
    return Rollout("test", prompt, output, 1.0, instructions=instructions)


def assistant(content: Any, **more: Any) -> dict[str, Any]:
    return {"type": "message", "role": "assistant", "content": content, **more}


def test_the_first_user_message_and_the_last_answer_stand_on_one_line_each() -> None:
    made = rollout([SYSTEM, USER], [CALL, RESULT, assistant([{"type": "output_text", "text": "It is\t5."}])])
    assert excerpt_of(made) == Excerpt("What is 2 + 3?", "It is 5.")


def test_without_a_user_the_first_message_is_the_task_and_without_messages_the_instructions_are() -> None:
    assert excerpt_of(rollout([SYSTEM], [])) == Excerpt("Be brief.", "")
    assert excerpt_of(rollout(None, None, "Count.")) == Excerpt("Count.", "")


def test_thoughts_are_no_answer() -> None:
    thought = assistant([{"type": "thinking", "thinking": "Hm."}, {"type": "output_text", "text": "7"}])
    assert excerpt_of(rollout("Q", [thought])).answer == "7"
    assert excerpt_of(rollout("Q", [assistant("<think>long</think>\n\n8")])).answer == "8"


def test_a_rollout_that_ends_on_a_call_or_its_result_shows_the_call() -> None:
    assert excerpt_of(rollout("Q", [assistant(""), CALL, RESULT])).answer == 'add({"a": 2})'
    chat = assistant(None, tool_calls=[{"id": "c", "function": {"name": "add", "arguments": {"a": 2}}}])
    assert excerpt_of(rollout("Q", [chat, {"role": "tool", "tool_call_id": "c", "content": "5"}])).answer == (
        'add({"a": 2})'
    )


def test_media_without_text_are_named() -> None:
    picture = {"role": "user", "content": [{"type": "input_image", "image_url": "data:..."}]}
    assert excerpt_of(rollout([picture], [])).task == "[image]"


def test_long_texts_are_cut_with_an_ellipsis() -> None:
    made = excerpt_of(rollout("word " * 9_000, [assistant("y" * 500)]))
    assert made.task == "word " * 399 + "word…"
    assert made.answer == "y" * 399 + "…"


@pytest.mark.parametrize(
    "odd",
    [None, 3, "text", {"a": 1}, [None, 1, "x"], [[{"role": "user"}]], [{"role": "assistant", "content": 3.5}]],
)
def test_odd_sequences_give_no_words_and_no_error(odd: Any) -> None:
    made = excerpt_of(rollout(odd, odd))
    assert isinstance(made.task, str)
    assert isinstance(made.answer, str)


def test_a_start_that_of_one_agent_share_is_cut_at_a_word() -> None:
    start = "Solve the problem and put the answer in a box. "
    texts = [start + "What is 2?", start + "What is 3?", start + "How many?", "Fix the bug", "Fix the test"]
    assert cut_shared_starts(texts, ["math", "math", "math", "code", "code"]) == [
        "… What is 2?",
        "… What is 3?",
        "… How many?",
        "Fix the bug",
        "Fix the test",
    ]


def test_attempts_at_one_task_keep_their_words() -> None:
    assert cut_shared_starts(["What is the sum of two and three?"] * 5, ["math"] * 5) == (
        ["What is the sum of two and three?"] * 5
    )
