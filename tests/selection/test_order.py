"""Nothing that is chosen depends on how lines lie in files: any order, any shards, any names of files and folders.

Lines that hypothesis draws are laid out twice, each time in its own way, opened, and everything that chooses is asked:
every rule, the control, pairs, splits, pass@k. Contents are compared as bags: which of identical lines stays does not
matter, how many do.
"""

import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as some

from making import exported, gym, rows_of, write
from rollout_curator.export import choose
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.selection.pairs.pairing import Pairs
from rollout_curator.selection.splits.split import Split
from rollout_curator.selection.strategies import STRATEGIES, Step, task_summary
from rollout_curator.workspace.workspace import Workspace

STEPS = {
    "threshold": [Step("threshold", {"at_least": 0.3})],
    "best_of_n": [Step("best_of_n"), Step("best_of_n", {"n": 2})],
    "at_most_per_task": [Step("at_most_per_task", {"k": 2, "order": order}) for order in ("reward", "first", "random")],
    "shortest_success": [
        Step("shortest_success", {"at_least": 0.1, "n": 2}),
        Step("shortest_success", {"by": "level"}),
    ],
    "task_quantile": [Step("task_quantile", {"q": 0.6})],
    "task_zscore": [Step("task_zscore"), Step("task_zscore", {"at_least": 0.5})],
    "drop_easy_tasks": [Step("drop_easy_tasks", {"pass_at_least": 0.3, "rate_above": 0.5})],
    "drop_hard_tasks": [Step("drop_hard_tasks", {"pass_at_least": 0.3, "rate_below": 0.5})],
    "random_per_task": [Step("random_per_task", {"n": 1}), Step("random_per_task", {"fraction": 0.4, "seed": 3})],
    "drop_copies": [Step("drop_copies")],
    "drop_same_example": [Step("drop_same_example")],
}
PAIRS = [
    Pairs(),
    Pairs("margin", margin=0.1),
    Pairs("margin", margin=0.1, at_most=2),
    Pairs("chosen"),
]
SPLITS = [Split(0.3), Split(0.3, 0.3, near=0.5), Split(0.4, by=("task",)), Split(3, 2), Split(4, by=("prompt",))]
PROMPTS = ("2+2?", "add the numbers below and say why in one line please now 1", "play")
LINES = some.lists(
    some.builds(
        gym,
        prompt=some.sampled_from([*PROMPTS, PROMPTS[1].replace("1", "2"), ""]),
        answer=some.sampled_from(["4", "5", "four", "a longer answer than the others"]),
        reward=some.sampled_from([0.0, 0.1, 0.2, 0.3, 0.7, 1.0, None]),
        _ng_task_index=some.integers(0, 2),
        _ng_rollout_index=some.integers(0, 3),
        level=some.sampled_from([1, 2]),
        agent_ref=some.sampled_from([{"name": "calc"}, {"name": "swe"}, None]),
    ),
    min_size=1,
    max_size=24,
)
NAMES = ("a.jsonl", "b.jsonl", "calc/data/c.jsonl", "zoo/run/d.jsonl", "0.jsonl")
calmly = settings(
    max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate]
)  # to shrink an example of files takes minutes


@contextmanager
def laid_out(lines: Sequence[bytes], dice: Any) -> Iterator[Workspace]:
    """Open lines in any order, in up to three files of any names."""
    lines = list(lines)
    dice.shuffle(lines)
    names = dice.sample(NAMES, dice.randint(1, 3))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, f"runs{dice.randint(0, 9)}")
        for number, name in enumerate(names):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            write(root / name, lines[number :: len(names)])
        paths = [root / name for name in names if (root / name).stat().st_size]
        workspace = Workspace.open(paths, Path(folder, "cache"))
        yield workspace
        workspace.close()


def twice(lines: list[dict[str, Any]], dice: Any, asked: Callable[[Workspace], Any]) -> list[Any]:
    """Return the answers of two layouts of the same lines."""
    found = []
    texts = [json.dumps(line).encode() for line in lines]
    for _ in range(2):
        with laid_out(texts, dice) as workspace:
            found.append(asked(workspace))
    return found


def contents(workspace: Workspace, rows: Any) -> Counter[str]:
    """Return how often each content stands in some rows."""
    return Counter(workspace.keys_of(np.asarray(rows)))


def kept(workspace: Workspace, recipe: Recipe) -> Counter[str]:
    return contents(workspace, np.flatnonzero(workspace.select(recipe).kept))


