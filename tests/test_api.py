"""The Python API: what a notebook imports does what the app and the command line do, in their words and bytes."""

import json
import re
import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

import rollout_curator as rc
from making import CHECKOUT, SAMPLE_DATA, call, environment, gym, write
from rollout_curator.conversation import encode
from rollout_curator.decisions.store import Decisions, Entry
from rollout_curator.errors import (
    DecisionsError,
    ExportError,
    FileInTheWay,
    RecipeError,
    RolloutNotFound,
    SourceError,
    Unopened,
)
from rollout_curator.ui.plots.base import FILLED
from rollout_curator.ui.server.jobs import ExportJob
from rollout_curator.workspace.workspace import Workspace

RECIPES = {
    "a threshold": 'min_reward = 0.8\ntarget = "trl"',
    "columns beside the messages": 'metadata = ["reward", "line", "key"]\ntarget = "axolotl"',
    "reasoning and marks": 'target = "nemo_rl"\n[options]\nreasoning = "field"',
    "one answer a prompt": 'format = "flat"\ntarget = "nemo_rl"',
    "rules and filters": '[[strategies]]\nname = "best_of_n"\nn = 1\n[[filters]]\ncolumn = "n_turns"\nat_most = 8',
    "a limit": 'target = "trl"\nmax_tokens = 400\ntrim = ["over_length"]\ntemplate = "chatml_tools"',
}
FILES = {
    **RECIPES,
    "parts": 'target = "trl"\n[split]\nvalidation = 0.2',
    "pairs": '[pairs]\nrule = "best_worst"\nformat = "trl"',
    "parquet": 'target = "trl"\nkind = "parquet"',
}


@pytest.fixture(scope="module")
def sample() -> Iterator[rc.Workspace]:
    """Open the sample data."""
    with rc.open(SAMPLE_DATA) as opened:
        yield opened


def python(code: str, folder: Path, **more: str) -> str:
    """Run Python in a folder, as a process of its own, and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=folder, env=environment(**more), timeout=300
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def rollouts(folder: Path) -> Path:
    """Write three rollouts with rewards 1, 0.5 and none, and return the file."""
    folder.mkdir(exist_ok=True)
    return write(folder / "r.jsonl", [gym("a", "1"), gym("b", "2", 0.5), gym("c", "3", None)])


def decided(store: Path, source: Path, row: int, verdict: str) -> Path:
    """Write a decision on a row of a file into a review store."""
    with rc.open(source) as opened, Decisions.open(store) as decisions:
        decisions.record([Entry(opened.frame["key"][row], verdict, reviewer="ann")])
    return store


# What is imported


def test_the_snippet_of_the_readme_runs_and_streamlit_stays_out(tmp_path: Path) -> None:
    shutil.copytree(SAMPLE_DATA, tmp_path / "sample_data")
    block = re.search(r"```python\n(.*?)```", (CHECKOUT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert block
    said = python(f"{block[1]}\nimport sys; print('streamlit' in sys.modules, done.rows, len(ws))", tmp_path)
    assert "\n185 kept, 139 dropped: " in said
    assert said.endswith("\nFalse 185 324\n")
    assert len((tmp_path / "sft.jsonl").read_bytes().splitlines()) == 185


def test_importing_the_package_imports_nothing_heavy(tmp_path: Path) -> None:
    heavy = "{'numpy', 'pandas', 'plotly', 'pyarrow', 'orjson', 'click', 'streamlit'}"
    assert python(f"import sys, rollout_curator; print({heavy} & set(sys.modules))", tmp_path) == "set()\n"


def test_few_names_are_public() -> None:
    assert dir(rc) == ["CuratorError", "Recipe", "Selection", "Workspace", "__version__", "open"]
    assert [name for name in dir(rc.Workspace) if name[0] != "_"] == [
        "close",
        "example",
        "export",
        "frame",
        "plot",
        "rollout",
        "select",
    ]


def test_a_name_that_is_not_public_is_none() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Workspaces'"):
        _ = rc.Workspaces


# The frame


def documented() -> dict[str, str]:
    """Return the columns that the frame's docstring names, with their dtypes."""
    return dict(
        re.findall(
            r"^ {8}([a-z_]+) +(category|text|bool|float64|int64|int32)  ", rc.Workspace.frame.__doc__ or "", re.M
        )
    )


