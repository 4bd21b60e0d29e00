"""Sources, index, decisions and recipe joined: the one object that the command line, the routes and the pages hold.

Nothing here writes but `decisions`.
"""

import threading
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from rollout_curator.conversation import mark_items
from rollout_curator.decisions.marked_rows import MarkedRows, Marks
from rollout_curator.decisions.store import Decision, Decisions
from rollout_curator.decisions.store_report import Counted
from rollout_curator.index.numeric_columns import REWARD
from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.plan import Plan, outcome_key, text_key
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.recipe.training_line import TrainingLine, make_line
from rollout_curator.rollout import Rollout
from rollout_curator.selection import strategies
from rollout_curator.selection.funnel import ACCEPT, NONE, REJECT, Funnel, Selection, funnel, random_control
from rollout_curator.selection.strategies.ranking import shuffled
from rollout_curator.sources.find import Found, absolute, find, passed_over
from rollout_curator.training.length_check import OVER_LENGTH
from rollout_curator.workspace.collection import Array, Collection
from rollout_curator.workspace.conversion_outcomes import ConversionOutcomes
from rollout_curator.workspace.example_lengths import exceeding, lengths_by_block
from rollout_curator.workspace.masks import group_thresholds
from rollout_curator.workspace.opening import build_indexes, default_cache
from rollout_curator.workspace.recipe_rules import Ruling
from rollout_curator.workspace.row_issues import trimmed

SELECTIONS_MAX = 64
OVER_DEFAULTS_MAX = 4
MADE_MAX = 64
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Candidates:
    """The rows that bounds on an axis choose from, and those of them that stay whatever the bounds."""

    among: Array
    always: Array


