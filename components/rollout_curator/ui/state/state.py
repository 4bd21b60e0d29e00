"""What one browser tab has chosen: recipe, queue, place, reviewer. The only file that touches `st.session_state`.

The choices that make a view stand in the URL too (the selection, `axis`, `queue`, `key`, ...), so a link shows the same
again; `recipe.url` knows how a selection is written there. A value in the URL that this session did not write itself is
taken as the user's wish.
"""

import hashlib
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Any

import streamlit as st

from rollout_curator.errors import CuratorError
from rollout_curator.index.numeric_columns import REWARD
from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe import url as addresses
from rollout_curator.recipe.plan import Plan
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.review.queues import DEFAULT
from rollout_curator.training.targets.base import targets
from rollout_curator.ui.reader.views import View
from rollout_curator.ui.server.identity import Who, who
from rollout_curator.ui.server.jobs import CheckJob
from rollout_curator.ui.server.site import Site

SESSION = "rc.session"
EVERYWHERE = (*addresses.NAMES, "target", "format")
REVIEW = ("queue", "key", "blind", "findings")
SELECT = ("axis", "success", "section")
ALL = (*EVERYWHERE, *REVIEW, *SELECT)
ROLLOUTS = "rollouts"
"""The section of single rollouts on the Select page."""
ECHO_S = 3.0
"""So long after a value was replaced, the browser may still send it along with something else."""


@dataclass(frozen=True, slots=True)
class Bulk:
    """What this tab decided or took in at once: words, the store's version right after, whether undo reaches it."""

    words: str
    version: int
    stands: bool


@dataclass
class Session:
    """The choices of one tab."""

    recipe: Recipe
    reviewer: str
    start: Recipe = field(default_factory=Recipe)
    queue: str = DEFAULT
    key: str = ""
    axis: str = REWARD
    opened: str = ""
    section: str = ""
    columns: tuple[str, ...] = ()
    success: float | None = None
    as_tables: bool = False
    drawn: dict[str, int] = field(default_factory=dict)
    compared: dict[str, Recipe] = field(default_factory=dict)
    blind: bool = False
    findings: str = ""
    goal: float = 0.05
    named: bool = False
    signed_in: str = ""
    version: int = 0
    revision: int = 0
    bulk: Bulk | None = None
    asks_bulk: bool = False
    page: str = ""
    url: dict[str, str] = field(default_factory=dict)
    replaced: dict[tuple[str, str], float] = field(default_factory=dict)
    view: View | None = None
    view_of: tuple[Any, ...] = ()
    begun: tuple[str, int] = ("", 0)
    reported: Mapping[str, Any] | None = None
    notice: str = ""
    known: Recipe | None = None
    check: CheckJob | None = None
    declined: Plan | None = None
    nth: int = 1
    template_from: str = ""
    last: Recipe | None = None
    has_chosen: bool = False
    declined_scales: bool = False


def session() -> Session:
    """Return the choices of this tab; `begin` has made them."""
    found: Session = st.session_state[SESSION]
    return found


def begin(site: Site, page: str) -> Session:
    """Return the choices of this tab with what the URL says taken in, and bring the URL in line."""
    asks = who(site)
    if SESSION not in st.session_state:
        st.session_state[SESSION] = Session(site.recipe, asks.name, site.recipe, named=asks.is_known)
    now = session()
    _sign_in(now, asks)
    if page != now.page:
        now.page, now.view, now.reported = page, None, None
        if page == "review" and "key" not in st.query_params:
            now.key = ""
    given = {name: st.query_params[name] for name in ALL if name in st.query_params}
    news = {
        name: value for name, value in given.items() if value != now.url.get(name) and not _is_echo(now, name, value)
    }
    if "queue" in news and "key" not in news:
        now.key = ""
    for name, value in (*news.items(), *news.items()):  # one bound may fit only once the other one is taken
        _take(now, name, value)
    write_url()
    return now


def _sign_in(now: Session, asks: Who) -> None:
    """Take who is signed in for the reviewer; in another session than before the name is asked again."""
    if asks.is_fixed and asks.name != now.reviewer:
        now.reviewer, now.view = asks.name, None
    elif asks.session != now.signed_in and not asks.is_fixed:
        now.reviewer, now.view, now.named = asks.name, None, asks.is_known
    now.named, now.signed_in = now.named or asks.is_fixed, asks.session


