"""Every trainer that installs, run for real on what is exported for it: `make test-trainers`, never in CI.

The printed config trains three steps on the exported file; changed are only the model (tiny and random, with a
tokenizer of the data's own text and a ChatML template), the device and the number of steps. What the trainer tokenised,
as its own collator hands it on, must be what this project shows: each text, and each piece of it that is trained on.
Set aside is the line feed after <|im_end|>, which LLaMA-Factory trains on too. A trainer may shuffle the rows.
"""

import json
import os
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest

from making import CHECKOUT, SAMPLE_DATA, SHARED_ROLLOUTS, exported, rows_of
from rollout_curator.errors import ExportError
from rollout_curator.export import Exported
from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.rollout import Example
from rollout_curator.selection.pairs.pairing import Pairs
from rollout_curator.training.hazards import view
from rollout_curator.training.targets.base import get
from rollout_curator.training.templates import ChatTemplate, load, to_table
from rollout_curator.training.templates.render import render
from rollout_curator.workspace.workspace import Workspace

pytestmark = [pytest.mark.trainer]

HERE = CHECKOUT / "tests" / "trainers"
CASES = SHARED_ROLLOUTS.parents[1] / "cases"
DATA = {"sample_data": SAMPLE_DATA, "rollouts": SHARED_ROLLOUTS, "cases": CASES}
LIMIT = 4096
OFFLINE = {
    "OMP_NUM_THREADS": "1",
    "HF_HUB_OFFLINE": "1",
    "WANDB_MODE": "disabled",
    "AXOLOTL_DO_NOT_TRACK": "1",
    "DO_NOT_TRACK": "1",
}
HEAD = "<|im_start|>assistant\n"
Models = dict[tuple[str, str], Path]
Row = tuple[str, tuple[str, ...], tuple[int, int]]
"""The text of a row, the pieces of it that are trained on, its tokens and those trained on; 0 where not compared."""


@dataclass(frozen=True, slots=True)
class Trainer:
    """A trainer's environment, and what is changed of its config: the model and the device."""

    environment: str
    package: str
    changes: tuple[tuple[str, str], ...]


ON_CPU = 'use_cpu=True, bf16=False, report_to="none", '
TRAINERS = {
    "trl": Trainer(
        ".venv-trl",
        "trl",
        ((r"^MODEL = .*$", "MODEL = {model!r}"), (r'(?=output_dir="sft")', ON_CPU)),
    ),
    "axolotl": Trainer(
        ".venv-axolotl",
        "axolotl",
        ((r"^base_model: .*$", "base_model: {model}"), (r"^bf16: auto$", "bf16: false")),
    ),
    "llamafactory": Trainer(
        ".venv-llamafactory",
        "llamafactory",
        (
            (r"^model_name_or_path: .*$", "model_name_or_path: {model}"),
            (r"^template: .*$", "template: qwen3_nothink"),  # goes with the model
            (r"^bf16: true$", "bf16: false\nuse_cpu: true\nreport_to: none"),
        ),
    ),
    "dpo": Trainer(".venv-trl", "trl", ((r"^MODEL = .*$", "MODEL = {model!r}"), (r"(?=output_dir=)", ON_CPU))),
}


@pytest.fixture(scope="module")
def table(request: pytest.FixtureRequest) -> Iterator[list[tuple[str, ...]]]:
    """Collect a line for each run, and print the table at the end."""
    lines: list[tuple[str, ...]] = [("trainer", "version", "data", "rows", "rows equal", "rows trained")]
    yield lines
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        print()
        for line in lines:
            print("  ".join(word.ljust(width) for word, width in zip(line, widths, strict=True)))


@pytest.fixture(scope="module", params=DATA)
def opened(request: pytest.FixtureRequest) -> Iterator[tuple[str, Workspace]]:
    """Open each kind of data in turn."""
    if not DATA[request.param].is_dir():
        pytest.skip(f"{request.param} is not beside this checkout")
    workspace = Workspace.open([DATA[request.param]])
    yield request.param, workspace
    workspace.close()


