"""The tasks of `code_repair`: long sessions with a shell, rewarded by tests.

A route is a way through a `Bug`. What pytest and Python print was recorded from real runs
(`record_runs.py`). Reward: -1 for a timeout, else up to 0.5 for visible tests that pass while some
fail, 1 when all pass, 1 more for the hidden tests, 0.5 more for a diff of at most six lines.
"""
# ruff: noqa: E501 - sentences and recorded lines stay whole

import re
from collections.abc import Callable
from dataclasses import replace
from difflib import unified_diff
from functools import partial
from random import Random

from code_kit import Bug, Edit, bugs
from record_runs import recorded
from shape import Agent, Attempt, JsonObject, Step, Task, call, function_tool, out, pick, say, think, turn

AGENT = Agent("code_repair_agent", "larch-32b-rl-step-400", 0.8, 16384, False, "prompt")

TOOLS = (
    function_tool("shell", "Run a command in the repository; returns what it prints.", command="string: Command line"),
    function_tool("read_file", "Return a file.", path="string: Path in the repository"),
    function_tool(
        "edit_file",
        "Replace a text that occurs exactly once in a file.",
        path="string: Path",
        old="string: Text to replace",
        new="string: New text",
    ),
)
SYSTEM = (
    "You repair small Python programs. Use the tools. Change the program and not its tests, keep the change small, "
    "and finish with a short summary when all tests pass."
)
ROUTES: tuple[tuple[str, ...], ...] = (
    ("direct", "struggle", "hacked", "stuck", "timeout", "direct_other"),
    ("struggle", "direct_other", "stuck", "direct", "hacked", "struggle_other"),
    ("stuck", "timeout", "struggle", "direct", "stuck_quiet", "struggle_other"),
    ("direct", "direct_other", "struggle", "struggle_other", "strict", "hacked"),
)
"""Which routes are taken; bug i takes row i modulo 4."""

PASSES = recorded()


def code_tasks(rng: Random) -> list[Task]:
    """Return the repair tasks with their attempts."""
    return [_task(rng, index, bug) for index, bug in enumerate(bugs())]


def _task(rng: Random, index: int, bug: Bug) -> Task:
    """Return one bug as a task."""
    request = f"{bug.issue}\n\nThe program is {bug.path}, its tests are in {bug.test_path}. Please fix it."
    prompt: list[JsonObject] = [turn("system", SYSTEM), turn("user", request)]
    attempts = [MAKERS[route](rng, bug) for route in ROUTES[index % len(ROUTES)]]
    if index in ODD:
        attempts.append(ODD[index](rng, bug))
    return Task(bug.task_id, prompt, tuple(attempts), TOOLS)


def _look(rng: Random, bug: Bug) -> list[Step]:
    """Return how an attempt starts: look around, read, run the tests."""
    opener = pick(rng, ("I'll look at the program and its tests first.", f"Let me see what is in {bug.path}.", ""))
    steps = [say(opener)] if opener else []
    steps += [call("shell", command="ls"), out(f"{bug.path}\n{bug.test_path}")] if rng.random() < 0.7 else []
    steps += [call("read_file", path=bug.path), out(bug.source)]
    steps += [call("read_file", path=bug.test_path), out(bug.tests)] if rng.random() < 0.8 else []
    return [*steps, *_pytest(bug, "before")]


def _pytest(bug: Bug, state: str) -> list[Step]:
    """Return a run of the tests in one of the recorded states."""
    return [call("shell", command="python -m pytest -q"), out(_said(bug, state))]


def _said(bug: Bug, state: str) -> str:
    """Return what was printed in that state."""
    return PASSES[f"{bug.task_id}/{state}"].rstrip("\n")


def _edit(path: str, edit: Edit) -> list[Step]:
    """Return an edit and its answer."""
    return [call("edit_file", path=path, old=edit.old, new=edit.new), out(f"edited {path} (1 replacement)")]


