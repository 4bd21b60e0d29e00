"""What training on a selection costs before it costs anything: tokens, rows, packs and steps.

Takes columns of the kept rollouts and gives numbers. Without a tokenizer all lengths are estimates with a range: what
is written of a rollout, its tool definitions and what a chat template adds, as the index weighed them; `usage` is of
what the policy did, hidden thought or the last call alone too, and has no say. Whoever has counted exactly passes
`Lengths` in which nothing is estimated. Packing is first-fit-decreasing over the whole file, on lengths rounded up to a
thousandth of the maximum; a trainer packs within its batches, which takes a few packs more.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from rollout_curator.training.targets.base import Target
from rollout_curator.words import counted

Array = np.ndarray[Any, Any]

GRAINS = 1024
SHOWN_AGENTS, SHOWN_TASKS = 50, 10
OVERLONG = {
    "cut": "truncates them and trains on the beginning",
    "masked": "masks them; they take a place in the batch and train nothing",
    "dropped": "drops them before training",
}
"""What a trainer does with examples that are too long."""


@dataclass(frozen=True, slots=True, eq=False)
class Lengths:
    """Tokens per row: all of them with their bounds, and those of answers; exact counts are their own bounds."""

    total: Array
    trained: Array
    low: Array
    high: Array


@dataclass(frozen=True, slots=True)
class Asked:
    """How training is meant to run; no limit when `max_length` is 0."""

    max_length: int = 8192
    batch_size: int = 128
    epochs: int = 1


@dataclass(frozen=True, slots=True)
class Share:
    """How much of the trained tokens one agent or task takes."""

    name: str
    rows: int
    trained: int


@dataclass(frozen=True, slots=True)
class Span:
    """A number and between what it may lie: both bounds are the number when it is exact."""

    about: int
    low: int
    high: int

    def __str__(self) -> str:
        """Return the number as people say it: about 77 (60 to 90)."""
        if self.low == self.high:
            return f"{self.about:,}"
        if not self.about:
            return f"perhaps up to {self.high:,}"
        return f"about {self.about:,} ({self.low:,} to {self.high:,})"


@dataclass(frozen=True, slots=True)
class Cost:
    """The numbers for one file; `over_length` rows are longer than the trainer takes, and `overlong` says what it does.

    `total` is of all rows as they are, `trained` of what the trainer trains on.
    """

    asked: Asked
    trainer: str
    overlong: str
    rows: int
    total: Span
    trained: Span
    longest: Span
    over_length: Span
    packs: int
    fill: float
    steps: int
    steps_packed: int
    agents: tuple[Share, ...]
    tasks: tuple[Share, ...]
    n_tasks: int

    @property
    def is_estimated(self) -> bool:
        """Say whether any of the lengths is an estimate."""
        return self.total.low != self.total.high

    def sentence(self) -> str:
        """Return the numbers as people say them, with their ranges where they are estimates."""
        tokens = f"{self.trained} trained of {self.total} tokens"
        return f"{tokens} in {counted(self.rows, 'example')}; {counted(self.steps, 'step')}"

    def too_long(self) -> str:
        """Return how many rows are too long and what the trainer does with them, empty where none can be."""
        if not self.over_length.high:
            return ""
        return f"{self.over_length} of {counted(self.rows, 'example')}: {self.trainer} {OVERLONG[self.overlong]}"

    def no_step(self) -> str:
        """Return why nothing is trained at all, empty where something is."""
        if self.steps or not self.rows:
            return ""
        return (
            f"{self.trainer} drops an incomplete batch, and {counted(self.rows, 'example')} "
            f"{'does' if self.rows == 1 else 'do'} not fill one of {self.asked.batch_size:,}: nothing would be "
            "trained; the exported config "
            "uses a smaller batch size"
        )

    def as_json(self) -> dict[str, Any]:
        """Return the numbers as they stand in `--json`."""
        found: dict[str, Any] = {"asked": asdict(self.asked), "estimated_rows": self.rows if self.is_estimated else 0}
        found |= {"sentence": self.sentence(), "too_long": self.too_long(), "no_step": self.no_step()}
        for name in ("total", "trained", "longest", "over_length"):
            span = getattr(self, name)
            found |= {name: span.about, f"{name}_range": [span.low, span.high]}
        names = ("rows", "overlong", "packs", "fill", "steps", "steps_packed", "n_tasks")
        found |= {name: getattr(self, name) for name in names}
        for title, shares in (("agents", self.agents), ("tasks", self.tasks)):
            found[title] = [{"name": one.name, "rows": one.rows, "trained": one.trained} for one in shares]
        return found


@dataclass(frozen=True, slots=True)
class Written:
    """What of a rollout is written and trained: its reasoning or not, one answer alone, answers of the prompt too."""

    with_reasoning: bool = False
    is_flat: bool = False
    trains_prompt: bool = True


def lengths(columns: Mapping[str, Array], written: Written) -> Lengths:
    """Return tokens per row from the weights of the index, given what of a rollout is written.

    Flat examples hold no tools and no results.
    """
    weights = {name: np.asarray(column, dtype=np.int64) for name, column in columns.items()}
    earlier, output = weights["weight_earlier"], weights["weight_written"]
    whole = sum(weights[f"weight_{name}"] for name in ("read", "results", "tools", "thought")) + earlier + output
    thought = weights["weight_thought"] if written.with_reasoning and not written.is_flat else 0
    trained = output + thought + (earlier if written.trains_prompt and not written.is_flat else 0)
    total = weights["weight_read"] + earlier + output + thought
    if not written.is_flat:
        total = total + weights["weight_results"] + weights["weight_tools"]
    share = total / np.maximum(whole, 1)
    low = np.minimum(np.floor(share * weights["weight_low"]).astype(np.int64), total)
    high = np.maximum(np.ceil(share * weights["weight_high"]).astype(np.int64), total)
    return Lengths(total, trained, low, high)


@dataclass(frozen=True, slots=True, eq=False)
class Named:
    """A code per row that is not negative, and the name of each code; only those that are shown are asked for."""

    codes: Array
    name: Callable[[int], str]


def cost(known: Lengths, asked: Asked, target: Target, agents: Named, tasks: Named) -> Cost:
    """Return what training on these rows costs with this trainer."""
    limit, batch = asked.max_length, max(1, asked.batch_size)
    over = [are_too_long(some, limit, target) for some in (known.total, known.low, known.high)]
    trained, taken, goes = _trained(known, over[0], asked, target)
    share = [some.sum() / max(1, known.total.sum()) for some in (known.low, known.high)]
    room = limit or int(known.total.max(initial=1))
    packs = first_fit_decreasing(taken[goes], room)
    rows = len(known.total) - (int(over[0].sum()) if target.overlong == "dropped" else 0)
    n_trained, steps = int(trained.sum()), target.steps(rows, batch, asked.epochs)
    return Cost(
        asked=asked,
        trainer=target.title,
        overlong=target.overlong,
        rows=len(known.total),
        total=Span(*(int(some.sum()) for some in (known.total, known.low, known.high))),
        trained=Span(n_trained, int(n_trained * share[0]), int(np.ceil(n_trained * share[1]))),
        longest=Span(*(int(some.max(initial=0)) for some in (known.total, known.low, known.high))),
        over_length=Span(*(int(some.sum()) for some in over)),
        packs=packs,
        fill=float(taken[goes].sum() / (packs * room)) if packs else 0.0,
        steps=steps,
        steps_packed=steps if target.rounding == "down" else target.steps(packs, batch, asked.epochs),
        agents=_shares(agents, trained, SHOWN_AGENTS),
        tasks=_shares(tasks, trained, SHOWN_TASKS),
        n_tasks=len(np.unique(tasks.codes)),
    )


def are_too_long(lengths: Array, limit: int, target: Target) -> Array:
    """Return for each length whether it is beyond a limit of this trainer; 0 is no limit."""
    if not limit:
        return np.zeros(len(lengths), dtype=bool)
    return lengths >= limit if target.limit_is_too_long else lengths > limit


def _trained(known: Lengths, is_over: Array, asked: Asked, target: Target) -> tuple[Array, Array, Array]:
    """Return per row the tokens that are trained, those that are taken in, and whether it is taken in at all.

    Of a row that is cut, answers are taken to be spread evenly over it.
    """
    if target.overlong != "cut":
        return np.where(is_over, 0, known.trained), known.total, ~is_over
    taken = np.where(is_over, asked.max_length, known.total)
    trained = np.where(is_over, known.trained * asked.max_length // np.maximum(known.total, 1), known.trained)
    return trained, taken, np.ones(len(taken), dtype=bool)


def first_fit_decreasing(sizes: Array, limit: int) -> int:
    """Return into how many packs of `limit` tokens these rows go, longest first, each into the first that has room.

    Sizes are rounded up to a thousandth of the limit, so that equal ones go together and a million rows take a moment.
    """
    grains = np.minimum(-(-np.asarray(sizes, dtype=np.int64) * GRAINS // limit), GRAINS)
    counts = np.bincount(np.maximum(grains, 1), minlength=GRAINS + 1)
    packs: list[tuple[int, int]] = []  # (room, how many packs have it), in the order they were opened
    n_full = 0
    for size in range(GRAINS, 0, -1):
        if counts[size]:
            packs = _placed(packs, size, int(counts[size]))
            n_full += sum(n_packs for room, n_packs in packs if not room)
            packs = [pack for pack in packs if pack[0]]
    return n_full + sum(n_packs for _, n_packs in packs)


def _placed(packs: list[tuple[int, int]], size: int, n_rows: int) -> list[tuple[int, int]]:
    """Return the packs after so many rows of a size went each into the first that has room, the last into new ones."""
    after: list[tuple[int, int]] = []
    for room, n_packs in (*packs, (GRAINS, n_rows)):
        fit = room // size
        if not n_rows or not fit:
            after.append((room, n_packs))
            continue
        n_filled = min(n_packs, n_rows // fit)
        n_rows -= n_filled * fit
        rest = n_rows if n_filled < n_packs else 0
        n_rows -= rest
        n_left = n_packs - n_filled - bool(rest)
        after += [(room - fit * size, n_filled), (room - rest * size, int(bool(rest))), (room, n_left)]
    return [pack for pack in after if pack[1] and pack[0] < GRAINS]


def _shares(named: Named, trained: Array, most: int) -> tuple[Share, ...]:
    """Return the trained tokens by name, the largest first."""
    rows, tokens = np.bincount(named.codes), np.bincount(named.codes, trained)
    there = np.flatnonzero(rows)
    largest = there[np.lexsort((there, -tokens[there]))][:most]
    return tuple(Share(named.name(int(code)), int(rows[code]), int(tokens[code])) for code in largest)
