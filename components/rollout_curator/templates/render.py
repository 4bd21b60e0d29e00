"""Rendering in a process that is ended when a template takes too long; one process a template, kept while it is used.

Knows nothing of where templates come from and of what their text is used for.
"""

import atexit
import json
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rollout_curator.errors import TemplateError
from rollout_curator.templates.base import ChatTemplate

WORKER = Path(__file__).with_name("worker.py")
LIMIT_S = 10.0
"""So long a template may take over one conversation with all its beginnings."""
KEPT_MAX = 2
LOST_MAX = 3
"""A template that cost so many processes is not tried again."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """What a template makes of one conversation.

    `whole` is all its text, empty when there is an `error`; `spans` are the places of {% generation %} in it.
    `chunks` are the texts of the messages, one each, as NeMo RL cuts them. `failed_at` is the first message whose
    beginning cannot be rendered, with `prefix_error`; `drift_at` the first that changes what was rendered before it.
    """

    whole: str
    spans: tuple[tuple[int, int], ...] = ()
    error: str = ""
    chunks: tuple[str, ...] = ()
    prefix_error: str = ""
    failed_at: int | None = None
    drift_at: int | None = None


def render(
    template: ChatTemplate,
    messages: Sequence[Mapping[str, Any]],
    tools: Sequence[Any] | None,
    *,
    prefixes: bool = True,
    limit_s: float = LIMIT_S,
) -> Rendered:
    """Return what a template makes of a conversation. Whatever the template does becomes an `error` in words.

    A template that does not end costs its process and `limit_s`; the next conversation gets a new one, a few times.
    """
    request = {"messages": list(messages), "tools": tools, "prefixes": prefixes}
    try:
        if _lost.get(template, 0) >= LOST_MAX:
            raise _Lost(f"it was ended {LOST_MAX} times and is not tried again")
        answer = _process(template).ask(request, limit_s)
    except _Lost as lost:
        _lost[template] = _lost.get(template, 0) + 1
        return Rendered("", error=str(lost), failed_at=0, prefix_error=str(lost))
    return Rendered(
        whole=answer["whole"],
        spans=tuple((start, end) for start, end in answer["spans"]),
        error=answer["error"],
        chunks=tuple(answer["chunks"]),
        prefix_error=answer["prefix_error"],
        failed_at=answer["failed_at"],
        drift_at=answer["drift_at"],
    )


def check(template: ChatTemplate) -> None:
    """Raise TemplateError when a template cannot be compiled."""
    try:
        _process(template)
    except _Lost as lost:
        raise TemplateError(f"{template.name}: the chat template cannot be used: {lost}") from lost


class _Lost(Exception):
    """A process that ended without an answer, with the reason in words."""


class _Process:
    """One worker with one template."""

    def __init__(self, template: ChatTemplate) -> None:
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-I", str(WORKER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="ascii",
        )
        sources = [template.text, *([template.tool_text] if template.tool_text else [])]
        try:
            answer = self.ask({"templates": sources, "tokens": dict(template.special)}, LIMIT_S)
        except _Lost:
            self.close()
            raise
        if answer["error"]:
            self.close()
            raise TemplateError(f"{template.name}: this is no chat template: {answer['error']}")

    def ask(self, request: Mapping[str, Any], limit_s: float) -> dict[str, Any]:
        """Return the answer to a request, or end the process and raise _Lost."""
        with self._lock:
            late = threading.Event()
            timer = threading.Timer(limit_s, self._end_late, [late])
            timer.start()
            try:
                assert self._process.stdin is not None and self._process.stdout is not None
                self._process.stdin.write(json.dumps(request) + "\n")
                self._process.stdin.flush()
                line = self._process.stdout.readline()
            except OSError:
                line = ""
            finally:
                timer.cancel()
        if not line.endswith("\n"):
            self.close()
            raise _Lost(
                f"it did not end within {limit_s:g} seconds" if late.is_set() else "it used up the memory it may have"
            )
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _end_late(self, late: threading.Event) -> None:
        late.set()
        self._process.kill()

    @property
    def is_alive(self) -> bool:
        """Say whether the process can be asked."""
        return self._process.poll() is None

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                try:
                    stream.close()
                except OSError:  # what was still to be written has no reader any more
                    continue


_kept: dict[ChatTemplate, _Process] = {}
_lost: dict[ChatTemplate, int] = {}
_keeping = threading.Lock()


def _process(template: ChatTemplate) -> _Process:
    """Return the process of a template, a new one when there is none alive."""
    with _keeping:
        found = _kept.pop(template, None)
        if found is None or not found.is_alive:
            found = _Process(template)
        _kept[template] = found
        while len(_kept) > KEPT_MAX:
            _kept.pop(next(iter(_kept))).close()
        return found


@atexit.register
def close_all() -> None:
    """End every process."""
    with _keeping:
        while _kept:
            _kept.popitem()[1].close()
