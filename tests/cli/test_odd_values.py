"""Names and values that are no fault of anybody's: empty variables, a `~` that is a name, a mark before a text."""

import json
from pathlib import Path

import pytest

from making import call, gym, write
from rollout_curator.decisions.store_choice import Opened
from rollout_curator.errors import CuratorError, ManifestError, RecipeError
from rollout_curator.files.named_files import Door

RECIPE = Door("the recipe", RecipeError, 1 << 20)
MANIFEST = Door("the manifest", ManifestError, 64 << 20)


@pytest.mark.parametrize("verb", ["check", "stats", "index"])
def test_an_empty_name_is_not_the_folder_one_is_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str) -> None:
    write(tmp_path / "rollouts.jsonl", [gym()])
    monkeypatch.chdir(tmp_path)
    ran = call(verb, "", "--json")
    assert ran.code == 2
    assert ran.err == "rollout-curator: empty file name; pass a file, a folder or a glob\n"


def test_an_empty_name_among_others_is_refused_too(tmp_path: Path) -> None:
    source = write(tmp_path / "rollouts.jsonl", [gym()])
    assert call("export", source, "", "--out", tmp_path / "sft.jsonl").code == 2
    assert not (tmp_path / "sft.jsonl").exists()


def test_an_empty_cache_folder_is_not_the_folder_one_is_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write(tmp_path / "rollouts.jsonl", [gym()])
    monkeypatch.chdir(tmp_path)
    ran = call("check", source, "--cache-dir", "")
    assert (ran.code, [path.name for path in tmp_path.iterdir()]) == (2, ["rollouts.jsonl"])
    assert "an empty name: folder does not exist" in ran.err


def test_the_store_of_a_file_in_a_folder_called_tilde_lies_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "~").mkdir()
    write(tmp_path / "~" / "rollouts.jsonl", [gym()])
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    key = "no rollout with key"
    assert key in call("decide", "~/rollouts.jsonl", "--key", "0" * 32, "--verdict", "reject").err
    assert Opened(("~/rollouts.jsonl",), []).new_place().parent == tmp_path / "~"


def test_a_pattern_below_the_home_folder_is_read_when_it_is_quoted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "rollouts.jsonl", [gym()])
    monkeypatch.setenv("HOME", str(tmp_path))
    assert call("check", "~/*.jsonl", "--json").json["good"] == [1]
    assert Opened(("~/*.jsonl",), []).new_place().parent == tmp_path


@pytest.mark.parametrize("text", ["min_reward = 0.5\n", ""])
def test_the_mark_some_editors_put_before_a_text_is_no_part_of_a_recipe(tmp_path: Path, text: str) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text(text, encoding="utf-8-sig")
    assert RECIPE.toml(path) == ({"min_reward": 0.5} if text else {})


def test_the_mark_some_editors_put_before_a_text_is_no_part_of_a_manifest(tmp_path: Path) -> None:
    path = tmp_path / "sft.jsonl.manifest.json"
    path.write_text(json.dumps({"rows": 1}), encoding="utf-8-sig")
    assert MANIFEST.json(path) == {"rows": 1}


@pytest.mark.parametrize("text", ["[" + "[]," * 5_000_001 + "[]]", "[1" + "\n" * 5_000_001 + "]"])
def test_a_file_of_more_values_than_memory_has_place_for_is_not_parsed(tmp_path: Path, text: str) -> None:
    path = tmp_path / "sft.jsonl.manifest.json"
    path.write_text(text)
    with pytest.raises(ManifestError, match="holds more than 5,000,000 values, too many for JSON of this program"):
        MANIFEST.json(path)


@pytest.mark.skipif(not Path("/proc/kmsg").exists(), reason="needs a file that the system makes up")
def test_a_file_that_gives_nothing_is_one_sentence() -> None:
    with pytest.raises(CuratorError, match="^/proc/kmsg: the manifest "):
        MANIFEST.json(Path("/proc/kmsg"))


def test_a_link_to_a_folder_that_is_not_there_names_that_folder(tmp_path: Path) -> None:
    source = write(tmp_path / "rollouts.jsonl", [gym()])
    (tmp_path / "sft.jsonl").symlink_to(tmp_path / "nowhere" / "sft.jsonl")
    ran = call("export", source, "--out", tmp_path / "sft.jsonl")
    said = f"cannot write {tmp_path}/sft.jsonl: folder {tmp_path}/nowhere does not exist; create it first"
    assert (ran.code, ran.err) == (2, f"rollout-curator: {said}\n")


def test_what_a_message_quotes_may_not_fill_the_terminal(tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(f'target = "{"x" * 100_000}"\n')
    ran = call("stats", write(tmp_path / "rollouts.jsonl", [gym()]), "--recipe", recipe)
    assert ran.code == 2
    assert len(ran.err) < 4_100
    assert ran.err.startswith(f'rollout-curator: {recipe}: unknown target "xxx')
    assert ran.err.endswith("openai, trl, unsloth\n")
