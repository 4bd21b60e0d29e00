"""The tables of the Select and Data pages: rollouts and tasks in their own words, broken files first, CSV."""

import csv
import io
import json
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest
from test_pages import opened, said, state_of, table_of

from making import gym, write
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.ui.pages import select_rollouts
from rollout_curator.ui.pages.select_rollouts import csv_of
from rollout_curator.ui.server import site as sites
from rollout_curator.ui.server.serve_options import ServeOptions
from rollout_curator.ui.server.site import Site
from rollout_curator.ui.style import CSS
from rollout_curator.workspace.workspace import Workspace

ANSWERS = ["Paris.", "Rome.", '=HYPERLINK("http://evil.example")', "@Oslo", "-1", "Bern."]
REWARDS = [0.4, 0.9, 0.1, 0.8, None, 0.2]
TASKS = ["Name the capital of France.", "Name the capital of Italy.", "Run this.", "Norway?", "2 - 3?", "Bern?"]


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """Open a folder of three files: one clean, one with six lines of words, one with a broken line."""
    (folder := tmp_path / "runs").mkdir()
    write(folder / "a_clean.jsonl", [gym("Say yes.", "Yes.", 0.5)])
    given = zip(TASKS, ANSWERS, REWARDS, strict=True)
    write(folder / "b_words.jsonl", [gym(*one, **{"=cmd()": n}) for n, one in enumerate(given)])
    write(folder / "c_broken.jsonl", [gym("Say no.", "No.", 0.5), "no json"])
    opened_ones = Workspace.open([folder], tmp_path / "cache")
    options = ServeOptions(paths=(folder,), out_dir=tmp_path, cache=tmp_path / "cache", reviewer="ann")
    sites.install(Site(options, opened_ones))
    yield opened_ones
    opened_ones.close()


def shown(app: AppTest) -> pd.DataFrame:
    """Return the table of the section."""
    found: pd.DataFrame = app.dataframe[-1].value
    return found


def ordered(app: AppTest, words: str) -> AppTest:
    """Choose an order by its words."""
    return next(box for box in app.selectbox if box.label == "Order").select(words).run()


# Rollouts


def test_a_row_of_a_rollout_holds_the_words_of_task_and_answer(workspace: Workspace) -> None:
    table = shown(opened("select", section="rollouts"))
    assert (table["task"].to_list(), table["answer"].to_list()) == (
        ["Say yes.", *TASKS, "Say no."],
        ["Yes.", *ANSWERS, "No."],
    )


def test_the_columns_that_are_chosen_stand_in_their_order(workspace: Workspace) -> None:
    app = opened("select", section="rollouts")
    app.multiselect(key="rc.columns").set_value(["where", "answer", "reward"]).run()
    assert shown(app).columns.to_list() == ["where", "answer", "reward"]
    assert shown(app).iloc[2].to_list() == ["b_words.jsonl:2", "Rome.", 0.9]
    app.button(key="rc.columns-usual").click().run()
    assert shown(app).columns.to_list() == list(select_rollouts.USUAL)


