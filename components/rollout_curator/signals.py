"""What can be measured on a rollout: ADD ONE FUNCTION, and it is a column of the index.

A signal takes the output of a rollout (normalised items) and gives a number; it never raises on any JSON value. It
only says what is there: no signal decides anything by itself.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any

from rollout_curator.rollout import Item
from rollout_curator.sources.shapes.parts import texts_of

Signal = Callable[[Sequence[Item]], float]
SIGNALS: dict[str, Signal] = {}


def signal(function: Signal) -> Signal:
    """Add a function to the table under its own name."""
    SIGNALS[function.__name__] = function
    return function


@signal
def repeated_calls(output: Sequence[Item]) -> float:
    """Count tool calls that repeat an earlier one to the letter: an agent going round in circles."""
    seen: set[str] = set()
    n_repeated = 0
    for name, arguments in _calls(output):
        call = (
            f"{name} {arguments if isinstance(arguments, str) else json.dumps(arguments, sort_keys=True, default=str)}"
        )
        n_repeated += call in seen
        seen.add(call)
    return float(n_repeated)


@signal
def distinct_tools(output: Sequence[Item]) -> float:
    """Count the different tools that were called."""
    return float(len({str(name) for name, _ in _calls(output)}))


@signal
def final_chars(output: Sequence[Item]) -> float:
    """Measure the last assistant text in characters; 0 when there is none."""
    for item in reversed(output):
        if item.get("role") == "assistant":
            return float(sum(map(len, texts_of(item.get("content")))))
    return 0.0


def _calls(output: Sequence[Item]) -> list[tuple[Any, Any]]:
    calls = []
    for item in output:
        if item.get("type") == "function_call":
            calls.append((item.get("name"), item.get("arguments")))
        if "tool_calls" not in item:
            continue
        inline = item["tool_calls"]
        for call in inline if isinstance(inline, list) else ():
            function = call.get("function") if isinstance(call, dict) else None
            if isinstance(function, dict):
                calls.append((function.get("name"), function.get("arguments")))
    return calls
