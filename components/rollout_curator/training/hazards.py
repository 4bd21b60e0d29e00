"""What of an example would do nothing in training, or harm: found before it is written, named, and mended where asked.

Knows an example and what its trainer sees (`trainer_view`); does not decide which of these keep an example out
(`recipe` does).
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any

from rollout_curator.rollout import Example, Message
from rollout_curator.sources.shapes.parts import texts_of
from rollout_curator.training import tokens
from rollout_curator.training.length_check import OVER_LENGTH
from rollout_curator.training.targets.base import Target
from rollout_curator.training.templates.render import Rendered
from rollout_curator.training.trainer_view import Look, View, view

__all__ = ["Hazard", "Look", "View", "check_example", "hazards", "looked_for", "view"]
PYTHON_PART = "{'type': "
"""How a template that only knows text prints a content part."""


@dataclass(frozen=True, slots=True)
class Hazard:
    """One thing found: its kind, a detail for people, and the message at which it begins where one can be named."""

    kind: str
    detail: str = ""
    at: int | None = None


def looked_for(look: Look) -> dict[str, str]:
    """Return every hazard this trainer knows, with what is needed to look for it, "" where nothing is."""
    target = look.target
    known = {"no_trained_token": ""}
    if target.judge is not None:
        known |= {"refused_by_trainer": "", "skipped_by_trainer": ""}
    known |= {OVER_LENGTH: "" if look.max_tokens or target.usual_limit else "a max length"}
    if target.renders != "itself":
        needed = "a chat template" if look.template is None else "" if look.is_known else "the trainer's own template"
        known |= dict.fromkeys(("template_error", "double_encoded", "image_repr"), needed)
        if target.renders == "prefixes":
            known |= {"prefix_error": needed, "history_rewritten": needed}
    by_trainer = {
        "double_encoded": target.encodes_arguments,
        "text_beside_calls": target.tells_text_beside_calls,
        "trained_prompt": target.trains_prompt,
        "mixed_content": target.refuses_mixed_content,
        "none_filled": target.reads_columns,
    }
    return known | {name: "" for name, applies in by_trainer.items() if applies}


def check_example(made: Example, look: Look, trim: frozenset[str]) -> Example:
    """Return an example with what was found as further issues, ended earlier where `trim` asks for that.

    A trimmed example is looked at again. One that would keep no answer of its own is not trimmed.
    """
    issues = made.issues
    while True:
        found = list(hazards(made, look))
        mendable = [hazard for hazard in found if hazard.kind in trim and hazard.at is not None]
        first = min(mendable, key=lambda hazard: hazard.at or 0, default=None)
        shorter = _ended_before(made, first.at) if first and first.at is not None else None
        if first is None or shorter is None:
            named = tuple(f"{hazard.kind}:{hazard.detail}" if hazard.detail else hazard.kind for hazard in found)
            return replace(made, issues=(*issues, *dict.fromkeys(named)))
        issues = tuple(dict.fromkeys((*issues, f"trimmed:{first.kind}")))
        made = shorter


def _ended_before(made: Example, at: int) -> Example | None:
    """Return an example that ends on the last answer before message `at`, None when the prompt has the last one."""
    messages = list((made.messages or [])[:at])
    while messages and messages[-1]["role"] != "assistant":
        messages.pop()
    is_shorter = made.n_prompt < len(messages) < len(made.messages or [])
    if not is_shorter:
        return None
    left_out = dict(made.left_out)
    left_out["trimmed"] = left_out.get("trimmed", 0) + len(made.messages or []) - len(messages)
    kept = frozenset(place for place in made.untrained if place < len(messages))
    origins = made.origins[: len(messages)]
    return replace(made, messages=messages, left_out=tuple(left_out.items()), untrained=kept, origins=origins)


def hazards(made: Example, look: Look) -> Iterator[Hazard]:
    """Yield what is found in an example, each kind once."""
    messages = made.messages or []
    seen = view(made, look, closely=False) if look.template or look.max_tokens else None
    yield from _judged(made, look.target)
    yield from _by_shape(made, look)
    if seen is not None and seen.rendered is not None and look.is_known:
        yield from _by_template(messages, look, seen.rendered)
    if seen is not None and look.max_tokens and look.target.is_too_long(seen.n_tokens, look.max_tokens):
        is_exact = look.template is not None and bool(look.template.tokenizer) and look.is_known
        about = "" if is_exact and seen.rendered is not None else "about "
        at = _first_too_long(seen, look, look.max_tokens)
        yield Hazard(OVER_LENGTH, f"{about}{seen.n_tokens:,} tokens", at)
    trained = [message for message, counts in zip(messages, made.mask(), strict=True) if counts]
    if not any(map(_says_something, trained)) or (seen is not None and _trains_nothing(seen)):
        yield Hazard("no_trained_token")


def _judged(made: Example, target: Target) -> Iterator[Hazard]:
    """Yield what the trainer's own rules say of the record as it is read."""
    judged = target.judge(made.record()) if target.judge else None
    if judged is not None:
        yield Hazard(judged.kind, judged.words, judged.at)


