"""What a recipe keeps, as a notebook asks for it: a mask, a reason for each row, the account of all of them.

Takes what the rules say of each row (`selection`); decides nothing.
"""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rollout_curator.selection.funnel import Funnel
from rollout_curator.selection.funnel import Selection as Selected

if TYPE_CHECKING:
    import pandas as pd


class Selection:
    """Which rollouts a recipe keeps under the decisions as they stood, and by what each other one is dropped.

    `kept` is a boolean per row, as in `frame[selection.kept]`. `funnel` accounts for every line and rollout: its
    `sentence()` says the counts in words, `drops` holds one record per reason (`step`, `name`, `words`, `count`), and
    `as_json()` is what `rollout-curator stats --json` prints.
    """

    def __init__(self, selected: Selected, funnel: Funnel) -> None:
        """Take what the rules say of each row, and the account of it."""
        self.kept: npt.NDArray[np.bool_] = selected.kept
        self.funnel = funnel
        self._selected = selected

    @property
    def reasons(self) -> "pd.Series[str]":
        """Return per row why it is dropped, in the words of the funnel ("below 0.8"); missing where it is kept."""
        import pandas as pd

        words = [drop.words for drop in self._selected.drops]
        known = list(dict.fromkeys(words))
        places = np.array([-1, *map(known.index, words)])
        codes: npt.NDArray[np.int64] = places[self._selected.reason.astype("int64")]
        return pd.Series(pd.Categorical.from_codes(codes, pd.Index(known, dtype="object")), name="reason")

    def __repr__(self) -> str:
        """Return the account in words."""
        return f"Selection: {self.funnel!r}"
