"""What a person gets by installing: a small wheel, few other packages, pinned versions, safe settings."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import distribution
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import Any
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

CHECKOUT = Path(__file__).parents[1]
THEME = CHECKOUT / "components" / "rollout_curator" / "ui" / "theme.toml"
PACKAGE = CHECKOUT / "components" / "rollout_curator"
PROJECT: dict[str, Any] = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
BASE_LIMIT = 45
MINE = {"rollout-curator"}


def closure(requirements: Iterable[str], seen: set[str]) -> set[str]:
    """Return the names of all packages that the requirements pull in here and now, extras followed."""
    for requirement in map(Requirement, requirements):
        name = canonicalize_name(requirement.name)
        known = f"{name}[{','.join(sorted(requirement.extras))}]"
        if known in seen or not applies(requirement, {""}):
            continue
        seen.add(known)
        wanted = [text for text in distribution(name).requires or [] if applies(Requirement(text), requirement.extras)]
        closure(wanted, seen)
    return {name.partition("[")[0] for name in seen}


def applies(requirement: Requirement, extras: Iterable[str]) -> bool:
    """Say whether a requirement counts on this system, given the extras that were asked for."""
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in {"", *extras})


def pins() -> dict[str, str]:
    """Return the lines of constraints.txt by package name."""
    lines = (CHECKOUT / "constraints.txt").read_text().splitlines()
    return {canonicalize_name(line.partition("==")[0]): line for line in lines if not line.startswith("#")}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> ZipFile:
    """Build the wheel without the network and open it."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return ZipFile(next(folder.glob("rollout_curator-*.whl")))


def test_the_wheel_holds_one_package_and_its_metadata(wheel: ZipFile) -> None:
    tops = {PurePosixPath(name).parts[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"rollout_curator"}


def test_every_file_of_the_package_is_in_the_wheel(wheel: ZipFile) -> None:
    files = [path for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    here = {path.relative_to(PACKAGE.parent).as_posix() for path in files}
    assert here - set(wheel.namelist()) == set()


def test_the_wheel_holds_the_sample_rollouts_but_no_other_sample_file(wheel: ZipFile) -> None:
    samples = CHECKOUT / "sample_data"
    rollouts = {path.relative_to(samples).as_posix() for path in samples.rglob("*.jsonl")}
    prefix = "rollout_curator/sample_data/"
    assert rollouts
    assert {name.removeprefix(prefix) for name in wheel.namelist() if name.startswith(prefix)} == rollouts


def test_the_wheel_offers_the_command(wheel: ZipFile) -> None:
    entry_points = next(name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    said = "[console_scripts]\nrollout-curator = rollout_curator.__main__:main\n"
    assert wheel.read(entry_points).decode() == said


def test_the_wheel_carries_the_licence(wheel: ZipFile) -> None:
    licence = next(name for name in wheel.namelist() if name.endswith("licenses/LICENSE"))
    assert "Apache License" in wheel.read(licence).decode()


def test_a_plain_install_stays_small() -> None:
    packages = closure(PROJECT["dependencies"], set()) | MINE
    assert len(packages) < BASE_LIMIT, sorted(packages)


def test_every_dependency_is_justified_in_the_line_above_it() -> None:
    text = (CHECKOUT / "pyproject.toml").read_text()
    block = text[text.index("\ndependencies = [") : text.index("[project.optional-dependencies]")]
    lines = [line.strip() for line in block.splitlines()]
    bare = [line for above, line in pairwise(lines) if line[:1] == '"' and above[:1] != "#"]
    assert bare == []


def test_constraints_are_names_and_exact_versions_and_nothing_else() -> None:
    odd = [line for line in pins().values() if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.+!]*", line)]
    assert odd == []


def test_everything_that_make_installs_is_pinned() -> None:
    extras = PROJECT["optional-dependencies"]
    packages = closure([*PROJECT["dependencies"], *extras["test"], *extras["dev"]], set())
    assert packages - set(pins()) == set()


def test_settings_and_theme_name_only_options_that_streamlit_has() -> None:
    from streamlit import config

    sections: dict[str, Any] = tomllib.loads((CHECKOUT / ".streamlit" / "config.toml").read_text())
    sections["theme"] = tomllib.loads(THEME.read_text())["theme"]
    flat = {f"{section}.{key}" for section, values in sections.items() for key in values}
    nested = {f"theme.{mode}.{key}" for mode in ("light", "dark") for key in sections["theme"][mode]}
    known = set(config.get_config_options())
    assert (flat - {"theme.light", "theme.dark"} | nested) - known == set()


def test_a_bare_streamlit_run_listens_on_this_machine_only_and_sends_nothing_away() -> None:
    settings = tomllib.loads((CHECKOUT / ".streamlit" / "config.toml").read_text())
    assert settings["server"] == {
        "address": "127.0.0.1",
        "allowedHosts": ["localhost", "127.0.0.1"],
        "enableCORS": True,
        "enableXsrfProtection": True,
        "enableStaticServing": False,
        "fileWatcherType": "none",
        "headless": True,
    }
    assert settings["browser"] == {"gatherUsageStats": False}


def contrast(one: str, other: str) -> float:
    """Return the WCAG contrast of two colours written as #rrggbb."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_text_of_every_colour_can_be_read_on_both_grounds(mode: str) -> None:
    theme = tomllib.loads(THEME.read_text())["theme"][mode]
    texts = [name for name in theme if name.endswith("TextColor") or name in ("textColor", "linkColor")]
    grounds = ("backgroundColor", "secondaryBackgroundColor")
    faint = [(text, ground) for text in texts for ground in grounds if contrast(theme[text], theme[ground]) < 4.5]
    assert faint == []


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_the_accent_stands_out_from_the_ground(mode: str) -> None:
    theme = tomllib.loads(THEME.read_text())["theme"][mode]
    assert contrast(theme["primaryColor"], theme["backgroundColor"]) >= 4.5
