"""An export made again from its manifest alone: the recipe, the verdicts and the places of the sources stand in it."""

from collections.abc import Generator
from dataclasses import dataclass, replace
from pathlib import Path

from rollout_curator import __version__
from rollout_curator.errors import SourceChanged
from rollout_curator.export.controls import check_exports
from rollout_curator.export.progress import ExportProgress
from rollout_curator.export.settings import Settings
from rollout_curator.export.verifying import inputs_of, reopened
from rollout_curator.export.writing import Exported, export
from rollout_curator.files import manifest
from rollout_curator.index.store import Progress
from rollout_curator.recipe import recipe as recipes
from rollout_curator.sources.find import Found
from rollout_curator.workspace.opening import build_indexes


@dataclass(frozen=True, slots=True)
class Remade:
    """What was written, and in what it differs from the files of the manifest; nothing when all bytes are the same."""

    done: Exported
    different: tuple[str, ...]


def remake(
    path: Path,
    out: Path,
    cache: Path,
    settings: Settings = Settings(),  # noqa: B008 frozen
) -> Generator[Progress | ExportProgress | Remade, None, None]:
    """Write the export of a manifest to `out`, with a manifest of its own; the last item yielded is the result.

    Raises ManifestError, SourceChanged when a source is not what it was, and what `export` raises.
    """
    content = manifest.load(path)
    recipe = recipes.from_table(content["recipe"], f"recipe of {content['file']}")
    places = inputs_of(path, content)
    check_exports(out, recipe, settings, [place for place, _ in places], [None])
    for place, source in places:
        check = manifest.check_input(place, source)
        if not check.holds:
            raise SourceChanged(f"{path}: {check.claim}: it is not ({check.detail}); nothing was written")
    yield from build_indexes([Found(place, source["name"]) for place, source in places], cache)
    settings = replace(settings, over=content["decisions"].get("over", {}))
    with reopened(path, content, cache) as workspace:
        for step in export(workspace, recipe, out, settings):
            if isinstance(step, Exported):
                yield Remade(step, tuple(_different(content, step)))
            else:
                yield step


def _different(content: manifest.Manifest, done: Exported) -> list[str]:
    """Return a sentence for every part whose bytes are not those the manifest names."""
    then = {each["part"]: each["sha256"] for each in manifest.example_files(content)}
    now = {each["part"]: each["sha256"] for each in done.files if each["part"] not in manifest.NO_EXAMPLES}
    by = (
        "" if content["version"] == __version__ else f"; written by version {content['version']}, this is {__version__}"
    )
    return [
        f"{name or 'the file'} has sha256 {now.get(name)}, the manifest says {then.get(name)}{by}"
        for name in {**then, **now}
        if then.get(name) != now.get(name)
    ]