def over(workspace: Workspace) -> dict[str, list[str]]:
    """Return that the lowest content was chosen over all others."""
    first, *others = sorted(set(workspace.keys_of(np.arange(workspace.n_rollouts))))
    return {first: others}


def paired(workspace: Workspace, recipe: Recipe) -> Counter[tuple[str, str]]:
    rows = choose(workspace, recipe, over(workspace)).parts[0].units
    return Counter(zip(workspace.keys_of(rows[:, 0]), workspace.keys_of(rows[:, 1]), strict=True))


def parted(workspace: Workspace, recipe: Recipe) -> dict[str, Counter[str]]:
    return {part.name: contents(workspace, part.units) for part in choose(workspace, recipe).parts}


def summary(workspace: Workspace, by: str) -> str:
    return repr(task_summary(workspace.frame_by(by), 0.3))


def test_every_rule_is_asked_here() -> None:
    assert sorted(STEPS) == sorted(STRATEGIES)


@pytest.mark.parametrize("by", ["task", "prompt"])
@given(lines=LINES, dice=some.randoms(use_true_random=False))
@calmly
def test_no_rule_keeps_other_contents_when_lines_lie_otherwise(by: str, lines: list[dict[str, Any]], dice: Any) -> None:
    recipes = [Recipe(strategies=(step,), group_by=by) for steps in STEPS.values() for step in steps]
    recipes += [Recipe(strategies=(STEPS["best_of_n"][1], STEPS["drop_same_example"][0]), min_reward=0.1, group_by=by)]
    one, other = twice(lines, dice, lambda workspace: {repr(each): kept(workspace, each) for each in recipes})
    assert one == other


@pytest.mark.parametrize("by", ["task", "prompt"])
@given(lines=LINES, dice=some.randoms(use_true_random=False))
@calmly
def test_no_control_is_drawn_otherwise_when_lines_lie_otherwise(
    by: str, lines: list[dict[str, Any]], dice: Any
) -> None:
    recipe = Recipe(min_reward=0.2, strategies=(Step("best_of_n"),), control=7, group_by=by)
    one, other = twice(lines, dice, lambda workspace: kept(workspace, recipe))
    assert one == other


@pytest.mark.parametrize("pairs", PAIRS, ids=str)
@given(lines=LINES, dice=some.randoms(use_true_random=False))
@calmly
def test_no_pair_comes_or_goes_when_lines_lie_otherwise(pairs: Pairs, lines: list[dict[str, Any]], dice: Any) -> None:
    recipe = Recipe(pairs=pairs, min_reward=0.1, group_by="prompt" if pairs.at_most else "task")
    one, other = twice(lines, dice, lambda workspace: paired(workspace, recipe))
    assert one == other


@pytest.mark.parametrize("split", SPLITS, ids=str)
@given(lines=LINES, dice=some.randoms(use_true_random=False))
@calmly
def test_no_rollout_is_in_another_part_when_lines_lie_otherwise(
    split: Split, lines: list[dict[str, Any]], dice: Any
) -> None:
    one, other = twice(lines, dice, lambda workspace: parted(workspace, Recipe(split=split)))
    assert one == other


@pytest.mark.parametrize("by", ["task", "prompt"])
@given(lines=LINES, dice=some.randoms(use_true_random=False))
@calmly
def test_tasks_amount_to_the_same_when_lines_lie_otherwise(by: str, lines: list[dict[str, Any]], dice: Any) -> None:
    one, other = twice(lines, dice, lambda workspace: (len(workspace.groups(by).keys), summary(workspace, by)))
    assert one == other


def test_an_export_of_renamed_shards_holds_the_same_rows(tmp_path: Path) -> None:
    lines = [gym("a", str(n % 5), n % 3 / 2, _ng_task_index=n % 4) for n in range(24)]
    found = []
    for name, parts in (("one", [lines]), ("two", [lines[1::2], lines[::2]])):
        (tmp_path / name).mkdir()
        paths = [write(tmp_path / name / f"{number}.jsonl", part) for number, part in enumerate(parts)]
        workspace = Workspace.open(paths, tmp_path / "cache")
        exported(workspace, Recipe(strategies=(Step("best_of_n"),)), tmp_path / f"{name}.jsonl")
        found.append(sorted(map(json.dumps, rows_of(tmp_path / f"{name}.jsonl"))))
    assert len(found[0]) == 4
    assert found[0] == found[1]