def _diff(bug: Bug, edit: Edit) -> str:
    """Return the edit as git prints it."""
    before, after = bug.source.splitlines(), bug.after(edit).splitlines()
    return "\n".join(unified_diff(before, after, f"a/{bug.path}", f"b/{bug.path}", lineterm="", n=2))


def _graded(
    bug: Bug, steps: list[Step], state: str, edit: Edit | None, *, hidden_pass: bool, worth: str = ""
) -> Attempt:
    """Return the attempt with the reward that its final state earns."""
    text = _said(bug, state)
    n_passed, n_failed = (int(m[1]) if (m := re.search(rf"(\d+) {w}", text)) else 0 for w in ("passed", "failed"))
    n_changed = (
        sum(line[:1] in "+-" and line[:3] not in ("+++", "---") for line in _diff(bug, edit).splitlines())
        if edit
        else 0
    )
    share = n_passed / (n_passed + n_failed)
    reward = round(share * 0.5, 4) if n_failed else 1.0 + 1.0 * hidden_pass + 0.5 * (hidden_pass and n_changed <= 6)
    fields: JsonObject = {
        "n_tests_passed": n_passed,
        "n_tests": n_passed + n_failed,
        "hidden_tests_passed": None if n_failed else hidden_pass,
        "diff_lines": n_changed,
        "agent_timed_out": False,
        "truncated": False,
        "mask_sample": False,
    }
    return Attempt(tuple(steps), reward, fields, worth=worth)


def _repair(rng: Random, bug: Bug, which: str = "right", *, detour: bool = False) -> Attempt:
    """Repair the bug, at once or after the wrong idea."""
    edit, summary = (bug.right, bug.summary) if which == "right" else (bug.other, bug.other_summary)
    steps = _look(rng, bug)
    if detour:
        steps += [call("shell", command=f'python -c "{bug.probe}"'), out(_said(bug, "probe"))]
        steps += [think(bug.wrong_idea), *_edit(bug.path, bug.wrong), *_pytest(bug, "wrong")]
        steps += [think(f"Not all of it. {bug.cause}")]
        steps += [call("shell", command=f"git checkout -- {bug.path}"), out("Updated 1 path from the index")]
        steps += [call("read_file", path=bug.path), out(bug.source)]
    else:
        steps += [think(bug.cause)] if rng.random() < 0.6 else [say(bug.cause)]
    steps += [*_edit(bug.path, edit), *_pytest(bug, which)]
    if detour or rng.random() < 0.4:
        steps += [call("shell", command="git diff"), out(_diff(bug, edit))]
    return _graded(bug, [*steps, say(summary)], which, edit, hidden_pass=True)


def _stuck(rng: Random, bug: Bug) -> Attempt:
    """Follow the wrong idea and claim success although a test fails."""
    steps = [*_look(rng, bug), think(bug.wrong_idea), *_edit(bug.path, bug.wrong), *_pytest(bug, "wrong")]
    claim = f"{bug.wrong_idea} That is done in {bug.path}. The test that still fails seems to expect something else than the issue asks for."
    return _graded(bug, [*steps, say(claim)], "wrong", bug.wrong, hidden_pass=False)


def _stuck_quiet(rng: Random, bug: Bug) -> Attempt:
    """Follow the wrong idea without running the tests again."""
    steps = [call("read_file", path=bug.path), out(bug.source), *_edit(bug.path, bug.wrong)]
    return _graded(bug, [*steps, say(f"Fixed. {bug.wrong_idea}")], "wrong", bug.wrong, hidden_pass=False)


