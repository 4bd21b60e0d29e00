"""What one tab reads: the queue and its frozen view, by whom and whether blind, and what it last decided in bulk.

The choices lie in the session of `state`; this module changes them together, so that a new choice makes a new view.
"""

import hashlib

from rollout_curator.review.queue_members import Array
from rollout_curator.review.queues import mixed_of, rows_of
from rollout_curator.review.summary import SETTLE
from rollout_curator.ui.reader.views import View
from rollout_curator.ui.server import identity
from rollout_curator.ui.server.site import Site, current
from rollout_curator.ui.state import state
from rollout_curator.ui.state.state import Bulk
from rollout_curator.workspace.workspace import Workspace


def set_queue(name: str) -> None:
    """Choose the queue of the Review page; it begins where the reading stopped."""
    now = state.session()
    if name != now.queue:
        now.queue, now.key, now.view = name, "", None
        state.write_url()


def set_reviewer(name: str) -> None:
    """Choose the name that decisions carry; an empty one changes nothing, nor does a second one where others read."""
    now, site = state.session(), current()
    if site.options.serves_others and now.named:
        return
    chosen = identity.choose(site, name, now.signed_in)
    if chosen:
        now.named = True
    if chosen and chosen != now.reviewer:
        now.reviewer, now.view = chosen, None


def set_blind(blind: bool) -> None:
    """Choose whether rewards and others' verdicts are hidden until one has decided."""
    now = state.session()
    now.blind, now.view, now.revision = blind, None, now.revision + 1
    state.write_url()


def set_findings(section: str) -> None:
    """Choose which of the findings is shown in place of the reader, empty for the reader itself."""
    state.session().findings = section
    state.write_url()


def set_goal(percent: float) -> None:
    """Choose how many of the kept may be bad, in percent, for the progress to be counted towards."""
    state.session().goal = percent / 100


def ask_bulk(asked: bool = True) -> None:
    """Note whether the question about a bulk decision stands; the page may run again meanwhile."""
    state.session().asks_bulk = asked


def note_bulk(words: str, version: int, *, stands: bool = True) -> None:
    """Note what was decided or taken in at once; the queue is made anew, for much of it looks different now."""
    now = state.session()
    now.bulk, now.view, now.revision = Bulk(words, version, stands), None, now.revision + 1


def set_place(key: str) -> None:
    """Note the rollout that is being read."""
    state.session().key = key
    state.write_url()


def view(site: Site, workspace: Workspace) -> View:
    """Return the queue being read; it stays the same until the queue, the recipe or the sources change."""
    now = state.session()
    version = workspace.refresh_decisions()
    store = workspace.decisions
    if store is not None and now.version not in (0, version) and store.had_bulk(now.version, now.reviewer):
        now.view, now.revision = None, now.revision + 1
    now.version = version
    wanted = (id(workspace), now.queue, now.recipe, now.reviewer, now.blind)
    held = now.view is not None and site.views.get(now.view.token) is not None and now.view_of == wanted
    if not held or now.view is None:
        rows = rows_of(workspace, now.recipe, now.queue, now.reviewer)
        mixed = mixed_of(workspace, now.recipe, now.queue, now.reviewer)
        mixed = mixed if sum(n for _, n in mixed) == len(rows) else ()  # somebody decided between the two looks
        blind = now.blind and now.queue != SETTLE
        made = View(workspace, now.recipe, rows, now.reviewer, now.queue, blind, mixed)
        now.view, now.view_of, now.reported = made, wanted, None
        site.views.hold(now.view)
    return now.view


def queue_name() -> str:
    """Return a name for what the chosen queue holds, the same in every session and run of the server."""
    now = state.session()
    return hashlib.sha256(
        repr((now.queue, now.reviewer, now.recipe, now.revision)).encode(errors="surrogatepass")
    ).hexdigest()[:16]


def queue_rows(workspace: Workspace) -> Array:
    """Return the rows the chosen queue holds now; the view may hold those of a while ago."""
    return rows_of(workspace, state.recipe(), state.session().queue, state.session().reviewer)
