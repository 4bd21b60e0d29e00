"""The script that Streamlit runs for every change on a page; all of it is in `ui/main.py`."""

from rollout_curator.ui.main import run

run()