def started(trainer: Trainer, *argv: object) -> None:
    """Run `trainers/run.py` in the environment of a trainer; a run that fails shows the end of what it said."""
    python = CHECKOUT / trainer.environment / "bin" / "python"
    if not python.exists():
        pytest.skip(f"{trainer.environment} is not there; make test-trainers makes it")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | OFFLINE
    folder = Path(str(argv[-1])).parent
    command = [str(python), str(HERE / "run.py"), *map(str, argv)]
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment | {"HF_HOME": str(folder / "hf"), "CUDA_VISIBLE_DEVICES": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=900,
    )
    assert done.returncode == 0, done.stdout[-6000:]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    """Return the folders of the models made so far, by data and trainer; the one where they lie by nothing."""
    return {("", ""): tmp_path_factory.mktemp("models")}


def recipe_with(opened: tuple[str, Workspace], models: Models, name: str) -> Recipe:
    """Return the recipe that looks at examples with a model whose tokenizer is made of what is exported."""
    data, workspace = opened
    trainer, target = TRAINERS[name], "trl" if name == "dpo" else name
    if (data, target) not in models:
        folder = models["", ""] / f"{data}-{target}"
        folder.mkdir()
        text = exported(workspace, Recipe(target=target), folder / "text.jsonl").path
        started(trainer, "model", folder / "model", text, HERE / "chatml.jinja")
        models[data, target] = folder / "model"
    drop = ("rounded_number",) if target == "trl" else ()  # told: datasets rounds such decimals to ten places
    template = to_table(load(str(models[data, target])))
    return Recipe(target=target, drop=drop, template=template, max_tokens=LIMIT)


def config_for(name: str, done: Exported, model: Path, folder: Path) -> Path:
    """Write the printed config with model and device changed, and return the file to start from."""
    text = done.config
    for found, put in TRAINERS[name].changes:
        changed = put.format(model=str(model))
        text, n = re.subn(found, lambda _, changed=changed: changed, text, flags=re.MULTILINE)
        assert n == 1, f"{found} stands {n} times in the printed config:\n{done.config}"
    if name == "llamafactory":  # a shell script that writes two files, and then trains
        *lines, last = text.splitlines(keepends=True)
        assert last == "llamafactory-cli train curated/sft.yaml\n"
        subprocess.run(["sh", "-c", "".join(lines)], cwd=folder, check=True)
        return folder / "curated" / "sft.yaml"
    path = folder / ("train.yaml" if name == "axolotl" else "train.py")
    path.write_text(text, encoding="utf-8")
    return path


def trained(name: str, config: Path, folder: Path) -> list[Any]:
    """Train, and return the rows that the trainer tokenised."""
    started(TRAINERS[name], name, config, folder / "rows.jsonl")
    told, *rows = rows_of(folder / "rows.jsonl")
    assert told["steps"] == 3
    assert told["loss"] > 0
    return rows


def shown(made: Example, plan: recipes.Plan) -> Row:
    """Return the text of an example, its trained pieces and its tokens, as the trainer's view shows them.

    LLaMA-Factory has templates of its own, so its view counts no tokens: its example is rendered as for TRL, and the
    line feed after each answer, which it trains on too, is added.
    """
    is_own = plan.target.renders == "itself"
    seen = view(made, replace(plan.look, target=get("trl")) if is_own else plan.look)
    assert seen.rendered is not None and not seen.rendered.error
    assert seen.exact
    assert seen.n_trained is not None
    runs = groupby(
        zip(seen.trained, seen.texts, strict=True), key=itemgetter(0)
    )  # an answer, and the token that ends it
    pieces = ["".join(text for _, text in run) for is_trained, run in runs if is_trained]
    tail, n_tokens = ("\n", (0, 0)) if is_own else ("", (seen.n_tokens, seen.n_trained))
    return "".join(seen.texts), tuple(piece + tail for piece in pieces), n_tokens


