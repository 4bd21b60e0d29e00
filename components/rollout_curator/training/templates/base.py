"""What a chat template is and where it comes from: built in, a file, a tokenizer's folder, or pasted.

Built-in templates are written for this project, in the style of the families they stand for; they are for a first look
and for tests, and no model's own. Reads files, each through a `Reach`; runs nothing: `render` does that.

    tokenizer_config.json: {"chat_template": "..." or [{"name": "default", "template": "..."}], "eos_token": "</s>"}

transformers reads `chat_template.jinja` beside it first, and takes the template named `tool_use` where there are tools
(`src/transformers/tokenization_utils_base.py`, `get_chat_template`).
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from rollout_curator.errors import TemplateError
from rollout_curator.files.path_access import ANYWHERE, OutOfReach, Reach
from rollout_curator.training.tokens import TOKENIZER_BYTES

TEXT_CHARS = 1_000_000
SPECIAL = ("bos_token", "eos_token", "unk_token", "pad_token")
CONFIG, JINJA, TOKENIZER = "tokenizer_config.json", "chat_template.jinja", "tokenizer.json"
WORDS = {
    "chatml": "ChatML, no tools",
    "chatml_tools": "ChatML with tools (like Qwen 2.5)",
    "chatml_thinking": "ChatML, drops earlier reasoning (like Qwen 3)",
    "headers": "Llama-style headers, one tool call per turn (like Llama 3.1)",
    "generation": "ChatML with {% generation %} markers",
}
_EOS = {"headers": "<|eot_id|>"}
_BOS = {"headers": "<|begin_of_text|>"}


@dataclass(frozen=True, slots=True)
class ChatTemplate:
    """A chat template with the special tokens it may write.

    `tool_text` is used in place of `text` where there are tools, when it is not empty. `tokenizer` is the path of a
    tokenizer.json that counts tokens exactly, empty when they are estimated; `tokenizer_sha256` says which one it was.
    """

    name: str
    text: str
    tool_text: str = ""
    special: tuple[tuple[str, str], ...] = ()
    tokenizer: str = ""
    tokenizer_sha256: str = ""

    @property
    def sha256(self) -> str:
        """Return a hash of all that decides what is rendered."""
        return hashlib.sha256(json.dumps([self.text, self.tool_text, self.special]).encode()).hexdigest()

    @property
    def is_built_in(self) -> bool:
        """Say whether the text is this project's own."""
        return self.name in WORDS and self.sha256 == built_in(self.name).sha256


@cache
def built_in(name: str) -> ChatTemplate:
    """Return the built-in template of that name. Raises TemplateError with the names there are."""
    if name not in WORDS:
        raise TemplateError(f"unknown template {name!r}; built-in: {', '.join(WORDS)}")
    text = files(__package__).joinpath("builtin", f"{name}.jinja").read_text(encoding="utf-8")
    special = (("bos_token", _BOS.get(name, "")), ("eos_token", _EOS.get(name, "<|im_end|>")))
    return ChatTemplate(name, text, special=special)


def parsed(text: str) -> dict[str, Any]:
    """Return the table of a template from JSON. Raises TemplateError."""
    return _json(text, "the given text")


def pasted(text: str) -> ChatTemplate:
    """Return the template of a text: Jinja, or the JSON of a tokenizer_config. Raises TemplateError."""
    stripped = text.strip()
    if stripped.startswith("{") and not stripped.startswith(("{%", "{{", "{#")):
        return _of_config(_json(stripped, "the pasted text"), "pasted", "")
    return _checked(ChatTemplate("pasted", text))


def load(source: str, *, reach: Reach = ANYWHERE) -> ChatTemplate:
    """Return a template by built-in name or path: a .jinja file, a tokenizer_config.json, or a tokenizer's folder.

    Raises TemplateError, also where the reach ends.
    """
    if source in WORDS:
        return built_in(source)
    path = Path(source)
    if reach.has_folder(path):
        return _of_folder(path, reach)
    if not reach.has_file(path):
        why = f"no such file or folder; built-in: {', '.join(WORDS)}"
        raise TemplateError(f"template {source}: {reach.words(why)}")
    if path.suffix not in (".json", ".jinja", ".jinja2", ".j2"):
        raise TemplateError(f"template {source}: expected a .jinja file, {CONFIG}, or a tokenizer's folder")
    text = _read(path, reach)
    if path.suffix == ".json":
        return _of_config(_json(text, source), path.parent.name or path.name, "")
    return _checked(ChatTemplate(path.name, text, special=_special_beside(path, reach)))


def with_tokenizer(template: ChatTemplate, source: str, *, reach: Reach = ANYWHERE) -> ChatTemplate:
    """Return a template whose tokens are counted by a tokenizer.json, given as file or folder.

    Raises TemplateError, also where the reach ends.
    """
    path = Path(source)
    path = path / TOKENIZER if reach.has_folder(path) else path
    if not reach.has_file(path) or path.suffix != ".json":
        why = f"no {TOKENIZER}; choose that file or its folder"
        raise TemplateError(f"tokenizer {source}: {reach.words(why)}")
    try:
        place = str(path) if reach.folders is None else reach.real(path)
        return replace(template, tokenizer=place, tokenizer_sha256=reach.sha256(path, TOKENIZER_BYTES))
    except OutOfReach as refused:
        raise TemplateError(f"tokenizer {source}: {refused}") from refused