class Workspace(Collection):
    """A collection with the decisions on it. Threads may share it."""

    def __init__(self, found: Sequence[Found], cache: Path, decisions: Decisions | None) -> None:
        super().__init__(found, cache)
        self.decisions = decisions
        self.counted = Counted(decisions.path, "named") if decisions else Counted()
        self._lock = threading.Lock()
        self._verdicts: Array | None = None
        self._decided: dict[str, Decision] = {}
        self._current_verdicts: dict[str, str] = {}
        self._version = 0
        self._marked = MarkedRows()
        self._selections: dict[Any, Selection] = {}
        self._made: dict[str, dict[Any, Any]] = {}
        self.conversion_outcomes = ConversionOutcomes(self)
        self._ruling = Ruling(self, self.conversion_outcomes)

    @classmethod
    def open(
        cls, paths: Iterable[str | Path], cache: Path | None = None, decisions: Decisions | None = None
    ) -> "Workspace":
        """Find, index and open everything at once. Raises SourceError when nothing can be read."""
        paths, cache = list(paths), cache or default_cache()
        found = find(paths)
        for _ in build_indexes(found, cache):
            pass
        workspace = cls(found, cache, decisions)
        workspace.passed_over, workspace.named = passed_over(paths), absolute(paths)
        workspace.require_rollouts()
        return workspace

    def training_line(self, row: int, plan: Plan) -> TrainingLine:
        """Return the line that is written for a row, with the example it was made of."""
        return make_line([self.marked(row)], plan, self.metadata(row, plan))

    def marked(self, row: int) -> Rollout:
        """Return the rollout of a row with the marks of reviewers, as of the last refresh."""
        return mark_items(self.rollout(row), self._marked.of(row))

    def metadata(self, row: int, plan: Plan) -> dict[str, Any]:
        """Return the extra columns of a row: those the plan asks for, and those that every row has if any has them."""
        filled = self.conversion_outcomes.filled(plan)
        if not plan.metadata:
            return filled
        source, local = self.place(row)
        reward = float(source.columns["reward"][local])
        known = {
            "reward": None if np.isnan(reward) else reward,
            "source": source.name,
            "line": int(source.columns["line"][local]),
            "task": source.word("task", local),
            "agent": source.word("agent", local),
            "key": self.key(row),
        }
        return {**filled, **{name: known[name] for name in plan.metadata}}  # a record has its own in this place too

    def refresh_decisions(self) -> int:
        """Take in what was decided since the last look, by anyone; return the version of the store."""
        if self.decisions is None:
            return 0
        with self._lock:
            version = self.decisions.version()
            if version != self._version or self._verdicts is None:
                self._decided = self.decisions.current()
                self._current_verdicts = {key: decision.verdict for key, decision in self._decided.items()}
                self._verdicts = self.codes_of(self._current_verdicts)
                self._marked = self._marked.renewed(self, self.decisions.marks())
                self._version = version
                self._selections = {key: made for key, made in self._selections.items() if not isinstance(key[0], int)}
            return version

    def hold(self, decisions: Decisions | None, counted: Counted) -> None:
        """Take the store that counts, which is known only once the rollouts are; before anything else is asked."""
        self.decisions, self.counted, self._made = decisions, counted, {}

    def as_of_now(self, name: str, key: Hashable, make: Callable[[], Made], most: int = MADE_MAX) -> Made:
        """Return what `make` gives for a key, made again when a decision came; under a name so many are remembered."""
        version = self.refresh_decisions()
        held = self._made.get(name, {})  # replaced, never changed in place: threads ask
        if (version, key) in held:
            found: Made = held[version, key]
            return found
        made = make()
        kept = {place: one for place, one in held.items() if place[0] == version} if len(held) < most else {}
        self._made[name] = {**kept, (version, key): made}
        return made

    def n_decided(self) -> int:
        """Return on how many rollouts a verdict stands or a mark."""
        decided = self.verdicts() != NONE
        decided[list(self._marked.items)] = True
        return int(np.count_nonzero(decided))

    def marked_rows(self) -> MarkedRows:
        """Return the rows with marked answers, as of the last refresh."""
        return self._marked

    def codes_of(self, verdicts: Mapping[str, str]) -> Array:
        """Return verdicts by key (accept or reject) as a code per row: NONE, ACCEPT or REJECT."""
        codes = np.full(self.n_rollouts, NONE, dtype="uint8")
        rows, places = self.rows_of_keys(list(verdicts))
        said = np.array([REJECT if verdict == "reject" else ACCEPT for verdict in verdicts.values()], dtype="uint8")
        codes[rows] = said[places]
        return codes

    @cached_property
    def sample_rank(self) -> Array:
        """Return a number per row by which it is drawn at random: of its content alone, the same everywhere."""
        return shuffled(self.frame, 0, "reading")

    def verdicts(self) -> Array:
        """Return the standing verdict per row: NONE, ACCEPT or REJECT."""
        self.refresh_decisions()
        return self._codes()

    def _codes(self) -> Array:
        return np.full(self.n_rollouts, NONE, dtype="uint8") if self._verdicts is None else self._verdicts

    def current_verdicts(self) -> dict[str, str]:
        """Return the verdicts that stand on contents which are open here, by key."""
        self.refresh_decisions()
        with self._lock:
            keys, verdicts = list(self._current_verdicts), list(self._current_verdicts.values())
        return {keys[place]: verdicts[place] for place in np.unique(self.rows_of_keys(keys)[1])}

    def assume(self, standing: Mapping[str, str], marks: Marks) -> None:
        """Take these verdicts (key -> accept or reject) and marked items instead of those of a store."""
        self.counted = Counted(how="manifest")
        self._current_verdicts = dict(standing)
        self._verdicts = self.codes_of(self._current_verdicts)
        self._marked = self._marked.renewed(self, marks)
        self._selections.clear()

    def decision(self, key: str) -> Decision | None:
        """Return the standing decision on a content, as of the last refresh."""
        return self._decided.get(key)

    def select(self, recipe: Recipe) -> Selection:
        """Return the state of every row under a recipe and the decisions as they stand."""
        self.refresh_decisions()
        with self._lock:
            version, verdicts = self._version, self._codes()
        return self._selected(recipe, verdicts, version)

    def select_under(self, recipe: Recipe, verdicts: Array, name: Hashable) -> Selection:
        """Return the state of every row as if these codes were the verdicts; `name` is what they are known by."""
        return self._selected(recipe, verdicts, name)

    def _selected(self, recipe: Recipe, verdicts: Array, name: Hashable) -> Selection:
        plan = recipes.plan(recipe)
        with self._lock:
            exclude = (plan.exclude_invalid, plan.exclude, plan.harmless)
            written = plan.needs_examples and text_key(plan)
            key = (name, recipe.selecting, exclude, outcome_key(plan), written, self._marked.version)
            if key in self._selections:
                return self._selections[key]
        made = self._ruling.select(recipe, plan, verdicts, lambda open_: self._selected(open_, verdicts, name))
        if recipe.control is not None:
            possible = self._selected(recipe.without_rules(), verdicts, name)
            drawn = strategies.matched_random(
                self.frame_by(recipe.group_by), made.kept, recipe.control, among=possible.kept, by=recipe.control_by
            )
            made = random_control(possible, verdicts, drawn)
        with self._lock:
            if len(self._selections) > SELECTIONS_MAX:
                self._selections.clear()
            self._selections[key] = made
        return made

    def possible(self, recipe: Recipe) -> Selection:
        """Return what any rule could keep: all that is valid, not rejected and exportable under a recipe."""
        return self.select(recipe.without_rules())

    def candidates(self, recipe: Recipe, axis: str = REWARD) -> Candidates:
        """Return the rows that bounds on an axis choose from: what the rest of the recipe keeps before its strategies.

        Bounds of the reward that come last choose from what the strategies keep.

        Whoever a person accepted, or whose agent has a threshold of its own, stays whatever the bound.
        """
        among = self.select(recipe.without_axis(axis)).kept
        always = among & (self.verdicts() == ACCEPT)
        own = group_thresholds(self, recipe) if axis == REWARD else None
        return Candidates(among, always if own is None else always | (among & ~np.isnan(own)))

    def outcomes(self, plan: Plan) -> tuple[Array, list[str]]:
        """Return per row a code into the list of skip reasons, "" where an example is written."""
        return self.conversion_outcomes.outcomes(plan)

    def rows_with(self, recipe: Recipe, issue: str) -> Array:
        """Return the rows that are selected and not rejected, and of whose example this was noticed."""
        plan = recipes.plan(recipe)
        if issue == OVER_LENGTH and plan.look.max_tokens is None:
            return self.over_default(recipe)
        rows = self.conversion_outcomes.best(plan).rows_with(issue)
        return np.asarray(rows[self._is_asked(recipe)[rows]])

    def issue_counts(self, recipe: Recipe) -> dict[str, int]:
        """Return how many rows `rows_with` gives for every issue there is."""
        plan = recipes.plan(recipe)
        counts = self.conversion_outcomes.best(plan).counts(self._is_asked(recipe))
        is_over = plan.look.max_tokens is None and len(over := self.over_default(recipe))
        return {**counts, OVER_LENGTH: len(over)} if is_over else counts

    def over_default(self, recipe: Recipe) -> Array:
        """Return the kept rows whose examples exceed the default limit of their trainer."""

        def make() -> Array:
            plan, kept = recipes.plan(recipe), np.flatnonzero(self.select(recipe).kept)
            return np.asarray(kept[exceeding(self, plan, kept, lengths_by_block(self, plan, kept))])

        return self.as_of_now("over default", repr(recipe), make, OVER_DEFAULTS_MAX)

    def left_out(self, recipe: Recipe) -> dict[str, tuple[int, int]]:
        """Return for each kind of thing not in the kept examples: in how many of them, and how many such things."""
        return self.conversion_outcomes.best(recipes.plan(recipe)).left_out(self.select(recipe).kept)

    def _is_asked(self, recipe: Recipe) -> Array:
        """Return a boolean per row: selected and not rejected, so that only its example can keep it out."""
        selection = self.select(recipe)
        gone = [code for code, drop in enumerate(selection.drops, 1) if drop.step != "exportable"]
        return np.asarray(~np.isin(selection.reason, gone))

    def funnel(self, recipe: Recipe) -> Funnel:
        """Return every line and rollout accounted for under a recipe."""
        lines = sum(int(source.header["n_lines"]) for source in self.sources)
        blank = sum(int(source.header["n_blank"]) for source in self.sources)
        selection = self.select(recipe)
        made = funnel(selection, lines, blank, self.problems_by_kind())
        return replace(made, trimmed=trimmed(self.conversion_outcomes.issues(recipes.plan(recipe)), selection.kept))

    def close(self) -> None:
        """Close every file and the review store."""
        super().close()
        if self.decisions is not None:
            self.decisions.close()
