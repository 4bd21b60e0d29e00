"""A process that renders chat templates; what a hostile template does to it harms nobody else.

It is started as a script (`python -I worker.py`), imports Jinja and the standard library only, and answers one line of
JSON with one line of JSON: first the template, then conversations.

The sandbox is that of transformers, `src/transformers/utils/chat_template_utils.py`, `_compile_jinja_template` (4.57 to
5.x): ImmutableSandboxedEnvironment, trim_blocks, lstrip_blocks, the tags `generation`, `break` and `continue`, the
filter `tojson` that escapes no HTML, and the globals `raise_exception` and `strftime_now`. One thing differs on
purpose: `strftime_now` always gives NOW, so that the same sources give the same export on every day. Reasoning is
given to the template under `reasoning_content` and `thinking`, as in `_alias_reasoning_fields` of 5.24; older versions
give it under its own name only.

The text of each message is found as NeMo RL finds it, `nemo_rl/data/llm_message_utils.py`,
`get_formatted_message_log`: every beginning messages[:i+1] is rendered without a generation prompt, and what follows
the first character that differs from the one before is message i's; `bos_token` and `eos_token` are added to the first
and the last where they are missing.
"""

import json
import math
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import jinja2
import jinja2.ext
import jinja2.nodes
import jinja2.sandbox

NOW = datetime(2026, 1, 1, 12, 0, 0)
MEMORY_BYTES = 400_000_000
SPARE_S = 2.0
"""So long after the time of a request this process ends itself, in case nobody is left who would end it."""
WHOLE_CHARS = 16 << 20
ERROR_CHARS = 300
REASONING_KEYS = ("reasoning_content", "thinking", "reasoning")


class Generation(jinja2.ext.Extension):
    """The tag {% generation %}: what stands in it is the assistant's; its places are noted while `spans` is a list."""

    tags = {"generation"}  # noqa: RUF012  as Jinja wants it

    def __init__(self, environment: jinja2.Environment) -> None:
        super().__init__(environment)
        environment.extend(generation=self)
        self.blocks: list[str] = []
        self.spans: list[tuple[int, int]] | None = None

    def parse(self, parser: Any) -> jinja2.nodes.Node:
        """Parse the tag and its end."""
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        call = jinja2.nodes.CallBlock(self.call_method("_note"), [], [], body)
        return call.set_lineno(line)

    def _note(self, caller: Any) -> str:
        text = str(caller())
        if self.spans is not None:
            start = sum(map(len, self.blocks))
            self.spans.append((start, start + len(text)))
        return text

    @contextmanager
    def noting(self) -> Iterator[list[tuple[int, int]]]:
        """Note the places of one rendering."""
        self.blocks, self.spans = [], []
        try:
            yield self.spans
        finally:
            self.spans = None


def compiled(text: str) -> jinja2.Template:
    """Return a template in the sandbox of transformers. Raises jinja2.TemplateError."""
    environment = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols]
    )
    environment.filters["tojson"] = _tojson
    environment.globals["raise_exception"] = _raise_exception
    environment.globals["strftime_now"] = NOW.strftime
    return environment.from_string(text)


def _tojson(
    value: Any, ensure_ascii: bool = False, indent: Any = None, separators: Any = None, sort_keys: bool = False
) -> str:
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def _raise_exception(message: Any) -> None:
    raise jinja2.exceptions.TemplateError(str(message))


def whole(template: jinja2.Template, variables: dict[str, Any]) -> tuple[str, list[tuple[int, int]]]:
    """Return the text of a conversation, and the places of {% generation %} in it."""
    tracker: Generation = template.environment.generation  # type: ignore[attr-defined]
    length = 0
    with tracker.noting() as spans:
        for block in template.generate(**variables):
            length += len(block)
            if length > WHOLE_CHARS:
                raise ValueError(f"it writes more than {WHOLE_CHARS:,} characters")
            tracker.blocks.append(block)
    return "".join(tracker.blocks), list(spans)


