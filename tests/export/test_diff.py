"""What comes and goes between two recipes or two exports, said by name, from the command line."""

import json
from pathlib import Path

import pytest

from making import call, gym, run, write


@pytest.fixture
def source(tmp_path: Path) -> Path:
    tasks = [("a", 1.0, 0), ("a", 0.4, 0), ("b", 0.7, 1), ("c", 0.9, 2), ("c", 0.9, 2)]
    return write(
        tmp_path / "run.jsonl", [gym(p, reward=r, _ng_task_index=t, usage_of=n) for n, (p, r, t) in enumerate(tasks)]
    )


def recipe(tmp_path: Path, name: str, text: str) -> str:
    (tmp_path / name).write_text(text)
    return str(tmp_path / name)


def test_two_recipes_say_what_comes_and_goes(tmp_path: Path, source: Path) -> None:
    a = recipe(tmp_path, "a.toml", "min_reward = 0.8")
    b = recipe(tmp_path, "b.toml", "min_reward = 0.6\nmax_reward = 0.9")
    found = run("diff", a, b, str(source), "--json", "--cache-dir", str(tmp_path / "cache")).json
    assert found["rollouts"] == {"before": 3, "after": 3, "came": 1, "went": 1}
    assert found["tasks"] == {"before": 2, "after": 2, "came": ["task 1"], "went": ["task 0"]}
    assert [(row["where"], row["other"]) for row in found["came"]] == [("run.jsonl:3", "below 0.8")]
    assert [(row["where"], row["other"]) for row in found["went"]] == [("run.jsonl:1", "above 0.9")]


def test_the_difference_is_said_in_lines(tmp_path: Path, source: Path) -> None:
    a = recipe(tmp_path, "a.toml", "min_reward = 0.8")
    b = recipe(tmp_path, "b.toml", f'min_reward = 0.95\nsources = ["{source}"]')
    ran = run("diff", a, b, str(source), "--cache-dir", str(tmp_path / "cache"))
    assert ran.out.splitlines()[:3] == [
        "from a.toml to b.toml:",
        "  3 → 1 rollouts (+0, −2)",
        "  2 → 1 tasks (+0, −1)",
    ]
    assert ran.out.splitlines()[4] == "− run.jsonl:4  task 2  reward 0.9  2 tokens (now: below 0.95)"


def test_two_exports_are_compared_by_their_manifests_even_after_a_move(tmp_path: Path, source: Path) -> None:
    for name, bound in (("a", "0.8"), ("b", "0.5")):
        run("export", str(source), "--out", str(tmp_path / f"{name}.jsonl"), "--min-reward", bound)
    moved = tmp_path / "moved"
    tmp_path.rename(tmp_path.with_name("elsewhere"))
    moved = tmp_path.with_name("elsewhere")
    found = run("diff", str(moved / "a.jsonl.manifest.json"), str(moved / "b.jsonl.manifest.json"), "--json").json
    assert (found["rollouts"]["came"], found["rollouts"]["went"]) == (1, 0)


def test_a_source_that_changed_since_an_export_is_refused(tmp_path: Path, source: Path) -> None:
    run("export", str(source), "--out", str(tmp_path / "a.jsonl"))
    source.write_bytes(source.read_bytes() + source.read_bytes())
    manifest = str(tmp_path / "a.jsonl.manifest.json")
    ran = run("diff", manifest, manifest)
    assert ran.code == 2
    assert "source run.jsonl is unchanged does not hold: sha256 is" in ran.err


def test_recipes_without_sources_ask_for_files(tmp_path: Path) -> None:
    a = recipe(tmp_path, "a.toml", "min_reward = 0.8")
    ran = run("diff", a, a)
    assert (ran.code, ran.out) == (2, "")
    assert "the recipe lists no sources; give the files to read after the two recipes" in ran.err


def test_an_export_writes_its_random_control_beside_it(tmp_path: Path, source: Path) -> None:
    out = tmp_path / "sft.jsonl"
    found = run("export", str(source), "--out", str(out), "--min-reward", "0.8", "--with-control", "3", "--json").json
    assert " --with-control 3" in found["command"]
    control = tmp_path / "sft.control.jsonl"
    assert (found["rows"], found["controls"][0]["rows"], found["controls"][0]["out"]) == (3, 3, str(control))
    assert len(control.read_bytes().splitlines()) == 3
    verified = run("verify", f"{control}.manifest.json", "--json")
    assert (verified.code, verified.json["holds"]) == (0, True)
    assert found["controls"][0]["notes"][0].startswith("The random baseline shares ")


def test_several_seeds_write_several_controls_with_as_many_tokens(tmp_path: Path, source: Path) -> None:
    out = tmp_path / "sft.jsonl"
    seeds = ("--with-control", "3", "--with-control", "4", "--control-by", "tokens")
    found = run("export", str(source), "--out", str(out), "--min-reward", "0.8", *seeds, "--json").json
    assert [Path(one["out"]).name for one in found["controls"]] == ["sft.control-3.jsonl", "sft.control-4.jsonl"]
    assert "--control-by tokens" in found["command"]
    assert run("verify", str(tmp_path / "sft.control-4.jsonl.manifest.json"), "--json").json["holds"]


def test_a_control_has_no_controls_of_its_own(tmp_path: Path) -> None:
    source, out = write(tmp_path / "r.jsonl", [gym()]), tmp_path / "sft.jsonl"
    ran = call("export", source, "--out", out, "--control", "7", "--with-control", "1")
    assert (ran.code, ran.out) == (2, "")
    assert "export: this is already a random baseline; use --with-control with the selection itself" in ran.err
    assert not out.exists()


def test_a_manifest_that_names_no_source_is_refused_in_a_sentence(tmp_path: Path) -> None:
    source, out = write(tmp_path / "run.jsonl", [gym()]), tmp_path / "sft.jsonl"
    assert call("export", source, "--out", out, "--cache-dir", tmp_path / "cache").code == 0
    path = tmp_path / "sft.jsonl.manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "inputs": []}))
    ran = call("diff", path, path, "--cache-dir", tmp_path / "cache")
    assert (ran.code, ran.err.count("\n")) == (2, 1), ran.err
    assert "no input file is listed" in ran.err