def recipe() -> Recipe:
    """Return the recipe of this tab."""
    return session().recipe


def set_min(value: float | None) -> None:
    """Choose the lower bound of the reward; None is none."""
    change_recipe(min_reward=None if value is None or math.isnan(value) else float(value) + 0.0)


def set_target(name: str) -> None:
    """Choose the trainer; its own format and options come with it."""
    if name != recipe().target:
        if recipe().metadata and name in targets() and not targets()[name].takes_metadata:
            change_recipe(metadata=())
        take(recipe().with_target(name))


def set_format(name: str) -> None:
    """Choose how conversations are written; options of another format are forgotten."""
    if name != recipes.plan(recipe()).format:
        change_recipe(format=name, options={})


def bind(name: str, value: Any, take: Callable[[Any], None], *, choices: Iterable[str] = ()) -> dict[str, Any]:
    """Return the arguments that make a widget show `value` and hand over what the user chooses.

    What the user chose is taken before the page runs, so every part of the page sees it. Where the words of the
    `choices` change, the browser's widget is a new one: it would send back a word that no longer exists.
    """
    words = "\n".join(choices).encode(errors="surrogatepass")
    key = f"rc.{name}" + (f".{hashlib.sha256(words).hexdigest()[:12]}" if words else "")
    st.session_state[key] = value
    return {"key": key, "on_change": lambda: take(st.session_state[key])}


def of_component(key: str) -> Mapping[str, Any]:
    """Return what a component of the browser last said, for its callbacks, which run before the page does."""
    said = st.session_state.get(key)
    return said if isinstance(said, Mapping) else {}


def link(**more: str) -> dict[str, str]:
    """Return the URL parameters of a link that keeps what was chosen."""
    return {**_url(EVERYWHERE), **more}


def write_url() -> None:
    """Bring the URL in line with what was chosen."""
    now = session()
    wanted = _url((*EVERYWHERE, *{"review": REVIEW, "select": SELECT}.get(now.page, ())))
    for name in ALL:
        before = now.url.get(name)
        if before is not None and before != wanted.get(name):
            now.replaced[name, before] = monotonic()
    now.url = wanted
    present = {name: value for name, value in st.query_params.items() if name in ALL}
    if present != wanted:
        st.query_params.from_dict(wanted)


def change_recipe(**changes: Any) -> None:
    """Change parts of the recipe; what makes no sense changes nothing and is said on the page."""
    take(replace(recipe(), **changes))


def take(chosen: Recipe) -> None:
    """Put a recipe in the place of the one there is; what makes no sense changes nothing and is said on the page."""
    now = session()
    try:
        recipes.plan(chosen)
    except CuratorError as error:
        now.notice = str(error)
        return
    now.recipe = chosen
    write_url()


def _url(names: tuple[str, ...]) -> dict[str, str]:
    now = session()
    values = {
        **addresses.to_link(now.recipe, now.start),
        "axis": "" if now.axis == REWARD else now.axis,
        "section": now.section,
        "success": "" if now.success is None else repr(now.success),
        "target": "" if now.recipe.target == now.start.target == Recipe().target else now.recipe.target,
        "format": now.recipe.format or (recipes.plan(now.recipe).format if now.start.format else ""),
        "queue": "" if now.queue == DEFAULT else now.queue,
        "key": now.key,
        "blind": "1" if now.blind else "",
        "findings": now.findings,
    }
    return {name: values[name] for name in names if values.get(name)}


def _is_echo(now: Session, name: str, value: str) -> bool:
    at = now.replaced.get((name, value))
    return at is not None and monotonic() - at < ECHO_S


def _take(now: Session, name: str, value: str) -> None:
    """Take one value from the URL; what makes no sense is passed over."""
    if name == "queue":
        now.queue, now.view = value, None
    elif name == "key":
        now.key = value
    elif name == "axis":
        now.axis = value
    elif name == "section":
        now.section = value
    elif name == "success":
        now.success = addresses.number(value)
    elif name in addresses.NAMES:
        now.recipe = addresses.take_parameter(now.recipe, name, value) or now.recipe
    elif name == "findings":
        now.findings = value
    elif name == "blind":
        now.blind, now.view = value == "1", None
    elif name == "target":
        set_target(value)
    elif name == "format":
        set_format(value)
