"""Which files a path that comes from a browser may open, or write: what a page asks before it does either.

Nothing else in `ui` opens a file by a name that a browser sent (`tests/files/test_reach.py` reads the source).
"""

import os
from pathlib import Path

from rollout_curator.export import Settings, exports_of, targets_of
from rollout_curator.files.path_access import ANYWHERE, Reach
from rollout_curator.files.write_errors import explained
from rollout_curator.recipe.recipe import Recipe
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


def check_written(site: Site, recipe: Recipe, out: Path, settings: Settings) -> None:
    """Raise ExportError when a file that an export writes is a link that leads where exports may not go."""
    for export in exports_of(out, recipe, settings):
        for path in targets_of(*export):
            site.out_path(str(path), path.suffix)


def has_folder(out: Path) -> bool:
    """Say whether the folder of a file that `out_path` allowed exists."""
    return out.parent.is_dir()


def create_folder(out: Path) -> None:
    """Create the folder of a file that `out_path` allowed. Raises ExportError where the system does not let us."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise explained(error, out) from error
