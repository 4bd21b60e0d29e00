"""The table of strategies: their names, their parameters, and the words for what they drop.

A strategy is a pure function of a frame and keyword parameters; its signature is the one place where a parameter's
type, default, words and range are written. A step is a strategy with parameters, as a recipe holds it. Knows nothing
of what any strategy does.
"""

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import NoneType
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, get_args, get_origin

from rollout_curator.errors import RecipeError
from rollout_curator.words import exact

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Says:
    """What the annotation of a parameter says beside its type; `instead_of` names one that must then be unset."""

    words: str
    low: float | None = None
    high: float | None = None
    instead_of: str = ""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: `type` is int, float or str; with a default of None it may be left unset.

    `low` and `high` are inclusive, `choices` is empty where any word goes. Of a parameter and the one it is
    `instead_of` only one may be set.
    """

    type: type
    default: Any
    words: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    instead_of: str = ""


@dataclass(frozen=True, slots=True)
class Strategy:
    """One row of the table. `keep` marks what stays, `drops` says in words what goes, from the same parameters.

    `reads` names columns it needs that are not at hand but must be worked out. A rule that is `by_task` judges each
    rollout by the measured rewards of all attempts at its task, also those that fell before: its frame holds them all.
    """

    name: str
    keep: Callable[..., "pd.Series[bool]"]
    drops: Callable[..., str]
    parameters: Mapping[str, Parameter]
    reads: tuple[str, ...] = ()
    by_task: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """A strategy by name with the parameters that differ from its defaults."""

    name: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


STRATEGIES: dict[str, Strategy] = {}
Keep = TypeVar("Keep", bound=Callable[..., "pd.Series[bool]"])


def strategy(
    drops: Callable[..., str], reads: tuple[str, ...] = (), *, by_task: bool = False
) -> Callable[[Keep], Keep]:
    """Enter a function in the table under its own name, with the words for what it drops; see `Strategy`."""

    def enter(keep: Keep) -> Keep:
        signature = inspect.signature(keep).parameters.values()
        taken = {one.name: _parameter(one) for one in signature if one.kind is one.KEYWORD_ONLY}
        STRATEGIES[keep.__name__] = Strategy(keep.__name__, keep, drops, taken, reads, by_task)
        return keep

    return enter


def _parameter(one: inspect.Parameter) -> Parameter:
    """Return a parameter from `name: Annotated[type, Says(...)] = default`."""
    if get_origin(one.annotation) is not Annotated or one.default is one.empty:
        raise TypeError(f"parameter {one.name} of a strategy needs Annotated[type, Says(...)] and a default")
    hint, says = get_args(one.annotation)
    if NoneType in get_args(hint):
        hint = next(choice for choice in get_args(hint) if choice is not NoneType)
    if get_origin(hint) is Literal:
        return Parameter(str, one.default, says.words, choices=get_args(hint))
    return Parameter(hint, one.default, says.words, says.low, says.high, instead_of=says.instead_of)


def get(name: str) -> Strategy:
    """Return a strategy by name. Raises RecipeError."""
    if name not in STRATEGIES:
        raise RecipeError(f"unknown rule {name!r}; choose one of {', '.join(STRATEGIES)}")
    return STRATEGIES[name]


def parameters(name: str) -> dict[str, Parameter]:
    """Return the parameters of a strategy in order. Raises RecipeError."""
    return dict(get(name).parameters)


def arguments(step: Step) -> dict[str, Any]:
    """Return all parameters of a step, checked, defaults filled in.

    Raises RecipeError that names the step and the parameter; whether a column exists only a frame can tell.
    """
    row = get(step.name)
    for name in step.parameters:
        if name not in row.parameters:
            raise RecipeError(f"{step.name}: unknown parameter {name!r}; it takes {', '.join(row.parameters)}")
    given = {name: step.parameters.get(name, parameter.default) for name, parameter in row.parameters.items()}
    for name, parameter in row.parameters.items():
        if given[name] is not None and given.get(parameter.instead_of) is not None:
            raise RecipeError(f"{step.name}: set either {parameter.instead_of} or {name}, not both")
    return {name: _checked(f"{step.name}: {name}", given[name], row.parameters[name]) for name in given}


def reads_examples(steps: Sequence[Step]) -> bool:
    """Say whether a step needs to know what is written for each rollout."""
    return any("example" in get(step.name).reads for step in steps)


def words(step: Step) -> str:
    """Return what a step drops, such as "not among the 2 best of their task". Raises RecipeError."""
    return get(step.name).drops(**arguments(step))


def _checked(where: str, value: Any, parameter: Parameter) -> Any:
    """Return a value of the parameter's type and within its range."""
    if value is None and parameter.default is None:
        return None
    if parameter.type is str:
        if not isinstance(value, str) or (parameter.choices and value not in parameter.choices):
            expected = f"one of {', '.join(parameter.choices)}" if parameter.choices else "a name"
            raise RecipeError(f"{where} is {value!r}, expected {expected}")
        return value
    number = _number(where, value, parameter.type)
    if parameter.low is not None and number < parameter.low:
        raise RecipeError(f"{where} is {value!r}, expected ≥ {exact(parameter.low)}")
    if parameter.high is not None and number > parameter.high:
        raise RecipeError(f"{where} is {value!r}, expected ≤ {exact(parameter.high)}")
    return number


def _number(where: str, value: Any, kind: type) -> int | float:
    """Return a whole or a finite number; a bound that is not finite keeps all or nothing, and JSON cannot hold it."""
    if kind is int:
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        raise RecipeError(f"{where} is {value!r}, expected a whole number")
    try:
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            return float(value)
    except OverflowError:
        raise RecipeError(f"{where} is too large; use a smaller number") from None
    raise RecipeError(f"{where} is {value!r}, expected a number")
