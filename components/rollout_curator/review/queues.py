"""The queues of the Review page by name: names stand in URLs, and each says in words what it is for.

A table of kinds; a name that ends in a hyphen is a prefix, and what follows it is the queue's own. Any other name is
that of a drop such as `below`, and an unknown one is a queue that holds nothing. `queue_members` says what they hold.
"""

from collections.abc import Callable
from dataclasses import dataclass

from rollout_curator.conversation import ISSUE_WORDS
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.review import queue_members as rows
from rollout_curator.review import slice_queues
from rollout_curator.review.queue_members import Array, QueueRequest
from rollout_curator.workspace.workspace import Workspace

DEFAULT = "kept"
FELL = "fell-"
AGENT = "agent-"
TASK = "task-"
ISSUE = "issue-"
PLAN = "plan-"
AGENTS_MAX = 40
STEP_WORDS = {
    "valid": "dropped: invalid reward",
    "selected": "dropped by the threshold or a rule",
    "not_rejected": "dropped: rejected in review",
    "exportable": "dropped: no example can be written",
}


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue to choose: its name in URLs, its words for people, how many rollouts it holds."""

    name: str
    words: str
    count: int


@dataclass(frozen=True, slots=True)
class Kind:
    """A row of the table: what a queue is called, is for, holds and in which order; `listed` ones can be chosen."""

    words: str | Callable[[QueueRequest], str]
    about: str
    holds: Callable[[QueueRequest], Array]
    order: Callable[[QueueRequest, Array], Array] = rows.as_they_are
    listed: bool = True


def _task_words(request: QueueRequest) -> str:
    found = rows.of_task(request)
    return f"task {request.workspace.frame['task'].iat[int(found[0])]}" if len(found) else "a task that is not here"


def _near_words(request: QueueRequest) -> str:
    return "nearest the threshold" if request.recipe.has_bounds else "lowest reward first"


_DROP = Kind(lambda request: request.rest.replace("-", " "), "", rows.of_drop, listed=False)
KINDS: dict[str, Kind] = {
    "kept": Kind("kept, in order", "", rows.kept),
    "dropped": Kind("dropped, in order", "", rows.dropped),
    "random": Kind(
        "random sample", "For the error bound: start at the first, skip none.", rows.at_random, rows.in_random_order
    ),
    "near": Kind(_near_words, "To check the threshold.", rows.eligible, rows.by_distance),
    "just-below": Kind("just below", "What a lower threshold would add.", rows.just_below, rows.downward),
    "flagged": Kind(
        "high reward, flagged",
        "The verifier may have been fooled.",
        rows.high_but_flagged,
        rows.in_random_order,
    ),
    "low-clean": Kind(
        "low reward, not flagged", "The verifier may have been too strict.", rows.low_but_clean, rows.in_random_order
    ),
    "by-reward": Kind(
        "spread over rewards", "To compare reward and reviewers.", rows.eligible, rows.in_turns_by_reward
    ),
    "by-task": Kind("one per task", "One of each, then another of each.", rows.selected, rows.in_turns_by_task),
    "odd": Kind("kept, flagged", "Kept, with a flag, a tool error, a duplicate or an unusual end.", rows.odd_ones),
    "disagree": Kind("reward and reviewer disagree", "High and rejected, or low and accepted.", rows.disagreeing),
    "second": Kind(
        "second review", "Another reviewer has decided; their decision is hidden until you decide.", rows.for_a_second
    ),
    "settle": Kind("conflicts", "Reviewers disagree. Your decision here resolves it.", rows.to_settle),
    "all": Kind("all, in order", "", rows.everything),
    "rejected-by-hand": Kind("rejected in review", "", rows.rejected),
    "accepted": Kind("accepted in review", "", rows.accepted),
    FELL: Kind(lambda request: STEP_WORDS.get(request.rest, request.rest), "", rows.fell_at, listed=False),
    AGENT: Kind(lambda request: f"agent {request.rest}", "", rows.of_agent, listed=False),
    TASK: Kind(_task_words, "Every attempt at one task.", rows.of_task, listed=False),
    PLAN: Kind(
        lambda request: f"session of {request.rest} minutes", "A mix for the time you have.", rows.planned, listed=False
    ),
    ISSUE: Kind(
        lambda request: f"examples that {ISSUE_WORDS.get(request.rest, 'are not here')}",
        "",
        rows.with_issue,
        listed=False,
    ),
    slice_queues.IN: Kind(lambda request: slice_queues.words(request.rest), "", rows.of_part, listed=False),
}
BY_HAND = ("all", "rejected-by-hand", "accepted")


def kind_of(name: str) -> tuple[Kind, str]:
    """Return the kind of a queue, and what follows the prefix of its name."""
    if name.startswith(slice_queues.IN):
        return KINDS[slice_queues.IN], name
    if name in KINDS and not name.endswith("-"):
        return KINDS[name], ""
    head, hyphen, rest = name.partition("-")
    return (KINDS[head + hyphen], rest) if head + hyphen in KINDS else (_DROP, name)


def queues(workspace: Workspace, recipe: Recipe, reviewer: str = "") -> list[Queue]:
    """Return every queue that holds something, those a reviewer begins with first; made anew when a decision came."""
    return workspace.as_of_now("queues", (repr(recipe), reviewer), lambda: _queues(workspace, recipe, reviewer))


def _queues(workspace: Workspace, recipe: Recipe, reviewer: str) -> list[Queue]:
    request = QueueRequest(workspace, recipe, reviewer)
    found = [Queue(name, _said(kind, request), len(kind.holds(request))) for name, kind in KINDS.items() if kind.listed]
    by_hand = [queue for queue in found if queue.name in BY_HAND]
    found = [queue for queue in found if queue not in by_hand]
    found += [Queue(drop.name, f"dropped: {drop.words}", drop.count) for drop in workspace.select(recipe).drops]
    agents = workspace.frame["agent"].value_counts()
    found += by_hand
    found += [Queue(f"{AGENT}{name}", f"agent {name}", int(n)) for name, n in agents.head(AGENTS_MAX).items() if n]
    return [queue for queue in found if queue.count or queue.name == DEFAULT]


def words_of(workspace: Workspace, recipe: Recipe, name: str) -> str:
    """Return a queue in words, also one that holds nothing now."""
    listed = next((queue.words for queue in queues(workspace, recipe) if queue.name == name), None)
    kind, rest = kind_of(name)
    return listed or _said(kind, QueueRequest(workspace, recipe, rest=rest))


def about(name: str) -> str:
    """Return what a queue is for, empty where its name says it all."""
    return kind_of(name)[0].about


def rows_of(workspace: Workspace, recipe: Recipe, name: str, reviewer: str = "") -> Array:
    """Return the rows of a queue in reading order; an unknown name is a queue that holds nothing."""
    kind, rest = kind_of(name)
    request = QueueRequest(workspace, recipe, reviewer, rest)
    return kind.order(request, kind.holds(request))


def mixed_of(workspace: Workspace, recipe: Recipe, name: str, reviewer: str = "") -> tuple[tuple[str, int], ...]:
    """Return of which queues a plan is mixed, and how many of each; nothing for any other queue."""
    kind, rest = kind_of(name)
    return tuple(rows.plan(QueueRequest(workspace, recipe, reviewer, rest)).items()) if kind is KINDS[PLAN] else ()


def _said(kind: Kind, request: QueueRequest) -> str:
    return kind.words if isinstance(kind.words, str) else kind.words(request)
