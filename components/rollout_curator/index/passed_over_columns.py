"""The numeric columns of a file that are not kept, by name: those beyond the first 200, and those of unfit names.

However many there are, this stays small: of one range of a file so many names are held, and if there may be more the
sentence says "at least". Those of neighbouring ranges join to those of both.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import xxhash

from rollout_curator.printable import shown
from rollout_curator.words import counted, said_of

NAME_MAX = 200
"""The name of a column that is kept has at most so many characters."""
HELD_MAX = 5_000
_NAMED = 6
_SHOWN_CHARS = 40


@dataclass(slots=True)
class PassedOver:
    """Names of columns that are not kept, each once, in order; `is_whole` when these are all."""

    names: dict[str, None] = field(default_factory=dict)
    is_whole: bool = True

    def add(self, name: str) -> None:
        """Add the name of a column, as far as names of this range are held."""
        if len(self.names) < HELD_MAX:
            self.names[_held(name)] = None
        else:
            self.is_whole = self.is_whole and _held(name) in self.names

    def extend(self, names: Iterable[str], *, is_whole: bool = True) -> None:
        """Add names that are held already."""
        self.names.update(dict.fromkeys(names))
        self.is_whole = self.is_whole and is_whole

    def sentences(self, n_kept: int) -> list[str]:
        """Return what the user must know of a file that keeps so many numeric columns; empty when it keeps all."""
        beyond = [name for name in self.names if is_fit(name)]
        unfit = [name for name in self.names if not is_fit(name)]
        why = f"for names of more than {NAME_MAX} characters or with some that cannot be seen"
        told = [
            (beyond, f"beyond the first {n_kept:,} {said_of(len(beyond), 'are not kept')}"),
            (unfit, f"{said_of(len(unfit), 'are not kept')} {why}"),
        ]
        return [self._sentence(names, what) for names, what in told if names]

    def _sentence(self, names: list[str], what: str) -> str:
        least = "" if self.is_whole else "at least "
        more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
        return f"{least}{counted(len(names), 'numeric column')} {what}: {', '.join(map(_brief, names[:_NAMED]))}{more}"


def is_fit(name: str) -> bool:
    """Whether a name can be that of a column."""
    return len(name) <= NAME_MAX and name.isprintable()


def _held(name: str) -> str:
    """Return a name, of a long one its beginning and a hash: different names stay different."""
    if len(name) <= NAME_MAX:
        return name
    return name[:NAME_MAX] + xxhash.xxh3_64_hexdigest(name.encode("utf-8", "surrogatepass"))


def _brief(name: str) -> str:
    return shown(name) if len(name) <= _SHOWN_CHARS else f"{shown(name[:_SHOWN_CHARS])}..."
