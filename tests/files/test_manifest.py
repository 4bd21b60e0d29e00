"""The file beside an export: the same bytes for the same facts, and a shape that is checked before it is believed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rollout_curator.errors import ManifestError
from rollout_curator.files import manifest
from rollout_curator.files.manifest import Input, Manifest


def facts(**more: Any) -> Manifest:
    """Return a manifest of one row from one source."""
    made: dict[str, Any] = {
        "schema": 1,
        "tool": "rollout-curator",
        "version": "0.1.0",
        "file": "sft.jsonl",
        "sha256": "aa",
        "size_bytes": 3,
        "rows": 1,
        "inputs": [
            Input(path="r.jsonl", name="r.jsonl", size_bytes=2, sha256="bb", lines=1, rollouts=1, problems=0),
        ],
        "recipe": {"target": "nemo_rl"},
        "decisions": {"accepted": 0, "rejected": 0, "sha256": "cc", "verdicts": {}},
        "counts": {"lines": 1},
    }
    made.update(more)
    return made  # type: ignore[return-value]


BESIDE = {"part": "validation", "file": "v.jsonl", "sha256": "dd", "size_bytes": 1, "rows": 1}


def saved(tmp_path: Path, content: Any) -> Path:
    path = tmp_path / "sft.jsonl.manifest.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_a_manifest_lies_beside_its_file() -> None:
    assert manifest.path_of(Path("out") / "sft.jsonl") == Path("out") / "sft.jsonl.manifest.json"


def test_a_manifest_is_read_back_whole(tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    path.write_bytes(manifest.dump(facts()))
    assert manifest.load(path) == facts()


def test_the_order_in_which_facts_were_found_changes_no_byte() -> None:
    turned = dict(reversed(list(facts().items())))
    assert manifest.dump(turned) == manifest.dump(facts())  # type: ignore[arg-type]


def test_a_manifest_is_indented_and_sorted_for_people() -> None:
    assert manifest.dump(facts()).startswith(b'{\n  "counts": {\n    "lines": 1\n  },\n  "decisions": {\n')


def test_a_name_that_is_not_utf8_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    path.write_bytes(manifest.dump(facts(file="r\udcff.jsonl")))
    assert manifest.load(path)["file"] == "r\udcff.jsonl"


def test_a_missing_manifest_is_named(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="m.json: the manifest cannot be read \\(No such file or directory\\)"):
        manifest.load(tmp_path / "m.json")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda made: made.pop("rows"), "the manifest lacks rows"),
        (lambda made: made.update(rows="1"), "rows is not of type int"),
        (lambda made: made.update(rows=True), "rows is not of type int"),
        (lambda made: made.update(inputs={}), "inputs is not of type list"),
        (lambda made: made["inputs"].append(None), "one of inputs is not of type dict"),
        (lambda made: made["inputs"][0].pop("path"), "one of inputs lacks path"),
        (lambda made: made["inputs"][0].update(path=3), "path is not of type str"),
        (lambda made: made.update(decisions=[]), "decisions is not of type dict"),
        (lambda made: made["decisions"].update(verdicts=[]), "verdicts is not of type dict"),
        (lambda made: made.update(counts=None), "counts is not of type dict"),
        (lambda made: made.update(file="../sft.jsonl"), "file is '../sft.jsonl', expected a name without a folder"),
        (lambda made: made.update(others={}), "others is not of type list"),
        (lambda made: made.update(others=[{}]), "one of others lacks file, part, rows, sha256, size_bytes"),
        (
            lambda made: made.update(others=[{**BESIDE, "file": "../v.jsonl"}]),
            "file is '../v.jsonl', expected a name without a folder",
        ),
        (lambda made: made.update(split=3), "split is not of type dict"),
        (lambda made: made.update(round_trip={"rows": 1}), "round_trip lacks loader, same"),
        (lambda made: made.update(file=""), "file is '', expected a name without a folder"),
    ],
)
def test_a_manifest_of_another_shape_is_refused_by_name(
    tmp_path: Path, change: Callable[[Any], object], sentence: str
) -> None:
    made = facts()
    change(made)
    path = saved(tmp_path, made)
    with pytest.raises(ManifestError) as refused:
        manifest.load(path)
    assert str(refused.value) == f"{path}: {sentence}; export again"


def test_a_manifest_of_before_there_were_parts_is_still_read(tmp_path: Path) -> None:
    assert [each["file"] for each in manifest.files(manifest.load(saved(tmp_path, facts())))] == ["sft.jsonl"]


def test_the_files_of_a_manifest_are_listed_the_training_file_first(tmp_path: Path) -> None:
    made = facts(others=[BESIDE], split={})
    assert manifest.files(made)[1] == BESIDE
    assert manifest.files(made)[0] == {
        "part": "train",
        "file": "sft.jsonl",
        "sha256": "aa",
        "size_bytes": 3,
        "rows": 1,
    }


def test_the_digest_of_verdicts_does_not_depend_on_their_order() -> None:
    assert manifest.digest_of({"a": "reject", "b": "accept"}, {}) == manifest.digest_of(
        {"b": "accept", "a": "reject"}, {}
    )


def test_the_digest_of_verdicts_tells_them_apart() -> None:
    assert manifest.digest_of({"a": "reject"}, {}) != manifest.digest_of({"a": "accept"}, {})
    assert manifest.digest_of({}, {"a": [1]}) != manifest.digest_of({}, {"a": [2]})


def test_a_file_is_hashed_in_pieces(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"abc")
    assert manifest.sha256_of(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_source_is_named_from_the_folder_of_the_manifest() -> None:
    assert manifest.relative(Path("/data/runs/r.jsonl"), Path("/data/out")) == "../runs/r.jsonl"
