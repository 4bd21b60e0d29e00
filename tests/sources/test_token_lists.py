"""Lines too full to parse are read without their log probabilities: what is shown and written stays the same.

The limits are lowered, so that one small rollout can be read both ways.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollout_curator.conversation import FlatOptions, to_chat, to_flat
from rollout_curator.index.facts import CLASS_NAMES, Facts
from rollout_curator.index.flags import flag_words
from rollout_curator.index.scan import content_key, read_line
from rollout_curator.index.source import to_rollout
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.rollout import Unreadable
from rollout_curator.sources import limits, token_lists
from rollout_curator.sources import lines as reader
from rollout_curator.sources.shapes.key_tracker import HARMLESS, TOKEN_KEYS
from rollout_curator.ui.reader.payload import raw_text
from rollout_curator.ui.reader.transcript import transcript
from rollout_curator.ui.reader.views import View
from rollout_curator.workspace.workspace import Workspace

Json = dict[str, Any]


def entry(token: str, logprob: float = -0.5) -> Json:
    one = {"token": token, "logprob": logprob, "bytes": list(token.encode("utf-8", "surrogatepass"))}
    return {**one, "top_logprobs": [one, {"token": "}],", "logprob": -9.0, "bytes": []}]}


TOKENS = [entry("Four"), entry("]}"), entry('say "\\'), entry("<|im_end|>"), entry("é")]


def rollout(logprobs: Any, **more: Any) -> Json:
    """A NeMo Gym rollout whose answer carries this under `logprobs`."""
    part = {"type": "output_text", "text": "Four.", "annotations": [], "logprobs": logprobs}
    call = {"type": "function_call", "call_id": "c", "name": "add", "arguments": '{"logprobs": [1, 2, 3]}'}
    return {
        "responses_create_params": {"input": [{"role": "user", "content": "Two and two?"}]},
        "response": {
            "output": [
                {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Easy."}], "token_ids": [7, 8, 9]},
                {**call, "prompt_token_ids": [1, 2], "generation_token_ids": [3, 4]},
                {"type": "function_call_output", "call_id": "c", "output": [{"logprobs": [{"a": 1}, {"b": 2}]}]},
                {"type": "message", "role": "assistant", "content": [part], "generation_log_probs": [-0.1, -0.2]},
            ],
            "usage": {"input_tokens": 4, "output_tokens": 5},
        },
        "reward": 1.0,
        **more,
    }


CHAT = {
    "messages": [
        {"role": "user", "content": "Two and two?"},
        {"role": "assistant", "content": "Four.", "logprobs": {"content": TOKENS, "refusal": None}},
        {"role": "tool", "content": [{"logprobs": [{"a": 1}, {"b": 2}]}], "tool_call_id": "x"},
        {"role": "assistant", "stop": "<|im_end|>", "content": [{"type": "text", "text": "Yes.", "logprobs": TOKENS}]},
    ],
    "token_ids": [1, 2, 3],
    "score": 0.5,
}
LINES = {
    "responses": rollout(TOKENS),
    "chat": CHAT,
    "a copy beside it": rollout(TOKENS, output=rollout(TOKENS)["response"]["output"]),
    "no number": rollout([*TOKENS, entry("x", float("-inf"))]),
    "half a pair": rollout([*TOKENS, {"token": "\ud83d"}]),
    "all": rollout(TOKENS, prompt_logprobs={"tokens": ["a", "b"]}, prompt_token_ids=[1, 2, 3]),
}


def encoded(line: Json) -> bytes:
    return json.dumps(line).encode()


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take every line of more than 40 objects and lists for one that is too full to parse."""
    monkeypatch.setattr(limits, "LOOKED_AT_BYTES", 0)
    monkeypatch.setattr(limits, "CONTAINERS_MAX", 40)


def facts(line: bytes) -> Facts:
    found = read_line(line, "")
    assert isinstance(found, Facts)
    return found


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_a_full_line_is_shown_and_written_as_if_it_were_read_whole(line: Json, monkeypatch: pytest.MonkeyPatch) -> None:
    text = encoded(line)
    whole, known = to_rollout(text), facts(text)
    monkeypatch.setattr(limits, "LOOKED_AT_BYTES", 0)
    monkeypatch.setattr(limits, "CONTAINERS_MAX", text.count(b"{") + text.count(b"[") - 1)
    read, found = to_rollout(text), facts(text)
    at = CLASS_NAMES.index("flags")
    assert "tokens_not_read" in read.notes
    assert [note for note in read.notes if note != "tokens_not_read"] == list(whole.notes)
    assert transcript(read) == transcript(whole)
    assert (to_chat(read), to_flat(read, FlatOptions())) == (to_chat(whole), to_flat(whole, FlatOptions()))
    assert repr((found.numbers, found.facets)) == repr((known.numbers, known.facets))
    assert found.classes[:at] + found.classes[at + 1 :] == known.classes[:at] + known.classes[at + 1 :]


