"""Where a Chromium is on this machine, and how one gets there.

Knows names, folders and package managers; does not start a page. Needs the standard library only, unless it comes to
playwright's own browser. `python find_browser.py` prints the path, with
`--install` after fetching a browser if none was found.
"""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC_APPS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
PLAYWRIGHTS_OWN = """
from playwright.sync_api import sync_playwright
with sync_playwright() as p:
    print(p.chromium.executable_path)
"""
HELP = "No Chromium was found: install one, name it in CHROMIUM, or leave these tests out with `make quick`."


def answers(path: str) -> bool:
    """Say whether `path` is a browser that starts; a distribution's placeholder for another package does not."""
    try:
        done = subprocess.run([path, "--version"], capture_output=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def playwrights_own() -> str:
    """Return where playwright keeps its browser, whether or not it is there; empty without playwright."""
    done = subprocess.run([sys.executable, "-c", PLAYWRIGHTS_OWN], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def candidates() -> Iterator[str]:
    """Yield the places to look in, the person's own choice first."""
    chosen = os.environ.get("CHROMIUM")
    if chosen:
        yield chosen
    yield from filter(None, map(shutil.which, NAMES))
    yield from MAC_APPS
    yield playwrights_own()


def find_browser() -> str | None:
    """Return the path of the first browser that starts."""
    return next((path for path in candidates() if path and shutil.which(path) and answers(path)), None)


def may_without_asking(command: list[str]) -> bool:
    """Say whether a command succeeds at once and silently."""
    return (
        shutil.which(command[0]) is not None
        and subprocess.run(command, capture_output=True, check=False).returncode == 0
    )


def apt_commands() -> list[list[str]]:
    """Return the commands that install Debian's package, or none where this user or system cannot."""
    if shutil.which("apt-get") is None:
        return []
    if os.geteuid() == 0:
        become = []
    elif may_without_asking(["sudo", "-n", "true"]):
        become = ["sudo", "-n"]
    else:
        return []
    apt = [*become, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
    return [[*apt, "update"], [*apt, "install", "-y", "--no-install-recommends", "chromium"]]


def install_browser() -> str | None:
    """Install the system's Chromium or else playwright's, and return its path; what they print goes to stderr."""
    ways = [apt_commands(), [[sys.executable, "-m", "playwright", "install", "chromium"]]]
    for commands in ways:
        for command in commands:
            subprocess.run(command, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False)
        found = find_browser()
        if found:
            return found
    return None


def main() -> int:
    """Print the path of a browser; return 0, or 1 with one sentence when there is none."""
    parser = argparse.ArgumentParser(description="Print the path of a Chromium for the browser tests.")
    parser.add_argument("--install", action="store_true", help="install one if none is found")
    found = find_browser() or (install_browser() if parser.parse_args().install else None)
    print(found if found else HELP, file=sys.stdout if found else sys.stderr)
    return 0 if found else 1


if __name__ == "__main__":
    sys.exit(main())
