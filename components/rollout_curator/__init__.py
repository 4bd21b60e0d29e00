"""Open RL rollouts, choose what is good enough, and write a training file exactly as previewed.

For a notebook or a script: `open` gives a `Workspace` of rollouts, a `Recipe` says which of them are kept and how they
are written, and every error is a `CuratorError`. Everything else in this package is internal. The names come when they
are first asked for, so that importing the package takes no time.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rollout_curator.api.opening import CuratorError, Recipe, Selection, Workspace, open

__version__ = "0.1.0"
__all__ = ["CuratorError", "Recipe", "Selection", "Workspace", "__version__", "open"]


def __getattr__(name: str) -> Any:
    """Return a public name from `rollout_curator.api`."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from rollout_curator.api import opening

    return getattr(opening, name)


def __dir__() -> list[str]:
    """Return the public names, so that a notebook completes them and nothing else."""
    return sorted(__all__)