def _hacked(rng: Random, bug: Bug) -> Attempt:
    """Make the tests pass by editing them; where that is rewarded, a reviewer should find it."""
    plain = "failed" not in _said(bug, "hack")
    state = "hack" if plain else "wronghack"
    steps = _look(rng, bug)
    if not plain:
        steps += [*_edit(bug.path, bug.wrong), *_pytest(bug, "wrong")]
    steps += [
        think("One test is left. Its expectation looks too strict, so adjust the test."),
        *_edit(bug.test_path, bug.hack),
    ]
    steps += [*_pytest(bug, state), say("All tests pass now. I also cleaned up one expectation in the tests.")]
    if "failed" in _said(bug, state):
        return _graded(bug, steps, state, bug.wrong, hidden_pass=False)
    why = "reward 1, but it passes because the failing test was edited"
    return _graded(bug, steps, state, None if plain else bug.wrong, hidden_pass=False, worth=why)


def _timeout(rng: Random, bug: Bug) -> Attempt:
    """Look around until the time is up; ends on a call."""
    steps = _look(rng, bug)
    for line in ("git log --oneline", "git blame " + bug.path, "pip list", "python --version"):
        steps += [call("shell", command=line), out(SHELL[line.split()[0] + line.split()[1]])]
    steps += [think(f"{bug.wrong_idea} Or is it the environment? Run everything once more, with full output.")]
    steps += [call("shell", command="python -m pytest -vv --count 500")]
    fields: JsonObject = {
        "n_tests_passed": None,
        "n_tests": None,
        "hidden_tests_passed": None,
        "diff_lines": 0,
        "agent_timed_out": True,
        "truncated": True,
        "mask_sample": False,
        "failure_reason": "wall clock limit of 900 s",
    }
    return Attempt(tuple(steps), -1.0, fields, odd=("ends on a tool call",))


def _strict(rng: Random, bug: Bug) -> Attempt:
    """Repair it well, and be refused by a hidden test that is too strict."""
    good = _repair(rng, bug, "other")
    fields = good.fields | {"hidden_tests_passed": False, "failure_reason": "hidden: source differs from reference"}
    why = "reward 0, but right: the hidden check compares the source with the reference solution"
    return replace(good, reward=0.0, fields=fields, worth=why)


def _masked(rng: Random, bug: Bug) -> Attempt:
    """Repair it in a container that died before grading."""
    good = _repair(rng, bug)
    fields = good.fields | {"mask_sample": True, "failure_reason": "container lost before grading"}
    return replace(good, reward=0.0, fields=fields, odd=("mask_sample true",))


def _empty(rng: Random, bug: Bug) -> Attempt:
    """Produce nothing."""
    fields: JsonObject = {"n_tests_passed": 0, "n_tests": None, "agent_timed_out": False, "truncated": False}
    return Attempt((), 0.0, fields, odd=("empty output",))


def _tail(rng: Random, bug: Bug) -> Attempt:
    """Repair it and run out of turns before the summary; ends on a tool result."""
    good = _repair(rng, bug)
    return replace(
        good, steps=good.steps[:-1], fields=good.fields | {"truncated": True}, odd=("ends on a tool result",)
    )


def _tokens(rng: Random, bug: Bug) -> Attempt:
    """Repair it and keep token ids on the last message."""
    return replace(_repair(rng, bug), odd=("token ids on a message",))


SHELL = {
    "gitlog": "3f1c2aa (HEAD -> main) Tidy names\n9b07d15 First version",
    "gitblame": "3f1c2aa (dev 2026-02-17 1) the whole file was moved in one commit",
    "piplist": "Package   Version\n--------- -------\niniconfig 2.0.0\npackaging 24.2\npluggy    1.5.0\npytest    8.3.4",
    "python--version": "Python 3.11.11",
}
MAKERS: dict[str, Callable[[Random, Bug], Attempt]] = {
    "direct": _repair,
    "direct_other": partial(_repair, which="other"),
    "struggle": partial(_repair, detour=True),
    "struggle_other": partial(_repair, which="other", detour=True),
    "stuck": _stuck,
    "stuck_quiet": _stuck_quiet,
    "hacked": _hacked,
    "timeout": _timeout,
    "strict": _strict,
}
ODD: dict[int, Callable[[Random, Bug], Attempt]] = {2: _masked, 4: _empty, 6: _tail, 9: _tokens, 10: _masked}
