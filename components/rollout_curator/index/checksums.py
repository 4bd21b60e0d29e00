"""Hashes by which an index on disk is known to be what was written there.

A disk that loses power may keep the size of a file and not its bytes, and bits rot. Takes a header as any JSON object;
knows nothing of what it says.
"""

from pathlib import Path
from typing import Any

import orjson
import xxhash

PIECE_BYTES = 1 << 20


def hash_of(path: Path) -> str:
    """Return the hash of a file, read in pieces; empty when it cannot be read."""
    found = xxhash.xxh3_128()
    try:
        with open(path, "rb") as file:
            while piece := file.read(PIECE_BYTES):
                found.update(piece)
    except OSError:
        return ""
    return found.hexdigest()


def sealed(header: dict[str, Any]) -> bytes:
    """Return a header as JSON that holds the hash of all else in it."""
    return orjson.dumps({**header, "seal": _seal(header)})


def unsealed(path: Path) -> dict[str, Any]:
    """Return the header in a file without its seal, empty unless it is what was sealed."""
    try:
        header = orjson.loads(path.read_bytes())
        seal = header.pop("seal")
    except (OSError, orjson.JSONDecodeError, LookupError, TypeError, AttributeError):
        return {}
    return dict(header) if seal == _seal(header) else {}


def _seal(header: dict[str, Any]) -> str:
    return xxhash.xxh3_128_hexdigest(orjson.dumps(header))
