"""What this project says of trainers, beside the trainers' own code: run by `make test-peers`, skipped elsewhere.

Hugging Face `datasets` loads the files, `transformers` (without torch) renders the templates of the TRL wheel and marks
what is generated, `tokenizers` counts, and LLaMA-Factory's own converter reads the rows.
"""

import importlib.util
import itertools
import json
import logging
import re
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_targets import HOSTILE_PATHS, files_of

from loaders import nemo_rl_chunks
from making import SAMPLE_DATA, SHARED_ROLLOUTS, exported, gym, rows_of, said, write
from rollout_curator.conversation import encode, record_of
from rollout_curator.conversation.datasets_values import number_faults
from rollout_curator.conversation.sharegpt import says_the_same, written
from rollout_curator.errors import ExportError, SourceError
from rollout_curator.export import Exported
from rollout_curator.export.dpo_config import preference_config
from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.rollout import Example
from rollout_curator.training import tokens
from rollout_curator.training.file_types.parquet import read_lines
from rollout_curator.training.hazards import Look, view
from rollout_curator.training.targets.base import ConfigFacts, get, targets
from rollout_curator.training.targets.llamafactory import judge
from rollout_curator.training.templates import WORDS, built_in, load
from rollout_curator.training.templates.render import render
from rollout_curator.training.templates.worker import NOW, compiled, rendered
from rollout_curator.workspace.workspace import Workspace

datasets = pytest.importorskip("datasets", reason="make test-peers has it")
transformers = pytest.importorskip("transformers", reason="make test-peers has it")
pytestmark = pytest.mark.peer

TOOL = {"type": "function", "function": {"name": "add", "description": "adds", "parameters": {"type": "object"}}}
CALL = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": {"a": 2, "b": "<é>"}}}
TALKS: list[tuple[list[dict[str, Any]], list[Any] | None]] = [
    ([{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}], None),
    (
        [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "2+2?\n"},
            {"role": "assistant", "content": "", "reasoning_content": "Add.", "tool_calls": [CALL]},
            {"role": "tool", "tool_call_id": "c1", "name": "add", "content": "4"},
            {"role": "assistant", "content": "<think>\nOk.\n</think>\n\n4", "reasoning_content": "Ok."},
            {"role": "user", "content": "Sure?"},
            {"role": "assistant", "content": "Yes."},
        ],
        [TOOL],
    ),
    ([{"role": "user", "content": [{"type": "text", "text": "Hi"}]}, {"role": "assistant", "content": "Hi."}], None),
]


def trl_templates() -> list[Path]:
    """Return the chat templates in the wheel of TRL, which is not imported."""
    spec = importlib.util.find_spec("trl")
    places = spec.submodule_search_locations if spec else None
    return sorted(Path(next(iter(places))).glob("chat_templates/*.jinja")) if places else []


# The sandbox

ERROR = "the template fails"


class Then(datetime):
    """A clock that stands at the time the sandbox gives."""

    @classmethod
    def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
        """Return that time."""
        return NOW


def theirs(text: str, messages: list[Any], tools: list[Any] | None, special: dict[str, str]) -> str:
    """Return what transformers makes of a conversation."""
    from transformers.utils import chat_template_utils

    try:
        made, _ = chat_template_utils.render_jinja_template([messages], tools=tools, chat_template=text, **special)
    except Exception:  # noqa: BLE001  a template may raise anything
        return ERROR
    return str(made[0])


def ours(text: str, messages: list[Any], tools: list[Any] | None, special: dict[str, str]) -> str:
    """Return what the sandbox makes of it."""
    request = {"messages": messages, "tools": tools, "prefixes": False}
    made = rendered(compiled(text), request, special)
    return ERROR if made["error"] else str(made["whole"])


def test_there_are_templates_to_compare_with() -> None:
    assert len(trl_templates()) > 60


