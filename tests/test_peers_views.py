"""The trainer's view beside the trainers' own code, row by row: run by `make test-peers`, skipped elsewhere.

TRL's own functions choose the template, transformers renders and marks with it; Axolotl's and Unsloth's rules are
restated in `loaders` with their source, because their packages cannot be imported without torch.
"""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from making import SAMPLE_DATA, SHARED_ROLLOUTS
from maskers import axolotl_labels, unsloth_labels
from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.rollout import Example
from rollout_curator.training.targets import trl_templates
from rollout_curator.training.targets.base import get
from rollout_curator.training.templates import ChatTemplate
from rollout_curator.training.trainer_view import Look, View, view
from rollout_curator.workspace.workspace import Workspace
from test_peers import TALKS, Then

transformers = pytest.importorskip("transformers", reason="make test-peers has it")
data_utils = pytest.importorskip("trl.data_utils", reason="make test-peers has it")
trl_utils = pytest.importorskip("trl.chat_template_utils", reason="make test-peers has it")
pytestmark = pytest.mark.peer

FOLDER = Path(trl_utils.__file__).with_name("chat_templates")
ORIGINALS = sorted(path for path in FOLDER.glob("*.jinja") if not path.stem.endswith("_training"))
SWAPPED = [path for path in ORIGINALS if path.with_name(f"{path.stem}_training.jinja").is_file()]
ROWS = 12
SEEING = ("diffusion_gemma", "idefics3", "llava_next", "qwen2_5_vl", "qwen3_vl", "smolvlm")
SPECIAL = re.compile(r"<[|\uff5c][^<>{}'\"\s]+?[|\uff5c]>|</?think>|</?tool_call>|<(?:start|end)_of_turn>")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a tokenizer that was trained on texts, with every control token of TRL's templates."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    texts = [path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.jinja"))]
    special = sorted({token for text in texts for token in SPECIAL.findall(text)} | {"<bos>", "<eos>"})
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=3000, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    made.train_from_iterator([*texts, "\n\n\n {\n\n} ok.\n\n"] * 2, trainer)
    path = tmp_path_factory.mktemp("tokenizer")
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, bos_token="<bos>", eos_token="<|im_end|>", additional_special_tokens=special
    ).save_pretrained(path)
    return path