def test_the_frame_has_exactly_the_columns_it_documents(tmp_path: Path) -> None:
    with rc.open(rollouts(tmp_path)) as opened:
        found = {name: str(dtype) for name, dtype in opened.frame.dtypes.items()}
    assert list(found) == list(documented())
    assert found | {"key": "text"} == documented()


def test_further_numbers_of_the_lines_follow_under_their_own_names(tmp_path: Path) -> None:
    source = write(tmp_path / "r.jsonl", [gym(score=3, n_calls=7), gym("b")])
    with rc.open(source) as opened:
        more = opened.frame.iloc[:, len(documented()) :]
    expected = pd.DataFrame({"score": [3.0, np.nan], "facet n_calls": [7.0, np.nan]})
    pd.testing.assert_frame_equal(more[["score", "facet n_calls"]], expected)


def test_the_frame_is_what_was_collected(sample: rc.Workspace) -> None:
    row = 200
    rollout = sample.rollout(row)
    assert (len(sample.frame), len(sample)) == (324, 324)
    assert sample.frame["reward"][row] == rollout.reward
    assert sample.frame["key"].is_unique == (len(set(sample.frame["key"])) == 324)


def test_a_column_that_is_added_stays_and_changes_nothing(tmp_path: Path) -> None:
    with rc.open(rollouts(tmp_path)) as opened:
        opened.frame["reward"] = 0.0
        assert opened.frame["reward"].tolist() == [0.0, 0.0, 0.0]
        assert opened.select(rc.Recipe(min_reward=0.8)).kept.tolist() == [True, False, False]


# Choosing


def test_a_selection_says_who_is_kept_and_why_others_are_not(tmp_path: Path) -> None:
    with rc.open(rollouts(tmp_path)) as opened:
        found = opened.select(rc.Recipe(min_reward=0.8))
    assert found.kept.tolist() == [True, False, False]
    assert found.reasons.astype(object).where(found.reasons.notna(), None).tolist() == [
        None,
        "below 0.8",
        "without a reward",
    ]
    assert str(found.funnel) == "1 kept, 2 dropped: 1 without a reward, 1 below 0.8"
    assert repr(found) == f"Selection: {found.funnel!r}"


def test_the_funnel_is_that_of_the_command_line(sample: rc.Workspace) -> None:
    said = call("stats", SAMPLE_DATA, "--min-reward", "0.8", "--target", "trl", "--json").json
    assert said["funnel"] == sample.select(rc.Recipe(min_reward=0.8, target="trl")).funnel.as_json()


def test_lists_and_dicts_do_in_a_recipe_as_they_do_in_toml(sample: rc.Workspace, tmp_path: Path) -> None:
    (tmp_path / "r.toml").write_text(RECIPES["rules and filters"])
    values: dict[str, Any] = {
        "strategies": [{"name": "best_of_n", "n": 1}],
        "filters": [{"column": "n_turns", "at_most": 8}],
    }
    made, loaded = (sample.select(recipe) for recipe in (rc.Recipe(**values), rc.Recipe.load(tmp_path / "r.toml")))
    assert made.funnel == loaded.funnel


