"""Calls and results without ids: results are paired with their calls by order, where the counts leave no doubt.

Calls without an id get `call_1`, `call_2`, ... counted over the conversation. As many results without ids as there are
calls before them are theirs, in order; where the numbers differ nothing is guessed: the ids of the results stay
missing, and the conversions say so.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from rollout_curator.sources.shapes.key_tracker import Notes


@dataclass(slots=True)
class _Batch:
    """The calls of one step and the results that follow them: the object that holds each id, and under which key."""

    calls: list[tuple[dict[str, Any], str]] = field(default_factory=list)
    results: list[tuple[dict[str, Any], str]] = field(default_factory=list)


def pair_by_order(prompt: Any, output: Any, notes: Notes) -> tuple[Any, Any]:
    """Return both sides of a rollout with ids for calls and results that came without, where they can be paired."""
    sides = (prompt, output)
    if notes.is_plain or not any(_lacks_id(item) for side in sides for item in _items(side)):
        return sides
    opened = tuple([_copied(item) for item in _items(side)] for side in sides)
    used = [holder.get(key) for batch in _batches([*opened[0], *opened[1]]) for holder, key in batch.calls]
    taken = {name for name in used if isinstance(name, str)}
    names = (name for n in count(1) if (name := f"call_{n}") not in taken)
    for batch in _batches([*opened[0], *opened[1]]):
        _pair(batch, names, notes)
    made = [copy if isinstance(side, list) else side for side, copy in zip(sides, opened, strict=True)]
    return made[0], made[1]


def _items(side: Any) -> list[Any]:
    """Return the items of a side; one with lists inside is left as it is."""
    return side if isinstance(side, list) and list not in map(type, side) else []


def _lacks_id(item: Any) -> bool:
    if not isinstance(item, dict):
        return False
    kind = item.get("type")
    if kind in ("function_call", "function_call_output"):
        return not item.get("call_id") and not (kind == "function_call" and item.get("id"))
    if item.get("role") == "tool":
        return not item.get("tool_call_id")
    calls = item.get("tool_calls")
    return isinstance(calls, list) and any(isinstance(call, dict) and not call.get("id") for call in calls)


def _copied(item: Any) -> Any:
    if not isinstance(item, dict):
        return item
    calls = item.get("tool_calls")
    if not isinstance(calls, list):
        return dict(item)
    return {**item, "tool_calls": [dict(call) if isinstance(call, dict) else call for call in calls]}


def _batches(items: list[Any]) -> Iterator[_Batch]:
    """Yield each step of calls with what answers it."""
    batch = _Batch()
    for item in items:
        if not isinstance(item, dict):
            continue
        is_result = item.get("type") == "function_call_output" or item.get("role") == "tool"
        if is_result:
            is_item = item.get("type") == "function_call_output"
            batch.results.append((item, "call_id" if is_item else "tool_call_id"))
            continue
        if batch.results:
            yield batch
            batch = _Batch()
        if item.get("type") == "function_call":
            batch.calls.append((item, "id" if item.get("id") and not item.get("call_id") else "call_id"))
        calls = item.get("tool_calls")
        batch.calls += [(call, "id") for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []
    yield batch


def _is_out_of_order(batch: _Batch) -> bool:
    """Whether a result names the tool of another call than the one in its place."""
    functions = [call["function"] if isinstance(call.get("function"), dict) else call for call, _ in batch.calls]
    called = [function.get("name") for function in functions]
    named = [result.get("name") for result, _ in batch.results]
    return any(name in called and name != own for name, own in zip(named, called, strict=True) if name is not None)


def _pair(batch: _Batch, names: Iterator[str], notes: Notes) -> None:
    same_number = len(batch.calls) == len(batch.results)
    for n, (call, key) in enumerate(batch.calls):
        if call.get(key):
            continue
        given = batch.results[n][0].get(batch.results[n][1]) if same_number else None
        call[key] = given or next(names)
        notes.add("paired_by_order" if given else "made_call_ids")
    missing = [(result, key) for result, key in batch.results if not result.get(key)]
    if missing and same_number and len(missing) == len(batch.results) and not _is_out_of_order(batch):
        for (result, key), (call, call_key) in zip(missing, batch.calls, strict=True):
            result[key] = call[call_key]
        notes.add("paired_by_order")
