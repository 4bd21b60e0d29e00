"""Hand-made attempts of `math_reasoning`: oddities of the format, and rewards that mislead.

`special` adds them to the task they belong to; `figure_task` is the one task with a picture.
"""
# ruff: noqa: E501 - one sentence of a solution stays one line

from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from struct import pack
from typing import Any
from zlib import adler32, crc32

from math_kit import Problem
from shape import Attempt, Step, Task, say, think, turn


def special(task: Task, problem: Problem) -> Task:
    """Return the task with its hand-made attempts appended, or with an unusual prompt."""
    makers = EXTRA.get(task.task_id, ())
    task = replace(task, attempts=task.attempts + tuple(make(problem) for make in makers))
    if isinstance(task.prompt, str):
        return task
    question = problem.question
    if task.task_id in ("discounts-1", "remainder-2"):
        return replace(task, prompt=f"{question} Answer in \\boxed{{}}.", odd=("string input",))
    if task.task_id == "altitude-1":
        prompt = [turn("developer", "Answer with exact decimals. Use \\boxed{} once."), turn("user", question)]
        return replace(task, prompt=prompt, odd=("developer message",))
    if task.task_id == "same-colour-2":
        rule = "Reply with a reduced fraction in \\boxed{}."
        return replace(task, prompt=[turn("user", question)], instructions=rule, odd=("instructions set",))
    return task


def _answered(problem: Problem, *steps: Step, extracted: str | None, reward: float | None, **rest: Any) -> Attempt:
    """Return an attempt whose reward is stated and not computed."""
    fields = {"expected_answer": problem.answer, "extracted_answer": extracted, "library_reward": reward}
    return Attempt(tuple(steps), reward, fields, **rest)


def _right(p: Problem, text: str, odd: str) -> Attempt:
    """Return a rewarded attempt."""
    return _answered(p, say(text), extracted=p.answer, reward=1.0, odd=(odd,))


def _unread(p: Problem, *steps: Step, odd: str) -> Attempt:
    """Return an attempt in which the verifier found no answer."""
    return _answered(p, *steps, extracted=None, reward=0.0, odd=(odd,))


def _cut(p: Problem, *steps: Step, odd: tuple[str, ...] = ()) -> Attempt:
    """Return an attempt that met the limit of tokens."""
    patch = {"incomplete_details": {"reason": "max_output_tokens"}}
    attempt = _unread(p, *steps, odd="incomplete_details max_output_tokens")
    return replace(attempt, odd=(*odd, *attempt.odd), response_patch=patch)


def _unrated_null(p: Problem) -> Attempt:
    text = " ".join(p.routes[1]) + f" Therefore \\boxed{{{p.answer}}}."
    return _answered(p, say(text), extracted=None, reward=None, odd=("reward null",))


def _unrated_missing(p: Problem) -> Attempt:
    text = "\n".join(p.slips[0].lines) + f"\n\nSo the result is \\boxed{{{p.slips[0].answer}}}."
    attempt = _answered(p, say(text), extracted=None, reward=None, odd=("reward missing",))
    return replace(attempt, reward="missing")


def _closed_think(p: Problem) -> Attempt:
    text = f"<think>\n{p.musing}\n{p.routes[2][0]}\n</think>\n\n{' '.join(p.routes[2][1:])}\n\n\\boxed{{{p.answer}}}"
    return _right(p, text, "inline <think>, closed")


def _close_only_think(p: Problem) -> Attempt:
    text = f"Okay, so what do we have. {p.musing} {p.routes[0][0]} That looks fine, write it up.\n</think>\n\n{' '.join(p.routes[0])}\n\n\\boxed{{{p.answer}}}"
    return _right(p, text, "inline <think>, only the closing tag")


def _open_think(p: Problem) -> Attempt:
    loop = f"{p.routes[1][0]} Hmm, but is that the whole story? Let me recompute. {p.slips[0].lines[0]} No, wait, that contradicts the first line."
    text = f"<think>\n{p.musing}\n{loop}\n{loop}\nSo either the first reading or the second one must"
    return _cut(p, say(text), odd=("inline <think>, never closed",))


def _cut_text(p: Problem) -> Attempt:
    return _cut(p, think(p.musing), say(f"{' '.join(p.routes[0][:2])} From here it follows that"))


def _cut_reasoning(p: Problem) -> Attempt:
    text = f"{p.musing} {' '.join(p.slips[1].lines)} That cannot be right, it is outside the range. Again: {' '.join(p.routes[1][:1])} and"
    return _cut(p, think(text), odd=("ends on reasoning",))


def _blank(p: Problem) -> Attempt:
    text = f"{p.musing} {' '.join(p.routes[0])} So {p.answer}. I have the answer."
    return _unread(p, think(text), say(""), odd="blank assistant text")


def _empty(p: Problem) -> Attempt:
    return _unread(p, odd="empty output")


def _two_messages(p: Problem) -> Attempt:
    attempt = _right(
        p, " ".join(p.routes[0][1:]) + f" Answer: \\boxed{{{p.answer}}}", "two assistant messages in a row"
    )
    return replace(attempt, steps=(say(p.routes[0][0]), *attempt.steps))


def _masked(p: Problem) -> Attempt:
    attempt = _unread(p, say(f"{' '.join(p.routes[2])} \\boxed{{{p.answer}}}"), odd="mask_sample true")
    extra = {"mask_sample": True, "failure_reason": "verifier worker restarted while grading"}
    return replace(attempt, fields=attempt.fields | extra)


