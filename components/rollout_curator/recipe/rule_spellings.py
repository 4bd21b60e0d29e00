"""How the rules of a recipe are written: filters, thresholds of groups, and the strategies in order.

Names of columns, agents and files come from data, so each way of writing them takes any text.
"""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from rollout_curator.errors import RecipeError
from rollout_curator.recipe.spellings import Spelling, finite, number_in
from rollout_curator.selection.filters import Filter, Thresholds, filter_of, filter_table, thresholds_of

if TYPE_CHECKING:
    from rollout_curator.files.path_access import Reach
    from rollout_curator.selection.slices import Condition
    from rollout_curator.selection.strategies import Step


class Filters(Spelling):
    """Filters: `[[filters]]` in a table, `n_turns=2..12`, `agent=swe,math` or a table as JSON on the command line."""

    is_many = True

    def from_table(self, value: Any, name: str, where: str, reach: "Reach") -> tuple[Filter, ...]:
        """Return the filters of a list of tables."""
        if not isinstance(value, list | tuple):
            raise RecipeError(f"{where}: {name} is {value!r}, expected [[{name}]] tables")
        return tuple(filter_of(one, where) for one in value)

    def to_table(self, value: tuple[Filter, ...]) -> list[dict[str, Any]]:
        """Return a table each."""
        return [filter_table(one) for one in value]

    def from_words(self, given: Mapping[str, Any], before: Any) -> list[dict[str, Any]]:
        """Return a table for each text."""
        return [_filter(text) for texts in given.values() for text in texts]

    def texts(self, value: tuple[Filter, ...]) -> list[str]:
        """Return a text for each filter."""
        return [_filter_text(one) for one in value]

    def from_link(self, text: str) -> tuple[Filter, ...]:
        """Return the filters of the parts of a link.

        Words of one class in a row are one filter; what follows two semicolons is another.
        """
        from rollout_curator.selection import slices

        found: list[Filter] = []
        for run in text.split(";;") if text else ():
            if not (parts := slices.decode(run)):
                raise ValueError(text)
            for place, part in enumerate(parts):
                if not isinstance(part, slices.Equals):
                    found.append(Filter(part.column, part.low, part.high))
                elif place and found[-1].one_of and found[-1].column == part.column:
                    found[-1] = Filter(part.column, one_of=(*found[-1].one_of, part.word))
                else:
                    found.append(Filter(part.column, one_of=(part.word,)))
        return tuple(found)

    def to_link(self, value: tuple[Filter, ...]) -> str:
        """Return the filters as parts, with two semicolons between filters on one class."""
        from rollout_curator.selection import slices

        said = "".join(
            f"{';;' if before and one.one_of and before.column == one.column else ';'}{slices.encode(_parts(one))}"
            for before, one in zip((None, *value), value, strict=False)
        )
        return said.removeprefix(";")


class GroupThresholds(Spelling):
    """Thresholds of agents, sources or models: `agent:swe=0.5` on the command line, `agent;swe=0.5` in a link."""

    is_many = True

    def from_table(self, value: Any, name: str, where: str, reach: "Reach") -> Thresholds | None:
        """Return the thresholds of a table."""
        return None if value is None else thresholds_of(value, where)

    def to_table(self, value: Thresholds | None) -> dict[str, Any] | None:
        """Return the class, and the bounds by name."""
        return None if value is None else {"by": value.by, "at_least": dict(value.at_least)}

    def from_words(self, given: Mapping[str, Any], before: Any) -> dict[str, Any] | None:
        """Return the table of several `CLASS:NAME=X`."""
        found: dict[str, dict[str, float]] = {}
        for text in (text for texts in given.values() for text in texts):
            name, equals, bound = text.rpartition("=")
            by, colon, name = name.partition(":")
            if not equals or not colon:
                raise RecipeError(f"--threshold {text}: expected agent:NAME=X, source:NAME=X or model:NAME=X")
            found.setdefault(by, {})[name] = number_in(bound, "--threshold", text)
        if len(found) > 1:
            raise RecipeError(f"--threshold: {' and '.join(found)} are mixed; use only one of them")
        return next(({"by": by, "at_least": bounds} for by, bounds in found.items()), None)

    def texts(self, value: Thresholds) -> list[str]:
        """Return a text for each name."""
        return [f"{value.by}:{name}={bound!r}" for name, bound in value.at_least.items()]

    def from_link(self, text: str) -> Thresholds | None:
        """Return the thresholds of a link."""
        by, *pairs = text.split(";")
        bounds = {}
        for pair in pairs:
            name, equals, bound = pair.partition("=")
            if not equals:
                raise ValueError(text)
            bounds[unquote(name, errors="surrogatepass")] = finite(bound)
        return Thresholds(by, bounds) if bounds else None

    def to_link(self, value: Thresholds) -> str:
        """Return the class, and the bounds by name, with semicolons between."""
        if not value.at_least:
            return ""
        names = (quote(name, safe=" ", errors="surrogatepass") for name in value.at_least)
        bounds = (f"{name}={bound!r}" for name, bound in zip(names, value.at_least.values(), strict=True))
        return ";".join([value.by, *bounds])


