"""TRL's own training templates: which chat templates it takes others in place of, and where those are.

With assistant_only_loss TRL keeps a template that says {% generation %}, takes one of its own in place of those it
knows to the letter, and stops at every other: `trl/trainer/sft_trainer.py` and `get_training_chat_template` of
`trl/chat_template_utils.py` in 1.16.0. Its own lie in `trl/chat_templates` since 1.1, `qwen3_training.jinja` beside
`qwen3.jinja`; between releases they change (1.9 wrote those of Qwen 3 anew). They mark what is trained, and often
write another text than the original. So they are read where TRL is installed, without importing it, and never guessed.

SINCE holds the sha256 of the originals in the releases 1.1.0 to 1.16.0, with the first that takes its own in their
place.
"""

import hashlib
import re
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import Distribution, PackageNotFoundError
from pathlib import Path

from rollout_curator.training.targets.base import Training
from rollout_curator.training.templates.base import ChatTemplate

LATEST = "1.16"
MARKERS = re.compile(r"\{%-?\s*generation\s*-?%\}")
"""How TRL looks for the tag."""
ENDING = "_training.jinja"
WITH_PROCESSOR = frozenset({"diffusion_gemma", "idefics3", "llava_next", "qwen2_5_vl", "qwen3_vl", "smolvlm"})
"""Families of models that see: TRL gives their processor texts in parts (`prepare_multimodal_messages`)."""
SINCE = {
    "90c33aee14aa2a226127516d48ee9184c9b90745d4a04c484621ec2e82fb712c": ("cohere", "1.4"),
    "2147c474f41b522b7296f74692b9f31e45f49a31465960576a9d321339c5915a": ("cohere2", "1.4"),
    "56a1447ad31926fdc21fb07e56e5642bd9c850c4f52d8c8af7bbe5f079a84f5f": ("deepseek_r1_distill", "1.11"),
    "563b1ce7d61d50a9b4c7439a912a1116f095b712df5b5e4d3e1116049874eb64": ("deepseekv3", "1.2"),
    "9aeb7eac68ad87bba7567e9d4597ff203e5609f1b427d9e823437d0142cc61bf": ("diffusion_gemma", "1.10"),
    "ecd6ae513fe103f0eb62e8ab5bfa8d0fe45c1074fa398b089c93a7e70c15cfd6": ("gemma", "1.3"),
    "7de1c58e208eda46e9c7f86397df37ec49883aeece39fb961e0a6b24088dd3c4": ("gemma3", "1.4"),
    "44f815868bf02fa458dd2f741a338046f4bf45f398eb6d067766726b9d96cce3": ("glm4moe", "1.3"),
    "a4c9919cbbd4acdd51ccffe22da049264b1b73e59055fa58811a99efbd7c8146": ("gptoss", "1.1"),
    "0d7e56ca41705b79932de707b22bc855c3cfcefae62f1ac5e458560654883d2e": ("idefics3", "1.7"),
    "cef187400d62a59507aab3a642ea9a8d2a2ef263562bc3430560e116945273cf": ("lfm2", "1.10"),
    "5504d163d879bfb6fd4135b7fa3d56768b2e69dd718338f7b146750289f46ab0": ("lfm2_v2", "1.15"),
    "ba03a121d097859c7b5b9cd03af99aafe95275210d2876f642ad9929a150f122": ("llama3", "1.1"),
    "2c17243a977fd0643fb549a509a8e2684f45517df0f9f608d5893b719f16569f": ("llava_next", "1.6"),
    "cfc67e5f349f37690dfd31ed1f18bc4442a9dd32fe39a648f993cb4eb3cae678": ("muse_glimmer", "1.11"),
    "58933db77d3099b4f78c55a38347a72e1ea05b97d6bd8f38775303dc0194e0a9": ("nemotron_3_5_lightning", "1.11"),
    "ab7813c3abdd9cb655905a410728b26c7884eca45ddfab8d9f931553485a7862": ("nemotron_3_nano", "1.6"),
    "575fb74f54ed264df9047d0ecce3c98938aae953fb4f50356675706264cbb68a": ("nemotron_3_super", "1.6"),
    "82753bef5cedc4932c1ed509b5c9a12be680fd86d1adb65bc3f7398d11c8eebc": ("nemotron_3_ultra", "1.6"),
    "dcaee66df77bfbb789ec541fe713218da30225a526f1db97138fc39ee6dc56aa": ("phi3", "1.3"),
    "78d976a442bcde2f0be15aafbb8e3050e1104f86732266f68403251b89982a90": ("phi3_5", "1.5"),
    "cd8e9439f0570856fd70470bf8889ebd8b5d1107207f67a5efb46e342330527f": ("qwen2_5", "1.1"),
    "a0bc6f6fc7a29a80017a433e8f03a1cc1236e838a944a2d034295a60c4f2fddb": ("qwen2_5_vl", "1.6"),
    "a55ee1b1660128b7098723e0abcd92caa0788061051c62d51cbe87d9cf1974d8": ("qwen3", "1.1"),
    "273d8e0e683b885071fb17e08d71e5f2a5ddfb5309756181681de4f5a1822d80": ("qwen3_5_nothink", "1.5"),
    "a4aee8afcf2e0711942cf848899be66016f8d14a889ff9ede07bca099c28f715": ("qwen3_5_think", "1.5"),
    "e84f32a23fdda27689f868aa4a1a5621f41133e51a48d7f3efcbea2839574259": ("qwen3_6", "1.3"),
    "c3cf9e34abf4f9e36c2d72165aa9c132d3e2a725b6c2586aaa3a8af9d7a81041": ("qwen3_8", "1.11"),
    "64f85b198065d0fba2a81f37e10ed68161ce2c19a754c7100e67e0ca2ee9c326": ("qwen3_instruct_2507", "1.4"),
    "3636d0f0bd6bef02654cdffdc447b79cb2cef8ab02cc75267345946291a489e4": ("qwen3_vl", "1.5"),
    "830005085ddd94cec605b6e21b885b28ffad6e3f82ee6a212c523533e8f04f01": ("smolvlm", "1.15"),
}


