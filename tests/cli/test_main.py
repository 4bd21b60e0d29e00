"""The command line as scripts see it: exit codes, one JSON object, one-line errors, progress on a terminal only."""

import gzip
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from making import SAMPLE_DATA, Ran, call, environment, gym, rows_of, run, said, write
from rollout_curator.cli.progress import named_apart
from rollout_curator.decisions.store import Decisions
from rollout_curator.workspace.workspace import Workspace

VERBS = ("check", "stats", "export", "verify", "decide", "index", "ui")
LINES: list[Any] = [
    gym(reward=1),
    "",
    "{not json",
    gym(answer="5", reward="0.8"),
    {"responses_create_params": {"input": "q"}},
    gym(answer="7", reward=0),
    "[1]",
]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Write three rollouts, one of them flagged, a blank line and three problems."""
    return write(tmp_path / "rollouts.jsonl", LINES)


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    """Copy the sample data, without decisions somebody made on them."""
    return Path(
        shutil.copytree(SAMPLE_DATA, tmp_path / "sample", ignore=shutil.ignore_patterns("*.sqlite*", "generator"))
    )


def keys(source: Path) -> list[str]:
    workspace = Workspace.open([source])
    return [workspace.key(row) for row in range(workspace.n_rollouts)]


def refused(ran: Ran, sentence: str) -> None:
    """Check that a command ended as one that the user must change: code 2, nothing on stdout, this line on stderr."""
    assert (ran.code, ran.out, ran.err) == (2, "", f"rollout-curator: {sentence}\n")


# check


def test_check_of_one_file_has_every_line_once_at_the_top(source: Path) -> None:
    found = call("check", source, "--json").json
    assert {name: found[name] for name in ("good", "flag", "bad", "blank", "error", "notes")} == {
        "good": [1, 6],
        "flag": {
            "4": "no reward: the value is not a number",
            "5": "task input only (materialized input): no response, no reward",
        },
        "bad": {
            "3": "not JSON: expecting property name enclosed in double quotes at column 2",
            "7": "a JSON array, not an object",
        },
        "blank": [2],
        "error": None,
        "notes": [],
    }
    assert found["total"] == {"lines": 7, "rollouts": 3, "flagged": 1, "problems": 3, "blank": 1}


def test_check_names_each_problem_by_line(source: Path) -> None:
    ran = call("check", source)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines() == [
        "rollouts  flagged  skipped  blank  file",
        "       3        1        3      1  rollouts.jsonl",
        "",
        "Review store: none beside or above these files; no decisions applied.",
        "rollouts.jsonl:3: not JSON: expecting property name enclosed in double quotes at column 2",
        "rollouts.jsonl:4: no reward: the value is not a number",
        "rollouts.jsonl:5: task input only (materialized input): no response, no reward",
        "rollouts.jsonl:7: a JSON array, not an object",
        "7 lines = 3 rollouts (1 flagged) + 3 skipped + 1 blank",
    ]


def test_check_names_the_files_of_a_folder_that_are_passed_over(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", [gym()])
    for name in ("b.txt", "c.txt", "d.csv"):
        (tmp_path / name).touch()
    assert call("check", tmp_path).out.splitlines()[-3:] == [
        "skipped: b.txt, c.txt (a file ending in .txt is read only when it is given by name)",
        "skipped: d.csv (a file ending in .csv is read only when it is given by name)",
        "1 line = 1 rollout (0 flagged) + 0 skipped + 0 blank",
    ]
    found = call("check", tmp_path, "--json").json
    assert found["n_passed_over"] == 3
    assert found["passed_over"][2] == {
        "name": "d.csv",
        "reason": "a file ending in .csv is read only when it is given by name",
    }


def test_check_counts_a_document_in_records_and_a_table_in_rows(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps([gym(), 1]))
    assert call("check", tmp_path / "a.json").out.splitlines()[-2:] == [
        "a.json:2: a JSON number, not an object",
        "2 records = 1 rollout (0 flagged) + 1 skipped + 0 blank",
    ]
    write(tmp_path / "b.jsonl", [gym()])
    assert call("check", tmp_path).out.splitlines()[-1].startswith("3 records = ")


def test_check_of_a_file_that_cannot_be_read_says_so_in_json_too(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").touch()
    ran = call("check", tmp_path / "empty.jsonl", "--json")
    assert ran.code == 2
    assert (ran.json["error"], ran.json["good"]) == (f"{tmp_path / 'empty.jsonl'}: the file is empty", [])
    assert ran.err == f"rollout-curator: {tmp_path / 'empty.jsonl'}: the file is empty\n"


def test_check_shows_what_could_command_a_terminal(tmp_path: Path) -> None:
    ran = call("check", write(tmp_path / "a.jsonl", [gym(), {"\x1b[2Jkey\n": 1}]))
    assert "a.jsonl:2: unrecognized format: its keys are \\x1b[2Jkey\\n" in ran.out.splitlines()


def test_check_counts_the_sample_data(sample: Path) -> None:
    total = call("check", sample, "--json").json["total"]
    assert total["lines"] == total["rollouts"] + total["problems"] + total["blank"]
    assert total["rollouts"] == 324


@pytest.mark.shared
def test_check_counts_the_real_rollouts(shared_folder: Path) -> None:
    total = call("check", shared_folder / "rollouts" / "nemo_gym", "--json").json["total"]
    assert total["lines"] == 490 == total["rollouts"] + total["problems"] + total["blank"]


# Paths


def test_a_folder_a_glob_and_several_paths_are_the_same_files(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write(tmp_path / f"{name}.jsonl", [gym(name)])
    folder = call("index", tmp_path, "--json").json
    assert [file["name"] for file in folder["files"]] == ["a.jsonl", "b.jsonl"]
    assert call("index", tmp_path / "*.jsonl", "--json").json == folder
    assert call("index", tmp_path / "a.jsonl", tmp_path / "b.jsonl", "--json").json == folder


def test_a_compressed_file_is_read_like_a_plain_one(tmp_path: Path, source: Path) -> None:
    (tmp_path / "packed").mkdir()
    packed = tmp_path / "packed" / "rollouts.jsonl.gz"
    packed.write_bytes(gzip.compress(source.read_bytes()))
    for name in ("good", "flag", "bad", "blank"):
        assert call("check", packed, "--json").json[name] == call("check", source, "--json").json[name]
    call("export", packed, "--out", tmp_path / "packed.out")
    call("export", source, "--out", tmp_path / "plain.out")
    assert (tmp_path / "packed.out").read_bytes() == (tmp_path / "plain.out").read_bytes()


@pytest.mark.parametrize("verb", ["check", "stats", "index"])
def test_a_missing_file_is_one_line(tmp_path: Path, verb: str) -> None:
    refused(call(verb, tmp_path / "none.jsonl"), f"{tmp_path / 'none.jsonl'}: no such file")


def test_a_missing_file_among_others_stops_an_export(tmp_path: Path, source: Path) -> None:
    missing = tmp_path / "typo.jsonl"
    refused(call("export", source, missing, "--out", tmp_path / "sft.jsonl"), f"{missing}: no such file")
    assert not (tmp_path / "sft.jsonl").exists()


def test_a_file_that_cannot_be_read_is_told_when_the_others_are_exported(tmp_path: Path, source: Path) -> None:
    (tmp_path / "empty.jsonl").touch()
    ran = call("export", tmp_path, "--out", tmp_path / "sft.jsonl", "--json")
    assert (ran.code, ran.json["rows"]) == (0, 3)
    assert ran.err == f"rollout-curator: skipped: {tmp_path / 'empty.jsonl'}: the file is empty\n"


def test_an_index_of_nothing_readable_ends_with_2(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").touch()
    ran = call("index", tmp_path, "--json")
    assert (ran.code, ran.json["rollouts"]) == (2, 0)
    assert ran.err == f"rollout-curator: {tmp_path / 'empty.jsonl'}: the file is empty\n"


def test_a_glob_that_matches_nothing_is_one_line(tmp_path: Path) -> None:
    refused(call("check", tmp_path / "*.jsonl"), f"{tmp_path / '*.jsonl'}: no matching files")


def test_a_cache_folder_that_cannot_be_written_is_one_line(source: Path) -> None:
    ran = call("check", source, "--cache-dir", source)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert str(source) in ran.err


# stats


def test_stats_count_what_is_there(source: Path) -> None:
    found = call("stats", source, "--min-reward", "0.5", "--json").json
    assert (found["rollouts"], found["unrated"], found["tasks"], found["copies"]) == (3, 1, 1, 0)
    assert found["reward"]["values"] == [[0.0, 1], [1.0, 1]]
    assert found["funnel"]["dropped"] == {"unrated": 1, "below": 1}
    assert found["sentence"] == "1 kept, 2 dropped: 1 without a reward, 1 below 0.5"


def test_stats_in_words_end_with_the_funnel(source: Path) -> None:
    ran = call("stats", source, "--min-reward", "0.5")
    assert ran.out.splitlines()[-1] == "1 kept, 2 dropped: 1 without a reward, 1 below 0.5"


# Templates, limits and trims


def test_an_export_is_looked_at_with_a_template_and_a_limit_and_can_be_made_again(tmp_path: Path, source: Path) -> None:
    long = gym(output=[said("a"), {"type": "message", "role": "user", "content": "More?"}, said("b" * 4000)])
    write(source, [gym(), long])
    given = ["--template", "chatml", "--max-tokens", "200", "--target", "axolotl", "--trim", "over_length"]
    made = call("export", source, "--out", tmp_path / "a.jsonl", *given, "--json").json
    assert (made["rows"], made["counts"]["trimmed"]) == (2, {"over_length": 1})
    assert "sequence_len: 200" in made["config"]
    assert call(*shlex.split(made["command"].replace("a.jsonl", "b.jsonl"))[1:]).code == 0
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()
    assert call("verify", tmp_path / "a.jsonl.manifest.json").out.endswith("OK: all checks passed\n")


def test_stats_list_what_would_do_nothing_or_harm(source: Path) -> None:
    question = {"role": "user", "content": "1"}
    asked = gym(prompt=[question, {"role": "assistant", "content": "1"}, question])
    write(source, [gym(), asked, gym(answer="b" * 4000)])
    given = ["stats", source, "--look", "--max-tokens", "100"]
    assert call(*given, "--json").json["hazards"] == {
        "over_length": {"words": "exceeds the trainer's max length", "count": 1, "rollouts": ["rollouts.jsonl:3"]},
        "trained_prompt": {
            "words": "has assistant turns in the prompt that would also be trained",
            "count": 1,
            "rollouts": ["rollouts.jsonl:2"],
        },
    }
    assert "1 exceeds the trainer's max length (over_length): rollouts.jsonl:3" in call(*given).out


def test_a_template_that_is_none_is_told_in_one_line(source: Path) -> None:
    ran = call("stats", source, "--template", "absent.jinja")
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert "template absent.jinja: no such file or folder" in ran.err


def test_a_tokenizer_needs_a_template(source: Path) -> None:
    assert "--tokenizer needs --template" in call("stats", source, "--tokenizer", "x").err


# export and verify


def test_an_export_says_what_it_wrote_and_verify_agrees(tmp_path: Path, source: Path) -> None:
    out = tmp_path / "sft.jsonl"
    made = call("export", source, "--out", out, "--min-reward", "0.5", "--json").json
    assert (made["out"], made["rows"], made["sentence"]) == (
        str(out),
        1,
        "1 kept, 2 dropped: 1 without a reward, 1 below 0.5",
    )
    checked = call("verify", made["manifest"], "--json")
    assert (checked.code, checked.json["holds"]) == (0, True)


def test_verify_ends_with_1_when_something_does_not_hold(tmp_path: Path, source: Path) -> None:
    call("export", source, "--out", tmp_path / "sft.jsonl")
    (tmp_path / "sft.jsonl").write_bytes(b"{}\n")
    ran = call("verify", tmp_path / "sft.jsonl.manifest.json")
    assert (ran.code, ran.out.splitlines()[-1]) == (1, "FAILED: some checks did not pass")
    assert call("verify", tmp_path / "sft.jsonl.manifest.json", "--json").json["holds"] is False


def test_verify_of_the_data_file_says_which_file_to_name(tmp_path: Path, source: Path) -> None:
    call("export", source, "--out", tmp_path / "sft.jsonl")
    refused(
        call("verify", tmp_path / "sft.jsonl"),
        f"{tmp_path / 'sft.jsonl'}: the manifest is not JSON (Extra data: line 2 column 1 (char 92)); "
        "choose the file that ends in .manifest.json",
    )


def test_options_of_the_command_line_go_before_those_of_the_recipe(tmp_path: Path, source: Path) -> None:
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(f'sources = ["{source}"]\nmin_reward = 5\nmetadata = ["line"]\n')
    ran = call("export", "--recipe", recipe, "--min-reward", "0", "--out", tmp_path / "sft.jsonl")
    assert ran.code == 0
    assert [row["line"] for row in rows_of(tmp_path / "sft.jsonl")] == [1, 6]


def test_a_threshold_of_zero_is_a_threshold(source: Path) -> None:
    assert call("stats", source, "--min-reward", "0", "--json").json["funnel"]["dropped"] == {"unrated": 1}


def test_every_option_of_a_conversion_can_be_set(tmp_path: Path, source: Path) -> None:
    out = tmp_path / "sft.jsonl"
    assert call("export", source, "--out", out, "--set", "content=lists", "--set", "null_content=true").code == 0
    assert rows_of(out)[0]["messages"][1]["content"] == [{"type": "text", "text": "4."}]


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (["--target", "none"], 'command line: unknown target "none"; choose one of '),
        (["--format", "none"], "command line: format is 'none', expected one of flat, chat"),
        (["--reasoning", "some"], "command line: options: reasoning is 'some', expected one of drop, field, inline"),
        (["--set", "joiner"], "--set joiner: expected NAME=VALUE"),
        (["--keep", "none"], "command line: keep or drop names 'none': unknown issue; see"),
        (["--metadata", "none"], "command line: metadata names 'none', expected some of"),
        (["--min-reward", "nan"], "command line: min_reward is nan, expected a number"),
        (["--min-reward", "high"], "Invalid value for '--min-reward': 'high' is not a valid float. (see"),
        (["--recipe", "none.toml"], "none.toml: the recipe cannot be read (No such file or directory)"),
        (["--nonsense"], "No such option"),
    ],
)
def test_a_wrong_option_is_one_line_and_no_file(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch, argv: list[str], sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = call("export", source, "--out", tmp_path / "sft.jsonl", *argv)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert ran.err.startswith(f"rollout-curator: {sentence}")
    assert not (tmp_path / "sft.jsonl").exists()


def test_an_export_without_sources_is_one_line(tmp_path: Path) -> None:
    refused(
        call("export", "--out", tmp_path / "sft.jsonl"),
        "export: give the files to read, or a --recipe that lists its sources",
    )


def test_a_target_that_cannot_be_written_is_told_before_any_long_work(tmp_path: Path, source: Path) -> None:
    cache = tmp_path / "cache"
    refused(
        call("export", source, "--out", source, "--cache-dir", cache),
        f"{source}: is a source file and will not be overwritten; choose another name",
    )
    refused(
        call("export", source, "--out", tmp_path, "--cache-dir", cache),
        f"cannot write {tmp_path}: it is a folder; choose a file in it",
    )
    assert not cache.exists()


def test_an_exported_file_is_no_source_of_its_folder(tmp_path: Path, source: Path) -> None:
    call("export", tmp_path, "--out", tmp_path / "sft.jsonl")
    first = (tmp_path / "sft.jsonl").read_bytes()
    assert call("export", tmp_path, "--out", tmp_path / "sft.jsonl").code == 0
    assert (tmp_path / "sft.jsonl").read_bytes() == first


# Decisions


def test_decide_says_ack_once_it_is_on_disk(tmp_path: Path, source: Path) -> None:
    key = keys(source)[0]
    ran = call("decide", source, "--key", key, "--verdict", "reject", "--reason", "wrong", "--reviewer", "ann")
    assert (ran.code, ran.out, ran.err) == (0, f"ACK {key} 1\n", "")
    with Decisions.open(tmp_path / "curation.sqlite") as store:
        held = store.current()[key]
    assert (held.verdict, held.reasons, held.reviewer) == ("reject", ("wrong",), "ann")


def test_decisions_in_the_folder_count_without_being_named(tmp_path: Path, source: Path) -> None:
    call("decide", source, "--key", keys(source)[0], "--verdict", "reject")
    assert call("stats", source, "--json").json["funnel"]["dropped"] == {"rejected": 1}
    made = call("export", source, "--out", tmp_path / "sft.jsonl", "--json").json
    assert made["counts"]["dropped"] == {"rejected": 1}


def test_another_store_counts_when_it_is_named(tmp_path: Path, source: Path) -> None:
    store = tmp_path / "other.sqlite"
    call("decide", source, "--key", keys(source)[0], "--verdict", "reject", "--decisions", store)
    assert call("stats", source, "--json").json["funnel"]["dropped"] == {}
    assert call("stats", source, "--decisions", store, "--json").json["funnel"]["dropped"] == {"rejected": 1}


@pytest.mark.parametrize("verb", ["stats", "export", "review", "decisions export"])
def test_a_named_store_that_is_not_there_is_a_mistake_where_nothing_is_decided(
    tmp_path: Path, source: Path, verb: str
) -> None:
    store, out = tmp_path / "typo.sqlite", ("--out", tmp_path / "out.jsonl") if "export" in verb else ()
    said = (
        f"{store}: review store does not exist; choose an existing one, or omit --decisions to use the one beside or "
        "above the files"
    )
    ran = call(*verb.split(), source, "--decisions", store, *out, "--cache-dir", tmp_path / "cache")
    assert ran == Ran(2, "", f"rollout-curator: {said}\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rollouts.jsonl"]


def test_a_broken_store_stops_an_export_and_no_check(tmp_path: Path, source: Path) -> None:
    (tmp_path / "curation.sqlite").write_bytes(b"not a database" * 100)
    ran = call("export", source, "--out", tmp_path / "sft.jsonl")
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert call("check", source).code == 0


@pytest.mark.parametrize("key", ["0" * 32, "x", "f" * 70, "-1"])
def test_an_unknown_key_is_refused_and_no_store_is_made(tmp_path: Path, source: Path, key: str) -> None:
    refused(
        call("decide", source, "--key", key, "--verdict", "reject"),
        f"decide: no rollout with key {key!r}; the Review page shows keys",
    )
    assert not (tmp_path / "curation.sqlite").exists()


def test_an_unknown_verdict_is_refused(source: Path) -> None:
    refused(
        call("decide", source, "--key", keys(source)[0], "--verdict", "delete"),
        "decide: verdict is 'delete', expected one of reject, accept, clear",
    )


def test_a_clear_takes_a_decision_back(source: Path) -> None:
    call("decide", source, "--key", keys(source)[0], "--verdict", "reject")
    call("decide", source, "--key", keys(source)[0], "--verdict", "clear")
    assert call("stats", source, "--json").json["funnel"]["dropped"] == {}


# As a process


@pytest.mark.parametrize("verb", ["check", "stats", "index"])
def test_a_process_prints_one_json_object_and_nothing_else(source: Path, verb: str) -> None:
    ran = run(verb, source, "--json")
    assert (ran.code, ran.err, ran.out.count("\n")) == (0, "", 1)
    assert isinstance(ran.json, dict)


def test_an_export_as_a_process_is_silent_on_stderr(tmp_path: Path, source: Path) -> None:
    ran = run("export", source, "--out", tmp_path / "sft.jsonl", "--json")
    assert (ran.code, ran.err, ran.json["rows"]) == (0, "", 3)


def test_an_error_of_a_process_is_one_line_without_a_traceback(tmp_path: Path) -> None:
    refused(run("export", tmp_path, "--out", tmp_path / "x"), f"{tmp_path}: no .jsonl, .ndjson, .json"
            " (also with .gz, .zst or .bz2) or .parquet file to read in this folder")  # fmt: skip


def test_help_names_every_verb_and_loads_nothing_heavy() -> None:
    program = (
        "import sys\nfrom rollout_curator.cli import main as cli\nsys.argv = ['rollout-curator', '--help']\n"
        "try:\n    cli.main()\nfinally:\n"
        "    heavy = {'pandas', 'streamlit', 'numpy', 'plotly', 'orjson', 'sqlite3', 'zstandard', 'xxhash'}\n"
        "    print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment())
    assert (ran.returncode, ran.stderr) == (0, "[]\n")
    assert all(f"  {verb} " in ran.stdout for verb in VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb: str) -> None:
    ran = call(verb, "--help")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(f"Usage: rollout-curator {verb} ")


def test_no_verb_prints_the_help() -> None:
    ran = call()
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("Usage: rollout-curator [OPTIONS] COMMAND")


def test_an_unknown_verb_is_one_line() -> None:
    ran = call("exprot")
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert ran.err.startswith("rollout-curator: No such command 'exprot'.")


def test_the_version_needs_no_installation() -> None:
    assert call("--version").out == "rollout-curator, version 0.1.0\n"


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
def test_progress_is_drawn_on_a_terminal(tmp_path: Path) -> None:
    import pty

    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write(tmp_path / name / "rollouts.jsonl", [gym(name)])
    ours, theirs = pty.openpty()
    command = [
        sys.executable,
        "-m",
        "rollout_curator.cli.main",
        "export",
        str(tmp_path),
        "--out",
        str(tmp_path / "x.jsonl"),
    ]
    cache = ["--cache-dir", str(tmp_path / "cache")]
    done = subprocess.run([*command, *cache, "--json"], stdout=subprocess.PIPE, stderr=theirs, env=environment())
    drawn = os.read(ours, 100_000).decode()
    os.close(theirs)
    os.close(ours)
    assert json.loads(done.stdout)["rows"] == 2
    assert drawn.count("indexing rollouts.jsonl") >= 2
    assert "writing" in drawn
    assert "100%" in drawn


def is_growing(path: Path) -> bool:
    """Say whether rows are being written into a file that may vanish at any moment."""
    try:
        return path.stat().st_size > 0
    except FileNotFoundError:
        return False


def heed_ctrl_c() -> None:
    """Take Ctrl-C as in a terminal: what a shell starts in the background ignores it, and so do its children."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
