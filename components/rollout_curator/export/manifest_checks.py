"""What a manifest says beside counts and rows, held against the files: names, kinds of files, the review store.

None of it is made again by an export. A store may have grown since, and may be gone; what nobody can know any more is
a check that says so.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints, is_typeddict

from rollout_curator.decisions.file import said_in
from rollout_curator.decisions.store_report import CONTAINED, FOREIGN, SILENT, How
from rollout_curator.errors import DecisionsError
from rollout_curator.export.choice import Chosen
from rollout_curator.export.paths import CARD_MARK
from rollout_curator.files import manifest
from rollout_curator.files.manifest import Check, StoreSaid
from rollout_curator.printable import shown
from rollout_curator.words import counted

MARK_BYTES = 1 << 20
Stated = Sequence[tuple[Path, manifest.Input]]


def stated(content: manifest.Manifest, path: Path, places: Stated, chosen: Chosen) -> Iterator[Check]:
    """Check what can be checked beside counts and rows; `places` are the sources."""
    yield _names(places)
    yield _kinds(content, chosen)
    for each in content.get("others", ()):
        if each["part"] == "card":
            yield _card(path.with_name(each["file"]), each["rows"])
    if "store" in content:
        yield _store(content["store"], content["decisions"], path.parent, chosen.n_decided)
    if unknown := list(_unknown(content, manifest.Manifest)):
        said = f"{', '.join(unknown)}: fields that this version does not know"
        yield Check("all fields are known", True, said, is_known=False)


def over_fits(decisions: manifest.Reviewed, chosen: Chosen) -> bool:
    """Say whether rollouts are said to be chosen over others where pairs are made of that, and accepted ones only."""
    over, verdicts = decisions.get("over"), decisions["verdicts"]
    fits = all(verdicts.get(key) == "accept" for key in over or ())
    return fits and (over is None) == ("over" not in chosen.reviewed)


def _names(places: Stated) -> Check:
    """Check that names are the ends of the paths, below one folder that all share."""
    above, wrong = set(), []
    for place, source in places:
        whole, name = shown(os.path.normpath(place)), source["name"]
        if whole.endswith(f"{os.sep}{name}"):
            above.add(whole.removesuffix(name))
        else:
            wrong.append(f"{whole} is named {name}")
    if not wrong and len(above) > 1:
        wrong = [f"the names start in several folders: {', '.join(sorted(above))}"]
    return Check("source names match their paths", not wrong, "; ".join(wrong) or "they fit")


def _kinds(content: manifest.Manifest, chosen: Chosen) -> Check:
    """Check that every file is of a kind this export writes, each kind once."""
    expected = [part.name for part in chosen.parts]
    named = [each["part"] for each in manifest.files(content)]
    left = [name for name in named if name not in (*expected, *manifest.NO_EXAMPLES)]
    wrong = [f"unknown part {name!r}" for name in left]
    wrong += [
        f"{name or 'the training file'} is named {named.count(name)} times"
        for name in dict.fromkeys(named)
        if named.count(name) > 1
    ]
    wrong += [f"{name} is not named" for name in expected if name not in named]
    return Check("the files match this export", not wrong, "; ".join(wrong) or ", ".join(filter(None, named)))


def _card(path: Path, rows: int) -> Check:
    """Check that a file is a dataset card; its text cannot be made again, because a manifest names no reviewers."""
    claim = f"{path.name} is a dataset card"
    try:
        with open(path, "rb") as file:
            is_card = CARD_MARK.encode() in file.read(MARK_BYTES)
    except OSError:
        return Check(claim, False, "it is missing")
    if not is_card:
        return Check(claim, False, "it lacks the mark of one")
    said = "its text is not checked, because the manifest has no reviewer names" if not rows else f"rows is {rows:,}"
    return Check(claim, not rows, said if not rows else f"{said}, a card has no rows")


def _store(said: StoreSaid, decisions: manifest.Reviewed, folder: Path, n_decided: int) -> Check:
    """Check which store counted: what it holds now must hold every verdict and mark, for nothing in it is removed."""
    claim, path = "the review store is the one that counted", said["path"]
    if wrong := list(_odd(said, n_decided)):
        return Check(claim, False, "; ".join(wrong))
    if not path:
        return Check(claim, True, "none counted" if said["how"] == "none" else "a manifest gave the verdicts")
    place = folder.resolve() / path
    if not os.path.lexists(place):
        gone = "was not there then, nor is it now" if said["how"] == "absent" else "is not there any more"
        return Check(claim, True, f"not known: {path} {gone}", is_known=False)
    if said["how"] == "absent":
        return Check(claim, True, f"not known: {path} was made since", is_known=False)
    try:
        held = said_in(place)
    except DecisionsError as error:
        return Check(claim, False, str(error))
    keys = {key for key, verdict in decisions["verdicts"].items() if (key, verdict, None) not in held}
    marks = decisions.get("marks", {})
    keys |= {key for key, items in marks.items() if any((key, "mark", item) not in held for item in items)}
    if keys:
        return Check(claim, False, f"{path} lacks decisions on {counted(len(keys), 'rollout')}")
    return Check(claim, True, f"{path} holds every verdict and mark; other stores are not checked")


def _odd(said: StoreSaid, n_decided: int) -> Iterator[str]:
    """Yield what cannot be of a store."""
    how, path = said["how"], said["path"]
    if how not in get_args(How):
        yield f"how is {how!r}, expected one of {', '.join(get_args(How))}"
    elif (path == "") != (how in ("none", "manifest")):
        yield f"how is {how!r} and path is {path!r}, which does not match"
    if said["decided"] != n_decided:
        yield f"decided is {said['decided']:,}, the verdicts fall on {n_decided:,}"
    elif n_decided and how in ("none", "absent"):
        yield f"how is {how!r}, and {n_decided:,} rollouts are decided"
    for one in said["passed_over"]:
        if one["reason"] not in (SILENT, CONTAINED, FOREIGN):
            yield f"reason is {one['reason']!r}, which is not a reason to skip a store"


def _unknown(value: Any, kind: Any, name: str = "") -> Iterator[str]:
    """Yield the fields of a JSON value that its TypedDict does not have."""
    if is_typeddict(kind):
        hints = get_type_hints(kind)
        for key, one in value.items():
            if key in hints:
                yield from _unknown(one, hints[key], f"{name}{key}.")
            else:
                yield f"{name}{key}"
    elif get_origin(kind) is list:
        for one in value:
            yield from _unknown(one, get_args(kind)[0], name)