@pytest.fixture(scope="module")
def tokenizer(folder: Path) -> Any:
    """Return that tokenizer as transformers opens it."""
    return transformers.AutoTokenizer.from_pretrained(folder)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the clock of templates stand, as it does in the sandbox."""
    monkeypatch.setattr(transformers.utils.chat_template_utils, "datetime", Then)


@pytest.fixture(scope="module")
def opened() -> Iterator[Workspace]:
    """Open the sample data, and real rollouts where there are any."""
    workspace = Workspace.open([SAMPLE_DATA, *([SHARED_ROLLOUTS] if SHARED_ROLLOUTS.is_dir() else [])])
    yield workspace
    workspace.close()


def talks(opened: Workspace, target: str) -> list[Example]:
    """Return conversations of every shape: those above, and some of the sample data as they are written."""
    made = [Example([*messages], tools=tools) for messages, tools in TALKS[:2]]  # type: ignore[list-item]
    made.append(Example([*TALKS[0][0], *TALKS[0][0]]))  # type: ignore[list-item]
    recipe = Recipe(target=target)
    kept = opened.select(recipe).rows_of("kept")
    plan = recipes.plan(recipe)
    return made + [opened.training_line(int(row), plan).example for row in kept[:: max(1, len(kept) // ROWS)]]


def template_of(text: str, folder: Path) -> ChatTemplate:
    """Return a template with the special tokens and the tokenizer of the folder."""
    special = (("bos_token", "<bos>"), ("eos_token", "<|im_end|>"))
    return ChatTemplate("a model's own", text, special=special, tokenizer=str(folder / "tokenizer.json"))


def mask_of(seen: View) -> list[int]:
    """Return 0 or 1 for each token of a view."""
    counted = zip(seen.tokens, seen.trained, strict=True)
    return [int(bool(trained)) for n, trained in counted for _ in range(n)]


# TRL


def theirs(tokenizer: Any, text: str, made: Example, *, sees: bool = False) -> tuple[str, list[int]] | None:
    """Return the text and the mask of TRL, as `sft_trainer.py` (1.16.0, lines 941 and 1314) gets them.

    A model that `sees` has a processor, which gets the texts in parts (`data_utils._tokenize`).
    """
    tokenizer.chat_template = text
    swapped = None
    if not trl_utils.has_generation_markers(text):
        swapped = trl_utils.get_training_chat_template(tokenizer)
    given = {"chat_template": swapped, "tools": made.tools}
    messages = data_utils.prepare_multimodal_messages(made.messages) if sees else made.messages
    try:
        whole = tokenizer.apply_chat_template(messages, tokenize=False, **given)
        encoded = tokenizer.apply_chat_template(messages, return_dict=True, return_assistant_tokens_mask=True, **given)
    except Exception:  # noqa: BLE001  a template may raise anything
        return None
    return str(whole), list(encoded["assistant_masks"])


@pytest.mark.parametrize("path", SWAPPED, ids=lambda path: path.stem)
def test_the_view_is_what_trl_trains_for_every_family_it_knows(
    path: Path, folder: Path, tokenizer: Any, opened: Workspace
) -> None:
    text, compared = path.read_text(encoding="utf-8"), 0
    for made in talks(opened, "trl"):
        seen = view(made, Look(get("trl"), template_of(text, folder)))
        expected = theirs(tokenizer, text, made, sees=path.stem in SEEING)
        if expected is None:
            assert seen.rendered is not None
            assert (seen.rendered.error != "", seen.n_trained) == (True, None)
            continue
        compared += 1
        assert ("".join(seen.texts), mask_of(seen)) == expected
        assert (seen.exact, seen.n_tokens, seen.n_trained) == (True, len(expected[1]), sum(expected[1]))
        assert f"{path.stem}_training.jinja" in seen.words
    assert compared > 0


@pytest.mark.parametrize("path", [path for path in ORIGINALS if path not in SWAPPED], ids=lambda path: path.stem)
def test_where_trl_stops_the_view_says_so(path: Path, folder: Path, tokenizer: Any) -> None:
    tokenizer.chat_template = text = path.read_text(encoding="utf-8")
    if trl_utils.has_generation_markers(text):
        pytest.skip("it marks its answers")
    with pytest.raises(ValueError, match="not training-compatible"):
        trl_utils.get_training_chat_template(tokenizer)
    seen = view(Example(TALKS[0][0]), Look(get("trl"), template_of(text, folder)))  # type: ignore[arg-type]
    assert (seen.n_trained, set(seen.trained)) == (None, {None})
    assert seen.words.startswith("TRL 1.16.0, found here, fails on this template")


def test_the_files_beside_each_other_are_those_that_trl_swaps(tokenizer: Any) -> None:
    here = trl_templates.installed()
    assert here is not None
    for text, (name, own) in here.own.items():
        tokenizer.chat_template = text
        assert (name, trl_utils.get_training_chat_template(tokenizer)) == (name, own)
    for path in ORIGINALS:
        if path not in SWAPPED:
            assert path.read_text(encoding="utf-8") not in here.own


def test_the_hashes_are_those_of_the_originals() -> None:
    known = {family: digest for digest, (family, _) in trl_templates.SINCE.items()}
    assert {path.stem: hashlib.sha256(path.read_bytes()).hexdigest() for path in SWAPPED} == known


# Axolotl and Unsloth

BY_RULE = [*SWAPPED, *(FOLDER / f"{stem}_training.jinja" for stem in ("qwen3", "qwen2_5", "llama3"))]


@pytest.mark.parametrize("path", BY_RULE, ids=lambda path: path.stem)
def test_the_view_is_what_axolotl_trains(path: Path, folder: Path, tokenizer: Any, opened: Workspace) -> None:
    tokenizer.chat_template = path.read_text(encoding="utf-8")
    for made in talks(opened, "axolotl"):
        seen = view(made, Look(get("axolotl"), template_of(tokenizer.chat_template, folder)))
        try:
            expected = axolotl_labels(tokenizer, made.messages or [], made.tools, made.mask())
        except Exception:  # noqa: BLE001  a template may raise anything
            assert seen.n_trained is None
            continue
        assert mask_of(seen) == expected
        assert (seen.n_tokens, seen.n_trained) == (len(expected), sum(expected))


@pytest.mark.parametrize("name", ["qwen3", "qwen2_5", "qwen3_instruct_2507", "qwen3_6"])
def test_the_view_is_what_unsloth_trains(name: str, folder: Path, tokenizer: Any, opened: Workspace) -> None:
    text = (FOLDER / f"{name}.jinja").read_text(encoding="utf-8")
    for made in talks(opened, "unsloth"):
        seen = view(made, Look(get("unsloth"), template_of(text, folder)))
        if seen.rendered is not None and seen.rendered.error:
            continue
        whole = tokenizer.apply_chat_template(made.messages, tools=made.tools, tokenize=False, chat_template=text)
        assert "".join(seen.texts) == whole
        assert mask_of(seen) == unsloth_labels(tokenizer, whole, "<|im_start|>user\n", "<|im_start|>assistant\n")
