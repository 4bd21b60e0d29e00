"""One kept example twice: exactly as it is written, and as its trainer sees it, trained and ignored text apart."""

from typing import Any

import numpy as np
import streamlit as st

from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.plan import Plan
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.rollout import Example
from rollout_curator.training.trainer_view import View, view
from rollout_curator.ui import links
from rollout_curator.ui.singular_words import of_issue
from rollout_curator.ui.state import settings, state
from rollout_curator.ui.text import label, show_untrusted
from rollout_curator.ui.widgets.rendered import Piece, rendered
from rollout_curator.words import counted
from rollout_curator.workspace.workspace import Workspace

Array = np.ndarray[Any, Any]
ITSELF = (
    "This trainer uses its own chat template, which is not known here: these are the raw messages and which of them "
    "are trained; its text and token counts differ."
)
NO_TRAINER = "NeMo Gym does not train: these are the messages as its converter makes them."


def examples(workspace: Workspace, recipe: Recipe) -> None:
    """Draw one kept example, and a way to step through them."""
    kept = np.flatnonzero(workspace.select(recipe).kept)
    if not len(kept):
        return
    st.subheader("Preview")
    plan = recipes.plan(recipe)
    row = int(kept[_chosen(len(kept), _last_read(workspace, kept)) - 1])
    seen, written = st.tabs(["As the trainer sees it", "Exported line"])
    with seen:
        looked = recipes.convert_with_issues(workspace.marked(row), plan, always=True)
        _seen(looked, plan)
    with written:
        show_untrusted(workspace.training_line(row, plan).text.decode("utf-8").rstrip("\n"), height=330)
    with st.container(key="review-this"):
        links.link(f"Review this ({workspace.where(row)})", "review", queue="kept", key=workspace.key(row))


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
            f"Example (of {n_kept:,})",
            min_value=1,
            max_value=n_kept,
            width=190,
            **state.bind("nth", now, settings.set_nth),
        )
        st.button("Previous", key="rc.previous", disabled=now <= 1, on_click=lambda: settings.set_nth(now - 1))
        st.button("Next", key="rc.next", disabled=now >= n_kept, on_click=lambda: settings.set_nth(now + 1))
        if last_read is not None:
            st.button("Last reviewed", key="rc.last", on_click=lambda: settings.set_nth(last_read))
    return now


def _seen(made: Example, plan: Plan) -> None:
    """Draw the example as its trainer sees it."""
    target = plan.target
    seen = view(made, plan.look)
    head = _head(plan)
    st.markdown(f"**{label(head)}**: {label(_counts(seen, plan))}")
    if target.renders == "itself":
        st.caption(ITSELF if target.trains else NO_TRAINER)
    elif plan.look.template is None:
        st.caption("No chat template chosen: raw messages, estimated token counts.")
    if seen.words:
        (st.caption if plan.look.is_known and seen.n_trained is not None else st.warning)(label(seen.words, 1000))
    if seen.rendered is not None and seen.rendered.error:
        _failed(f"The chat template fails: {seen.rendered.error}", plan)
    elif seen.rendered is not None and seen.rendered.prefix_error and target.renders == "prefixes":
        at = (seen.rendered.failed_at or 0) + 1
        st.warning(
            f"The chat template fails on the first {label(counted(at, 'message'))}: {label(seen.rendered.prefix_error)}"
        )
    rendered(_pieces(made, seen), key="rc.rendered")
    noticed = [of_issue(issue) for issue in made.issues]
    if noticed:
        st.caption(f"Issues: {label(', '.join(noticed), 1000)}.")


def _head(plan: Plan) -> str:
    """Return what the pieces are: what the trainer sees only where the template that writes it is there."""
    title = plan.target.title
    if not plan.look.is_known:
        return f"As this template renders it, not {title}"
    if plan.target.renders == "itself" or plan.look.template is None:
        return f"Messages {title} {'receives' if plan.target.trains else 'makes'}"
    return f"As {title} renders it"


def _failed(words: str, plan: Plan) -> None:
    """Draw that the template fails; one that the trainer does not render with harms nothing."""
    if plan.look.is_known:
        st.error(label(words))
    else:
        st.caption(label(f"{words}. {plan.target.title} may not."))


def _counts(seen: View, plan: Plan) -> str:
    """Return how long an example is and how much of it is trained on, as far as that is known."""
    target, limit, about = plan.target, plan.limit, _about(seen)
    words = f"{about}{counted(seen.n_tokens, 'token')}"
    if target.renders == "itself":
        words = f"{words} in the messages"
    elif limit and target.is_too_long(seen.n_tokens, limit):
        return f"{words}, over the max length of {limit:,}: it {target.too_long}"
    elif seen.n_trained is not None:
        words = f"{words}, {about}{seen.n_trained:,} trained"
    return f"{words}, max length {limit:,}" if plan.look.max_tokens else words


def _about(seen: View) -> str:
    return "" if seen.exact else "about "


def _pieces(made: Example, seen: View) -> list[Piece]:
    messages = made.messages or []
    about = _about(seen)
    by_message = len(messages) == len(seen.texts) and (seen.rendered is None or seen.texts == seen.rendered.chunks)
    drift = seen.rendered.drift_at if seen.rendered is not None and by_message else None
    pieces: list[Piece] = []
    for n, (text, trained, n_tokens) in enumerate(zip(seen.texts, seen.trained, seen.tokens, strict=True)):
        head = [f"message {n + 1:,}, {messages[n]['role']}"] if by_message else []
        head += ["from the prompt"] if by_message and trained and n < made.n_prompt else []
        head += [f"{about}{counted(n_tokens, 'token')}"]
        head += ["rewrites earlier text"] if drift == n else []
        pieces.append({"head": " \u00b7 ".join(head), "text": text, "trained": trained})
    return pieces
