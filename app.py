"""The app for `streamlit run app.py [PATH...]`, and for `python app.py [PATH...]`, which is `rollout-curator ui`.

Without a path it opens the sample data beside this file.
"""

import sys
from pathlib import Path

from streamlit.starlette import App

sys.path.insert(0, str(Path(__file__).parent / "components"))

from rollout_curator.errors import CuratorError
from rollout_curator.ui.server.server import ServeOptions, parts

if __name__ == "__main__":
    from rollout_curator.cli.main import main

    sys.argv.insert(1, "ui")
    main()
else:
    try:
        # Streamlit finds an app by this very assignment.
        app = App(**parts(ServeOptions(paths=tuple(map(Path, sys.argv[1:])))))
    except CuratorError as error:
        sys.exit(f"rollout-curator: {error}")