@pytest.mark.parametrize(
    ("number", "code", "words"),
    [
        (signal.SIGINT, 130, "interrupted"),
        (signal.SIGTERM, 143, "ended by SIGTERM"),
        (signal.SIGHUP, 129, "ended by SIGHUP"),
    ],
)
def test_a_signal_to_end_gives_its_code_and_one_line_and_leaves_the_old_file(
    tmp_path: Path, number: signal.Signals, code: int, words: str
) -> None:
    source = write(tmp_path / "rollouts.jsonl", [gym(answer=f"{n} " * 50, reward=n) for n in range(40_000)])
    out = tmp_path / "sft.jsonl"
    out.write_text("old\n")
    command = [sys.executable, "-m", "rollout_curator.cli.main", "export", str(source), "--out", str(out)]
    child = subprocess.Popen(
        [*command, "--overwrite", "--cache-dir", str(tmp_path / "cache")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
        preexec_fn=heed_ctrl_c,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while not any(map(is_growing, tmp_path.glob(".sft.jsonl.tmp-*"))) and time.monotonic() < deadline:
        time.sleep(0.005)
    os.killpg(child.pid, number)  # as a terminal, Slurm and systemd do: the workers get it too
    printed, told = child.communicate(timeout=60)
    assert (child.returncode, printed, told.strip()) == (code, "", f"rollout-curator: {words}")
    assert out.read_text() == "old\n"
    assert sorted(path.name for path in tmp_path.glob(".*")) == []


# Parts, pairs and kinds of file


def test_parts_pairs_and_kinds_are_asked_for_by_name(tmp_path: Path) -> None:
    out = tmp_path / "sft.parquet"
    ran = call(
        "export", SAMPLE_DATA, "--out", out, "--as", "parquet", "--split", "0.2", "--split", "test=0.1",
        "--split", "by=task+prompt", "--pairs", "margin", "--pairs", "margin=0.3", "--pairs", "format=trl", "--json",
    )  # fmt: skip
    assert ran.code == 0
    assert [each["part"] for each in ran.json["files"]] == ["train", "validation", "test"]
    made = json.loads((tmp_path / "sft.parquet.manifest.json").read_bytes())["recipe"]
    assert made["split"] == {"validation": 0.2, "test": 0.1, "by": ["task", "prompt"], "near": 0.8, "seed": 0}
    assert made["pairs"] == {
        "rule": "margin",
        "margin": 0.3,
        "at_most": 0,
        "format": "trl",
        "max_length_ratio": 0,
        "other_turns": "keep",
    }
    assert made["kind"] == "parquet"
    assert ran.json["round_trip"]["same"] == ran.json["rows"] == made_rows(ran.json)


def made_rows(found: Any) -> int:
    return sum(each["rows"] for each in found["files"])


def test_dpo_as_a_format_is_pairs_of_the_best_against_the_worst(tmp_path: Path) -> None:
    out = tmp_path / "dpo.jsonl"
    assert call("export", SAMPLE_DATA, "--out", out, "--format", "dpo").code == 0
    assert list(rows_of(out)[0])[:2] == ["context", "completions"]
    assert json.loads((tmp_path / "dpo.jsonl.manifest.json").read_bytes())["recipe"]["pairs"]["rule"] == "best_worst"


def test_a_reviewers_choice_on_the_command_line_becomes_a_pair(tmp_path: Path) -> None:
    source = write(tmp_path / "r.jsonl", [gym("2+2?", f"{n}", 1.0, _ng_task_index=1) for n in range(2)])
    one, other = (Workspace.open([source]).key(row) for row in range(2))
    decided = call("decide", source, "--key", one, "--verdict", "accept", "--reason", f"chosen-over:{other}")
    assert decided.code == 0
    ran = call("export", source, "--out", tmp_path / "dpo.jsonl", "--pairs", "chosen", "--metadata", "key")
    assert ran.code == 0
    row = rows_of(tmp_path / "dpo.jsonl")[0]
    assert (row["chosen_key"], row["rejected_key"]) == (one, other)


def test_options_go_before_the_parts_and_pairs_of_a_recipe(tmp_path: Path) -> None:
    (tmp_path / "r.toml").write_text('[split]\nvalidation = 0.2\nseed = 3\n[pairs]\nrule = "margin"\nmargin = 0.2\n')
    out = tmp_path / "dpo.jsonl"
    ran = call("export", SAMPLE_DATA, "--out", out, "--recipe", tmp_path / "r.toml", "--split", "0.3", "--json")
    assert ran.code == 0
    made = json.loads((tmp_path / "dpo.jsonl.manifest.json").read_bytes())["recipe"]
    assert (made["split"]["validation"], made["split"]["seed"], made["pairs"]["margin"]) == (0.3, 3, 0.2)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--split", "validation=x"], "--split validation=x: expected a number after validation="),
        (["--split", "day=1"], "split: unknown key 'day'; choose from validation, test, by, near, seed"),
        (["--pairs", "rule=all"], "pairs: rule is 'all', expected one of best_worst, margin, closest_length, chosen"),
        (["--as", "csv"], 'unknown file format "csv"; choose one of jsonl, parquet'),
        (["--as", "parquet"], "ends in .parquet; use that, or choose another file format"),
        (["--card", "x/y.md"], "x/y.md: the dataset card needs a name that ends in .md"),
        (["--min-reward", "1e9", "--pairs", "margin"], "nothing to write: 0 kept"),
        (["--pairs", "margin=1e9", "--pairs", "rule=margin"], "have no pair with the minimum margin"),
    ],
)
def test_a_wrong_part_pair_or_kind_is_one_sentence(tmp_path: Path, more: list[str], sentence: str) -> None:
    ran = call("export", SAMPLE_DATA, "--out", tmp_path / "sft.jsonl", *more)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert sentence in ran.err


def test_two_recipes_of_one_name_are_both_compared(tmp_path: Path) -> None:
    files = [tmp_path / folder / "r.toml" for folder in "ab"]
    for file, bound in zip(files, (0.1, 0.9), strict=True):
        file.parent.mkdir()
        file.write_text(f"min_reward = {bound}")
    assert named_apart(files) == {str(files[0]): files[0], str(files[1]): files[1]}
    assert named_apart(files[:1]) == {"r.toml": files[0]}
