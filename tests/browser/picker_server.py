"""Serves `picker_app.py` with the scripts of the picker: `streamlit run picker_server.py`, then open `/?case=ties`."""

from pathlib import Path

from streamlit.starlette import App

from rollout_curator.ui import scripts

app = App(Path(__file__).with_name("picker_app.py"), routes=[scripts.route()])
