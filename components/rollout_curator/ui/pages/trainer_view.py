"""One kept example twice: exactly as it is written, and as its trainer sees it, trained and ignored text apart."""

from typing import Any

import numpy as np
import streamlit as st

from rollout_curator import recipe as recipes
from rollout_curator.hazards import View, view
from rollout_curator.plan import Plan
from rollout_curator.recipe import Recipe
from rollout_curator.rollout import Example
from rollout_curator.ui import places, settings, state
from rollout_curator.ui.phrases import of_issue
from rollout_curator.ui.text import label, show_untrusted
from rollout_curator.ui.widgets.rendered import Piece, rendered
from rollout_curator.workspace import Workspace

Array = np.ndarray[Any, Any]


def examples(workspace: Workspace, recipe: Recipe) -> None:
    """Draw one kept example, and a way to step through them."""
    kept = np.flatnonzero(workspace.select(recipe).kept)
    if not len(kept):
        return
    st.subheader("One example")
    plan = recipes.plan(recipe)
    row = int(kept[_chosen(len(kept), _last_read(workspace, kept)) - 1])
    left, right = st.columns([4, 5], gap="large")
    made = workspace.example(row, plan)
    with left:
        st.markdown("**Exactly as written**")
        line = recipes.line(made, workspace.metadata(row, plan))
        show_untrusted(line.decode("utf-8").rstrip("\n"), height=420)
        places.link(f"Read it in Review ({workspace.where(row)})", "review", queue="kept", key=workspace.key(row))
    with right:
        looked = recipes.found(workspace.marked(row), plan, always=True)
        _seen(looked, plan)


def _last_read(workspace: Workspace, kept: Array) -> int | None:
    """Return the number among the kept examples of the rollout last read in Review, None when it is none of them."""
    rows = np.asarray(workspace.rows_of_key(state.session().key), dtype="int64")
    found = np.flatnonzero(np.isin(kept, rows))
    return int(found[0]) + 1 if len(found) else None


def _chosen(n_kept: int, last_read: int | None) -> int:
    """Draw which of the kept examples is shown; return its number, from 1."""
    now = min(settings.nth(), n_kept)
    with st.container(horizontal=True, vertical_alignment="bottom", key="stepper"):
        st.number_input(
            f"example, of {n_kept:,} kept",
            min_value=1,
            max_value=n_kept,
            width=190,
            **state.bind("nth", now, settings.set_nth),
        )
        st.button("Previous", key="rc.previous", disabled=now <= 1, on_click=lambda: settings.set_nth(now - 1))
        st.button("Next", key="rc.next", disabled=now >= n_kept, on_click=lambda: settings.set_nth(now + 1))
        if last_read is not None:
            st.button("The one last read in Review", key="rc.last", on_click=lambda: settings.set_nth(last_read))
    return now


def _seen(made: Example, plan: Plan) -> None:
    """Draw the example as its trainer sees it."""
    target = plan.target
    seen = view(made, plan.look)
    st.markdown(f"**As {label(target.title)} sees it**: {label(_counts(seen, plan))}")
    if target.renders == "itself":
        st.caption("This trainer has chat templates of its own; these are the messages, with estimated lengths.")
    elif plan.look.template is None:
        st.caption("No chat template is chosen: these are the messages, with estimated lengths.")
    if seen.rendered is not None and seen.rendered.error:
        st.error(f"The chat template fails: {label(seen.rendered.error)}")
    elif seen.rendered is not None and seen.rendered.prefix_error and target.renders == "prefixes":
        at = (seen.rendered.failed_at or 0) + 1
        st.warning(f"Up to message {at:,} the chat template fails: {label(seen.rendered.prefix_error)}")
    elif seen.rendered is not None and (target.renders == "prefixes" or not seen.rendered.spans) and target.view_note:
        st.caption(label(target.view_note))
    rendered(_pieces(made, seen, plan), key="rc.rendered")
    noticed = [of_issue(issue) for issue in made.issues]
    if noticed:
        st.caption(f"This example {label(', '.join(noticed), 1000)}.")


def _counts(seen: View, plan: Plan) -> str:
    about = "" if _is_exact(plan) else "about "
    limit = plan.look.max_tokens
    words = f"{about}{seen.n_tokens:,} tokens, {about}{seen.n_trained:,} of them trained"
    return f"{words}, limit {limit:,}" if limit else words


def _is_exact(plan: Plan) -> bool:
    return plan.look.template is not None and bool(plan.look.template.tokenizer)


def _pieces(made: Example, seen: View, plan: Plan) -> list[Piece]:
    messages = made.messages or []
    about = "" if _is_exact(plan) else "about "
    by_message = len(messages) == len(seen.texts) and (seen.rendered is None or seen.texts == seen.rendered.chunks)
    drift = seen.rendered.drift_at if seen.rendered is not None and by_message else None
    pieces: list[Piece] = []
    for n, (text, trained, counted) in enumerate(zip(seen.texts, seen.trained, seen.tokens, strict=True)):
        head = [f"message {n + 1:,}, {messages[n]['role']}"] if by_message else []
        head += ["from the prompt"] if by_message and trained and n < made.n_prompt else []
        head += [f"{about}{counted:,} tokens"]
        head += ["rewrites what stood before it"] if drift == n else []
        pieces.append({"head": " \u00b7 ".join(head), "text": text, "trained": trained})
    return pieces