def test_an_order_is_that_of_all_pages_and_a_missing_reward_comes_last(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened("select", section="rollouts")
    assert shown(ordered(app, "Reward, lowest first"))["reward"].to_list()[:7] == [0.1, 0.2, 0.4, 0.5, 0.5, 0.8, 0.9]
    assert shown(app)["reward"].isna().to_list()[-1]
    monkeypatch.setattr(select_rollouts, "PAGE_ROWS", 3)
    assert shown(ordered(app, "Reward, highest first"))["answer"].to_list() == ["Rome.", "@Oslo", "Yes."]


def test_the_csv_holds_the_table_with_texts_that_would_be_formulas_defused(workspace: Workspace) -> None:
    columns = ["reward", "answer", "task", "where"]
    app = opened("select", section="rollouts")
    app.multiselect(key="rc.columns").set_value(columns).run()
    table = shown(app)
    saved = csv_of(workspace, Recipe(), table.index.to_numpy(), columns)
    head, *rows = csv.reader(io.StringIO(saved))
    assert head == table.columns.to_list()
    assert [row[1] for row in rows] == [
        "Yes.", "Paris.", "Rome.", "'=HYPERLINK(\"http://evil.example\")", "'@Oslo", "'-1", "Bern.", "No."
    ]  # fmt: skip
    assert [row[0] for row in rows] == ["0.5", "0.4", "0.9", "0.1", "0.8", "", "0.2", "0.5"]
    assert [row[2:] for row in rows] == table[["task", "where"]].to_numpy().tolist()


def test_the_table_that_has_a_csv_of_its_own_does_not_offer_that_of_streamlit(workspace: Workspace) -> None:
    """Streamlit's holds one page, with formulas as they are; its class is the key with a dash for every dot."""
    table = opened("select", section="rollouts").dataframe[-1]
    assert "-rc.rollouts-1-" in table.proto.id
    hides = r'\[class\*="st-key-rc-rollouts-"\] [^{]*\[aria-label\^="Download as CSV"\]\) \{\s+display: none; \}'
    assert re.search(hides, CSS)


@pytest.mark.parametrize("text", [" =1+1", "\n=1+1", "\uff1d1+1"])
def test_a_formula_behind_spaces_or_in_full_width_is_defused_too(text: str) -> None:
    assert select_rollouts._defused(text) == f"'{text}"


def test_a_head_that_would_be_a_formula_is_defused_too(workspace: Workspace) -> None:
    saved = csv_of(workspace, Recipe(), pd.RangeIndex(1, 3).to_numpy(), ["=cmd()", "reward"])
    assert saved == "'=cmd(),reward\n0.0,0.4\n1.0,0.9\n"


def test_tasks_show_what_they_ask(workspace: Workspace) -> None:
    table = shown(opened("select", section="tasks"))
    assert table["task"].to_list() == ["Say yes.", *TASKS, "Say no."]


def test_a_section_of_no_such_name_is_the_first_one(workspace: Workspace) -> None:
    app = opened("select", section="poem")
    assert app.segmented_control(key="rc.section").value == "by agent"


def test_a_chosen_section_stands_in_the_address(workspace: Workspace) -> None:
    app = opened("select")
    app.segmented_control(key="rc.section").set_value("tasks").run()
    assert (state_of(app).section, app.query_params["section"]) == ("tasks", "tasks")


def test_a_task_with_half_a_surrogate_pair_is_a_row_like_any_other(tmp_path: Path) -> None:
    """Pandas keeps words as UTF-8, which has no halves: they stand there as they are written in JSON."""
    half = "half \ud83d of a pair"
    (tmp_path / "run.jsonl").write_text(f"{json.dumps(gym(half, half, 1.0))}\n", encoding="ascii")
    with closing(Workspace.open([tmp_path / "run.jsonl"], tmp_path / "cache")) as opened_ones:
        options = ServeOptions(
            paths=(tmp_path / "run.jsonl",), out_dir=tmp_path, cache=tmp_path / "cache", reviewer="a"
        )
        sites.install(Site(options, opened_ones))
        assert shown(opened("select", section="tasks"))["task"].to_list() == ["half \\ud83d of a pair"]
        assert shown(opened("select", section="rollouts"))["task"].to_list() == ["half \\ud83d of a pair"]


# Data


def test_files_with_broken_lines_come_first_and_columns_of_zeros_are_not_drawn(workspace: Workspace) -> None:
    table = shown(opened("data"))
    assert table["file"].to_list() == ["c_broken.jsonl", "b_words.jsonl", "a_clean.jsonl"]
    assert table["skipped"].to_list() == [1, 0, 0]
    assert table["flagged"].to_list() == [0, 1, 0]
    assert "blank" not in table.columns


def test_why_a_file_was_not_read_names_it_once(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "runs" / "d_empty.jsonl").write_bytes(b"")
    write(tmp_path / "runs" / "e_text.jsonl", ["a,b,c"])
    with closing(Workspace.open([tmp_path / "runs"], tmp_path / "cache")) as opened_ones:
        options = ServeOptions(paths=(tmp_path / "runs",), out_dir=tmp_path, cache=tmp_path / "cache", reviewer="ann")
        sites.install(Site(options, opened_ones))
        refused = opened("data").dataframe[0].value
    assert dict(zip(refused["file"], refused["reason"], strict=True)) == {
        "d_empty.jsonl": "the file is empty",
        "e_text.jsonl": 'no line is a JSON object; it begins "a,b,c"',
    }


def test_files_are_found_by_a_part_of_their_name(workspace: Workspace) -> None:
    app = opened("data")
    app.text_input(key="rc.files").input("WORDS").run()
    assert shown(app)["file"].to_list() == ["b_words.jsonl"]
    assert "skipped" not in shown(app).columns
    app.text_input(key="rc.files").input("absent").run()
    assert "No file has such a name." in said(app)


def test_flagged_rollouts_are_known_by_their_words(workspace: Workspace) -> None:
    table = shown(table_of(opened("data"), "Flagged"))
    assert table[["where", "task"]].to_numpy().tolist() == [["b_words.jsonl:5", "2 - 3?"]]
