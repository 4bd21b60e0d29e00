"""How the settings of a recipe's files are written: conversion options, the chat template, a split, pairs."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from rollout_curator.errors import RecipeError, TemplateError
from rollout_curator.recipe.rule_spellings import as_json
from rollout_curator.recipe.spellings import Spelling

if TYPE_CHECKING:
    from rollout_curator.files.path_access import Reach
    from rollout_curator.selection.pairs.pairing import Pairs
    from rollout_curator.selection.splits.split import Split


class Options(Spelling):
    """Conversion options: a table; `--set NAME=VALUE` and options of their own on the command line."""

    def from_table(self, value: Any, name: str, where: str, reach: "Reach") -> dict[str, Any]:
        """Return the options, whose values a plan checks."""
        if not isinstance(value, dict):
            raise RecipeError(f"{where}: {name} is {value!r}, expected a table of conversion options")
        return value

    def to_table(self, value: Mapping[str, Any]) -> dict[str, Any]:
        """Return the options."""
        return dict(value)

    def from_words(self, given: Mapping[str, Any], before: Any) -> dict[str, Any]:
        """Return the options of before with those that are given; `settings` are those by name."""
        found = dict(before or {})
        found.update({name: value for name, value in given.items() if name != "settings" and value is not None})
        for pair in given.get("settings", ()):
            name, equals, value = pair.partition("=")
            if not equals:
                raise RecipeError(f"--set {pair}: expected NAME=VALUE")
            found[name] = {"true": True, "false": False}.get(value, value)
        return found

    def to_words(self, value: Mapping[str, Any], option: str) -> list[str]:
        """Return each option by name."""
        said = {name: str(one).lower() if isinstance(one, bool) else str(one) for name, one in value.items()}
        return [word for name, text in said.items() for word in ("--set", f"{name}={text}")]


class Template(Spelling):
    """A chat template: a table, or in TOML and on the command line also a name or a path."""

    takes = "place"

    def from_table(self, value: Any, name: str, where: str, reach: "Reach") -> Mapping[str, Any]:
        """Return the template's table; a tokenizer's hash is that of its file now."""
        from rollout_curator.training import templates

        if not isinstance(value, str | Mapping):
            raise RecipeError(f"{where}: {name} is {value!r}, expected a name, a path or a table")
        try:
            if isinstance(value, str):
                return templates.to_table(templates.load(value, reach=reach)) if value else {}
            has_tokenizer = bool(value.get("tokenizer"))
            return templates.to_table(templates.from_table(value, reach=reach)) if has_tokenizer else dict(value)
        except TemplateError as error:
            raise RecipeError(f"{where}: {error}") from error

    def to_table(self, value: Mapping[str, Any]) -> dict[str, Any]:
        """Return the table."""
        return dict(value)

    def from_words(self, given: Mapping[str, Any], before: Any) -> dict[str, Any]:
        """Return the table of a name, a path or the table itself as JSON, with a tokenizer if one is named."""
        from rollout_curator.training import templates

        named, tokenizer = given.get("template"), given.get("tokenizer")
        if named == "":
            return {}
        if named is not None:
            made = templates.from_table(templates.parsed(named)) if named.startswith("{") else templates.load(named)
        elif before:
            made = templates.from_table(before)
        else:
            raise RecipeError("--tokenizer needs --template (its text is counted)")
        return templates.to_table(templates.with_tokenizer(made, tokenizer) if tokenizer else made)

    def texts(self, value: Mapping[str, Any]) -> list[str]:
        """Return the table as JSON."""
        return [as_json(value)] if value else []


class Settings(Spelling):
    """The settings of a split or of pairs: a table; on the command line `NAME=VALUE`, repeated."""

    is_many = True

    def __init__(self, first: str) -> None:
        """Take the name of the setting that a value alone stands for."""
        self.first = first

    def from_table(self, value: Any, name: str, where: str, reach: "Reach") -> "Split | Pairs | None":
        """Return the settings of a table, None for none."""
        from rollout_curator.selection.pairs import pairing
        from rollout_curator.selection.splits import split

        try:
            return split.read(value) if name == "split" else pairing.read(value)
        except RecipeError as error:
            raise RecipeError(f"{where}: {error}") from error

    def to_table(self, value: "Split | Pairs | None") -> dict[str, Any] | None:
        """Return every setting."""
        return None if value is None else asdict(value)

    def from_words(self, given: Mapping[str, Any], before: Any) -> dict[str, Any]:
        """Return the settings of before with those that are given."""
        return {**(before or {}), **dict(self._read(name, text) for name, texts in given.items() for text in texts)}

    def texts(self, value: "Split | Pairs") -> list[str]:
        """Return the first setting, and every other that is not the usual one."""
        usual = type(value)()
        said = {column.name: getattr(value, column.name) for column in fields(value)}
        asked = {name: one for name, one in said.items() if name == self.first or one != getattr(usual, name)}
        return [f"{name}={_setting(one)}" for name, one in asked.items()]

    def _read(self, option: str, pair: str) -> tuple[str, Any]:
        """Return a setting; `by` is a list joined by +."""
        name, equals, value = pair.partition("=")
        if not equals:
            name, value = self.first, pair
        if name in ("rule", "format", "other_turns"):
            return name, value
        if name == "by":
            return name, value.split("+")
        try:
            return name, int(value) if value.lstrip("-").isdigit() else float(value)
        except ValueError:
            raise RecipeError(f"--{option} {pair}: expected a number after {name}=") from None


def _setting(value: Any) -> str:
    if isinstance(value, tuple):
        return "+".join(value)
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
