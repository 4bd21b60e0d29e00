"""What an export did, as a file beside it: `NAME.manifest.json`.

Knows the shape of a manifest, how to read one and whether the files it names are still those; `export` fills it,
and makes the export again to check the rest. The manifest holds nothing that changes from one run to the next with
the same inputs: no time, and paths of sources relative to its own folder.
"""

import contextlib
import hashlib
import json
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NotRequired, TypedDict, cast, get_args, get_origin, get_type_hints, is_typeddict

import orjson

from rollout_curator.errors import ManifestError
from rollout_curator.files.named_files import Door
from rollout_curator.printable import beside

MANIFEST_SUFFIX = ".manifest.json"
SCHEMA = 1
CHUNK_BYTES = 1 << 20
FITS_BYTES = 64 << 20
DOOR = Door("the manifest", ManifestError, 160 << 20, f"choose the file that ends in {MANIFEST_SUFFIX}")


class Input(TypedDict):
    """One source as it was when the export ran."""

    path: str
    name: str
    size_bytes: int
    sha256: str
    lines: int
    rollouts: int
    problems: int


class Reviewed(TypedDict):
    """The verdicts that stood when the export ran (key -> accept or reject), and how many rows they fell on.

    `over` are the keys reviewers chose a rollout over (key -> keys), where pairs were made of that. `marks` are the
    answers they marked as not to be trained on (key -> numbers of items), where there are any.
    """

    accepted: int
    rejected: int
    sha256: str
    verdicts: dict[str, str]
    over: NotRequired[dict[str, list[str]]]
    marks: NotRequired[dict[str, list[int]]]


class Beside(TypedDict):
    """A file written with the training file: `part` is validation, test, card or report."""

    part: str
    file: str
    sha256: str
    size_bytes: int
    rows: int


class PassedSaid(TypedDict):
    """A store around the files that does not count, and why, as JSON."""

    path: str
    reason: str


class StoreSaid(TypedDict):
    """Which store counts, as JSON: `path` is empty for none, `how` as in `Counted`, `decided` are rollouts."""

    path: str
    how: str
    decided: int
    passed_over: list[PassedSaid]


class LeftOut(TypedDict):
    """What examples lost of one kind: in how many rollouts, how many such things, and by which option or rule."""

    rollouts: int
    things: int
    by: str


class RoundTrip(TypedDict):
    """How many rows were read again by the loading rules of the target, and how many gave what was shown."""

    loader: str
    rows: int
    same: int


class Manifest(TypedDict):
    """What stands in a manifest; `file`, `sha256`, `size_bytes` and `rows` are those of the training file.

    `store` is the review store that counted. `left_out` is what its examples lost, by kind. `max_length` is
    the limit of the trainer in tokens, and how many of the examples exceed it.
    `others` are the files written with it. `split` and `pairs` are the
    counts of a recipe that asks for them.
    """

    schema: int
    tool: str
    version: str
    file: str
    sha256: str
    size_bytes: int
    rows: int
    inputs: list[Input]
    recipe: dict[str, Any]
    decisions: Reviewed
    counts: dict[str, Any]
    others: NotRequired[list[Beside]]
    split: NotRequired[dict[str, Any]]
    pairs: NotRequired[dict[str, Any]]
    round_trip: NotRequired[RoundTrip]
    left_out: NotRequired[dict[str, LeftOut]]
    max_length: NotRequired[dict[str, Any]]
    store: NotRequired[StoreSaid]


@dataclass(frozen=True, slots=True)
class Check:
    """One claim of a manifest and whether it holds; one that cannot be checked counts as not refuted, and says so."""

    claim: str
    holds: bool
    detail: str
    is_known: bool = True


def path_of(out: Path) -> Path:
    """Return where the manifest of a file lies."""
    return beside(out, after=MANIFEST_SUFFIX)


def dump(manifest: Manifest) -> bytes:
    """Return the manifest as indented JSON with sorted keys, always the same bytes for the same content."""
    try:
        return orjson.dumps(manifest, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)
    except orjson.JSONEncodeError:  # a path that is not UTF-8 holds half a surrogate pair
        return f"{json.dumps(manifest, indent=2, sort_keys=True)}\n".encode("ascii")


def load(path: Path) -> Manifest:
    """Read a manifest. Raises ManifestError when it is missing or not one of ours."""
    content: Any = DOOR.json(path)
    if not isinstance(content, dict) or content.get("tool") != "rollout-curator":
        raise ManifestError(
            f"{path}: is not a manifest of rollout-curator; choose the file that ends in {MANIFEST_SUFFIX}"
        )
    if content.get("schema") != SCHEMA:
        raise ManifestError(f"{path}: schema {content.get('schema')} is not known here; use the version that wrote it")
    if fault := _fault(content, Manifest, "the manifest"):
        raise ManifestError(f"{path}: {fault}; export again")
    for name in (content["file"], *(other["file"] for other in content.get("others", ()))):
        if Path(name).name != name or name in ("", ".."):
            raise ManifestError(f"{path}: file is {name!r}, expected a name without a folder; export again")
    return cast(Manifest, content)