def version_of(name: str) -> str:
    """Return the version of a trainer as its environment has it."""
    folders = (CHECKOUT / TRAINERS[name].environment).glob(f"lib/*/site-packages/{TRAINERS[name].package}-*.dist-info")
    return next(folders).name.removesuffix(".dist-info").rpartition("-")[2]


@pytest.mark.parametrize("style", ["chat", "flat"])
@pytest.mark.parametrize("name", ["trl", "axolotl", "llamafactory"])
def test_a_trainer_trains_on_exactly_what_was_shown(
    opened: tuple[str, Workspace],
    models: Models,
    name: str,
    style: str,
    tmp_path: Path,
    table: list[tuple[str, ...]],
) -> None:
    data, workspace = opened
    if style == "flat" and data != "sample_data":
        pytest.skip("flat rows are alike in all data: one is enough")
    recipe = replace(recipe_with(opened, models, name), format=style)
    plan = recipes.plan(recipe)
    done = exported(workspace, recipe, tmp_path / "sft.jsonl")
    kept = workspace.select(recipe).kept
    expected = [
        shown(workspace.training_line(row, plan).example, plan) for row in range(workspace.n_rollouts) if kept[row]
    ]
    rows = trained(name, config_for(name, done, models[data, name], tmp_path), tmp_path)
    is_counted = plan.target.renders != "itself"
    found = [
        (row["text"], tuple(row["trained"]), (row["n_tokens"], row["n_trained"]) if is_counted else (0, 0))
        for row in rows
    ]
    n_equal = (Counter(found) & Counter(expected)).total()
    n_trained = sum(bool(pieces) for _, pieces, _ in found)
    table.append((name, version_of(name), f"{data} {style}", str(done.rows), str(n_equal), str(n_trained)))
    odd = next(iter((Counter(found) - Counter(expected)).elements()), None)
    assert (n_equal, n_trained) == (done.rows, done.rows), (odd, first_missing(found, expected))


def first_missing(found: list[Row], expected: list[Row]) -> Row | None:
    """Return the first row that was shown and not tokenised."""
    return next(iter((Counter(expected) - Counter(found)).elements()), None)


def test_trl_trains_pairs_by_the_printed_script(
    opened: tuple[str, Workspace], models: Models, tmp_path: Path, table: list[tuple[str, ...]]
) -> None:
    data, workspace = opened
    recipe = replace(recipe_with(opened, models, "dpo"), pairs=Pairs())
    try:
        done = exported(workspace, recipe, tmp_path / "dpo.jsonl")
    except ExportError as error:
        assert "nothing to write: 0 pairs" in str(error)
        table.append(("dpo", version_of("dpo"), f"{data} pairs", "0", "0", "0"))
        pytest.skip(f"no two attempts in {data} differ in reward")
    rows = trained("dpo", config_for("dpo", done, models[data, "trl"], tmp_path), tmp_path)
    template = load(str(models[data, "trl"]))
    expected = [{side: sides(template, row, side) for side in ("chosen", "rejected")} for row in rows_of(done.path)]
    n_equal = sum(row == wanted for row, wanted in zip(rows, expected, strict=True))
    n_trained = sum(all(own for _, own in row.values()) for row in rows)
    table.append(("dpo", version_of("dpo"), f"{data} pairs", str(done.rows), str(n_equal), str(n_trained)))
    odd = next(((row, wanted) for row, wanted in zip(rows, expected, strict=True) if row != wanted), None)
    assert (n_equal, n_trained) == (done.rows, done.rows), odd


def sides(template: ChatTemplate, row: dict[str, Any], side: str) -> list[str]:
    """Return what stands before a side of a written pair, up to where an answer begins, and all that follows."""
    tools = json.loads(row["tools"]) if "tools" in row else None
    before = render(template, row["prompt"], tools).whole + HEAD
    whole = render(template, row["prompt"] + row[side], tools).whole
    assert whole.startswith(before)
    return [before, whole.removeprefix(before)]
