"""Whether a reward is a measurement: cut off, failed or masked rollouts, in the words of every writer.

Chat completions `finish_reason`, Anthropic `stop_reason`, verifiers `is_truncated` and `stop_condition`, Responses
`status` and `incomplete_details`, NeMo Gym `mask_sample` and its flags of failure.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from rollout_curator.rollout import InvalidKind

CUT_REASONS = ("finish_reason", "stop_reason", "stop_condition")
_CUT = frozenset({"length", "context_length", "model_length", "token_limit", "model_context_window_exceeded"})
"""Names of limits beside those that begin with `max_`; the last is Anthropic's."""
ENDINGS = frozenset({"stop", "stop_sequence", "end_turn", "tool_calls", "function_call", "tool_use", "eos"})
"""Reasons why an answer ended whole."""
_OF_MODEL = (None, "message", "function_call", "reasoning")
"""Kinds of items that a policy writes: only such an item, left incomplete, is an answer cut off."""
_NO_FAILURE = ("", "none", "other", "null", "ok", "false", "0", "success")
_FLAGS = ("timed_out", "context_length_exceeded_error")
_FAILURES = (*_FLAGS, "error_kind", "failure_kind", "failure_reason")


class Ending(NamedTuple):
    """How a rollout ended: `invalid` is masked, failed, truncated or empty; `cut` names the limit its answer ran into.

    A cut answer is a truncated one; an environment that ends an episode at its step limit cuts no answer. `finish` is
    `error` where the response is one, else the limit, else empty.
    """

    invalid: InvalidKind = ""
    cut: str | None = None
    finish: str = ""


def read_ending(line: Mapping[str, Any], last: Mapping[str, Any] | None = None) -> Ending:
    """Return how a rollout ended, by the keys of its line, of its `response` and of its last message."""
    response = line["response"] if isinstance(line.get("response"), dict) else {}
    cut = _cut(line, response, last or _last_item(response))
    finish = "error" if response.get("error") else cut or ""
    if is_true(line.get("mask_sample")):
        return Ending("masked", cut, finish)
    if _has_failed(line, response):
        return Ending("truncated" if cut and not _is_error(line, response) else "failed", cut, finish)
    if cut or any(is_true(line.get(name)) for name in ("is_truncated", "truncated")):
        return Ending("truncated", cut, finish)
    return Ending()


def _cut(line: Mapping[str, Any], response: Mapping[str, Any], last: Mapping[str, Any]) -> str | None:
    """Return the limit that cut the answer off, as far as it is named."""
    details = response.get("incomplete_details")
    reason = details.get("reason") if isinstance(details, dict) else None
    if reason:
        return short(reason)
    if response.get("status") == "incomplete":
        return "incomplete"
    choices = line.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
    for place in (line, response, choice, last):
        for name in CUT_REASONS:
            if name in place and isinstance(value := place[name], str) and _is_limit(value):
                return short(value)
    if last.get("status") == "incomplete" and last.get("type") in _OF_MODEL:
        return "incomplete"
    return "cut" if is_true(line.get("is_truncated")) else None


def _last_item(response: Mapping[str, Any]) -> Mapping[str, Any]:
    output = response.get("output")
    return output[-1] if isinstance(output, list) and output and isinstance(output[-1], dict) else {}


def _is_limit(value: str) -> bool:
    return value.lower() in _CUT or value.lower().startswith("max_")


def _has_failed(line: Mapping[str, Any], response: Mapping[str, Any]) -> bool:
    """Say whether something outside the model failed; the text "none" is no failure."""
    if _is_error(line, response):
        return True
    for name, value in line.items():
        if name.endswith(_FAILURES) and (value in (True, 1) if name.endswith(_FLAGS) else _says_failure(value)):
            return True
    return False


def _is_error(line: Mapping[str, Any], response: Mapping[str, Any]) -> bool:
    if response.get("error") or response.get("status") in ("failed", "cancelled"):
        return True
    condition = line.get("stop_condition")
    if isinstance(condition, str) and (condition in ("error", "has_error") or condition.endswith("_error")):
        return True
    error = line.get("error")
    is_error = _says_failure(error) if isinstance(error, str) else bool(error)
    return is_error or _says_failure(line.get("exception_type"))


def _says_failure(value: Any) -> bool:
    return isinstance(value, str) and value.strip().lower() not in _NO_FAILURE


def is_true(value: Any) -> bool:
    """Whether a flag is set, also where it is written as 1 or "true"."""
    if value is None or value is False:
        return False
    if isinstance(value, str):
        return value.strip().lower() in ("true", "1", "yes")
    return isinstance(value, bool | int | float) and value == 1


def short(value: Any) -> str:
    """Return a name found in data as a short text, or `unknown`."""
    text = str(value) if isinstance(value, str | int | float) else "unknown"
    return text[:60].encode("utf-8", "backslashreplace").decode()
