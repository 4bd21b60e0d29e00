"""What trainers train on, said again from their sources, token by token: for tests on the trainer's view."""

import json
import re
from bisect import bisect_left, bisect_right
from typing import Any

STANDINS = ("[[dummy_message]]", "zzdummymessagezz")


def axolotl_labels(tokenizer: Any, messages: list[Any], tools: list[Any] | None, train: list[int]) -> list[int]:
    """Return 1 for each token that Axolotl trains on with the printed config, else 0.

    axolotl 0.19.0, `axolotl/prompt_strategies/chat_template.py`: `_tokenize_single_prompt`, `_build_turn_locator`,
    `_find_turn_from_text`, `find_first_eos_token`; `transform_message` reads arguments that are JSON text, and hands on
    what the template reads of a variable called `message` (`jinja_template_analyzer.py`).
    """
    names = set(re.findall(r"\bmessage(?:\.|\[['\"])(\w+)", tokenizer.chat_template))
    turns = [_transformed(message, names | {"role", "content", "reasoning_content"}) for message in messages]
    given: dict[str, Any] = {"tools": tools} if tools else {}
    full = tokenizer.apply_chat_template(turns, tokenize=False, **given)
    encoded = tokenizer(full, add_special_tokens=False, return_offsets_mapping=True)
    ids, starts, ends = encoded["input_ids"], *map(list, zip(*encoded["offset_mapping"], strict=True))
    labels = [0] * len(ids)
    for n, trained in enumerate(train):
        if not trained:
            continue
        spans = []
        for standin in STANDINS:
            others = [*turns[:n], {"role": "assistant", "content": standin}, *turns[n + 1 :]]
            spans.append(_diff(full, tokenizer.apply_chat_template(others, tokenize=False, **given)))
        first, last = min(start for start, _ in spans), max(end for _, end in spans)
        start, end = (-1, -1) if last <= first else (bisect_right(ends, first), bisect_left(starts, last))
        if start != -1 and end > start:
            labels[start:end] = [1] * (end - start)
        else:
            end = -1
        eos = next((at for at in range(end, len(ids)) if ids[at] == tokenizer.eos_token_id), -1)
        if eos != -1 and abs(eos - end) <= 3:
            labels[eos] = 1
    return labels


def _transformed(message: dict[str, Any], names: set[str]) -> dict[str, Any]:
    made = json.loads(json.dumps({key: value for key, value in message.items() if key in names}))
    for call in made.get("tool_calls", ()):
        if isinstance(call["function"]["arguments"], str):
            call["function"]["arguments"] = json.loads(call["function"]["arguments"])
    return dict(made)


def _diff(full: str, other: str) -> tuple[int, int]:
    limit, start, suffix = min(len(full), len(other)), 0, 0
    while start < limit and full[start] == other[start]:
        start += 1
    while suffix < limit - start and full[-1 - suffix] == other[-1 - suffix]:
        suffix += 1
    return start, len(full) - suffix


def unsloth_labels(tokenizer: Any, text: str, instruction_part: str, response_part: str) -> list[int]:
    """Return 1 for each token that Unsloth trains on, else 0, with marks whose edges no text changes.

    unsloth_zoo 2026.10.9, `dataset_utils.py`, `train_on_responses_only`: from each response_part up to the end token
    with it, the next message, the beginning token, or the instruction_part; the tokens that both parts begin with
    stand for the beginning of a message, where they are special.
    """
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    ask = tokenizer(instruction_part, add_special_tokens=False)["input_ids"]
    answer = tokenizer(response_part, add_special_tokens=False)["input_ids"]
    core = (
        len(answer) - 1
        if tokenizer(f"{response_part}\n", add_special_tokens=False)["input_ids"][: len(answer)] != (answer)
        else len(answer)
    )
    same = 0
    while ask[same] == answer[same]:
        same += 1
    opener = ask[:same] if all(token in tokenizer.all_special_ids for token in ask[:same]) else []
    labels, at = [0] * len(ids), 0
    while at < len(ids):
        if ids[at : at + core] != answer[:core]:
            at += 1
            continue
        start = at + core
        start += ids[start : start + len(answer) - core] == answer[core:] and len(answer) - core
        at = start
        while at < len(ids):
            if ids[at] == tokenizer.eos_token_id:
                at += 1
                break
            is_next = bool(opener) and ids[at : at + same] == opener
            if ids[at] == tokenizer.bos_token_id or is_next or ids[at : at + len(ask)] == ask:
                break
            at += 1
        labels[start:at] = [1] * (at - start)
    return labels