def test_numbers_of_numpy_do_in_a_recipe(sample: rc.Workspace) -> None:
    filters: Any = [{"column": "n_turns", "at_most": np.int64(8)}]
    made = rc.Recipe(min_reward=sample.frame["reward"].median(), control=np.int64(1), filters=filters)  # type: ignore[arg-type]
    assert sample.select(made).kept.any()


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "a text for a number": ({"min_reward": "0.8"}, "recipe: min_reward is '0.8', expected a number"),
    "an unknown trainer": ({"target": "trll"}, 'recipe: unknown target "trll"'),
    "a text for a list": ({"keep": "truncated"}, "recipe: keep is 'truncated', expected a list of names"),
    "an unknown rule": ({"strategies": [{"name": "best"}]}, "recipe: .*best"),
    "a rule that is none": ({"strategies": ["best_of_n"]}, "recipe: a rule is 'best_of_n'"),
    "an unknown part": ({"split": {"train": 1}}, "recipe: split: unknown key 'train'"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_recipe_is_one_sentence(sample: rc.Workspace, name: str) -> None:
    values, said = WRONG[name]
    with pytest.raises(RecipeError, match=f"^{said}"):
        sample.select(rc.Recipe(**values))


def test_help_on_a_recipe_names_every_field() -> None:
    named = re.findall(r"^ {4}([a-z_]+)  ", rc.Recipe.__doc__ or "", re.MULTILINE)
    assert sorted(named) == sorted(field.name for field in fields(rc.Recipe))


@pytest.mark.parametrize("given", [{"min_reward": 0.8}, "run42.toml", None])
def test_what_is_no_recipe_is_told(sample: rc.Workspace, given: Any) -> None:
    with pytest.raises(
        RecipeError,
        match=r"^recipe: expected a Recipe, got \w+; create one with Recipe\(\.\.\.\) or Recipe\.load\(path\)",
    ):
        sample.select(given)


# What is written


@pytest.mark.parametrize("name", FILES)
def test_the_files_are_those_of_the_command_line_and_the_app(sample: rc.Workspace, tmp_path: Path, name: str) -> None:
    out = "sft.parquet" if name == "parquet" else "sft.jsonl"
    toml, folders = tmp_path / "r.toml", [tmp_path / part for part in ("api", "cli", "app")]
    toml.write_text(FILES[name])
    for folder in folders:
        folder.mkdir()
    sample.export(rc.Recipe.load(toml), folders[0] / out)
    assert call("export", SAMPLE_DATA, "--recipe", toml, "--out", folders[1] / out).code == 0
    app = Workspace.open([SAMPLE_DATA])
    assert ExportJob(app, rc.Recipe.load(toml), folders[2] / out).wait(120)
    app.close()
    api, cli, page = ({path.name: path.read_bytes() for path in folder.glob("sft*")} for folder in folders)
    assert len(api) >= 2
    assert api == cli == page


@pytest.mark.parametrize("name", RECIPES)
def test_an_example_is_the_line_that_is_written(sample: rc.Workspace, tmp_path: Path, name: str) -> None:
    (tmp_path / "r.toml").write_text(RECIPES[name])
    recipe = rc.Recipe.load(tmp_path / "r.toml")
    sample.export(recipe, tmp_path / "sft.jsonl")
    rows = np.flatnonzero(sample.select(recipe).kept)
    lines = (tmp_path / "sft.jsonl").read_bytes().splitlines(keepends=True)
    assert [encode(sample.example(row, recipe)) for row in rows] == lines


def test_half_a_surrogate_pair_is_an_example_as_it_is_written(tmp_path: Path) -> None:
    source = write(tmp_path / "r.jsonl", [b'{"prompt": "a", "completion": "\\ud83d", "reward": 1}'])
    recipe = rc.Recipe(target="gym")
    with rc.open(source) as opened:
        opened.export(recipe, tmp_path / "out.jsonl")
        assert opened.example(0, recipe) == json.loads((tmp_path / "out.jsonl").read_bytes())


def test_an_example_of_a_rollout_that_the_rules_drop_is_there_too(tmp_path: Path) -> None:
    with rc.open(rollouts(tmp_path)) as opened:
        assert opened.example(1, rc.Recipe(min_reward=0.8)) == {
            "messages": [{"role": "user", "content": "b"}, {"role": "assistant", "content": "2"}]
        }


def test_where_no_example_can_be_written_the_error_says_why(tmp_path: Path) -> None:
    with (
        rc.open(write(tmp_path / "r.jsonl", [gym(output=[])])) as opened,
        pytest.raises(ExportError, match=r"^r\.jsonl:1: no example is exported: it has an empty output$"),
    ):
        opened.example(0, rc.Recipe())


def test_where_an_issue_keeps_an_example_out_the_error_says_what_brings_it_back(sample: rc.Workspace) -> None:
    recipe = rc.Recipe(target="trl")
    row = int(np.flatnonzero(sample.select(recipe).reasons == "contain images")[0])
    with pytest.raises(ExportError, match=r"it contains images; use keep=\['image'\] in the recipe to export it$"):
        sample.example(row, recipe)


def test_an_example_of_pairs_is_refused(sample: rc.Workspace) -> None:
    pairs: Any = {"rule": "best_worst"}
    with pytest.raises(RecipeError, match="pairs of rollouts, so one rollout is not an example"):
        sample.example(0, rc.Recipe(pairs=pairs))


def test_a_file_of_others_is_replaced_only_when_told(sample: rc.Workspace, tmp_path: Path) -> None:
    out = write(tmp_path / "sft.jsonl", [b"mine"])
    with pytest.raises(FileInTheWay, match=r"nothing was written: choose another file, or pass overwrite=True$"):
        sample.export(rc.Recipe(), out)
    assert out.read_bytes() == b"mine\n"
    assert sample.export(rc.Recipe(), str(out), overwrite=True).rows > 250


def test_no_review_store_around_the_files_is_replaced(tmp_path: Path) -> None:
    source = rollouts(tmp_path)
    Decisions.open(tmp_path / "curation.sqlite").close()
    with rc.open(source) as opened, pytest.raises(ExportError, match="is the review store"):
        opened.export(rc.Recipe(), tmp_path / "curation.sqlite", overwrite=True)


# Which decisions count


def test_the_store_beside_the_files_counts_and_says_so(tmp_path: Path) -> None:
    source = rollouts(tmp_path / "w")
    decided(tmp_path / "w" / "curation.sqlite", source, 0, "reject")
    with rc.open(source) as opened:
        assert opened.select(rc.Recipe()).kept.tolist() == [False, True, True]
        assert "curation.sqlite, with decisions on 1 of these rollouts." in repr(opened)


def test_a_store_that_is_named_counts_instead(tmp_path: Path) -> None:
    source = rollouts(tmp_path / "w")
    decided(tmp_path / "w" / "curation.sqlite", source, 0, "reject")
    with rc.open(source, decided(tmp_path / "mine.sqlite", source, 1, "reject")) as opened:
        assert opened.select(rc.Recipe()).kept.tolist() == [True, False, True]


def test_a_named_store_that_is_not_there_is_an_error_and_none_is_made(tmp_path: Path) -> None:
    source = rollouts(tmp_path)
    with pytest.raises(DecisionsError, match=r"no\.sqlite: review store does not exist; choose an existing one"):
        rc.open(source, tmp_path / "no.sqlite")
    assert not (tmp_path / "no.sqlite").exists()


def test_stores_that_differ_are_an_error_as_on_the_command_line(tmp_path: Path) -> None:
    source = rollouts(tmp_path / "w")
    above = decided(tmp_path / "above.sqlite", source, 0, "reject")
    decided(tmp_path / "w" / "curation.sqlite", source, 1, "reject")
    above.rename(tmp_path / "curation.sqlite")
    with pytest.raises(DecisionsError) as told:
        rc.open(source)
    assert call("stats", source).err == f"rollout-curator: {told.value}\n"


def test_a_decision_made_meanwhile_counts_in_selection_and_example(tmp_path: Path) -> None:
    source = rollouts(tmp_path)
    Decisions.open(tmp_path / "curation.sqlite").close()
    with rc.open(source) as opened:
        assert opened.select(rc.Recipe()).kept.tolist() == [True, True, True]
        decided(tmp_path / "curation.sqlite", source, 2, "reject")
        assert opened.select(rc.Recipe()).kept.tolist() == [True, True, False]


# Opening and closing


def test_a_file_that_is_not_there_is_the_error_of_the_command_line(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as told:
        rc.open(tmp_path / "none.jsonl")
    assert call("stats", tmp_path / "none.jsonl").err == f"rollout-curator: {told.value}\n"


NO_PATHS: dict[str, tuple[Any, str]] = {
    "nothing": (None, "NoneType"),
    "a number": (3, "int"),
    "bytes": (b"r.jsonl", "bytes"),
    "a list with nothing in it": ([], "nothing"),
    "a list with what is no path": (["r.jsonl", None], "NoneType"),
}


@pytest.mark.parametrize("name", NO_PATHS)
def test_what_is_no_path_is_one_sentence(name: str) -> None:
    given, said = NO_PATHS[name]
    with pytest.raises(SourceError, match=f"^expected a path, got {said}; name a file, a folder or a glob$"):
        rc.open(given)


def test_a_name_that_no_file_can_have_is_one_sentence() -> None:
    with pytest.raises(SourceError, match="^not a valid file name"):
        rc.open("a\0b")


def test_an_export_without_a_name_is_one_sentence(sample: rc.Workspace) -> None:
    with pytest.raises(ExportError, match=r"^\.: is not a file name; choose a name for the training file$"):
        sample.export(rc.Recipe(), "")
    ran = call("export", SAMPLE_DATA, "--out", "")
    assert (ran.code, ran.err) == (2, "rollout-curator: .: is not a file name; choose a name for the training file\n")


def test_a_working_folder_that_is_gone_is_one_sentence(tmp_path: Path) -> None:
    source, gone = rollouts(tmp_path / "w"), tmp_path / "gone"
    gone.mkdir()
    code = f"""
import os, rollout_curator as rc
os.rmdir({str(gone)!r})
try:
    rc.open({str(source)!r})
except rc.CuratorError as error:
    print(error)
"""
    assert python(code, gone) == "the folder you are in is gone; change to one that is there\n"


def test_a_file_that_cannot_be_read_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "broken.jsonl").write_bytes("{}".encode("utf-16"))
    with pytest.warns(UserWarning, match="skipped: .*broken"):
        opened = rc.open([rollouts(tmp_path), tmp_path / "broken.jsonl"])
    assert "3 rollouts" in repr(opened)
    opened.close()


def test_a_workspace_says_what_is_open(sample: rc.Workspace) -> None:
    assert repr(sample).startswith(
        "Workspace: 324 rollouts in 5 files. No rollouts: 2 not JSON, 3 failure records, "
        "4 task inputs (materialized inputs: no response, no reward). Review store: "
    )


def test_a_closed_workspace_is_told_in_one_sentence(tmp_path: Path) -> None:
    opened = rc.open(rollouts(tmp_path))
    assert len(opened.frame) == len(opened) == 3
    opened.close()
    opened.close()
    assert len(opened) == 3
    assert repr(opened) == "Workspace: 3 rollouts in 1 file. Closed."
    for used in (
        lambda: opened.rollout(0),
        lambda: opened.select(rc.Recipe()),
        lambda: opened.frame,
        opened.plot,
        opened.__enter__,
    ):
        with pytest.raises(Unopened, match="^this workspace is closed; open the files again$"):
            used()


@pytest.mark.parametrize("row", [-1, 324, np.int64(10**12)])
def test_a_row_that_is_none_is_told(sample: rc.Workspace, row: int) -> None:
    with pytest.raises(RolloutNotFound, match=r"^no rollout .*; the rows go from 0 to 323$"):
        sample.rollout(row)


# Figures and progress


def test_a_figure_accounts_for_every_rollout(sample: rc.Workspace) -> None:
    figure = sample.plot("reward", rc.Recipe(min_reward=0.8, target="trl"))
    assert [int(sum(bars.y)) for bars in figure.data] == [185, 113]
    assert figure.layout.title.subtitle.text == "298 rollouts, 185 kept; 3 without a number; 23 dropped before"
    assert len(sample) == 185 + 113 + 3 + 23


@pytest.mark.parametrize("against", [None, "tokens"])
def test_a_figure_has_colours_of_its_own_where_no_theme_fills_them_in(
    sample: rc.Workspace, against: str | None
) -> None:
    text = json.dumps(json.loads(sample.plot("reward", against=against).to_json())["data"])
    assert [colour for colour in FILLED if colour in text] == []
    assert "#636efa" in text.lower()


def test_a_figure_of_what_is_no_number_is_refused(sample: rc.Workspace) -> None:
    with pytest.raises(RecipeError, match="no numeric column 'agent' to plot"):
        sample.plot("agent")
    with pytest.raises(RecipeError, match="no numeric column None to plot"):
        sample.plot(cast(str, None))


TQDM = """
class tqdm:
    def __init__(self, total, desc, **options):
        self.n, self.total, self.desc = 0, total, desc
    def update(self, n):
        self.n += n
    def close(self):
        print(self.desc, self.n == self.total)
"""


def test_progress_is_drawn_by_tqdm_where_it_is_installed(tmp_path: Path) -> None:
    (tmp_path / "tqdm").mkdir()
    (tmp_path / "tqdm" / "__init__.py").touch()
    (tmp_path / "tqdm" / "auto.py").write_text(TQDM)
    source = rollouts(tmp_path / "w")
    code = f"import rollout_curator as rc; rc.open({str(source)!r}).export(rc.Recipe(), 'sft.jsonl')"
    said = python(f"import sys; sys.path.insert(0, '.'); {code}", tmp_path, XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert said == "indexing r.jsonl True\nwriting True\n"


def test_without_tqdm_nothing_is_drawn(tmp_path: Path) -> None:
    source = rollouts(tmp_path / "w")
    code = f"rc.open({str(source)!r}).export(rc.Recipe(), 'sft.jsonl')"
    off = "import sys; sys.modules['tqdm'] = None; import rollout_curator as rc; "
    assert python(off + code, tmp_path, XDG_CACHE_HOME=str(tmp_path / "cache")) == ""


def test_opening_warns_of_nothing_when_all_is_well(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rc.open(rollouts(tmp_path)).close()