def _integer_reward(p: Problem) -> Attempt:
    text = f"{' '.join(p.routes[1])}\n\nFinal: \\boxed{{{p.answer}}}"
    return _answered(p, say(text), extracted=p.answer, reward=1, odd=("reward is an integer",))


def _lucky(p: Problem, working: str) -> Attempt:
    """Return an attempt that is rewarded although its working is wrong."""
    why = "reward 1, but the working is wrong and only the number is right"
    return _answered(p, say(f"{working} \\boxed{{{p.answer}}}"), extracted=p.answer, reward=1.0, worth=why)


def _too_strict(p: Problem, written: str, why: str) -> Attempt:
    """Return a right attempt whose answer the verifier could not match."""
    steps = (think(p.musing), say(f"{' '.join(p.routes[0])}\n\nSo the result is \\boxed{{{written}}}."))
    return _answered(p, *steps, extracted=written, reward=0.0, worth=f"reward 0, but right: {why}")


EXTRA: dict[str, tuple[Callable[[Problem], Attempt], ...]] = {
    "mixture-1": (_unrated_null,),
    "pumps-1": (_closed_think, _empty),
    "committee-1": (_cut_text,),
    "tickets-1": (_open_think,),
    "average-speed-1": (_close_only_think,),
    "multiples-1": (
        partial(_too_strict, written="12{,}000", why="the answer has a thousands separator"),
        _cut_reasoning,
    ),
    "same-colour-1": (_unrated_missing,),
    "committee-2": (_blank,),
    "discounts-2": (_masked,),
    "altitude-1": (partial(_too_strict, written="\\frac{36}{5}", why="36/5 is 7.2"),),
    "pumps-2": (
        partial(_too_strict, written="7\\text{ h }30\\text{ min}", why="7 h 30 min is 7.5 hours"),
        _two_messages,
    ),
    "catch-up-1": (partial(_too_strict, written="36\\text{ minutes}", why="the unit was written inside the box"),),
    "remainder-2": (
        partial(
            _lucky,
            working="The last digit of powers of 3 cycles 3, 9, 7, 1. Since 1001 = 4·250 + 1 the number ends in 3, and a number ending in 3 leaves 3 when divided by 11.",
        ),
    ),
    "catch-up-2": (
        partial(
            _lucky,
            working="Her brother rides 24 − 18 = 6 km/h faster and Mira has 18 · 20 = 360 km of lead. 360 divided by 6 is 60, so he needs 60 hours, in minutes that is written",
        ),
        _integer_reward,
    ),
    "roots-2": (
        partial(
            _lucky,
            working="The roots of x² − 11x + 5 are 10 and 1, because they add up to 11. Then r² + s² = 100 + 1 = 101, and the constant adds 2·5 = 10 on top, which makes 111.",
        ),
    ),
    "average-speed-2": (
        partial(
            _lucky,
            working="The mean of 90 and 45 is 67.5. Vans cannot hold their speed for the whole trip, so I round down to the next sensible value, 60.",
        ),
    ),
}

GRID = ("#..#..", ".##...", "#....#", "..#...", ".#..#.", "...#..")
"""The picture of `figure_task`: a filled cell is black."""


def png(rows: tuple[str, ...], cell_px: int = 8) -> bytes:
    """Return a grey PNG of the grid, with stored (not compressed) data so that every machine writes the same bytes."""
    side = len(rows) * cell_px
    lines = [b"\x00" + b"".join((b"\x00" if c == "#" else b"\xff") * cell_px for c in row) for row in rows]
    raw = b"".join(line * cell_px for line in lines)
    stored = b"\x78\x01\x01" + pack("<HH", len(raw), len(raw) ^ 0xFFFF) + raw + pack(">I", adler32(raw))
    chunks = ((b"IHDR", pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)), (b"IDAT", stored), (b"IEND", b""))
    body = b"".join(pack(">I", len(d)) + kind + d + pack(">I", crc32(kind + d)) for kind, d in chunks)
    return b"\x89PNG\r\n\x1a\n" + body


def figure_task() -> Task:
    """Return the task that shows a grid and asks how many cells are black."""
    url = "data:image/png;base64," + b64encode(png(GRID)).decode("ascii")
    parts = [
        {"detail": "auto", "type": "input_image", "image_url": url},
        {"text": "The picture is a 6 by 6 grid. How many cells are black?", "type": "input_text"},
    ]
    n_black = "".join(GRID).count("#")
    by_row = " + ".join(str(row.count("#")) for row in GRID)
    texts = (
        (f"Row by row from the top I see {by_row} black cells, {n_black} in all. \\boxed{{{n_black}}}", str(n_black)),
        ("There are two black cells in each of the six rows, so 12. \\boxed{12}", "12"),
        (
            f"White cells: {36 - n_black}. Black cells: 36 − {36 - n_black} = {n_black}. \\boxed{{{n_black}}}",
            str(n_black),
        ),
        ("Counting along the diagonals I get 2 + 3 + 2 + 2 = 9. \\boxed{9}", "9"),
    )
    attempts = tuple(
        Attempt(
            (say(text),),
            float(answer == str(n_black)),
            {"expected_count": n_black, "predicted_count": int(answer), "correct": answer == str(n_black)},
        )
        for text, answer in texts
    )
    return Task("black-cells", [turn("user", parts)], attempts, odd=("image part",))
