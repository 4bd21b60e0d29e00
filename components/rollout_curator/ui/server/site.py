"""What one running server holds: its options, the workspace once it is open, the views, the running export.

Routes and pages share it; sessions do not own any of it. Sources open in a thread of their own, so the first page
draws the progress instead of waiting, and a browser that goes away stops nothing. Knows nothing of Streamlit.
"""

import getpass
import os
import secrets
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rollout_curator.decisions import store_choice
from rollout_curator.errors import CuratorError, ExportError, ServerRefused, SourceRefused
from rollout_curator.export import Settings
from rollout_curator.files.path_access import is_below
from rollout_curator.index import store
from rollout_curator.index.source import Source
from rollout_curator.index.store import Progress
from rollout_curator.printable import digest
from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.sources.find import Found, absolute, find, passed_over
from rollout_curator.ui.reader.views import Views
from rollout_curator.ui.server.error_log import log_error
from rollout_curator.ui.server.jobs import ExportJob, writing_of
from rollout_curator.ui.server.serve_options import ServeOptions
from rollout_curator.ui.server.sessions import Sessions
from rollout_curator.workspace.opening import build_indexes, default_cache
from rollout_curator.workspace.workspace import Workspace

PACKAGE = Path(__file__).parents[2]
LOOK_EVERY_S = 2.0
STOP_S = 5.0


@dataclass(frozen=True, slots=True)
class Opening:
    """How far opening the sources is."""

    file: int
    files: int
    progress: Progress | None = None


class Site:
    """The state of one server; attributes are replaced, never changed in place."""

    def __init__(self, options: ServeOptions, workspace: Workspace | None = None) -> None:
        """Hold the options; a workspace that is open already spares the opening."""
        self.options = options
        self.token = secrets.token_urlsafe(32)
        self.boot = secrets.token_hex(8)
        self.views = Views()
        self.sessions = Sessions()
        self.workspace = workspace
        self.recipe = recipes.load(options.recipe) if options.recipe else Recipe()
        self.opening = Opening(0, 0)
        self.failure: CuratorError | None = None
        self.export: ExportJob | None = None
        self.notice = ""
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._changed: list[str] = []
        self._looked_at = time.monotonic()
        decisions = workspace.decisions if workspace else None
        self._kept = store_choice.Writable(decisions, workspace.counted) if workspace and decisions else None

    @property
    def paths(self) -> tuple[Path, ...]:
        """Return what is opened: what was asked for, else the sample data."""
        return self.options.paths or (sample_data(),)

    @property
    def is_sample(self) -> bool:
        """Say whether the sample data is shown because nothing else was named."""
        return not self.options.paths

    @property
    def out_dir(self) -> Path:
        """Return the folder exports are offered to go to: the given one, else the opened folder, else this one."""
        if self.options.out_dir:
            return Path(os.path.abspath(self.options.out_dir))
        first = self.paths[0]
        folder = first if first.is_dir() else first.parent
        usable = len(self.paths) == 1 and folder.is_dir() and os.access(folder, os.W_OK)
        return Path(os.path.abspath(folder if usable and not is_below(folder, PACKAGE) else Path.cwd()))

    @property
    def reviewer(self) -> str:
        """Return the name decisions carry until a reviewer gives theirs."""
        if self.options.reviewer:
            return self.options.reviewer
        try:
            return getpass.getuser()
        except (KeyError, OSError):
            return "reviewer"

    @property
    def store(self) -> str:
        """Return a name for the place decisions go to, so that what waits in a browser never reaches another."""
        path = self._kept.decisions.path if self._kept else Path(".")
        return digest(path)[:16]

    def open(self) -> None:
        """Begin opening the sources, unless they are open or being opened."""
        with self._lock:
            running = self._thread is not None and self._thread.is_alive()
            if self.workspace is not None or self.failure is not None or running:
                return
            self._thread = threading.Thread(target=self._open, name="open sources", daemon=True)
            self._thread.start()

    def reload(self) -> None:
        """Open the sources anew, as they are now on disk; while an export reads them, `notice` says why not.

        Whoever still reads the workspace of before reads on: its files close when nobody holds it any more.
        """
        with self._lock:
            if (writing := writing_of(self.export)) is not None:
                self.notice = f"Files not reloaded: {writing}."
                return
            old, self.workspace, self.failure = self.workspace, None, None
            self.opening, self._changed = Opening(0, 0), []
        self.views.clear()
        if old is not None:
            weakref.finalize(old, _close, old.sources)
        self.open()

    def begin_export(
        self,
        workspace: Workspace,
        recipe: Recipe,
        out: Path,
        settings: Settings = Settings(),  # noqa: B008 frozen
    ) -> ExportJob:
        """Begin writing, for all sessions one export at a time. Raises ExportError while another is at work."""
        with self._lock:
            if (writing := writing_of(self.export)) is not None:
                raise ExportError(writing)
            self.export = ExportJob(workspace, recipe, out, settings)
            return self.export

    def close(self) -> None:
        """Stop a running export, which leaves the file of before, and close every file."""
        if self.export is not None:
            self.export.stop()
            self.export.wait(STOP_S)
        if self.workspace is not None:
            self.workspace.close()
        if self._kept is not None:
            self._kept.decisions.close()

    def out_path(self, given: str, suffix: str = ".jsonl") -> Path:
        """Return the file an export goes to. Raises ExportError when it may not go there.

        A name goes into `out_dir`; a path must lie in `out_dir`, beside the sources, below a root or below the working
        folder. When the app is shared, only a name is taken.
        """
        name = given.strip()
        if not name or "\0" in name:
            raise ExportError(f"enter a file name, e.g. curated{suffix}")
        path = Path(os.path.abspath(self.out_dir / (name if self.options.serves_others else os.path.expanduser(name))))
        if not path.name.endswith(suffix):
            raise ExportError(f"{path.name}: the file name must end in {suffix}")
        sources = [source.path.parent for source in self.workspace.sources] if self.workspace else []
        allowed = [self.out_dir]
        if not self.options.serves_others:
            allowed += [*self.options.roots, *sources, Path.cwd()]
        if not any(is_below(path, folder) for folder in allowed):
            raise ExportError(f"{name}: not an allowed export folder; restart with --out-dir FOLDER")
        return path

    def changed(self) -> list[str]:
        """Return the sources that are no longer the files which were opened; looked at every other second."""
        workspace = self.workspace
        if workspace is not None and time.monotonic() - self._looked_at > LOOK_EVERY_S:
            self._changed = [source.name for source in workspace.sources if _is_changed(source)]
            self._looked_at = time.monotonic()
        return self._changed

    def _open(self) -> None:
        try:
            self.workspace = self._opened()
        except CuratorError as error:
            self.failure = error
        except Exception as error:  # noqa: BLE001  a thread has no page that could say it
            number = log_error(error)
            self.failure = CuratorError(f"could not open the files; see error {number} in the server log")

    def _opened(self) -> Workspace:
        found = find(self.paths)
        check_roots(found, self.options.roots)
        cache = self.options.cache or default_cache()
        names = {str(file.path): n for n, file in enumerate(found, 1)}
        self.opening = Opening(0, len(found))
        for progress in build_indexes(found, cache):
            self.opening = Opening(names.get(progress.path, self.opening.file), len(found), progress)
        workspace = Workspace(found, cache, None)
        workspace.passed_over, workspace.named = passed_over(self.paths), absolute(self.paths)
        workspace.require_rollouts()
        if self._kept is None:
            opened = store_choice.Opened(self.paths, found, self.options.roots)
            self._kept = store_choice.write(opened, self.options.decisions, workspace)
            workspace.hold(self._kept.decisions, self._kept.counted)
            if not workspace.counted.is_plain:
                self.notice = " ".join(workspace.counted.sentences(workspace.n_decided()))
        workspace.hold(self._kept.decisions, self._kept.counted)
        return workspace


