"""What is chosen on the Select page: bounds on any axis, filters, thresholds of their own, and what is looked at.

Each function is one choice of a user; `state` keeps them, and refuses a recipe that makes no sense.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields

from rollout_curator.index.numeric_columns import REWARD
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.selection.filters import Filter, Thresholds
from rollout_curator.selection.intervals import Interval
from rollout_curator.selection.strategies import Step
from rollout_curator.ui.state import state


def bounds(axis: str) -> Interval:
    """Return the bounds that are set on an axis; of several filters on one number, what they allow together."""
    if axis == REWARD:
        return Interval(state.recipe().min_reward, state.recipe().max_reward)
    found = [one for one in state.recipe().filters if one.column == axis]
    lows = [one.at_least for one in found if one.at_least is not None]
    highs = [one.at_most for one in found if one.at_most is not None]
    return Interval(max(lows, default=None), min(highs, default=None))


def set_bounds(axis: str, chosen: Interval) -> None:
    """Choose the bounds on an axis: of the reward, else as the filter of that column, which keeps its place."""
    low, high = _bound(chosen.low), _bound(chosen.high)
    if axis == REWARD:
        state.change_recipe(min_reward=low, max_reward=high)
        return
    set_filter(Filter(axis, low, high))


def set_filter(chosen: Filter) -> None:
    """Put a filter in the place of the first on its column, or last; one that asks for nothing is taken out.

    There is one filter a column from then on: the picker shows what all of them allow, and takes it anew as one.
    """
    before = state.recipe().filters
    place = next((number for number, one in enumerate(before) if one.column == chosen.column), len(before))
    others = [one for one in before if one.column != chosen.column]
    asks = chosen.one_of or chosen.interval.is_bounded
    state.change_recipe(filters=(*others[:place], *([chosen] if asks else []), *others[place:]))


def remove_part(part: str, place: int) -> None:
    """Take a filter or a strategy out of the recipe, by the name of its list there and its place in that."""
    before = getattr(state.recipe(), part)
    state.change_recipe(**{part: (*before[:place], *before[place + 1 :])})


def set_group_threshold(by: str, chosen: Mapping[str, float | None]) -> None:
    """Choose lower bounds of some agents, sources or models; None follows the common one again."""
    before = state.recipe().group_thresholds(by)
    found = {name: bound for name, bound in {**before, **chosen}.items() if bound is not None}
    state.change_recipe(thresholds=Thresholds(by, found) if found else None)


def clear_group_thresholds() -> None:
    """Let every agent, source and model follow the common threshold again."""
    state.take(state.recipe().without_thresholds())


def set_control(seed: int | None) -> None:
    """Choose whether the matched random control is selected instead, and its seed."""
    state.take(state.recipe().with_control(seed))


def set_control_by(by: str) -> None:
    """Choose what the random control has as many of as the selection: rollouts or tokens."""
    state.change_recipe(control_by=by)


def set_threshold_last(is_last: bool) -> None:
    """Choose whether the bounds of the reward come after the rules."""
    state.change_recipe(threshold_last=is_last)


def set_group_by(rule: str) -> None:
    """Choose what rollouts of one task have in common."""
    state.change_recipe(group_by=rule)


def take_recipe(chosen: Recipe) -> None:
    """Put a whole recipe in the place of the one there is; the sources stay those that are open."""
    state.change_recipe(**{name.name: getattr(chosen, name.name) for name in fields(Recipe) if name.name != "sources"})


def add_strategy(step: Step) -> None:
    """Add a rule after those there are; one equal to the last one is refused in words."""
    before = state.recipe().strategies
    if before[-1:] == (step,):
        state.session().notice = "The last rule is the same; adding it again would change nothing."
        return
    state.change_recipe(strategies=(*before, step))


def move_strategy(place: int, by: int) -> None:
    """Move the rule at a place up (-1) or down (1)."""
    steps = list(state.recipe().strategies)
    to = place + by
    if 0 <= place < len(steps) and 0 <= to < len(steps):
        steps[place], steps[to] = steps[to], steps[place]
        state.change_recipe(strategies=tuple(steps))


def declined_scales() -> bool:
    """Say whether the notice of different reward scales was dismissed."""
    return state.session().declined_scales


def decline_scales() -> None:
    """Dismiss the notice of different reward scales in this tab."""
    state.session().declined_scales = True


def set_axis(name: str) -> None:
    """Choose which number the picker is about."""
    state.session().axis = name
    state.write_url()


def open_here(queue: str) -> None:
    """Show the rollouts of a queue in the section of rollouts; an empty name shows all."""
    now = state.session()
    now.opened = queue
    if queue:
        now.section = state.ROLLOUTS
    state.write_url()


def set_section(name: str) -> None:
    """Choose which section of the Select page is shown."""
    state.session().section = name
    state.write_url()


def set_columns(names: Sequence[str]) -> None:
    """Choose the columns of the table of rollouts."""
    state.session().columns = tuple(names)


def set_success(value: float | None) -> None:
    """Choose the reward that counts as a success; None follows the threshold."""
    state.session().success = None if value is None or not math.isfinite(value) else float(value) + 0.0
    state.write_url()


def set_as_tables(chosen: bool) -> None:
    """Choose whether tables stand in place of figures."""
    state.session().as_tables = chosen


def fresh_key(name: str) -> str:
    """Return the key of a figure, a table or a popover that is another one for the browser once it is drawn anew."""
    return f"rc.{name}-{state.session().drawn.get(name, 0)}"


def draw_anew(name: str) -> None:
    """Let the browser forget what was chosen in a figure or a table, or that a popover is open.

    To tell a popover that it is closed would not do: the browser heeds only what differs from what the page last said,
    and where the page has not yet heard that it was opened, nothing does.
    """
    state.session().drawn[name] = state.session().drawn.get(name, 0) + 1


def compare(name: str, chosen: Recipe | None) -> None:
    """Put a recipe beside the selection under a name, or take it away again."""
    others = {other: recipe for other, recipe in state.session().compared.items() if other != name}
    state.session().compared = others if chosen is None else {**others, name: chosen}


def _bound(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else float(value) + 0.0
