"""What a click or a box in a figure stands for: the text of a part of the rollouts, or of one rollout.

Every mark of a figure that can be opened carries that text as the first entry of its `customdata`; an empty text opens
nothing. Knows the selection that Streamlit hands to Python (a mapping), but not Streamlit.
"""

import math
from collections.abc import Mapping, Sequence

from rollout_curator.selection.slices import Range, decode, encode

ROW = "row:"
"""A single rollout is `row:` and its row number."""


def row_text(row: int) -> str:
    """Return the text that stands for one rollout."""
    return f"{ROW}{row}"


def row_of(text: str) -> int | None:
    """Return the row number in the text of one rollout, None where it is another text."""
    number = text.removeprefix(ROW)
    return int(number) if text.startswith(ROW) and number.isdecimal() else None


def opened(event: Mapping[str, object]) -> str | None:
    """Return the text of what was chosen in a figure, None where nothing was.

    A box becomes the ranges it spans on the axes of the marks within it; of several marks the last counts.
    """
    chosen = event.get("selection", event)
    if not isinstance(chosen, Mapping):
        return None
    texts = [_texts(point) for point in _mappings(chosen.get("points"))]
    texts = [found for found in texts if found and found[0]]
    if not texts:
        return None
    boxes = _mappings(chosen.get("box"))
    axes = max((_ranged(found[-1]) for found in texts), key=len)
    return (_boxed(boxes[-1], axes) if boxes and axes else None) or texts[-1][0]


def _texts(point: Mapping[str, object]) -> list[str]:
    """Return the texts of a mark: what it opens, and the names of its axes where these are not in it."""
    carried = point.get("customdata")
    if isinstance(carried, str):
        return [carried]
    if isinstance(carried, Sequence):
        return [text for text in carried[:2] if isinstance(text, str)]
    # plotly.js hands rows of typed customdata on as {"0": ..., "1": ...}
    found = [carried.get(key) for key in ("0", "1")] if isinstance(carried, Mapping) else []
    return [text for text in found if isinstance(text, str)]


def _ranged(text: str) -> list[str]:
    """Return the columns of the ranges in a text: that of the x axis, then that of the y axis."""
    return [part.column for part in decode(text) or () if isinstance(part, Range)]


def _boxed(box: Mapping[str, object], axes: Sequence[str]) -> str | None:
    """Return the ranges of a box, in as few digits as a hand can mean; `axes` are the columns of x and y."""
    spans = [_span(box.get("x")), _span(box.get("y"))]
    ranges = [Range(column, *span) for column, span in zip(axes, spans, strict=False) if span]
    return encode(ranges) if len(ranges) == len(axes) else None


def _span(ends: object) -> tuple[float, float] | None:
    """Return the lower and the upper end of a span, each to a 500th of it."""
    if not isinstance(ends, Sequence) or isinstance(ends, str) or len(ends) != 2:
        return None
    low, high = sorted(float(end) if isinstance(end, int | float) else math.nan for end in ends)
    if not math.isfinite(low) or not math.isfinite(high):
        return None
    return _rounded(low, high - low), _rounded(high, high - low)


def _rounded(number: float, span: float) -> float:
    tries = (float(f"{number:.{digits}g}") for digits in range(3, 17))
    return next((short for short in tries if abs(short - number) <= span / 500), number)


def _mappings(found: object) -> list[Mapping[str, object]]:
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, Sequence) else []
