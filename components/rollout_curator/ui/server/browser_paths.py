"""Which files a path that comes from a browser may open, or write: what a page asks before it does either.

Nothing else in `ui` opens a file by a name that a browser sent (`tests/files/test_reach.py` reads the source).
"""

import os
from pathlib import Path

from rollout_curator.export import control_paths, paths_of
from rollout_curator.files import manifest
from rollout_curator.files.path_access import ANYWHERE, Reach
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.ui.server.exporting import Beside
from rollout_curator.ui.server.site import Site


def reach_of(site: Site) -> Reach:
    """Return which files a browser may name: those below the roots, for a shared app also those beside its sources.

    Without roots an app of one's own opens whatever its user may. The tokenizer of the recipe it was started with was
    named by who started it.
    """
    folders = [str(root) for root in site.options.roots]
    if site.options.serves_others and site.workspace is not None:
        folders += [str(source.path.parent) for source in site.workspace.sources]
    if not folders and not site.options.serves_others:
        return ANYWHERE
    started_with = str(site.recipe.template.get("tokenizer") or "")
    return Reach((*folders, started_with) if started_with else tuple(folders))


def typed(site: Site, given: str) -> str:
    """Return a path as it was typed; `~` is the home of who started the app, and only theirs."""
    return given.strip() if site.options.serves_others else os.path.expanduser(given.strip())


def check_written(site: Site, recipe: Recipe, out: Path, beside: Beside) -> None:
    """Raise ExportError when a file that an export writes is a link that leads where exports may not go."""
    outs = [out, *control_paths(out, beside.seeds).values()]
    paths = [path for each in outs for path in (*paths_of(each, recipe).values(), manifest.path_of(each))]
    for path in (*paths, *(out.with_name(name) for name in (beside.card, beside.report) if name)):
        site.out_path(str(path), path.suffix)
