"""What is chosen on the Export page: how examples are written, what happens to odd ones, what the files hold.

Each function is one choice of a user; `state` keeps them, and refuses a recipe that makes no sense.
"""

from dataclasses import replace
from typing import Any

from rollout_curator.recipe.recipe import Recipe
from rollout_curator.training import templates
from rollout_curator.training.length_check import OVER_LENGTH
from rollout_curator.training.templates import ChatTemplate
from rollout_curator.ui.state import state


def set_option(name: str, value: Any, usual: Any) -> None:
    """Choose a conversion option; the target's own value leaves the recipe as short as it was."""
    options = {key: chosen for key, chosen in state.recipe().options.items() if key != name}
    state.change_recipe(options=options if value == usual else {**options, name: value})


def set_names(part: str, names: tuple[str, ...]) -> None:
    """Choose the names in one of the recipe's lists: `keep`, `drop` or `metadata`."""
    state.change_recipe(**{part: names})


def set_harmless(name: str, is_harmless: bool) -> None:
    """Say that a key of the data holds no conversation, or take that back."""
    others = tuple(known for known in state.recipe().harmless if known != name)
    state.change_recipe(harmless=(*others, name) if is_harmless else others)


def set_policy(name: str, choice: str, usual: str) -> None:
    """Choose what happens to examples with an issue: keep, drop or trim; what is usual needs no entry."""
    state.take(state.recipe().with_policy(name, "" if choice == usual else choice))


def set_template(template: ChatTemplate | None) -> None:
    """Choose the chat template that examples are looked at with."""
    state.change_recipe(template=templates.to_table(template) if template else {})


def set_limit(tokens: int | None) -> None:
    """Choose the trainer's limit of tokens; None is none."""
    state.change_recipe(max_tokens=int(tokens) if tokens else None)


def raise_limit(tokens: int) -> None:
    """Choose a limit of tokens that holds all; what was chosen for examples beyond the limit has no say any more."""
    state.take(replace(state.recipe().with_policy(OVER_LENGTH, ""), max_tokens=tokens))


def nth() -> int:
    """Return which of the kept examples the Export page shows, from 1."""
    return state.session().nth


def set_nth(number: int) -> None:
    """Choose which of the kept examples the Export page shows."""
    state.session().nth = max(1, int(number))


def take_back() -> None:
    """Return to the recipe whose examples were last known."""
    now = state.session()
    now.recipe, now.check = now.known or Recipe(), None
    state.write_url()


def set_files(**changes: Any) -> None:
    """Choose what the files hold: their `kind`, the `split` into parts, the `pairs` instead of examples."""
    state.change_recipe(**changes)