@pytest.mark.parametrize("path", [*trl_templates(), *WORDS], ids=lambda path: Path(path).stem)
def test_every_template_gives_what_transformers_gives(path: Path | str, monkeypatch: pytest.MonkeyPatch) -> None:
    from transformers.utils import chat_template_utils

    monkeypatch.setattr(chat_template_utils, "datetime", Then)
    text = path.read_text(encoding="utf-8") if isinstance(path, Path) else built_in(path).text
    special = {"bos_token": "<s>", "eos_token": "</s>"}
    for messages, tools in TALKS:
        for n in range(1, len(messages) + 1):
            assert ours(text, messages[:n], tools, special) == theirs(text, messages[:n], tools, special)


# The prefix method, the marks of {% generation %}, and counts


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a tokenizer's folder as transformers saves one; its tokenizer was trained on a few lines."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    path = tmp_path_factory.mktemp("tokenizer")
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<|im_start|>", "<|im_end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    made.train_from_iterator(["user assistant What is 2+2? Be brief. Add the numbers."] * 3, trainer)
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=made, eos_token="<|im_end|>")
    fast.chat_template = built_in("generation").text
    fast.save_pretrained(path)
    return path


def test_texts_and_counts_are_those_of_nemo_rl_with_a_real_tokenizer(folder: Path) -> None:
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    messages = [*TALKS[0][0], *TALKS[0][0]]
    expected = nemo_rl_chunks(tokenizer, messages, None)
    template = load(str(folder))
    assert list(render(template, messages, None).chunks) == expected
    seen = view(Example(messages), Look(get("nemo_rl"), template))  # type: ignore[arg-type]
    assert list(seen.tokens) == [len(tokenizer(text, add_special_tokens=False)["input_ids"]) for text in expected]
    assert seen.n_tokens == sum(seen.tokens)


def test_what_is_trained_by_trl_is_what_transformers_marks(folder: Path) -> None:
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    messages = [*TALKS[0][0], *TALKS[0][0]]
    encoded = tokenizer.apply_chat_template(
        messages, tokenize=True, return_dict=True, return_assistant_tokens_mask=True
    )
    seen = view(Example(messages), Look(get("trl"), load(str(folder))))  # type: ignore[arg-type]
    assert seen.n_tokens == len(encoded["input_ids"])
    assert seen.n_trained == sum(encoded["assistant_masks"])


def test_a_tokenizer_counts_exactly_and_half_a_surrogate_pair_too(folder: Path) -> None:
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    texts = ["<|im_start|>user\n2+2?<|im_end|>\n", "", "é" * 50, "a\ud800b"]
    expected = [len(tokenizer(text, add_special_tokens=False)["input_ids"]) for text in texts[:3]]
    assert tokens.count(texts, str(folder / "tokenizer.json"))[:3] == expected


# Files, as Hugging Face datasets loads them


@pytest.fixture(scope="module")
def opened() -> Iterator[Workspace]:
    """Open the sample data, and real rollouts where there are any."""
    workspace = Workspace.open([SAMPLE_DATA, *([SHARED_ROLLOUTS] if SHARED_ROLLOUTS.is_dir() else [])])
    yield workspace
    workspace.close()


def plain(value: Any) -> Any:
    """Return a value without the keys that are null, and with floats to ten decimals, to which datasets rounds."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return round(value, 10) if isinstance(value, float) else value


def arrow(path: Path, cache: Path) -> list[Any]:
    """Return the rows of a file as `load_dataset` gives them."""
    return list(datasets.load_dataset("json", data_files={"train": str(path)}, cache_dir=str(cache))["train"])


@pytest.mark.parametrize("name", ["trl", "axolotl", "llamafactory"])
def test_a_file_comes_through_datasets_as_it_was_written(opened: Workspace, tmp_path: Path, name: str) -> None:
    done = exported(opened, Recipe(target=name), tmp_path / "sft.jsonl")
    loaded = arrow(done.path, tmp_path / "cache")
    assert [plain(row) for row in loaded] == [plain(row) for row in rows_of(done.path)]


def columns(path: Path, cache: Path) -> list[Any]:
    """Return the rows of a Parquet file as `load_dataset` gives them."""
    return list(datasets.load_dataset("parquet", data_files={"train": str(path)}, cache_dir=str(cache))["train"])


def calling(arguments: Any, content: str = "Done.") -> dict[str, Any]:
    """Return a record whose only call has these arguments."""
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": arguments}}
    return {
        "messages": [
            {"role": "user", "content": "Go."},
            {"role": "assistant", "content": "", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c1", "content": content},
            {"role": "assistant", "content": content},
        ]
    }


def through(tmp_path: Path, *records: dict[str, Any]) -> list[Any]:
    """Return what `datasets` gives of records in a file of JSON Lines."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"".join(map(encode, records)))
    return arrow(path, tmp_path / "cache")


