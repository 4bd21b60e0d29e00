"""The tasks of `math_reasoning`: single-turn answers with a reward of 0 or 1.

Knows how an attempt is worded; the mathematics, and how often each task is solved, is in
`math_problems.toml`. The few hand-made attempts (oddities, misleading rewards) are in `math_special`.
"""

from dataclasses import replace
from random import Random

from math_kit import Problem, problems
from math_special import figure_task, special
from shape import Agent, Attempt, JsonObject, Step, Task, hidden, pick, say, think, turn

AGENT = Agent("math_reasoning_simple_agent", "larch-8b-rl-step-1200", 1.0, 4096, True, "input")

SYSTEM = "You are a careful mathematician. Show short working and put the final answer in \\boxed{}."

OPENERS = ("", "Let's set this up.", "I will work it out step by step.", "Start from what is given.", "")
DOUBTS = (
    "Let me check with a second way before answering.",
    "Simple enough, but the wording has a trap.",
    "I should keep the numbers exact until the end.",
    "First decide what stays constant here.",
)


def math_tasks(rng: Random) -> list[Task]:
    """Return all math tasks in order; the last one asks about a picture."""
    tasks = [_task(rng, index, problem) for index, problem in enumerate(problems())]
    return [*tasks, figure_task()]


def _task(rng: Random, index: int, problem: Problem) -> Task:
    """Return one task with its attempts in a shuffled order, then its hand-made ones."""
    attempts = [_right(rng, problem, k, index) for k in range(problem.n_right)]
    attempts += [_wrong(rng, problem, k) for k in range(problem.n_wrong)]
    ordered = tuple(a for _, a in sorted(((rng.random(), a) for a in attempts), key=lambda pair: pair[0]))
    task = Task(problem.task_id, _prompt(index, problem.question), ordered)
    return special(task, problem)


def _prompt(index: int, question: str) -> str | list[JsonObject]:
    """Return the prompt; every third task is collected without a type on its items."""
    if index % 3 == 2:
        return [{"role": "user", "content": f"{question}\n\nPut the final answer in \\boxed{{}}."}]
    return [turn("system", SYSTEM), turn("user", question)]


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
