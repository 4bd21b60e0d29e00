"""Which files a path that comes from a browser may open: what a page hands to whatever opens one.

Nothing else in `ui` opens a file by a name that a browser sent (`tests/test_reach.py` reads the source).
"""

import os

from rollout_curator.reach import ANYWHERE, Reach
from rollout_curator.ui.site import Site


def reach_of(site: Site) -> Reach:
    """Return which files a browser may name: those below the roots, for a shared app also those beside its sources.

    Without roots an app of one's own opens whatever its user may. The tokenizer of the recipe it was started with was
    named by who started it.
    """
    folders = [str(root) for root in site.options.roots]
    if site.options.is_shared and site.workspace is not None:
        folders += [str(source.path.parent) for source in site.workspace.sources]
    if not folders and not site.options.is_shared:
        return ANYWHERE
    started_with = str(site.recipe.template.get("tokenizer") or "")
    return Reach((*folders, started_with) if started_with else tuple(folders))


def typed(site: Site, given: str) -> str:
    """Return a path as it was typed; `~` is the home of who started the app, and only theirs."""
    return given.strip() if site.options.is_shared else os.path.expanduser(given.strip())
