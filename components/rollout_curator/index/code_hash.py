"""The hash of the code that decides what an index holds: another one makes an index be built anew.

It is derived from what `store` imports, so no list has to be kept, and a renamed file cannot drop out of it.
"""

import re
from functools import cache
from pathlib import Path

import xxhash

_ROOT = Path(__file__).parents[1]
_IMPORTS = re.compile(rf"^ *from ({_ROOT.name}[\w.]*) import (\([^)]*\)|.*)", re.MULTILINE)
_TABLES = re.compile(rf'rows\("({_ROOT.name}[\w.]+)"')
_NAME = re.compile(r"\w+")


@cache
def reading_code() -> str:
    """Return a hash of the code that decides what an index holds, so that a new format or fact is seen in old files."""
    digest = xxhash.xxh3_128()
    for module in sorted(decisive_modules()):
        digest.update(_file_of(module).read_bytes())
    return digest.hexdigest()


def decisive_modules() -> frozenset[str]:
    """Return the modules that decide what an index holds: `store`, and all that they import or name.

    The package itself, which hands on what a notebook imports, has no say in it.
    """
    found = {_ROOT.name}
    waiting = [f"{_ROOT.name}.index.store"]
    while waiting:
        module = waiting.pop()
        if module in found or not (file := _file_of(module)).is_file():
            continue
        found.add(module)
        text = file.read_text(encoding="utf-8")
        for package, names in _IMPORTS.findall(text):
            waiting += [package, *(f"{package}.{name}" for name in _NAME.findall(names))]
        for package in _TABLES.findall(text):
            waiting += [package, *(f"{package}.{row.stem}" for row in _file_of(package).parent.glob("*.py"))]
    return frozenset(found - {_ROOT.name})


def _file_of(module: str) -> Path:
    """Return where a module of this program would lie."""
    place = _ROOT.parent.joinpath(*module.split("."))
    return place / "__init__.py" if place.is_dir() else Path(f"{place}.py")