class StrategySteps(Spelling):
    """Strategies in order: tables with `name` and parameters; a name with JSON behind it on the command line."""

    is_many = True

    def from_table(self, value: Any, name: str, where: str, reach: "Reach") -> tuple["Step", ...]:
        """Return the strategies of a list of tables."""
        if not isinstance(value, list | tuple):
            raise RecipeError(f"{where}: {name} is {value!r}, expected [[{name}]] tables")
        return tuple(_step(one, where) for one in value)

    def to_table(self, value: Sequence["Step"]) -> list[dict[str, Any]]:
        """Return a table each."""
        return [{"name": step.name, **step.parameters} for step in value]

    def from_words(self, given: Mapping[str, Any], before: Any) -> list[dict[str, Any]]:
        """Return a table for each text."""
        return [_strategy(text) for texts in given.values() for text in texts]

    def texts(self, value: Sequence["Step"]) -> list[str]:
        """Return a text for each strategy."""
        return [f"{step.name} {as_json(step.parameters) if step.parameters else ''}".strip() for step in value]

    def from_link(self, text: str) -> tuple["Step", ...]:
        """Return the strategies of a link."""
        from rollout_curator.files.path_access import NOWHERE

        return self.from_table(json.loads(text), "strategies", "link", NOWHERE)

    def to_link(self, value: Sequence["Step"]) -> str:
        """Return the tables as JSON."""
        return json.dumps(self.to_table(value), separators=(",", ":"))


def as_json(value: Any) -> str:
    """Return a value as JSON that stands on one line and takes any text, half a surrogate pair too."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def read_json(option: str, text: str) -> Any:
    """Return what JSON behind an option says. Raises RecipeError."""
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        why = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        raise RecipeError(f"{option}: invalid JSON ({why})") from error


def _refuse(constant: str) -> None:
    raise ValueError(f"JSON has no {constant}")


def _filter(text: str) -> dict[str, Any]:
    """Return the table of a filter from `COLUMN=LOW..HIGH`, `COLUMN=NAME,NAME`, or the table itself as JSON."""
    option = f"--filter {text}"
    if text.startswith("{") and isinstance(table := read_json(option, text), dict):
        return table
    column, equals, asked = text.partition("=")
    if not equals or not asked:
        raise RecipeError(f"{option}: expected COLUMN=LOW..HIGH or COLUMN=NAME,NAME")
    if asked.startswith("["):
        return {"column": column, "one_of": read_json(option, asked)}
    low, dots, high = asked.partition("..")
    if not dots:
        return {"column": column, "one_of": asked.split(",")}
    bounds = {"at_least": low, "at_most": high}
    return {"column": column, **{name: number_in(bound, "--filter", text) for name, bound in bounds.items() if bound}}


def _filter_text(one: Filter) -> str:
    """Return a filter as the command line takes it; as JSON where its names would say something else there."""
    if "=" in one.column or one.column.startswith("{"):
        return as_json(filter_table(one))
    if not one.one_of:
        low, high = ("" if bound is None else repr(bound) for bound in (one.at_least, one.at_most))
        return f"{one.column}={low}..{high}"
    odd = any(not name or "," in name or ".." in name or name.startswith("[") for name in one.one_of)
    return f"{one.column}={as_json(one.one_of) if odd else ','.join(one.one_of)}"


def _parts(one: Filter) -> list["Condition"]:
    from rollout_curator.selection.slices import Equals, Range

    if one.one_of:
        return [Equals(one.column, word) for word in one.one_of]
    return [Range(one.column, one.at_least, one.at_most)]


def _strategy(text: str) -> dict[str, Any]:
    """Return the table of a strategy from `NAME {JSON}`."""
    name, _, parameters = text.partition(" ")
    found = read_json(f"--rule {text}", parameters or "{}")
    if not isinstance(found, dict):
        raise RecipeError(f"--rule {text}: the parameters are not a JSON object")
    return {**found, "name": name}


def _step(value: Any, where: str) -> "Step":
    """Return a strategy from its table: `name`, and its parameters beside it."""
    from rollout_curator.selection.strategies import Step

    if isinstance(value, Step):
        return value
    if not isinstance(value, Mapping) or not isinstance(value.get("name"), str):
        raise RecipeError(f"{where}: a rule is {value!r}, expected a table with a name and parameters")
    return Step(value["name"], {name: given for name, given in value.items() if name != "name"})