@given(st.floats(allow_nan=False, allow_infinity=False) | st.decimals(-(10**6), 10**6, places=4).map(float))
@settings(max_examples=2000, deadline=None)
def test_a_decimal_is_called_safe_just_when_datasets_gives_it_back(number: float) -> None:
    from datasets.utils.json import ujson_dumps, ujson_loads

    once = ujson_loads(repr([number]))
    again = ujson_loads(ujson_dumps(once))
    assert (number_faults([number]) == frozenset()) == (repr([number]) == repr(once) == repr(again))


SAFE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False).filter(lambda number: not number_faults(number))
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.sampled_from(["2024-01-01", "2024-01-01T10:00:00Z", "[1, 2]", '{"a": 1}', "1e5", "NaN", "null", '"x"', "12"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3).filter(str.isalnum), inner),
    max_leaves=6,
)


@given(rows=st.lists(st.tuples(st.dictionaries(st.text("ab", min_size=1), SAFE), st.text("a[]1 "))), at=st.integers())
@settings(max_examples=40, deadline=None)
def test_what_is_called_safe_comes_through_datasets_to_the_byte(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[dict[str, Any], str]], at: int
) -> None:
    records = [calling({}), *(calling(arguments, content) for arguments, content in rows)]
    assert [encode(row) for row in through(tmp_path_factory.mktemp("safe"), *records)] == list(map(encode, records))


@pytest.mark.parametrize("number", [2**64, -(2**63) - 1, 10**30])
def test_a_number_beyond_64_bits_changes_those_beside_it_and_fills_every_message(tmp_path: Path, number: int) -> None:
    """What happens to a file whose user keeps `big_number`."""
    first, second = through(tmp_path, calling({"id": number}), calling({"id": 7}))
    assert first["messages"][1]["tool_calls"][0]["function"]["arguments"] == {"id": float(number)}
    assert str(second["messages"][1]["tool_calls"][0]["function"]["arguments"]) == "{'id': 7.0}"
    assert second["messages"][0] == {"role": "user", "content": "Go.", "tool_calls": None, "tool_call_id": None}


def test_a_number_beyond_64_bits_beside_another_type_stops_the_load(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="too big"):
        through(tmp_path, calling({"id": "A7"}), calling({"id": 2**64 + 1}), calling({"when": None}))


def test_half_a_surrogate_pair_stops_the_load_or_is_lost(tmp_path: Path) -> None:
    with pytest.raises(datasets.exceptions.DatasetGenerationError):
        through(tmp_path, *[{"messages": [{"role": "user", "content": "a\ud83db"}]}] * 2)
    with pytest.raises(UnicodeEncodeError):
        through(tmp_path, calling({"a": "\udc00"}))
    assert through(tmp_path, calling({}, "a\ud83db"))[0]["messages"][3]["content"] == "ab"


def test_a_tokenizer_refuses_half_a_surrogate_pair(folder: Path) -> None:
    with pytest.raises((TypeError, UnicodeEncodeError)):
        transformers.AutoTokenizer.from_pretrained(folder)("a\ud83db")


def untold_lengths(done: Exported) -> list[str]:
    """Return what an export notes beside the lengths that its trainer's default cuts."""
    return [note for note in done.notes if "tokens (" not in note]


