"""Rendering in processes that are ended when a template takes too long; some are kept for the next conversation.

Threads that render at once get a process each, so that several cores render; in the app each user's wait for their turn
(`render_queue`).

Knows nothing of where templates come from and of what their text is used for.
"""

import atexit
import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rollout_curator.errors import TemplateError
from rollout_curator.training.templates.base import ChatTemplate
from rollout_curator.training.templates.render_queue import Work, turn

WORKER = Path(__file__).with_name("worker.py")
LIMIT_S = 10.0
"""So long a template may take over one conversation with all its beginnings."""
DIED = "the renderer crashed (perhaps out of memory)"
IDLE_MAX = 8
LOST_MAX = 3
"""A template that cost so many processes is not tried again."""
LOST_KEPT = 64
ANSWER_CHARS = 100_000_000
"""A longer answer of a process is not read."""


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
    settings: Mapping[str, Any] | None = None,
    prefixes: bool = True,
    limit_s: float = LIMIT_S,
) -> Rendered:
    """Return what a template makes of a conversation. Whatever the template does becomes an `error` in words.

    `settings` are further variables it sees, as a row's chat_template_kwargs.
    A template that does not end costs its process and `limit_s`; the next conversation gets a new one, a few times.
    Raises Stopped when the work it is part of was stopped, and TemplateError when that takes too long in all.
    """
    request = {"messages": list(messages), "tools": tools, "prefixes": prefixes, "settings": dict(settings or {})}
    try:
        if _lost.get(template, 0) >= LOST_MAX:
            raise _Lost(f"it was ended {LOST_MAX} times and is not tried again")
        with turn(template) as work, _borrowed(template, work) as process:
            answer = process.ask(request, limit_s, work)
    except _Lost as lost:
        _note_lost(template)
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
        with turn(template) as work, _borrowed(template, work):
            return
    except _Lost as lost:
        raise TemplateError(f"{template.name}: the chat template failed: {lost}") from lost


class _Lost(Exception):
    """A process that ended without an answer, with the reason in words."""


class _Process:
    """One worker with one template, asked by one thread at a time."""

    def __init__(self, template: ChatTemplate, work: Work | None) -> None:
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
            answer = self.ask({"templates": sources, "tokens": dict(template.special)}, LIMIT_S, work)
        except BaseException:
            self.close()
            raise
        if answer["error"]:
            self.close()
            raise TemplateError(f"{template.name}: not a chat template: {answer['error']}")

    def ask(self, request: Mapping[str, Any], limit_s: float, work: Work | None) -> dict[str, Any]:
        """Return the answer to a request, or end the process and raise _Lost, or what the work raises that is over."""
        within_s = limit_s if work is None else work.left_s(limit_s)
        late = threading.Event()
        timer = threading.Timer(within_s, self._end_late, [late])
        timer.start()
        try:
            with nullcontext() if work is None else work.killing(self._process.kill):
                line = self._answer(json.dumps({**request, "limit_s": within_s}))
        finally:
            timer.cancel()
        if not line.endswith("\n"):
            self.close()
            if work is not None:
                work.check()
            if len(line) >= ANSWER_CHARS:
                raise _Lost(f"it writes more than {ANSWER_CHARS:,} characters in all")
            raise _Lost(f"rendering timed out after {limit_s:g} s" if late.is_set() else DIED)
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _answer(self, request: str) -> str:
        """Return one line, cut where it is too long, empty when the process has ended."""
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            self._process.stdin.write(request + "\n")
            self._process.stdin.flush()
            return self._process.stdout.readline(ANSWER_CHARS)
        except OSError:
            return ""

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


_idle: list[tuple[ChatTemplate, _Process]] = []
_lost: dict[ChatTemplate, int] = {}
_keeping = threading.Lock()


def _note_lost(template: ChatTemplate) -> None:
    with _keeping:
        _lost[template] = _lost.pop(template, 0) + 1
        while len(_lost) > LOST_KEPT:
            del _lost[next(iter(_lost))]


@contextmanager
def _borrowed(template: ChatTemplate, work: Work | None) -> Iterator[_Process]:
    """Give a process of a template to the caller alone, an idle one if there is any, and keep it afterwards."""
    with _keeping:
        place = next((n for n, (known, _) in enumerate(_idle) if known == template), None)
        found = None if place is None else _idle.pop(place)[1]
    process = found if found is not None and found.is_alive else _Process(template, work)
    try:
        yield process
    finally:
        with _keeping:
            if process.is_alive:
                _idle.append((template, process))
            while len(_idle) > IDLE_MAX:
                _idle.pop(0)[1].close()


@atexit.register
def close_all() -> None:
    """End every process that is idle; one that is at work ends when its input does."""
    with _keeping:
        while _idle:
            _idle.pop()[1].close()
