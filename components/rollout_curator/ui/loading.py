"""What stands on a page until the examples of its recipe are known: how far the look at them is, and a way back."""

import streamlit as st

from rollout_curator.errors import CuratorError
from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.plan import Plan
from rollout_curator.ui.server.error_log import log_error
from rollout_curator.ui.server.jobs import CheckJob
from rollout_curator.ui.state import settings, state
from rollout_curator.ui.text import label
from rollout_curator.workspace.workspace import Workspace

PATIENCE_S = 0.8
"""A look that ends within this time is not worth telling of."""
LOOK_EVERY_S = 0.4
ALWAYS_MAX = 20_000
"""So many examples are looked at for hazards without being asked."""


def prepared(workspace: Workspace) -> bool:
    """Say whether the examples of the recipe are known; draw how far that is where they are not."""
    now = state.session()
    plan = recipes.plan(now.recipe)
    if workspace.conversion_outcomes.is_cached(plan):
        now.known = now.recipe
        return True
    job = _job(workspace, plan, with_hazards=False)
    if job.wait(PATIENCE_S) and _ended_well(job):
        now.known = now.recipe
        return True
    if job.is_running:
        _progress()
    return False


def hazards_known(workspace: Workspace, plan: Plan) -> bool:
    """Say whether every example was looked at for hazards; few are looked at at once, many when asked."""
    if workspace.conversion_outcomes.is_checked(plan):
        return True
    now = state.session()
    is_begun = now.check is not None and now.check.plan == plan and now.check.is_running
    if not is_begun and (workspace.n_rollouts > ALWAYS_MAX or now.declined == plan):
        st.caption(f"{workspace.n_rollouts:,} examples not checked yet.")
        if not st.button("Check all examples", key="rc.look"):
            return False
    job = _job(workspace, plan, with_hazards=True)
    if job.wait(PATIENCE_S):
        return _ended_well(job)
    _progress()
    return False


def _job(workspace: Workspace, plan: Plan, *, with_hazards: bool) -> CheckJob:
    """Return the look of this tab at a plan, begun if there is none; another one is stopped."""
    now = state.session()
    if now.check is None or (now.check.plan, now.check.with_hazards) != (plan, with_hazards):
        if now.check is not None:
            now.check.stop()
        now.check = CheckJob(workspace, plan, with_hazards=with_hazards)
    return now.check


def _ended_well(job: CheckJob) -> bool:
    """Say whether a look is complete; tell of one that failed, and begin anew with the next."""
    state.session().check = None
    if job.failure is None:
        return True
    if isinstance(job.failure, CuratorError):
        st.error(label(job.failure))
    else:
        st.error(f"The check failed unexpectedly. See error {label(log_error(job.failure))} in the server log.")
    st.button("Go back to the previous settings", on_click=settings.take_back, key="rc.take-back")
    return False


@st.fragment(run_every=LOOK_EVERY_S)
def _progress() -> None:
    job = state.session().check
    if job is None or not job.is_running:
        st.rerun()
        return
    share = job.done / job.total if job.total else 0.0
    st.progress(min(1.0, share), f"Checking examples: {job.done:,} of {job.total:,}")
    st.button("Cancel", on_click=_cancel, key="rc.cancel-look", help="Goes back to the previous settings")


def _cancel() -> None:
    now = state.session()
    if now.check is not None:
        now.check.stop()
        now.declined = now.check.plan
    settings.take_back()
