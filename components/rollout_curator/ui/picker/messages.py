"""What the Select page and the pickers in the browser tell each other: every message, key by key.

`messages.js` says the same to those who write the scripts; a test holds the two together. What the numbers mean stands
in `rollout_curator.selection.threshold_counts`.
"""

from collections.abc import Sequence
from typing import Literal, NotRequired, TypedDict


class BoundsSaid(TypedDict):
    """The bounds that are set, null for none."""

    atLeast: float | None
    atMost: float | None


class Counts(TypedDict):
    """So much of everything."""

    rollouts: int
    tasks: int
    tokens: int


class StepsSaid(TypedDict):
    """What each stop of a handle keeps; `open` without the handle, `beyond` past its last stop."""

    rollouts: list[int]
    tasks: list[int]
    tokens: list[int]
    open: Counts
    beyond: Counts


class Bins(TypedDict):
    """The histogram; `first` is the place of the first bin on the grid, `perValue` says that a bin is one value."""

    left: list[float]
    right: list[float]
    count: list[int]
    always: list[int]
    first: int
    perValue: bool


class LevelsSaid(TypedDict):
    """The stops of the lower handle and what they keep; `always` are kept whatever the bounds."""

    bounds: BoundsSaid
    kept: Counts
    stops: list[float]
    isEvery: bool
    lower: StepsSaid
    bins: Bins
    total: Counts
    missing: int
    infinite: int
    always: int


class BothLevelsSaid(LevelsSaid):
    """The stops of both handles."""

    upper: StepsSaid


class OutsideSaid(TypedDict):
    """Rollouts that have no place on the axis; `isPart` of some that are counted already."""

    name: str
    words: str
    count: int
    isPart: bool


class ThenSaid(TypedDict):
    """What follows the bounds: what those within them are said to do, how many are kept in the end, in words."""

    passing: str
    count: int
    words: str


class PickerData(BothLevelsSaid):
    """What the picker is given; `heard` is the last choice that the server knows in this session."""

    session: str
    heard: int
    title: str
    kind: Literal["number", "boolean"]
    outside: list[OutsideSaid]
    then: ThenSaid | None


class PanelSaid(LevelsSaid):
    """One small plot."""

    name: str
    note: str
    own: bool


class PanelsData(TypedDict):
    """What the grid of small plots is given."""

    session: str
    heard: int
    title: str
    oneAxis: bool
    panels: list[PanelSaid]


class PickerChoiceSaid(TypedDict):
    """What was done to the picker: bounds set, or a bar (low, high, closed) or an outside opened to be read."""

    sequence: int
    axis: str
    bounds: NotRequired[BoundsSaid]
    opened: NotRequired[Sequence[float | bool] | str]


class PanelChoiceSaid(TypedDict):
    """What was done to a small plot: its own bound set, null to follow the one for all, or opened to be read."""

    sequence: int
    index: int
    name: str
    atLeast: NotRequired[float | None]
    opened: NotRequired[bool]


class Choices(TypedDict):
    """Choices that the server has not heard of, oldest first."""

    session: str
    waiting: list[PickerChoiceSaid | PanelChoiceSaid]