@dataclass(frozen=True, slots=True)
class Installed:
    """The training templates of one TRL: the version, and for the text of each original its file and its text."""

    version: str
    own: dict[str, tuple[str, str]]


def training(template: ChatTemplate) -> Training:
    """Return what TRL renders with where a model has this template."""
    if has_markers(template.text):
        return Training(template)
    here = installed()
    if here is None or template.text not in here.own:
        return Training(template, _unknown(template, here), is_known=False)
    name, text = here.own[template.text]
    words = f"TRL renders with its own {name} in place of this template; shown as in TRL {here.version}, found here."
    in_parts = name.removesuffix(ENDING) in WITH_PROCESSOR
    return Training(replace(template, text=text, tool_text=""), words, in_parts=in_parts)


def _unknown(template: ChatTemplate, here: Installed | None) -> str:
    """Return why it is not known what TRL trains, or that it stops, and what to do."""
    family, since = _known(template.text)
    if family:
        there = f" TRL {here.version}, found here, has none for it." if here else ""
        own = f"TRL {since} or newer renders with its own {family}{ENDING} in place of this template."
        ask = "install trl beside rollout-curator (pip install --no-deps trl) and start again, or choose its file"
        place = f"trl/chat_templates/{family}{ENDING} as the chat template"
        return f"Unknown what is trained: {own}{there} To see what it trains, {ask} {place}."
    if template.is_built_in:
        return "Unknown what TRL trains: this template does not belong to a model. Choose the model's."
    bare = template.text.strip()
    for text in (bare, f"{bare}\n"):
        if _known(text)[0] or (here is not None and text in here.own):
            return (
                "Unknown what is trained: but for white space at its ends TRL knows this template, and "
                "TRL compares to the letter. Take it from the tokenizer's folder."
            )
    version = f"{here.version}, found here," if here else LATEST
    return (
        f"TRL {version} fails on this template: it has no {{% generation %}} around the answers, and TRL has none "
        "for it. Put the answers of the model's template between {% generation %} and "
        "{% endgeneration %}."
    )


def _known(text: str) -> tuple[str, str]:
    """Return the family of a template and the first TRL that takes its own in its place, empty where none does."""
    return SINCE.get(hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest(), ("", ""))


def has_markers(text: str) -> bool:
    """Say whether TRL takes a template as it is."""
    return MARKERS.search(text) is not None


@cache
def installed() -> Installed | None:
    """Return the training templates of the TRL in this environment, None where there is none or it has none."""
    try:
        found = Distribution.from_name("trl")
    except PackageNotFoundError:
        return None
    return of_folder(Path(str(found.locate_file("trl/chat_templates"))), found.version)


def of_folder(folder: Path, version: str) -> Installed | None:
    """Return the training templates in a folder, each with the text of its original."""
    own = {}
    for path in sorted(folder.glob(f"*{ENDING}")):
        original = path.with_name(f"{path.name.removesuffix(ENDING)}.jinja")
        if original.is_file():
            own[original.read_text(encoding="utf-8")] = (path.name, path.read_text(encoding="utf-8"))
    return Installed(version, own) if own else None
