"""The Review page: one queue of rollouts in the reader, with a slim bar to choose the queue and the reviewer."""

import streamlit as st

from rollout_curator import recipe as recipes
from rollout_curator.ui import state
from rollout_curator.ui.queues import Queue, queues, words_of
from rollout_curator.ui.site import Site
from rollout_curator.ui.text import plain
from rollout_curator.ui.views import View
from rollout_curator.ui.widgets.reader import Reason, reader
from rollout_curator.workspace import Workspace

REASONS: list[Reason] = [
    {"tag": "wrong_answer", "label": "wrong answer"},
    {"tag": "reward_hack", "label": "reward hack"},
    {"tag": "bad_tool_use", "label": "bad tool use"},
    {"tag": "unsafe", "label": "unsafe"},
    {"tag": "formatting", "label": "formatting"},
    {"tag": "truncated", "label": "truncated"},
    {"tag": "off_task", "label": "off-task"},
    {"tag": "duplicate", "label": "duplicate"},
    {"tag": "personal_data", "label": "personal data"},
]
"""Why a person rejects a rollout; each has a key of its own in the reader."""


def page(site: Site, workspace: Workspace) -> None:
    """Draw the page."""
    missing = _missing_key(workspace)
    _bar(workspace)
    view = state.view(site, workspace)
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
            "reasons": REASONS,
            "store": site.store,
            "queue": state.queue_name(),
            "visit": _visit(view),
            "missing": missing,
        },
        key="rc.reader",
    )
    at = place["at"]
    now = state.session()
    if at and at != now.reported and view.key_at(at["pos"]) == at["key"]:
        now.reported = at
        state.set_place(at["key"])


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
    now = state.session()
    if now.reported and now.reported["key"] == now.key:
        return int(now.reported["pos"])
    return view.start(now.key)


def _bar(workspace: Workspace) -> None:
    recipe, now = state.recipe(), state.session()
    offered = queues(workspace, recipe)
    if now.queue not in [queue.name for queue in offered]:
        words = words_of(workspace, recipe, now.queue)
        offered = [Queue(now.queue, words, len(state.queue_rows(workspace))), *offered]
    said = {queue.name: plain(f"{queue.words} ({queue.count:,})") for queue in offered}
    with st.container(horizontal=True, vertical_alignment="center", key="review-bar", gap="small"):
        st.markdown("queue", width="content")
        st.selectbox(
            "queue",
            list(said),
            format_func=lambda choice: plain(said.get(choice, choice)),
            label_visibility="collapsed",
            width=420,
            **state.bind("queue", now.queue, state.set_queue, choices=said.values()),
        )
        st.markdown("reviewer", width="content")
        st.text_input(
            "reviewer",
            max_chars=100,
            label_visibility="collapsed",
            width=180,
            **state.bind("reviewer", now.reviewer, state.set_reviewer),
        )
