"""The tasks of `math_reasoning`: single-turn answers with a reward of 0 or 1.

Knows how often each task is solved and how an attempt is worded; the mathematics is in
`math_problems`. The few hand-made attempts (oddities, misleading rewards) are in `math_special`.
"""

from dataclasses import replace
from random import Random

from math_kit import Problem
from math_problems import average_speed, catch_up, discounts, mixture, pumps, tickets
from math_problems_2 import altitude, committee, multiples, remainder, roots, same_colour
from math_special import figure_task, special
from shape import Agent, Attempt, JsonObject, Step, Task, hidden, pick, say, think

AGENT = Agent("math_reasoning_simple_agent", "larch-8b-rl-step-1200", 1.0, 4096, True, "input")

SYSTEM = "You are a careful mathematician. Show short working and put the final answer in \\boxed{}."

PLAN: tuple[tuple[str, Problem, int, int], ...] = (
    ("mixture-1", mixture(12, 20, 50, 30), 5, 0),
    ("catch-up-1", catch_up(15, 20, 12), 4, 1),
    ("pumps-1", pumps(6, 4, 12), 3, 2),
    ("committee-1", committee(6, 5, 4), 0, 4),
    ("discounts-1", discounts(120, 25, 10, 8), 2, 3),
    ("roots-1", roots(9, 14), 4, 0),
    ("remainder-1", remainder(7, 222, 13), 1, 4),
    ("tickets-1", tickets(14, 8, 37, 26), 3, 3),
    ("average-speed-1", average_speed(60, 40), 5, 1),
    ("altitude-1", altitude(9, 12, 15), 2, 2),
    ("multiples-1", multiples(300, 3, 5), 0, 5),
    ("same-colour-1", same_colour(5, 7), 4, 2),
    ("mixture-2", mixture(18, 15, 60, 35), 3, 2),
    ("committee-2", committee(7, 6, 5), 1, 3),
    ("tickets-2", tickets(18, 11, 41, 52), 6, 0),
    ("remainder-2", remainder(3, 1001, 11), 2, 4),
    ("catch-up-2", catch_up(18, 24, 20), 3, 1),
    ("discounts-2", discounts(240, 30, 15, 5), 4, 2),
    ("altitude-2", altitude(20, 21, 29), 0, 4),
    ("average-speed-2", average_speed(90, 45), 5, 0),
    ("same-colour-2", same_colour(8, 6), 2, 3),
    ("pumps-2", pumps(10, 15, 30), 3, 3),
    ("roots-2", roots(11, 5), 4, 1),
    ("multiples-2", multiples(400, 4, 7), 1, 5),
)
"""Task, problem, number of right attempts, number of wrong ones."""

OPENERS = ("", "Let's set this up.", "I will work it out step by step.", "Start from what is given.", "")
DOUBTS = (
    "Let me check with a second way before answering.",
    "Simple enough, but the wording has a trap.",
    "I should keep the numbers exact until the end.",
    "First decide what stays constant here.",
)


def math_tasks(rng: Random) -> list[Task]:
    """Return all math tasks in order; the last one asks about a picture."""
    tasks = [_task(rng, index, *row) for index, row in enumerate(PLAN)]
    return [*tasks, figure_task()]


def _task(rng: Random, index: int, task_id: str, problem: Problem, n_right: int, n_wrong: int) -> Task:
    """Return one task with its attempts in a shuffled order, then its hand-made ones."""
    attempts = [_right(rng, problem, k, index) for k in range(n_right)]
    attempts += [_wrong(rng, problem, k) for k in range(n_wrong)]
    ordered = tuple(a for _, a in sorted(((rng.random(), a) for a in attempts), key=lambda pair: pair[0]))
    task = Task(task_id, _prompt(index, problem.question), ordered)
    return special(task, problem)


def _prompt(index: int, question: str) -> str | list[JsonObject]:
    """Return the prompt; every third task is collected without a type on its items."""
    if index % 3 == 2:
        return [{"role": "user", "content": f"{question}\n\nPut the final answer in \\boxed{{}}."}]
    return [
        {"content": SYSTEM, "role": "system", "type": "message"},
        {"content": question, "role": "user", "type": "message"},
    ]


def _right(rng: Random, problem: Problem, nth: int, index: int) -> Attempt:
    """Return an attempt by the nth route."""
    lines = problem.routes[nth % len(problem.routes)]
    return _attempt(rng, problem, lines, problem.answer, nth + index)


def _wrong(rng: Random, problem: Problem, nth: int) -> Attempt:
    """Return an attempt that makes the nth slip."""
    slip = problem.slips[nth % len(problem.slips)]
    return _attempt(rng, problem, slip.lines, slip.answer, nth)


def _attempt(rng: Random, problem: Problem, lines: tuple[str, ...], answer: str, style: int) -> Attempt:
    """Return the attempt, worded in one of four styles, two in three with shown reasoning."""
    text = _worded(pick(rng, OPENERS), lines, answer, style % 4)
    chance = rng.random()
    steps: list[Step] = [say(text)]
    if chance < 0.55:
        steps.insert(0, think(f"{problem.musing} {pick(rng, DOUBTS)}"))
    elif chance < 0.66:
        steps.insert(0, hidden())
    attempt = graded(problem, tuple(steps), answer)
    return replace(attempt, odd=("reasoning hidden, encrypted_content",)) if steps[0].kind == "hidden" else attempt


def _worded(opener: str, lines: tuple[str, ...], answer: str, style: int) -> str:
    """Return the solution as prose, as a numbered list, as equations, or with a bold answer."""
    head = f"{opener}\n\n" if opener else ""
    if style == 0:
        return f"{opener} {' '.join(lines)} The answer is \\boxed{{{answer}}}.".strip()
    if style == 1:
        numbered = "\n".join(f"{n}. {line}" for n, line in enumerate(lines, 1))
        return f"{head}{numbered}\n\n\\boxed{{{answer}}}"
    if style == 2:
        return "\n\n".join(lines) + f"\n\n$$\\boxed{{{answer}}}$$"
    bullets = "\n".join(f"- {line}" for line in lines)
    return f"{head}{bullets}\n\n**Final answer:** \\boxed{{{answer}}}"


def graded(problem: Problem, steps: tuple[Step, ...], answer: str) -> Attempt:
    """Return the attempt with the reward an exact-match verifier gives."""
    reward = 1.0 if answer == problem.answer else 0.0
    fields = {"expected_answer": problem.answer, "extracted_answer": answer, "library_reward": reward}
    return Attempt(steps, reward, fields)
