"""The errors a user can meet, and nothing else.

    CuratorError
    ├── SourceError            a file of rollouts cannot be read
    │   ├── SourceNotFound         no such file, or a glob that matches nothing
    │   ├── SourceRefused          not a regular file, outside the allowed roots, no permission
    │   ├── SourceUnreadable       regular, but not a file of rollouts (UTF-16, zip, HTML, ...)
    │   └── SourceChanged          no longer the file that was indexed
    ├── RolloutNotFound        no rollout has this number
    ├── Unopened               what was closed is used
    ├── CacheError             the folder of indexes cannot be used
    ├── WorkerLost             a process that was reading for this one is gone
    ├── DecisionsError         the review store cannot be used
    │   └── DecisionRefused        one decision is not what it must be; others can be kept
    ├── RecipeError            a recipe or an option is wrong
    ├── TemplateError          a chat template or a tokenizer cannot be used
    ├── ExportError            the training file cannot be written
    │   ├── SplitError             a part of a split that was asked for cannot be made
    │   └── FileInTheWay           somebody's file has the name, and nobody said that it may be replaced
    ├── ManifestError          a manifest cannot be read
    └── ServerRefused          the app will not start with these settings

A message says what, where (path, line or key) and what to do next, in one line.
`cli.main` and `ui.main` catch what nobody nearer could say better.
"""

from typing import TYPE_CHECKING

from rollout_curator.printable import brief, shown

if TYPE_CHECKING:
    from pathlib import Path


class CuratorError(Exception):
    """Anything the user must know of and can act upon."""

    def __init__(self, message: str) -> None:
        """Keep a message that can be printed and encoded, whatever names it holds."""
        super().__init__(brief(shown(message)))


class SourceError(CuratorError):
    """A file of rollouts cannot be read."""


class SourceNotFound(SourceError):
    """There is no such file, or nothing matches."""


class SourceRefused(SourceError):
    """The path is not something this program opens."""


class SourceUnreadable(SourceError):
    """The file is not a file of rollouts."""


class SourceChanged(SourceError):
    """The file on disk is no longer the one that was indexed."""


class RolloutNotFound(CuratorError):
    """There is no rollout with this number."""


class Unopened(CuratorError):
    """What was closed is used."""


class CacheError(CuratorError):
    """The folder of indexes cannot be used."""


class WorkerLost(CuratorError):
    """A process that was reading for this one is gone."""


class DecisionsError(CuratorError):
    """The review store cannot be used."""


class DecisionRefused(DecisionsError):
    """One decision is not what it must be."""


class RecipeError(CuratorError):
    """A recipe, or an option given in its place, is wrong."""


class TemplateError(CuratorError):
    """A chat template or a tokenizer cannot be used."""


class ExportError(CuratorError):
    """The training file cannot be written."""


class SplitError(ExportError):
    """A part of a split that was asked for would have no rows."""


class FileInTheWay(ExportError):
    """A file that this program did not write, or that was changed since, has the name of one to be.

    `sentence` says which and why, without what to do next; `paths` are these files.
    """

    def __init__(self, sentence: str, paths: tuple["Path", ...] = (), *, otherwise: str = "add --overwrite") -> None:
        """Add what to do next, on the command line unless told otherwise."""
        super().__init__(f"{sentence}; nothing was written: choose another file, or {otherwise}")
        self.sentence, self.paths = sentence, paths


class ManifestError(CuratorError):
    """A manifest cannot be read."""


class ServerRefused(CuratorError):
    """The app does not start with these settings."""
