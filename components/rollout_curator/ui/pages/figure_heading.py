"""The title of a figure and its note as text of the page, above the figure."""

import plotly.graph_objects as go
import streamlit as st

from rollout_curator.ui import plots
from rollout_curator.ui.text import label


def draw_heading(figure: go.Figure, name: str) -> go.Figure:
    """Draw the title and the note of a figure; return the figure without them."""
    title, note, bare = plots.split_heading(figure)
    with st.container(key=f"heading-{name}", gap=None):
        st.markdown(f"**{label(title)}**")
        if note:
            st.caption(label(note, 1000))
    return bare