def without_tokenizer(template: ChatTemplate) -> ChatTemplate:
    """Return a template whose tokens are estimated."""
    return replace(template, tokenizer="", tokenizer_sha256="")


def to_table(template: ChatTemplate) -> dict[str, Any]:
    """Return a template as a recipe keeps it: a built-in one by name and hash, any other with its text."""
    table: dict[str, Any] = {"name": template.name, "sha256": template.sha256}
    if not template.is_built_in:
        table["text"] = template.text
        if template.tool_text:
            table["tool_text"] = template.tool_text
        table["special"] = dict(template.special)
    if template.tokenizer:
        table |= {"tokenizer": template.tokenizer, "tokenizer_sha256": template.tokenizer_sha256}
    return table


def from_table(table: Mapping[str, Any], *, reach: Reach | None = ANYWHERE) -> ChatTemplate:
    """Return the template of a recipe. Raises TemplateError for a wrong table and where a hash does not fit.

    Without a reach no file is looked at: the tokenizer is taken as the table says, which was checked before.
    """
    for key, value in table.items():
        wanted = dict if key == "special" else str
        if key not in _KEYS or not isinstance(value, wanted):
            raise TemplateError(f"template: {key} is {value!r}, expected one of {', '.join(_KEYS)} as text")
    if "name" not in table:
        raise TemplateError("template: the table has no name")
    if "text" in table:
        special = tuple((name, str(token)) for name, token in table.get("special", {}).items())
        made = _checked(ChatTemplate(table["name"], table["text"], table.get("tool_text", ""), special))
    else:
        made = built_in(table["name"])
    if table.get("sha256", made.sha256) != made.sha256:
        raise TemplateError(f"template {made.name}: changed since the recipe was saved (sha256 differs)")
    if not table.get("tokenizer"):
        return made
    digest = table.get("tokenizer_sha256", "")
    if reach is None:
        return replace(made, tokenizer=table["tokenizer"], tokenizer_sha256=digest)
    counted = with_tokenizer(made, table["tokenizer"], reach=reach)
    if digest and counted.tokenizer_sha256 != digest:
        raise TemplateError(f"tokenizer {counted.tokenizer}: changed since the recipe was saved (sha256 differs)")
    return counted


_KEYS = ("name", "text", "tool_text", "special", "sha256", "tokenizer", "tokenizer_sha256")


def _of_folder(folder: Path, reach: Reach) -> ChatTemplate:
    config_path, jinja = folder / CONFIG, folder / JINJA
    config = _json(_read(config_path, reach), str(config_path)) if reach.has_file(config_path) else {}
    if reach.has_file(jinja):
        made = _checked(ChatTemplate(folder.name, _read(jinja, reach), special=_special(config)))
    elif config:
        made = _of_config(config, folder.name, str(folder))
    else:
        raise TemplateError(f"template {folder}: the folder has neither {JINJA} nor {CONFIG}")
    return with_tokenizer(made, str(folder), reach=reach) if reach.has_file(folder / TOKENIZER) else made


def _of_config(config: Mapping[str, Any], name: str, where: str) -> ChatTemplate:
    given = config.get("chat_template")
    named: dict[str, Any] = {"default": given} if isinstance(given, str) else {}
    if isinstance(given, list):
        named = {str(entry.get("name")): entry.get("template") for entry in given if isinstance(entry, dict)}
    text, tool_text = named.get("default"), named.get("tool_use", "")
    if not isinstance(text, str) or not isinstance(tool_text, str):
        raise TemplateError(f"template {where or name}: the tokenizer's config has no chat_template; add {JINJA}")
    return _checked(ChatTemplate(name, text, tool_text, _special(config)))


def _special(config: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return the special tokens of a tokenizer's config; each is text, or an object with its `content`."""
    found = []
    for name in SPECIAL:
        token = config.get(name)
        token = token.get("content") if isinstance(token, dict) else token
        if isinstance(token, str):
            found.append((name, token))
    return tuple(found)


def _special_beside(path: Path, reach: Reach) -> tuple[tuple[str, str], ...]:
    config = path.with_name(CONFIG)
    return _special(_json(_read(config, reach), str(config))) if reach.has_file(config) else ()


def _checked(template: ChatTemplate) -> ChatTemplate:
    if not template.text.strip():
        raise TemplateError(f"template {template.name}: it is empty")
    if len(template.text) + len(template.tool_text) > TEXT_CHARS:
        raise TemplateError(f"template {template.name}: it has more than {TEXT_CHARS:,} characters")
    return template


def _read(path: Path, reach: Reach) -> str:
    try:
        return reach.read(path, 4 * TEXT_CHARS).decode("utf-8")
    except OutOfReach as refused:
        raise TemplateError(f"template {path}: {refused}") from refused
    except UnicodeDecodeError as error:
        raise TemplateError(f"template {path}: it is not UTF-8 text") from error


def _json(text: str, where: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise TemplateError(f"template {where}: it is not JSON ({error})") from error
    if not isinstance(value, dict):
        raise TemplateError(f"template {where}: it is not a JSON object")
    return value
