"""One example as its trainer sees it: the text it renders, in pieces, which of them are trained on, and their tokens.

What a trainer renders with is asked of `targets.base.effective`; where that is not known, no piece is called trained.
Pure but for rendering, which `templates` does elsewhere. Knows an example, its trainer, a chat template and a limit of
tokens.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rollout_curator.rollout import Example
from rollout_curator.training import tokens
from rollout_curator.training.targets.base import Target, effective
from rollout_curator.training.templates.base import ChatTemplate
from rollout_curator.training.templates.render import Rendered, render

Span = tuple[int, int]
STANDINS = ("[[dummy_message]]", "zzdummymessagezz")
"""What Axolotl writes in place of an answer: no first or last character in common, so that none is hidden by both."""
END_TOKENS, END_CHARS = 3, 12
"""So far after an answer Axolotl looks for the token that ends it; in characters where tokens are estimated."""


@dataclass(frozen=True, slots=True)
class Look:
    """What an example is looked at with: the trainer, and if given, a chat template and a limit of tokens.

    `has_lists` says that every content is a list, on purpose.
    """

    target: Target
    template: ChatTemplate | None = None
    max_tokens: int | None = None
    has_lists: bool = False

    @property
    def is_known(self) -> bool:
        """Say whether what is rendered with the template is what the trainer renders."""
        return self.template is None or effective(self.template, self.target).is_known

    @property
    def words(self) -> str:
        """Return what the trainer does with the template that is not plain, "" where it renders with it."""
        return "" if self.template is None else effective(self.template, self.target).words


@dataclass(frozen=True, slots=True)
class View:
    """An example as its trainer sees it: pieces of text, which are trained on, how many tokens each has.

    `trained` is None for a piece, and `n_trained` for all, where it is not known. `words` tell which template is
    rendered in place of the chosen one, or why it is not known. The counts are the trainer's own if they are `exact`.
    """

    rendered: Rendered | None
    texts: tuple[str, ...]
    trained: tuple[bool | None, ...]
    tokens: tuple[int, ...]
    n_tokens: int
    n_trained: int | None
    words: str = ""
    exact: bool = False


def view(made: Example, look: Look, *, closely: bool = True) -> View:
    """Return an example as its trainer sees it; without a template the texts are the messages as JSON.

    Not `closely`, what only many renderings can tell is not asked: whole answers stand for what is trained of them.
    """
    target, answers = look.target, tuple(map(bool, made.mask()))
    if look.template is None or target.renders == "itself":
        return _of_messages(made, look, answers)
    used = effective(look.template, target)
    messages: list[Mapping[str, Any]] = list(made.messages or [])
    messages = target.hands(messages, used.template) if target.hands else messages
    messages = list(map(_in_parts, messages)) if used.in_parts else messages
    rendered = render(used.template, messages, made.tools, settings=made.template_kwargs)
    counter = used.template.tokenizer
    if target.renders == "prefixes":
        return _by_prefix(rendered, answers, counter)
    if rendered.error or not used.is_known:
        return _whole(rendered, (None,) * len(answers), counter, used.words)
    if target.trains == "replaced" and not closely:
        return _whole(rendered, answers, counter, used.words)
    spans = _spans(made, messages, rendered, used.template, target)
    if isinstance(spans, str):
        return _whole(rendered, (None,) * len(answers), counter, spans)
    return _by_spans(rendered, spans, counter, used.words)


def _of_messages(made: Example, look: Look, answers: tuple[bool, ...]) -> View:
    """Return the view of the messages alone: which are trained on is known, their text and tokens are not."""
    texts = _bare(made)
    counted = tokens.count(texts, look.template.tokenizer if look.template else "")
    counted = [n + added for n, added in zip(counted, _added(made), strict=True)]
    if not look.target.trains:
        return View(None, texts, (None,) * len(texts), tuple(counted), sum(counted), None)
    return View(None, texts, answers, tuple(counted), sum(counted), _n_trained(counted, answers))


def _by_prefix(rendered: Rendered, answers: tuple[bool, ...], counter: str) -> View:
    """Return the view of a conversation whose beginnings are rendered; one that fails stops all."""
    texts = rendered.chunks or ("",) * len(answers)
    counted = tuple(tokens.count(texts, counter))
    if rendered.error or rendered.prefix_error:
        return View(rendered, texts, (None,) * len(texts), counted, sum(counted), None)
    return View(rendered, texts, answers, counted, sum(counted), _n_trained(counted, answers), exact=bool(counter))


def _whole(rendered: Rendered, trained: tuple[bool | None, ...], counter: str, words: str) -> View:
    """Return the view of a text that is rendered once, cut by messages where it can be, else in one piece."""
    can_cut = len(rendered.chunks) == len(trained) and rendered.drift_at is None and not rendered.prefix_error
    texts, trained = (rendered.chunks, trained) if can_cut else ((rendered.whole,), (None,))
    *counted, n_tokens = tokens.count([*texts, rendered.whole], counter)
    return View(rendered, texts, trained, tuple(counted), n_tokens, _n_trained(counted, trained), words)


def _by_spans(rendered: Rendered, spans: Sequence[Span], counter: str, words: str) -> View:
    """Return the view of a text that is rendered once and trained on in spans."""
    pieces = list(_cut(len(rendered.whole), spans))
    counted = tokens.count_pieces(rendered.whole, pieces, counter) if counter else [0] * len(pieces)
    # An empty span inside a token is trained on with it, so it stays.
    shown = [(piece, n) for piece, n in zip(pieces, counted, strict=True) if n or piece[1] > piece[0]]
    texts = tuple(rendered.whole[start:end] for (start, end, _), _ in shown)
    trained = tuple(is_trained for (_, _, is_trained), _ in shown)
    *estimated, n_tokens = tokens.count([*texts, rendered.whole])
    counted, n_tokens = ([n for _, n in shown], sum(counted)) if counter else (estimated, n_tokens)
    return View(rendered, texts, trained, tuple(counted), n_tokens, _n_trained(counted, trained), words, bool(counter))


def _n_trained(counted: Sequence[int], trained: Sequence[bool | None]) -> int | None:
    if None in trained:
        return None
    return sum(n for n, is_trained in zip(counted, trained, strict=True) if is_trained)


def _spans(
    made: Example, messages: Sequence[Mapping[str, Any]], rendered: Rendered, template: ChatTemplate, target: Target
) -> Sequence[Span] | str:
    """Return the places in a text that are trained on, or in words why they are not known."""
    if target.trains == "generation":
        return rendered.spans
    if target.trains == "between":
        found = _between(rendered.whole, target.marks, dict(template.special).get("eos_token", ""))
        return found or (
            "Unknown what is trained: the text has no <|im_start|>assistant, the mark in the script. Put "
            "the marks of your template there."
        )
    return _replaced(made, messages, template, rendered.whole)


def _cut(length: int, spans: Sequence[Span]) -> Iterator[tuple[int, int, bool]]:
    """Yield all of a text in pieces, those in spans as trained."""
    before = 0
    for start, end in sorted(spans):
        yield before, max(start, before), False
        yield max(start, before), max(end, before), True
        before = max(end, before)
    yield before, length, False


def _between(text: str, marks: tuple[str, str], eos_token: str) -> list[Span]:
    """Return what follows each mark of an answer, up to the next message or with the token that ends it."""
    opener, mark = marks
    found: list[Span] = []
    at = text.find(mark)
    while at != -1:
        start = at + len(mark)
        ends = [len(text)]
        ends += [place] if (place := text.find(opener, start)) != -1 else []
        ends += [place + len(eos_token)] if eos_token and (place := text.find(eos_token, start)) != -1 else []
        found.append((start, min(ends)))
        at = text.find(mark, min(ends))
    return found


def _replaced(
    made: Example, messages: Sequence[Mapping[str, Any]], template: ChatTemplate, whole: str
) -> list[Span] | str:
    """Return what of a text changes when other answers stand in their places, and the token that ends each."""
    eos_token = dict(template.special).get("eos_token", "")
    found: list[Span] = []
    for n in (n for n, counts in enumerate(made.mask()) if counts):
        spans = []
        for standin in STANDINS:
            others = [*messages[:n], {"role": "assistant", "content": standin}, *messages[n + 1 :]]
            other = render(template, others, made.tools, settings=made.template_kwargs, prefixes=False)
            if other.error:
                return f"Axolotl stops: with another text as message {n + 1:,} the template fails: {other.error}"
            spans.append(_difference(whole, other.whole))
        start, end = min(start for start, _ in spans), max(end for _, end in spans)
        if start >= end:
            continue
        found.append((start, end))
        place = whole.find(eos_token, end) if eos_token else -1
        if place != -1 and _is_near(whole[end:place], template.tokenizer):
            found.append((place, place + len(eos_token)))
    return found


def _difference(one: str, other: str) -> Span:
    """Return the part of a text that differs from another; what ends both alike begins after what begins both alike."""
    most = min(len(one), len(other))
    start = next((n for n in range(most) if one[n] != other[n]), most)
    same = next((n for n in range(most - start) if one[-1 - n] != other[-1 - n]), most - start)
    return start, len(one) - same


def _is_near(between: str, counter: str) -> bool:
    return tokens.count([between], counter)[0] <= END_TOKENS if counter else len(between) <= END_CHARS


def _in_parts(message: Mapping[str, Any]) -> Mapping[str, Any]:
    content = message["content"]
    return {**message, "content": [{"type": "text", "text": content}]} if isinstance(content, str) else message


def _bare(made: Example) -> tuple[str, ...]:
    """Return the text of each message without a template; the first carries the tools, as it does in most."""
    texts = []
    for message in made.messages or []:
        parts = [value for value in (message.get("reasoning_content"), message["content"]) if isinstance(value, str)]
        rest = {
            key: value
            for key, value in message.items()
            if key == "tool_calls" or (key == "content" and not isinstance(value, str | None))
        }
        texts.append("\n".join([*parts, *([json.dumps(rest, ensure_ascii=False)] if rest else [])]))
    if made.tools and texts:
        texts[0] = f"{json.dumps(made.tools, ensure_ascii=False)}\n{texts[0]}"
    return tuple(texts)


def _added(made: Example) -> list[int]:
    """Return about what a chat template adds to each message, to the first of them the tools."""
    added = []
    for message in made.messages or []:
        n = tokens.RESULT if message["role"] == "tool" else tokens.MESSAGE
        n += tokens.CALL * len(message.get("tool_calls", ()))
        added.append(n + (tokens.THOUGHT if message.get("reasoning_content") else 0))
    if made.tools and added:
        added[0] += tokens.TOOLS + tokens.TOOL * len(made.tools)
    return added
