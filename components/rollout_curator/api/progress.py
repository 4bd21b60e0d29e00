"""Progress of long work in a notebook or a terminal: bars of tqdm where it is installed, else none.

tqdm is no dependency: whoever wants bars has it. One that cannot draw in a notebook draws as text.
"""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rollout_curator.printable import shown

DELAY_S = 0.5
"""Work that ends sooner draws no bar."""


@contextmanager
def progress(label: str) -> Iterator[Callable[..., None]]:
    """Yield a function (done, total, name) that draws a bar for each name, which goes when the work is done."""
    make = _tqdm()
    bars: dict[str, Any] = {}

    def advance(done: int, total: int, name: str = "") -> None:
        if make is None:
            return
        if name not in bars:
            _end(bars)
            words = shown(f"{label} {Path(name).name}".strip())
            bars[name] = make(total=total, desc=words, unit_scale=True, delay=DELAY_S, leave=False)
        bars[name].update(done - bars[name].n)

    try:
        yield advance
    finally:
        _end(bars)


def _tqdm() -> Callable[..., Any] | None:
    """Return what makes a bar here, None where tqdm is not installed."""
    try:
        with warnings.catch_warnings():  # one that lacks the widgets of a notebook says so at every import
            warnings.simplefilter("ignore")
            from tqdm.auto import tqdm
    except ImportError:
        return None
    return tqdm  # type: ignore[no-any-return]


def _end(bars: dict[str, Any]) -> None:
    for bar in bars.values():
        bar.close()
    bars.clear()
