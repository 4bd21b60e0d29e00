"""The Review page: a slim bar, and under it one queue of rollouts in the reader, or what the reviews show."""

from collections.abc import Mapping
from typing import Any

from rollout_curator.recipe import recipe as recipes
from rollout_curator.ui.pages.review_bar import ask_name, bar
from rollout_curator.ui.pages.review_results import FIRST, findings
from rollout_curator.ui.reader.component import reader
from rollout_curator.ui.reader.views import View
from rollout_curator.ui.reject_reasons import agreed
from rollout_curator.ui.server.identity import COOKIE, UNVERIFIED
from rollout_curator.ui.server.site import Site
from rollout_curator.ui.state import reviewing, state
from rollout_curator.ui.state.state import of_component
from rollout_curator.ui.widgets.remember import remember
from rollout_curator.workspace.workspace import Workspace

READER = "rc.reader"


def page(site: Site, workspace: Workspace) -> None:
    """Draw the page."""
    if not state.session().named:
        ask_name()
        return
    _take_place(of_component(READER))
    missing = _missing_key(workspace)
    bar(site, workspace, FIRST)
    if state.session().findings:
        findings(workspace)
    else:
        _read(site, workspace, missing)
    remember(COOKIE, state.session().reviewer.removesuffix(UNVERIFIED))


def _read(site: Site, workspace: Workspace, missing: str) -> None:
    """Draw the reader, and take where it is."""
    view = reviewing.view(site, workspace)
    start = _start(view)
    place = reader(
        data={
            "token": site.token,
            "view": view.token,
            "total": len(view.rows),
            "start": start,
            "boot": site.boot,
            "reviewer": view.reviewer,
            "targetTitle": recipes.plan(view.recipe).target.title,
            "reasons": agreed(workspace),
            "store": site.store,
            "queue": reviewing.queue_name(),
            "visit": _visit(view),
            "missing": missing,
        },
        key=READER,
    )
    _take_place(place)


def _take_place(said: Mapping[str, Any]) -> None:
    """Note where the reader says it is; it may have said so right before it was taken off the page."""
    at, now = said.get("at"), state.session()
    if at and now.view is not None and at != now.reported and now.view.key_at(at["pos"]) == at["key"]:
        now.reported = at
        reviewing.set_place(at["key"])


def _missing_key(workspace: Workspace) -> str:
    """Return the key of a link that leads to no rollout here; the queue is opened as if it named none."""
    now = state.session()
    if not now.key or now.view is not None or workspace.rows_of_key(now.key):
        return ""
    missing, now.key = now.key, ""
    return missing


def _visit(view: View) -> str:
    """Return the key of a link to a rollout that is not in the chosen queue: the reader opens it beside the queue."""
    key = state.session().key
    return key if key and view.position(key) is None else ""


def _start(view: View) -> int:
    """Return where to begin: at the rollout that was read, else at the first that this reviewer has not decided.

    That first one is looked for once a view: whatever is decided before the reader says where it is must not move it.
    """
    now = state.session()
    if now.reported and now.reported["key"] == now.key:
        return int(now.reported["pos"])
    if now.key:
        return view.start(now.key)
    if now.begun[0] != view.token:
        now.begun = view.token, view.first_unread()
    return now.begun[1]
