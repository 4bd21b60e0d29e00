"""What training on a selection costs before it costs anything: tokens, rows, packs and steps.

Takes columns of the kept rollouts and gives numbers. Without a tokenizer all lengths are estimates: what `usage` says
of the policy's own tokens where the whole of it is written, else characters / 4; templates add some. Whoever has
counted exactly passes `Lengths` in which nothing is estimated. Packing is first-fit-decreasing over the whole file, on
lengths rounded up to a thousandth of the maximum; a trainer packs within its batches, which takes a few packs more.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rollout_curator.tokens import CHARS_PER_TOKEN
from rollout_curator.wording import counted

Array = np.ndarray[Any, Any]

GRAINS = 1024
SHOWN_AGENTS, SHOWN_TASKS = 50, 10


@dataclass(frozen=True, slots=True, eq=False)
class Lengths:
    """Tokens per row: all of them, and those that are trained on; `is_estimated` per row, none when counted exactly."""

    total: Array
    trained: Array
    is_estimated: Array


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
class Cost:
    """The numbers for one file; `over_length` rows are longer than the maximum and in no pack."""

    rows: int
    total: int
    trained: int
    estimated_rows: int
    longest: int
    over_length: int
    packs: int
    fill: float
    steps: int
    steps_packed: int
    agents: tuple[Share, ...]
    tasks: tuple[Share, ...]
    n_tasks: int

    def sentence(self) -> str:
        """Return the numbers as people say them; "about" stands where any of them is an estimate."""
        about = "about " if self.estimated_rows else ""
        tokens = f"{about}{self.trained:,} trained of {self.total:,} tokens"
        return f"{tokens} in {counted(self.rows, 'row')}; {counted(self.steps, 'step')}"

    def as_json(self) -> dict[str, Any]:
        """Return the numbers as they stand in `--json`."""
        names = ("rows", "total", "trained", "estimated_rows", "longest", "over_length", "packs", "fill", "steps")
        found: dict[str, Any] = {name: getattr(self, name) for name in (*names, "steps_packed", "n_tasks")}
        for title, shares in (("agents", self.agents), ("tasks", self.tasks)):
            found[title] = [{"name": one.name, "rows": one.rows, "trained": one.trained} for one in shares]
        return found


def lengths(columns: Mapping[str, Array], *, with_reasoning: bool, is_flat: bool = False) -> Lengths:
    """Return tokens per row from columns of the index, given what of a rollout is written.

    `usage` counts reasoning too, so it is the trained length only where reasoning is written or there is none;
    flat examples hold no tool calls and no results.
    """
    out, thought = columns["chars_out"], columns["chars_reasoning"]
    written = out + thought if with_reasoning and not is_flat else out
    from_usage = ~columns["estimated"] & (with_reasoning | (thought == 0)) & (not is_flat)
    trained = np.where(from_usage, columns["tokens"], -(-written // CHARS_PER_TOKEN)).astype(np.int64)
    read = columns["chars_prompt"] + (0 if is_flat else columns["chars_tool"])
    total = trained - (-read // CHARS_PER_TOKEN)
    return Lengths(total.astype(np.int64), trained, np.ones(len(trained), dtype=bool))


@dataclass(frozen=True, slots=True, eq=False)
class Named:
    """A code per row that is not negative, and the name of each code; only those that are shown are asked for."""

    codes: Array
    name: Callable[[int], str]


def cost(known: Lengths, asked: Asked, agents: Named, tasks: Named) -> Cost:
    """Return what training on these rows costs."""
    fits = known.total < asked.max_length if asked.max_length else np.ones(len(known.total), dtype=bool)
    limit = asked.max_length or int(known.total.max(initial=1))
    packs = first_fit_decreasing(known.total[fits], limit)
    rows, batch = int(np.count_nonzero(fits)), max(1, asked.batch_size)
    return Cost(
        rows=len(known.total),
        total=int(known.total.sum()),
        trained=int(known.trained[fits].sum()),
        estimated_rows=int(np.count_nonzero(known.is_estimated)),
        longest=int(known.total.max(initial=0)),
        over_length=len(known.total) - rows,
        packs=packs,
        fill=float(known.total[fits].sum() / (packs * limit)) if packs else 0.0,
        steps=-(-len(known.total) // batch) * asked.epochs,
        steps_packed=-(-packs // batch) * asked.epochs,
        agents=_shares(agents, known.trained, SHOWN_AGENTS),
        tasks=_shares(tasks, known.trained, SHOWN_TASKS),
        n_tasks=len(np.unique(tasks.codes)),
    )


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
