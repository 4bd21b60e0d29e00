"""The tasks of `support_tools`: agents with tools, rewarded by parts.

A route is a way through a `Scenario`; the parts of the reward follow from the route, with a little
noise for the judge of the wording. The few attempts that are put together by hand are at the end.
"""

from collections.abc import Callable
from dataclasses import replace
from random import Random

from shape import Agent, Attempt, JsonObject, Step, Task, hidden, pick, say, think, turn, user
from support_kit import Desk, Scenario, desk
from support_special import SPECIAL

AGENT = Agent("support_tools_agent", "larch-8b-rl-step-1200", 0.7, 2048, True, "input")

ROUTES: tuple[tuple[str, ...], ...] = (
    ("clean", "parallel", "recover", "breach", "clarify", "guess"),
    ("parallel", "clarify", "clarify", "giveup", "breach", "clean", "recover"),
    ("clarify", "breach", "guess", "parallel", "giveup"),
    ("recover", "clean", "clarify", "clean", "parallel", "giveup"),
    ("clean", "clarify", "giveup", "breach", "parallel", "recover", "guess"),
)
"""Which routes are taken; scenario i takes row i modulo 5."""


def support_tasks(rng: Random) -> list[Task]:
    """Return the support tasks, the three desks in turn."""
    desks = [desk(name) for name in ("store", "travel", "stock")]
    asked = [(where, scenario) for where in desks for scenario in where.scenarios]
    ordered = sorted(asked, key=lambda pair: pair[1].task_id.partition("-")[2])
    return [_task(rng, index, *pair) for index, pair in enumerate(ordered)]


def _task(rng: Random, index: int, where: Desk, scenario: Scenario) -> Task:
    """Return a scenario as a task with its attempts."""
    prompt: list[JsonObject] = [turn("system", where.rules), turn("user", scenario.request)]
    routes = ROUTES[index % len(ROUTES)]
    attempts = [MAKERS[route](rng, scenario, nth) for nth, route in enumerate(routes)]
    task = Task(scenario.task_id, prompt, tuple(attempts), where.tools)
    return SPECIAL[scenario.task_id](task, scenario) if scenario.task_id in SPECIAL else task


def parts(rng: Random, resolution: float, *, policy: bool, n_errors: int, n_calls: int) -> JsonObject:
    """Return the component fields and the reward they add up to (0.6 resolution, 0.3 policy, 0.1 thrift)."""
    judged = round(min(1.0, max(0.0, resolution + (rng.random() - 0.5) * 0.12)), 3)
    thrift = round(max(0.0, 1.0 - 0.2 * n_errors - 0.05 * max(0, n_calls - 3)), 3)
    reward = round(0.6 * judged + 0.3 * policy + 0.1 * thrift, 4)
    components = {"resolution": judged, "policy": float(policy), "thrift": thrift}
    return {
        "reward": reward,
        "resolution_score": judged,
        "policy_followed": policy,
        "n_tool_errors": n_errors,
        "n_tool_calls": n_calls,
        "reward_components": components,
    }


def scored(rng: Random, steps: list[Step], resolution: float, *, policy: bool) -> Attempt:
    """Return an attempt with its reward by parts; calls and errors are counted in the steps."""
    n_calls = sum(step.kind == "call" for step in steps)
    n_errors = sum(step.kind == "out" and step.text.startswith('{"error"') for step in steps)
    fields = parts(rng, resolution, policy=policy, n_errors=n_errors, n_calls=n_calls)
    reward = fields.pop("reward")
    return Attempt(tuple(steps), reward, fields)


def _clean(rng: Random, s: Scenario, nth: int) -> Attempt:
    """Look up one thing after the other, act, report."""
    steps = [think(s.plan)] if rng.random() < 0.6 else []
    steps += [step for pair in s.lookups for step in pair]
    return scored(rng, [*steps, *s.act, say(s.done[nth % 3])], 0.94, policy=not s.must_ask)


def _parallel(rng: Random, s: Scenario, nth: int) -> Attempt:
    """Say what is looked up, do it all at once, act, report."""
    calls = [pair[0] for pair in s.lookups]
    outs = [pair[1] for pair in s.lookups]
    return scored(rng, [say(s.intro), *calls, *outs, *s.act, say(s.done[(nth + 1) % 3])], 0.96, policy=not s.must_ask)


def _recover(rng: Random, s: Scenario, nth: int) -> Attempt:
    """Stumble over a first call, read the error, get it right."""
    regret = pick(rng, ("The tool rejects that input. Look at the message and try again.", "Wrong input, my mistake."))
    looked = [step for pair in s.lookups for step in pair]
    steps = [say(s.intro), *s.stumble, think(regret), *looked, *s.act, say(s.done[(nth + 2) % 3])]
    return scored(rng, steps, 0.9, policy=not s.must_ask)


def _clarify(rng: Random, s: Scenario, nth: int) -> Attempt:
    """Look up, put the choice to the customer, act after the answer."""
    looked = [step for pair in s.lookups for step in pair]
    first: list[Step] = [think(s.plan)] if nth % 2 else [hidden()]
    steps = [*first, *looked, say(s.ask), user(s.reply), *s.act, say(s.done[nth % 3])]
    return _marked(scored(rng, steps, 0.98, policy=True))


def _breach(rng: Random, s: Scenario, nth: int) -> Attempt:
    """Act against the rules."""
    looked = [step for pair in s.lookups[: 1 + nth % 2] for step in pair]
    return scored(rng, [*looked, *s.breach, say(s.breach_done)], 0.3, policy=False)


def _giveup(rng: Random, s: Scenario, nth: int) -> Attempt:
    """Look up and leave the customer alone."""
    looked = [step for pair in s.lookups for step in pair]
    return scored(rng, [say(s.intro), *looked, say(s.giveup)], 0.12, policy=nth % 2 == 0)


def _guess(rng: Random, s: Scenario, nth: int) -> Attempt:
    """Claim a result without a single call."""
    return scored(rng, [say(s.guess)], 0.04, policy=False)


def _marked(attempt: Attempt) -> Attempt:
    """Return the attempt with its oddities named."""
    odd: tuple[str, ...] = ("user turn in the output",)
    if attempt.steps[0].kind == "hidden":
        odd += ("reasoning hidden, encrypted_content",)
    return replace(attempt, odd=odd)


MAKERS: dict[str, Callable[[Random, Scenario, int], Attempt]] = {
    "clean": _clean,
    "parallel": _parallel,
    "recover": _recover,
    "clarify": _clarify,
    "breach": _breach,
    "giveup": _giveup,
    "guess": _guess,
}