def test_only_the_first_entry_of_each_list_of_tokens_is_left(full: None) -> None:
    parsed = reader.parse(encoded(rollout(TOKENS)))
    assert isinstance(parsed, reader.Parsed)
    thought, call, result, answer = parsed.obj["response"]["output"]
    assert (thought["token_ids"], call["prompt_token_ids"], answer["generation_log_probs"]) == ([7], [1], [-0.1])
    assert answer["content"][0]["logprobs"] == [TOKENS[0]]
    assert call["arguments"] == '{"logprobs": [1, 2, 3]}'
    assert result["output"] == [{"logprobs": [{"a": 1}, {"b": 2}]}]


def test_what_was_not_read_is_told_in_words(full: None) -> None:
    said = facts(encoded(rollout(TOKENS))).classes[CLASS_NAMES.index("flags")]
    assert said == "tokens_not_read|has_token_ids"
    assert flag_words(said) == "log probabilities or token ids not read, as they are too many"


@pytest.mark.parametrize(
    "line",
    [
        encoded(rollout(TOKENS)).replace(b'"bytes"', b'"bytes', 1),
        encoded(rollout(TOKENS)).replace(b"-9.0", b"-9.0.0"),
        encoded(rollout(TOKENS)).replace(b"-9.0", b'"\xff"'),
        encoded(rollout([*TOKENS, 1])).replace(b", 1]", b", ]"),
        encoded(rollout(TOKENS))[:-1],
        encoded(rollout(TOKENS)) + b"x",
        encoded(rollout(TOKENS, more=[[]] * 100)),
        encoded({"messages": [{"role": "user", "content": "a", "logprobs": TOKENS * 3}]}),
        encoded({"messages": [{"role": "assistant", "content": "a", "tool_calls": [{"logprobs": TOKENS * 3}]}]}),
        encoded(rollout(TOKENS)).replace(b'"role": "assistant"', b'"role": "assistant", "r\\u006fle": "tool"'),
    ],
    ids=["open text", "no JSON", "not UTF-8", "comma", "cut", "more", "still full", "user", "call", "escaped key"],
)
def test_a_full_line_that_cannot_be_trimmed_stays_a_problem(line: bytes, full: None) -> None:
    found = reader.parse(line)
    assert isinstance(found, Unreadable) and found.kind == "too_many_values"


def test_a_line_below_the_limit_is_read_whole() -> None:
    text = encoded(rollout(TOKENS))
    assert reader.parse(text) == reader.Parsed(json.loads(text))
    assert reader.readable(text) == text


def test_keys_that_are_cut_never_hold_conversation() -> None:
    assert TOKEN_KEYS <= HARMLESS


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text('ab"\\[]{},:é\ud83d\n', max_size=6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text('k"\\]', max_size=3), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(st.lists(JSON, max_size=8), st.sampled_from([None, 1, "\t"]), st.booleans())
def test_a_list_is_split_at_its_own_commas_and_ends_where_json_ends_it(
    entries: list[Any], indent: Any, as_escapes: bool
) -> None:
    written = json.dumps(entries, indent=indent, ensure_ascii=as_escapes).encode("utf-8", "surrogatepass")
    found = token_lists.split(b'{"a":' + written + b',"b":["]"]}', 5)
    assert found.end == 5 + len(written)
    assert bool(found.commas) == (len(entries) > 1)
    if found.commas:
        first, last = (at - 5 for at in (found.commas[0], found.commas[-1]))
        decode = "utf-8", "surrogatepass"
        assert json.loads(written[:first].decode(*decode) + "]") == entries[:1]
        assert json.loads("[" + written[last + 1 :].decode(*decode)) == entries[-1:]


@settings(max_examples=200, deadline=None)
@given(st.lists(JSON, min_size=2, max_size=8), st.integers(2, 40))
def test_a_window_may_end_anywhere_in_a_list(entries: list[Any], size: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(token_lists, "_FIRST_WINDOW", size)
        patch.setattr(token_lists, "WINDOW_BYTES", size)
        line = json.dumps(rollout(entries)).encode()
        trimmed = token_lists.trim(line)
        assert trimmed is not None
        assert json.loads(trimmed.text)["response"]["output"][3]["content"][0]["logprobs"] == entries[:1]
        cut = [each for start, end in trimmed.pieces for each in json.loads(b"[0" + line[start:end] + b"]")[1:]]
        assert cut == [8, 9, 2, 4, *entries[1:], -0.2]


def test_the_raw_line_says_what_of_it_is_not_shown(tmp_path: Path, full: None) -> None:
    line = encoded(rollout(TOKENS))
    (tmp_path / "a.jsonl").write_bytes(line + b"\n")
    workspace = Workspace.open([tmp_path / "a.jsonl"], tmp_path / "cache")
    shown = raw_text(View(workspace, Recipe(), np.array([0]), "ann"), 0)
    assert json.loads(shown["text"])["response"]["output"][3]["content"][0]["logprobs"] == [TOKENS[0]]
    n_cut = len(line) - len(reader.readable(line))
    assert shown["note"] == (
        "Shortened line. Log probabilities or token ids not read, as they are too many; only the first entry of each "
        f"list is here: {n_cut:,} of {len(line):,} bytes are not shown."
    )
    assert workspace.key(0) == content_key(line).hex()
