"""What an export did, as a file beside it: `NAME.manifest.json`.

Knows the shape of a manifest and how to read one; `publishing` fills it and checks it. The manifest holds nothing
that changes from one run to the next with the same inputs (no time, no absolute path but those of the sources).
"""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypedDict

import orjson

from rollout_curator.errors import ManifestError
from rollout_curator.sources import MANIFEST_SUFFIX

SCHEMA = 1
CHUNK_BYTES = 4 << 20


class Input(TypedDict):
    """One source as it was when the export ran."""

    path: str
    name: str
    size_bytes: int
    sha256: str
    lines: int
    rollouts: int
    problems: int


class Manifest(TypedDict):
    """What stands in a manifest; `sha256` is that of the exported file."""

    schema: int
    tool: str
    version: str
    file: str
    sha256: str
    size_bytes: int
    rows: int
    inputs: list[Input]
    recipe: dict[str, Any]
    decisions: dict[str, Any]
    counts: dict[str, Any]


def path_of(out: Path) -> Path:
    """Return where the manifest of a file lies."""
    return out.with_name(out.name + MANIFEST_SUFFIX)


def dump(manifest: Manifest) -> bytes:
    """Return the manifest as indented JSON with sorted keys, always the same bytes for the same content."""
    return orjson.dumps(manifest, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


def load(path: Path) -> Manifest:
    """Read a manifest. Raises ManifestError when it is missing or not one of ours."""
    try:
        content: Any = orjson.loads(path.read_bytes())
    except OSError as error:
        raise ManifestError(f"{path}: the manifest cannot be read ({error.strerror})") from error
    except orjson.JSONDecodeError as error:
        raise ManifestError(
            f"{path}: is not a manifest (not JSON); name the file that ends in {MANIFEST_SUFFIX}"
        ) from error
    if not isinstance(content, dict) or content.get("tool") != "rollout-curator":
        raise ManifestError(
            f"{path}: is not a manifest of rollout-curator; name the file that ends in {MANIFEST_SUFFIX}"
        )
    if content.get("schema") != SCHEMA:
        raise ManifestError(f"{path}: schema {content.get('schema')} is not known here; use the version that wrote it")
    missing = Manifest.__annotations__.keys() - content.keys()
    if missing:
        raise ManifestError(f"{path}: the manifest lacks {', '.join(sorted(missing))}; export again")
    return content  # type: ignore[return-value]


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file, read in pieces."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def digest_of(decisions: Mapping[str, str]) -> str:
    """Return a hash of standing verdicts (key -> verdict) that does not depend on the order they were made in."""
    return hashlib.sha256(
        "".join(f"{key} {verdict}\n" for key, verdict in sorted(decisions.items())).encode()
    ).hexdigest()


def relative(path: Path, start: Path) -> str:
    """Return a source's path as the manifest keeps it: relative to the manifest's folder where that is possible."""
    try:
        return os.path.relpath(path, start)
    except ValueError:
        return str(path)