def _by_shape(made: Example, look: Look) -> Iterator[Hazard]:
    """Yield what the messages show without a template."""
    messages, target = made.messages or [], look.target
    n_answers = sum(message["role"] == "assistant" for message in messages[: made.n_prompt])
    if n_answers and target.trains_prompt:
        yield Hazard("trained_prompt", f"{n_answers:,} {'answer' if n_answers == 1 else 'answers'}")
    if target.encodes_arguments and (at := _first(messages, _has_text_arguments)) is not None:
        yield Hazard("double_encoded", at=at)
    if target.tells_text_beside_calls and (at := _first(messages, _has_text_beside_calls)) is not None:
        yield Hazard("text_beside_calls", at=at)
    if target.refuses_mixed_content and not look.has_lists:
        at = _first(messages, lambda message: isinstance(message["content"], list))
        if at is not None:
            yield Hazard("mixed_content", at=at)
    if target.reads_columns and made.tools is not None and not made.has_tools_as_text and made.layout == "messages":
        yield Hazard("none_filled")


def _by_template(messages: list[Message], look: Look, rendered: Rendered) -> Iterator[Hazard]:
    """Yield what the chat template shows."""
    target = look.target
    if rendered.error:
        yield Hazard("template_error", rendered.error, rendered.failed_at)
    elif target.renders == "prefixes" and rendered.prefix_error:
        yield Hazard("prefix_error", rendered.prefix_error, rendered.failed_at)
    if target.renders == "prefixes" and rendered.drift_at is not None:
        yield Hazard("history_rewritten", f"at message {rendered.drift_at + 1}", rendered.drift_at)
    if not (target.encodes_arguments or target.decodes_arguments):
        at = _first(messages, lambda message: _is_encoded_twice(message, rendered.whole))
        if at is not None:
            yield Hazard("double_encoded", at=at)
    if PYTHON_PART in rendered.whole:
        at = _first(messages, lambda message: isinstance(message["content"], list))
        if at is not None and not any(PYTHON_PART in text for text in _texts(messages)):
            yield Hazard("image_repr", at=at)


def _first_too_long(seen: View, look: Look, limit: int) -> int | None:
    """Return the first message with which the example is too long."""
    counts = seen.tokens
    if seen.rendered is not None and look.template is not None:
        counts = tuple(tokens.count(seen.rendered.chunks, look.template.tokenizer))
    totals = accumulate(counts)
    return next((n for n, total in enumerate(totals) if look.target.is_too_long(total, limit)), None)


def _says_something(message: Message) -> bool:
    return any(value for key, value in message.items() if key not in ("role", "name"))


def _trains_nothing(seen: View) -> bool:
    """Whether a template writes nothing for what is trained on."""
    if seen.rendered is None or seen.n_trained is None:
        return False
    return not any(text.strip() for text, trained in zip(seen.texts, seen.trained, strict=True) if trained)


def _first(messages: list[Message], claim: Callable[[Message], bool]) -> int | None:
    return next((n for n, message in enumerate(messages) if claim(message)), None)


def _arguments(message: Mapping[str, Any]) -> list[Any]:
    return [call["function"]["arguments"] for call in message.get("tool_calls", ())]


def _has_text_arguments(message: Message) -> bool:
    return any(isinstance(arguments, str) for arguments in _arguments(message))


def _has_text_beside_calls(message: Message) -> bool:
    return bool(message.get("tool_calls")) and bool(message["content"])


def _is_encoded_twice(message: Message, whole: str) -> bool:
    """Whether arguments that are JSON text stand in the rendering as a JSON string."""
    texts = [arguments for arguments in _arguments(message) if isinstance(arguments, str) and '"' in arguments]
    return any(json.dumps(text, ensure_ascii=False) in whole or json.dumps(text) in whole for text in texts)


def _texts(messages: list[Message]) -> Iterator[str]:
    for message in messages:
        yield from texts_of(message["content"])