def rendered(template: jinja2.Template, request: dict[str, Any], tokens: dict[str, str]) -> dict[str, Any]:
    """Return what a template makes of one conversation.

    `whole` and its `spans`, or `error`. With `prefixes` also `chunks`, one text a message; `prefix_error` and
    `failed_at` for the first beginning that fails; `drift_at` for the first message that changes what stood before.
    """
    messages = list(map(_with_reasoning, request["messages"]))
    settings = request.get("settings") or {}
    variables = {**tokens, **settings, "documents": None, "tools": request["tools"], "add_generation_prompt": False}
    answer: dict[str, Any] = {"whole": "", "spans": [], "error": "", "chunks": [], "prefix_error": ""}
    answer.update(failed_at=None, drift_at=None)
    try:
        answer["whole"], answer["spans"] = whole(template, {**variables, "messages": messages})
    except Exception as error:  # noqa: BLE001  a template may raise anything
        answer["error"] = _sentence(error)
    if request["prefixes"]:
        _add_prefixes(answer, template, variables, messages, tokens)
    return answer


def _with_reasoning(message: dict[str, Any]) -> dict[str, Any]:
    """Return a message whose reasoning has every name that templates read it by."""
    given = (message[key] for key in REASONING_KEYS if message.get(key) is not None)
    reasoning = next(given, None)
    return message if reasoning is None else {"thinking": reasoning, **message, "reasoning_content": reasoning}


def _add_prefixes(
    answer: dict[str, Any],
    template: jinja2.Template,
    variables: dict[str, Any],
    messages: list[Any],
    tokens: dict[str, str],
) -> None:
    before, last = "", len(messages) - 1
    for n in range(len(messages)):
        try:
            if n == last and not answer["error"]:
                text = answer["whole"]
            else:
                text, _ = whole(template, {**variables, "messages": messages[: n + 1]})
        except Exception as error:  # noqa: BLE001  a template may raise anything
            if answer["failed_at"] is None:
                answer["failed_at"], answer["prefix_error"] = n, _sentence(error)
            answer["chunks"].append("")
            continue
        same = first_difference(before, text)
        if same < len(before) and answer["drift_at"] is None:
            answer["drift_at"] = n
        chunk = text[same:]
        if n == 0 and tokens.get("bos_token") and not chunk.startswith(tokens["bos_token"]):
            chunk = tokens["bos_token"] + chunk
        if n == last and tokens.get("eos_token") and not chunk.rstrip("\n").endswith(tokens["eos_token"]):
            chunk += tokens["eos_token"]
        answer["chunks"].append(chunk)
        before = text


def first_difference(one: str, other: str) -> int:
    """Return the first place at which two texts differ, or the length of the shorter."""
    same, differs = 0, min(len(one), len(other)) + 1
    if other.startswith(one):
        return len(one)
    while same + 1 < differs:
        middle = (same + differs) // 2
        if one[same:middle] == other[same:middle]:
            same = middle
        else:
            differs = middle
    return same


def _sentence(error: BaseException) -> str:
    """Return an error as one line."""
    words = " ".join(str(error).split()) or type(error).__name__
    return words if len(words) <= ERROR_CHARS else words[: ERROR_CHARS - 1] + "…"


def _limit_memory() -> None:
    """Let a template that asks for too much memory fail in here."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    except (ImportError, ValueError, OSError):  # not on every system
        return


def _end_after(limit_s: float) -> None:
    """Let the system end this process when a request takes much longer than it may; 0 ends the waiting."""
    if hasattr(signal, "alarm"):  # not on every system
        signal.alarm(math.ceil(limit_s + SPARE_S) if limit_s else 0)


def main() -> None:
    """Answer requests until there are no more."""
    _limit_memory()
    first = json.loads(sys.stdin.readline())
    _end_after(first["limit_s"])
    sources, tokens = first["templates"], first["tokens"]
    templates: list[jinja2.Template | None] = []
    error = ""
    for text in sources:
        try:
            templates.append(compiled(text))
        except Exception as fault:  # noqa: BLE001  a template may be anything
            error = error or _sentence(fault)
            templates.append(None)
    print(json.dumps({"error": error}), flush=True)
    _end_after(0)
    for line in sys.stdin:
        request = json.loads(line)
        _end_after(request["limit_s"])
        template = templates[-1 if request["tools"] is not None else 0]
        answer = {"error": error} if template is None else rendered(template, request, tokens)
        print(json.dumps(answer), flush=True)
        _end_after(0)


if __name__ == "__main__":
    main()