def _close(sources: list[Source]) -> None:
    for source in sources:
        source.close()


def _content(workspace: Workspace) -> str:
    """Return what tells a workspace's content from any other: its sources as they were indexed."""
    return digest(*(f"{source.path} {source.header['stamp']}" for source in workspace.sources))


BY_CONTENT: dict[str | type[Any], Callable[[Any], Any]] = {Workspace: _content, Recipe: repr}
"""How results of a workspace and a recipe are found again, for Streamlit's caches: decisions are no part of it."""


def sample_data() -> Path:
    """Return the rollouts that come with the program: of the checkout, else of the installed package."""
    beside = PACKAGE.parents[1] / "sample_data"
    return beside if beside.is_dir() else PACKAGE / "sample_data"


def check_roots(found: list[Found], roots: tuple[Path, ...]) -> None:
    """Refuse files that do not really lie below one of the roots. Raises SourceRefused."""
    if not roots:
        return
    real = [os.path.realpath(root) for root in roots]
    for file in found:
        if not any(is_below(file.path, root) for root in real):
            raise SourceRefused(f"{file.name}: outside the allowed folders; add --root FOLDER")


def _is_changed(source: Source) -> bool:
    try:
        return store.stamp(source.path) != store.Stamp(**source.header["stamp"])
    except (CuratorError, OSError):
        return True


_current: Site | None = None


def install(site: Site) -> Site:
    """Make this the site that pages of this process show."""
    global _current
    _current = site
    return site


def current() -> Site:
    """Return the site of this process. Raises ServerRefused when a page is run without the server around it."""
    if _current is None:
        raise ServerRefused("no server around this page; start the app with `rollout-curator ui`")
    return _current