def _fault(value: Any, kind: Any, name: str) -> str | None:
    """Return what of a JSON value does not have the shape of a TypedDict, a list of them or a plain type."""
    plain = dict if is_typeddict(kind) else get_origin(kind) or kind
    if not isinstance(value, plain) or isinstance(value, bool):
        return f"{name} is not of type {plain.__name__}"
    if is_typeddict(kind):
        hints = get_type_hints(kind)
        if missing := kind.__required_keys__ - value.keys():
            return f"{name} lacks {', '.join(sorted(missing))}"
        return next(filter(None, (_fault(value[key], hints[key], key) for key in hints if key in value)), None)
    if plain is list:
        return next(filter(None, (_fault(element, get_args(kind)[0], f"one of {name}") for element in value)), None)
    return None


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file, read in pieces."""
    digest = hashlib.sha256()
    for chunk in pieces(path):
        digest.update(chunk)
    return digest.hexdigest()


@contextlib.contextmanager
def hashed(paths: Sequence[Path]) -> Iterator[Future[list[str]]]:
    """Hash files on a thread while the caller does other work (hashlib lets it); leaving the block ends it early."""
    left = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        try:
            yield pool.submit(_hash_unless, left, paths)
        finally:
            left.set()


def _hash_unless(left: threading.Event, paths: Sequence[Path]) -> list[str]:
    digests, buffer = [], memoryview(bytearray(CHUNK_BYTES))
    for path in paths:
        digest = hashlib.sha256()
        with open(path, "rb", buffering=0) as file:
            while not left.is_set() and (n_bytes := file.readinto(buffer)):
                digest.update(buffer[:n_bytes])
        digests.append(digest.hexdigest())
    return digests


def pieces(path: Path) -> Iterator[bytes]:
    """Yield the bytes of a file, a MiB at a time."""
    with open(path, "rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def digest_of(verdicts: Mapping[str, str], marks: Mapping[str, Sequence[int]]) -> str:
    """Return a hash of standing verdicts and marks by key that does not depend on the order they were made in."""
    lines = [f"{key} {verdict}\n" for key, verdict in sorted(verdicts.items())]
    lines += [f"{key} mark {item}\n" for key, items in sorted(marks.items()) for item in sorted(items)]
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogatepass")).hexdigest()


def marks_of(content: Manifest) -> dict[str, list[int]]:
    """Return the marks that stood when the export ran; older versions name none. Raises ManifestError."""
    marks = content["decisions"].get("marks", {})
    if not all(isinstance(items, list) and all(type(item) is int for item in items) for items in marks.values()):
        raise ManifestError(f"manifest of {content['file']}: marks are not numbers of items; export again")
    return marks


def relative(path: Path, start: Path) -> str:
    """Return a source's path as the manifest keeps it: relative to the manifest's folder where that is possible."""
    try:
        return os.path.relpath(path, start)
    except ValueError:
        return str(path)


def files(content: Manifest) -> list[Beside]:
    """Return every file a manifest names, the training file first."""
    part = "train" if "split" in content else ""
    facts = {name: content[name] for name in ("file", "sha256", "size_bytes", "rows")}
    return [cast(Beside, {"part": part, **facts}), *content.get("others", ())]


NO_EXAMPLES = ("card", "report")
"""Parts of an export that hold no examples."""


def example_files(content: Manifest) -> list[Beside]:
    """Return the files of a manifest that hold examples."""
    return [each for each in files(content) if each["part"] not in NO_EXAMPLES]


def files_match(out: Path) -> str:
    """Return why a file and the manifest beside it are not of one export, empty when they are or none is there.

    Sizes are compared, and hashes of files up to FITS_BYTES: a kill between two renames is seen at a glance.
    """
    try:
        content = load(path_of(out))
    except ManifestError:
        return ""
    for each in files(content):
        path = out.with_name(each["file"])
        if not os.path.isfile(path):
            return f"{each['file']} is missing"
        size = path.stat().st_size
        if size != each["size_bytes"] or (size <= FITS_BYTES and sha256_of(path) != each["sha256"]):
            return f"{each['file']} is not the file its manifest was written for"
    return ""


def check_file(out: Path, content: Beside) -> Check:
    """Say whether an exported file is the one the manifest was written for."""
    claim = f"{out.name} is the file that was written"
    if not os.path.isfile(out):
        return Check(claim, False, "it is missing; export again")
    found, size = sha256_of(out), out.stat().st_size
    if found != content["sha256"]:
        return Check(claim, False, f"sha256 is {found}, expected {content['sha256']}; export again")
    if size != content["size_bytes"]:
        return Check(claim, False, f"it has {size:,} bytes, the manifest says {content['size_bytes']:,}; export again")
    return Check(claim, True, f"sha256 {found}")


def check_input(place: Path, source: Input) -> Check:
    """Say whether a source is what it was when the export ran."""
    claim = f"source {source['name']} is unchanged"
    if not os.path.isfile(place):
        return Check(claim, False, f"{place} is missing")
    found = sha256_of(place)
    if found != source["sha256"]:
        return Check(claim, False, f"sha256 is {found}, expected {source['sha256']}; export again")
    return Check(claim, True, f"sha256 {found}")
