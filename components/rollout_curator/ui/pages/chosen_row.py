"""A table of at most a page whose rows can be chosen, with the words and formats of the columns these pages share."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from rollout_curator.selection import strategies
from rollout_curator.ui.state import choices
from rollout_curator.ui.text import heads, label, plain

_CONFIG = st.column_config
NUMBERS: dict[str, Any] = {
    **{name: _CONFIG.NumberColumn(format="localized") for name in ("attempts", "rollouts", "passes", "tasks")},
    "rated": _CONFIG.NumberColumn(
        "with reward", format="localized", help="Attempts with a valid reward; for tasks also truncated ones, as failed"
    ),
    "mean": _CONFIG.NumberColumn("mean reward", format="%.4g"),
    "spread": _CONFIG.NumberColumn("SD", format="%.4g", help="Sample standard deviation of the rewards"),
    **{
        name: _CONFIG.NumberColumn(format="%.4g")
        for name in ("lowest", "p10", "p25", "median", "p75", "p90", "highest")
    },
    "pass_rate": _CONFIG.NumberColumn(
        "pass rate", format="percent", help="Successes / attempts; truncated attempts count as failed"
    ),
    **{f"pass@{k}": _CONFIG.NumberColumn(format="percent") for k in strategies.PASS_KS},
    "chance": _CONFIG.NumberColumn("pass@k", format="percent"),
    "low": _CONFIG.NumberColumn("95% CI low", format="percent"),
    "high": _CONFIG.NumberColumn("95% CI high", format="percent"),
    **{name: _CONFIG.NumberColumn(format="percent") for name in ("equal", "share")},
    "kept": _CONFIG.NumberColumn(format="localized", help="Kept after all steps"),
}
NONE: Mapping[str, Any] = {}


def chosen_row(
    table: pd.DataFrame,
    key: str,
    *,
    opens: bool = True,
    says: str = "Select a row to list its rollouts.",
    help: Mapping[str, Any] = NONE,
) -> int | None:
    """Draw a table; return the position of the row that was just chosen, None for none or where rows open nothing.

    `says` is what choosing a row does; `help` are columns of this table alone, beside those that all tables share.
    """
    shown = table.copy(deep=False)
    for name in shown.columns:
        if shown[name].dtype.kind not in "biuf":
            shown[name] = [plain(word) for word in shown[name]]
    config = {
        name: column
        for name, column in {**NUMBERS, **help}.items()
        if name in shown and shown[name].dtype.kind in "biuf"
    }
    event = st.dataframe(
        shown,
        hide_index=True,
        height="content" if len(shown) <= 12 else 420,
        key=choices.fresh_key(key),
        on_select="rerun" if opens else "ignore",
        selection_mode="single-row",
        column_config=heads(shown.columns, config),
        placeholder="–",
        alt=f"One row per {plain(shown.columns[0])}: {plain(', '.join(map(str, shown.columns[1:])))}",
    )
    if not opens or not isinstance(event, Mapping):
        return None
    st.caption(label(says))
    rows = event["selection"]["rows"]
    if not rows:
        return None
    choices.draw_anew(key)
    return int(rows[0])