def test_columns_that_come_after_ten_megabytes_stop_the_load_but_of_parquet(tmp_path: Path) -> None:
    plain_rows = [gym(answer=f"{n} " + "y" * 60_000) for n in range(200)]
    call = {"type": "function_call", "call_id": "c1", "name": "add", "arguments": "{}"}
    result = {"type": "function_call_output", "call_id": "c1", "output": "4"}
    source = write(tmp_path / "r.jsonl", [*plain_rows, gym(output=[call, result, said("4")])])
    workspace = Workspace.open([source], tmp_path / "cache")
    done = exported(workspace, Recipe(target="trl"), tmp_path / "a.jsonl")
    assert [note for note in untold_lengths(done) if "first 10 MB" in note and "in messages" in note] == (
        untold_lengths(done)
    )
    with pytest.raises(datasets.exceptions.DatasetGenerationError):
        arrow(done.path, tmp_path / "datasets")
    done = exported(workspace, Recipe(target="trl", kind="parquet"), tmp_path / "a.parquet")
    assert (untold_lengths(done), len(columns(done.path, tmp_path / "datasets"))) == ([], 201)


CASES = SHARED_ROLLOUTS.parents[1] / "cases"
CASE_FILES = [path for path in sorted(CASES.rglob("*")) if path.is_file() and path.suffix in (".jsonl", ".json")]


def loadable(path: Path, tmp_path: Path, recipe: Recipe) -> Exported | None:
    """Return the export of a file of cases, None where nothing of it can be written."""
    try:
        workspace = Workspace.open([path], tmp_path / "cache")
        return exported(workspace, recipe, tmp_path / f"sft.{recipe.kind}")
    except (SourceError, ExportError):
        return None


@pytest.mark.shared
@pytest.mark.parametrize("name", ["trl", "axolotl", "llamafactory"])
@pytest.mark.parametrize("path", CASE_FILES, ids=lambda path: str(path.relative_to(CASES)))
def test_datasets_loads_what_is_written_of_every_case(path: Path, tmp_path: Path, name: str) -> None:
    done = loadable(path, tmp_path, Recipe(target=name))
    if done is not None:
        assert [plain(row) for row in arrow(done.path, tmp_path / "a")] == [plain(row) for row in rows_of(done.path)]


@pytest.mark.shared
@pytest.mark.parametrize("name", sorted(targets()))
@pytest.mark.parametrize("path", CASE_FILES, ids=lambda path: str(path.relative_to(CASES)))
def test_datasets_loads_the_parquet_of_every_case(path: Path, tmp_path: Path, name: str) -> None:
    done = loadable(path, tmp_path, Recipe(target=name, kind="parquet"))
    if done is not None:
        written = [json.loads(line) for line in read_lines(done.path)]
        assert [plain(row) for row in columns(done.path, tmp_path / "p")] == [plain(row) for row in written]


@pytest.mark.shared
def test_most_cases_give_something_to_load(shared_folder: Path, tmp_path: Path) -> None:
    found = [loadable(path, tmp_path, Recipe(target="trl")) is not None for path in CASE_FILES]
    assert sum(found) > len(found) / 2


def test_a_file_that_mixes_lists_and_texts_does_not(opened: Workspace, tmp_path: Path) -> None:
    """The reason why the user must ask for such a file: text that looks like JSON comes back as something else."""
    mixed = [
        {
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "x"}]},
                {"role": "assistant", "content": "y"},
            ]
        },
        {"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "[1, 2]"}]},
    ]
    path = tmp_path / "mixed.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in mixed))
    assert arrow(path, tmp_path / "cache")[1]["messages"][1]["content"] == [1, 2]


