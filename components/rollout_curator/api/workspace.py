"""What a notebook imports: rollouts opened, chosen from, plotted and exported, by the functions the app and CLI call.

Knows how these functions follow each other, and nothing that they know. A row is the number of a rollout, from 0, over
all files in the order they were opened: of `Workspace.frame`, of `Selection.kept`, of `Workspace.rollout`. Where a
message names an option of the command line (`--decisions`, `--cache-dir`), the argument of that name is meant.
"""

import json
import operator
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, SupportsIndex

import numpy as np

from rollout_curator import export as publishing
from rollout_curator.api.frame import frame_of
from rollout_curator.api.progress import progress
from rollout_curator.api.recipe import check_recipe
from rollout_curator.api.selection import Selection
from rollout_curator.conversation import ISSUE_WORDS
from rollout_curator.errors import (
    ExportError,
    FileInTheWay,
    RecipeError,
    RolloutNotFound,
    Unopened,
)
from rollout_curator.printable import shown
from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.plan import Plan
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.rollout import Rollout
from rollout_curator.words import counted, said_of
from rollout_curator.workspace.workspace import Workspace as Opened

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go


class Workspace:
    """Open rollouts, and the decisions on them that count. `len()` is the number of rollouts.

    Decisions made meanwhile, in the app or by others, count from the next call on. It can be closed, or used in a
    `with`; after that all but `len()` and `repr()` raises Unopened. Errors are CuratorErrors, each a sentence.
    """

    def __init__(self, opened: Opened, around: Iterable[Path]) -> None:
        """Take what `open` opened, and every review store that could count for it."""
        self._is_closed, self._opened, self._around = False, opened, list(around)
        self._frame: pd.DataFrame | None = None

    @property
    def frame(self) -> "pd.DataFrame":
        """Return a pandas frame with one row per rollout; columns that are added to it stay.

        Decisions are not in it: `select` says what they keep.

        source           category  file it was read from, as it is called among those opened
        line             int64     number of the line, record or row in that file, from 1
        key              text      hash of the content, 32 hex digits: what decisions are about
        group            int64     rollouts of one task share it: agent, task name and prompt are the same
        reward           float64   as collected; NaN without a reward. Where `invalid` is not empty it is no measurement
        attempt          float64   number of the attempt as the file gives it; NaN when it does not
        n_items          int32     messages, calls and results in prompt and output together
        n_turns          int32     assistant turns in the output
        n_user_turns     int32     user messages in prompt and output
        n_calls          int32     tool calls in the output
        n_tool_errors    int32     tool results that look like an error
        n_tools          int32     tools offered
        n_images         int32     images
        chars_prompt     int64     characters of the prompt
        chars_out        int64     characters of assistant text and call arguments in the output
        chars_reasoning  int64     characters of readable reasoning
        chars_tool       int64     characters of tool results
        tokens_in        int64     prompt tokens, from `usage`, else estimated
        tokens           int64     generated tokens, from `usage`, else estimated
        estimated        bool      whether both are estimates
        repeated_calls   float64   tool calls that repeat an earlier one to the letter
        distinct_tools   float64   different tools that were called
        final_chars      float64   characters of the last assistant text; 0 when there is none
        format           category  name of the format that the line was read as
        agent            category  agent that acted; empty when nothing names it
        model            category  model that answered; empty when nothing names it
        task             category  index or id of the task as the line gives it, else a hash of the prompt
        finish           category  how the rollout ended
        invalid          category  why the reward is no measurement: masked, truncated or failed; else empty
        flags            category  what reading noticed, joined by |

        After these comes every further number of the lines (parts of the reward, say), float64, NaN where a line has
        none, under its own name, which filters of recipes take too; one with a name of the list above is `facet NAME`.
        """
        opened = self._here()
        if self._frame is None:
            self._frame = frame_of(opened)
        return self._frame

    def select(self, recipe: Recipe) -> Selection:
        """Return which rollouts a recipe keeps. Raises RecipeError where the recipe is wrong.

        Lists and dicts do in a recipe for tuples and records, with the names they have in TOML; `sources` says nothing.
        """
        opened, recipe = self._ready(recipe)
        return Selection(opened.select(recipe), opened.funnel(recipe))

    def rollout(self, row: SupportsIndex) -> Rollout:
        """Return the rollout of a row as it was collected: `prompt`, `output`, `tools`, `reward` and what
        its line says of it.

        Raises RolloutNotFound, and SourceChanged when the file is no longer what was opened.
        """
        return self._here().rollout(self._row(row))

    def example(self, row: SupportsIndex, recipe: Recipe) -> dict[str, Any]:
        """Return the JSON object that is written for a rollout, whether or not the rules of the recipe keep it.

        Raises ExportError where none can be written, or an issue keeps it out; RolloutNotFound and SourceChanged as
        `rollout` does; RecipeError for a recipe of pairs, whose rows are of two rollouts.
        """
        row, recipe, opened = self._row(row), check_recipe(recipe), self._here()
        if recipe.pairs is not None:
            raise RecipeError(
                "recipe: its examples are pairs of rollouts, so one rollout is not an example; remove pairs"
            )
        opened.refresh_decisions()
        plan = recipes.plan(recipe)
        line = opened.training_line(row, plan)
        if line.skip:
            raise ExportError(f"{opened.where(row)}: no example is exported: {_why(line.skip, plan)}")
        return dict(json.loads(line.text))

    def plot(self, column: str = "reward", recipe: Recipe | None = None, *, against: str | None = None) -> "go.Figure":
        """Return a plotly figure of a number: how many rollouts lie where, or its mean `against` another number.

        Drawn is what the rest of the recipe leaves for bounds on this column to choose from, as in the app; without a
        recipe whatever can be exported. In the histogram what the recipe keeps stands apart, and what is not drawn is
        counted below the title. Raises RecipeError for what is no number of `frame`.
        """
        import pandas as pd

        from rollout_curator.ui import plots

        opened, recipe = self._ready(Recipe() if recipe is None else recipe)
        drawn = [column] if against is None else [column, against]
        for name in drawn:
            if name not in opened.axes:
                raise RecipeError(f"no numeric column {name!r} to plot; choose a numeric column of `frame`")
        among = opened.candidates(recipe, column).among
        rows = np.flatnonzero(among)
        values = {name: opened.numbers(name)[rows] for name in drawn}
        n_before = len(self) - len(rows)
        if against is None:
            kept = opened.select(recipe).kept[rows]
            figure = plots.histogram(pd.DataFrame(values), column, kept=kept, n_before=n_before)
        else:
            frame = opened.frame_by(recipe.group_by)[["agent", "group"]].take(rows)
            frame = frame.assign(task_id=frame["group"].astype("category"), **values)
            figure = plots.density(frame, against, column)
        return plots.coloured(figure)

    def export(
        self, recipe: Recipe, path: str | Path, *, card: str = "", report: str = "", overwrite: bool = False
    ) -> publishing.Exported:
        """Write the kept rollouts to a training file, with its manifest beside it; the bytes are those of app and CLI.

        `card` and `report` name a data card (.md) and an account of every rollout (.jsonl) to write beside it. The
        result says `path`, `manifest_path`, `rows`, `sha256`, `notes` to read, and `config`, which trains on the file.
        All files appear whole or not at all. Raises RecipeError, ExportError, its FileInTheWay where a file would be
        replaced that this program did not write or that was changed since (`overwrite=True` replaces it), SplitError
        where a part would be empty, and SourceChanged.
        """
        opened, recipe = self._ready(recipe)
        out = Path(path)
        around: list[Path | None] = [*self._around] or [None]
        for store in around:
            publishing.check_out(out, [file.path for file in opened.found], store, recipe, card, report)
        settings = publishing.Settings(card, report=report, overwrite=overwrite)
        try:
            with closing(publishing.export(opened, recipe, out, settings)) as steps, progress("writing") as advance:
                for step in steps:
                    if isinstance(step, publishing.Exported):
                        return step
                    advance(step.done, step.total)
        except FileInTheWay as error:
            raise FileInTheWay(error.sentence, error.paths, otherwise="pass overwrite=True") from None
        raise RuntimeError("the export ended without a result")

    def close(self) -> None:
        """Close every file and the review store; again does nothing."""
        if not self._is_closed:
            self._is_closed = True
            self._opened.close()

    def __enter__(self) -> "Workspace":
        """Return itself. Raises Unopened when it is closed."""
        self._here()
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def __len__(self) -> int:
        """Return the number of rollouts."""
        return self._opened.n_rollouts

    def __repr__(self) -> str:
        """Return what is open, which lines are no rollouts, and which review store counts."""
        opened = self._opened
        problems = ", ".join(f"{drop.count:,} {drop.words}" for drop in opened.problems_by_kind())
        said = [f"Workspace: {counted(len(self), 'rollout')} in {counted(len(opened.sources), 'file')}."]
        said += [f"No rollouts: {problems}."] if problems else []
        said += [f"Not read: {counted(len(opened.refused), 'file')}."] if opened.refused else []
        said += ["Closed."] if self._is_closed else opened.counted.sentences(opened.n_decided())
        return " ".join(map(shown, said))

    def _here(self) -> Opened:
        """Return what is open. Raises Unopened."""
        if self._is_closed:
            raise Unopened("this workspace is closed; open the files again")
        return self._opened

    def _ready(self, recipe: Recipe) -> tuple[Opened, Recipe]:
        """Return what is open and the recipe as it is meant, with all that its selection needs worked out."""
        opened, recipe = self._here(), check_recipe(recipe)
        opened.refresh_decisions()
        with progress("looking at examples") as advance:
            for done in opened.conversion_outcomes.prepare(recipes.plan(recipe)):
                advance(done, len(self))
        return opened, recipe

    def _row(self, row: SupportsIndex) -> int:
        """Return a row as a number. Raises RolloutNotFound."""
        number = operator.index(row)
        if not 0 <= number < len(self):
            raise RolloutNotFound(f"no rollout {number:,}; the rows go from 0 to {len(self) - 1:,}")
        return number


def _why(skip: str, plan: Plan) -> str:
    """Return why an example is not written, and what keeps it all the same where something does."""
    words = f"it {said_of(1, ISSUE_WORDS[skip])}" if skip in ISSUE_WORDS else skip
    return f"{words}; use keep=[{skip!r}] in the recipe to export it" if skip in plan.exclude else words