@pytest.mark.parametrize("name", ["a b.jsonl", 'it\'s "so".jsonl', "ümläut 日本 🙂.jsonl", "run-1 (2).jsonl"])
def test_the_script_for_trl_loads_a_file_of_any_name(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    path = tmp_path / name
    path.write_text(json.dumps({"messages": TALKS[0][0]}) + "\n", encoding="utf-8")
    script = get("trl").config(ConfigFacts(str(path), "chat", has_tools=False))
    assert [row["messages"] for row in loaded_by(script)["train"]] == [TALKS[0][0]]


def loaded_by(script: str) -> Any:
    """Return what a script for TRL loads, by the name of the split."""
    names: dict[str, Any] = {}
    loading = re.sub("^from trl import .*$", "", script[: script.index("trainer = ")], flags=re.MULTILINE)
    exec(compile(loading, "train.py", "exec"), names)
    return names.get("examples") or names["pairs"]


def test_the_scripts_for_trl_load_a_validation_file_with_tools_beside_a_training_file_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told of both files at once, `datasets` takes the columns of the first and stops at others."""
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    asked = [{"role": "user", "content": "2+2?"}]
    said = [{"role": "assistant", "content": "4."}]
    called = [{**said[0], "tool_calls": [{"type": "function", "function": {"name": "add", "arguments": {"a": 2}}}]}]
    plain, tools = str(tmp_path / "plain.jsonl"), str(tmp_path / "tools.jsonl")
    rows = {"messages": asked + said}, {"messages": asked + called, "tools": "[]"}
    write(Path(plain), [{**rows[0], "prompt": asked, "chosen": said, "rejected": said}])
    write(Path(tools), [{**rows[1], "prompt": asked, "chosen": called, "rejected": said}])
    facts = ConfigFacts(plain, "chat", True, tools)
    examples = loaded_by(get("trl").config(facts))
    pairs = loaded_by(preference_config("trl", facts))
    assert examples["train"][0]["messages"] == asked + said
    assert examples["validation"][0]["messages"] == asked + called
    assert (pairs["train"][0]["chosen"], pairs["validation"][0]["chosen"]) == (said, called)


def test_the_script_for_trl_loads_parquet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    source = write(tmp_path / "r.jsonl", [gym(answer=f"{n}") for n in range(3)])
    recipe = Recipe(target="trl", kind="parquet")
    script = exported(Workspace.open([source], tmp_path / "cache"), recipe, tmp_path / "a.parquet").config
    assert [row["messages"][-1]["content"] for row in loaded_by(script)["train"]] == ["0", "1", "2"]


# LLaMA-Factory's own converter


@pytest.fixture(scope="module")
def convert() -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return LLaMA-Factory's conversion of one row; only its logger is replaced, which would need torch."""
    spec = importlib.util.find_spec("llamafactory")
    if spec is None or spec.submodule_search_locations is None:
        pytest.fail("llamafactory is not there; make test-peers installs it")
    root = Path(next(iter(spec.submodule_search_locations)))
    for name in ("llamafactory", "llamafactory.data", "llamafactory.extras"):
        module = ModuleType(name)
        module.__path__ = [str(root.joinpath(*name.split(".")[1:]))]
        sys.modules[name] = module
    quiet = logging.getLogger("llamafactory")
    log = ModuleType("llamafactory.extras.logging")
    silent = SimpleNamespace(warning_rank0=quiet.debug, warning_rank0_once=quiet.debug)
    vars(log)["get_logger"] = lambda name=None: silent
    sys.modules[log.__name__] = vars(sys.modules["llamafactory.extras"])["logging"] = log
    converter = importlib.import_module("llamafactory.data.converter")
    tags = {
        "messages": "conversations", "tools": "tools", "system": None, "images": None, "videos": None, "audios": None,
        "role_tag": "from", "content_tag": "value", "user_tag": "human", "assistant_tag": "gpt",
        "observation_tag": "observation", "function_tag": "function_call", "system_tag": "system",
        "ranking": False, "kto_tag": None, "load_from": "file",
    }  # fmt: skip
    made: Callable[[dict[str, Any]], dict[str, Any]] = converter.SharegptDatasetConverter(
        SimpleNamespace(**tags), SimpleNamespace(media_dir="")
    )
    return made


def taken(convert: Callable[[dict[str, Any]], dict[str, Any]], row: dict[str, Any]) -> str:
    """Return what becomes of a row: trained, skipped_by_trainer (as in processor/supervised.py) or refused."""
    try:
        made = convert(row)
    except KeyError:
        return "refused_by_trainer"
    is_pair = len(made["_prompt"]) % 2 == 1 and len(made["_response"]) == 1
    return "trained" if is_pair else "skipped_by_trainer"


def judged(row: dict[str, Any]) -> str:
    """Return what this project says of the same row."""
    found = judge(row)
    return found.kind if found else "trained"


def test_llamafactory_takes_and_passes_over_what_is_said_of_it(
    convert: Callable[[dict[str, Any]], dict[str, Any]],
) -> None:
    for length in range(1, 7):
        for roles in itertools.product(("system", "user", "assistant", "tool", "developer"), repeat=length):
            row = {"messages": [{"role": role, "content": "x"} for role in roles]}
            assert (roles, judged(row)) == (roles, taken(convert, written(row)))


def test_llamafactory_takes_every_row_that_is_written_for_it(
    convert: Callable[[dict[str, Any]], dict[str, Any]], opened: Workspace, tmp_path: Path
) -> None:
    recipe = Recipe(target="llamafactory")
    done = exported(opened, recipe, tmp_path / "sft.jsonl")
    assert [row for row in rows_of(done.path) if taken(convert, row) != "trained"] == []
    plan = recipes.plan(recipe)
    passed_over = opened.select(recipe).rows_of("skipped_by_trainer")
    made = [record_of(recipes.convert_with_issues(opened.rollout(int(row)), plan)) for row in passed_over]
    assert {taken(convert, row) for row in made} == ({"skipped_by_trainer"} if made else set())


def test_a_row_without_the_column_of_tools_would_stop_llamafactory(
    convert: Callable[[dict[str, Any]], dict[str, Any]],
) -> None:
    said = written({"messages": TALKS[0][0]})
    assert (said["tools"], taken(convert, said)) == ("", "trained")
    del said["tools"]
    assert taken(convert, said) == "refused_by_trainer"


def formatted(value: str) -> str:
    """Return what LLaMA-Factory's formatter for Qwen makes of the calls of a turn."""
    formatter = importlib.import_module("llamafactory.data.formatter")
    made = formatter.FunctionFormatter(slots=["{{content}}"], tool_format="qwen")
    words = {"thought_words": ("<think>\n", "\n</think>\n\n"), "tool_call_words": ("<tool_call>", "</tool_call>")}
    return str(made.apply(content=value, **words)[0])


CONTENTS = ["", "Let me add.", "<think>\nAdd.\n</think>\n\n", "<think>\nAdd.\n</think>\n\nLet me add.", "a\n", "<b>"]


@pytest.mark.parametrize("content", CONTENTS)
@pytest.mark.parametrize("n_calls", [1, 2])
def test_llamafactory_writes_the_calls_of_a_turn_as_qwen_does(
    convert: Callable[[dict[str, Any]], dict[str, Any]], content: str, n_calls: int
) -> None:
    arguments = {"a": "<tool_call>{}</tool_call><think>\nx\n</think>\n\n", "b": [1, {"c": None}], "d": 2**70}
    calls = [{"id": "c1", "type": "function", "function": {"name": "add", "arguments": arguments}}] * n_calls
    messages = [{"role": "user", "content": "Go."}, {"role": "assistant", "content": content, "tool_calls": calls}]
    value = written({"messages": messages})["conversations"][1]["value"]
    text = json.dumps({"name": "add", "arguments": arguments}, ensure_ascii=False)
    between = "\n" if content and not content.endswith("</think>\n\n") else ""
    assert formatted(value) == content + between + "\n".join([f"<tool_call>\n{text}\n</tool_call>"] * n_calls)
    assert says_the_same(written({"messages": messages}), {"messages": messages})


@pytest.mark.parametrize("path", HOSTILE_PATHS)
def test_the_entry_of_llamafactory_names_the_file(tmp_path: Path, path: str) -> None:
    folder = files_of(get("llamafactory").config(ConfigFacts(path, "chat", has_tools=True)), tmp_path)
    assert json.loads((folder / "dataset_info.json").read_text())["curated"]["file_name"] == path
