"""What the page, the server and the reader in the browser tell each other: every message, key by key.

`messages.js` says the same to those who write the scripts; a test holds the two together. Turns and blocks are made by
`transcript` and `blocks`.
"""

from collections.abc import Mapping
from typing import Literal, NotRequired, TypedDict

from rollout_curator.ui.reader.blocks import Block, BlockKind
from rollout_curator.ui.reader.example_alignment import Mark
from rollout_curator.ui.reader.transcript import Side, Turn

__all__ = ["Block", "BlockKind", "Mark", "Side", "Turn"]

# ---- between the page and the reader


class Reason(TypedDict):
    """One reason a rejection can name."""

    tag: str
    label: str


class ReaderData(TypedDict):
    """What the page gives the reader.

    `view` names a frozen queue of `total` rollouts; the reader opens at `start` when the view is
    new or `start` is a place it did not report itself. `boot` names this run of the server,
    `store` the place decisions go, so that what waits in a browser never reaches another place.
    `base` is the path the server is mounted under. `keys` maps actions to keys. `missing` is the key of a link that
    led to no rollout here, `visit` of one that led to a rollout outside the queue. `queue` names what the view holds: a
    new view under the same name is the old queue made anew, and the reader stays where it is.

    A rollout that the routes mark as `blind` comes without reward, its components, what the rules make of it and what
    others decided; the reader says that these are hidden until it is decided.
    """

    token: str
    view: str
    total: int
    start: int
    boot: str
    reviewer: str
    targetTitle: str
    keys: NotRequired[Mapping[str, str | list[str]]]
    reasons: NotRequired[list[Reason]]
    store: NotRequired[str]
    base: NotRequired[str]
    missing: NotRequired[str]
    visit: NotRequired[str]
    queue: NotRequired[str]


class Place(TypedDict):
    """Where the reader is: position in the view and key of the rollout."""

    pos: int
    key: str


class ReaderResult(TypedDict):
    """What the reader tells the page: the last place it rested at, and the version of the decisions just saved."""

    at: Place | None
    decided: int | None


# ---- what the server answers


class Decision(TypedDict):
    """A decision that stands; `id` is its number in the store, which the next one on the rollout names."""

    id: int
    verdict: str
    reasons: list[str]
    note: str
    reviewer: str
    at: str


class AnswerMark(TypedDict):
    """Who marked one answer as not to be trained, and when."""

    id: int
    reviewer: str
    at: str


class Example(TypedDict):
    """The line as it is written; `later` when its text is asked for on its own, `skip` says why there is none."""

    text: str
    line: str
    messages: int
    skip: str
    issues: list[str]
    dropped: list[str]
    starts: NotRequired[list[int]]
    later: NotRequired[bool]
    bytes: NotRequired[int]
    roles: NotRequired[list[str]]
    writesMarks: NotRequired[bool]
    untrained: NotRequired[list[int]]
    leftOut: NotRequired[list[Mark]]
    changed: NotRequired[list[Mark]]


class ExampleText(TypedDict):
    """The text of an example: as it is written, laid out, and the line on which each message begins."""

    line: str
    text: str
    starts: list[int]


class Attempt(TypedDict):
    """What the header shows of a rollout; `pos` is null beside the queue. `blind`: the reward and more are left out.

    `where` is its file and line in full, `place` as short as tells the file from the others.
    """

    pos: int | None
    row: int
    key: str
    where: str
    place: str
    reward: float | str | None
    rewardNote: str
    components: list[list[str]]
    attempt: list[int]
    facts: list[list[str]]
    flags: list[str]
    copies: int
    decision: Decision | None
    marks: Mapping[str, AnswerMark]
    kept: NotRequired[bool]
    dropReason: NotRequired[str]
    blind: NotRequired[bool]


class Rollout(Attempt):
    """Everything the reader shows of a rollout."""

    turns: list[Turn]
    example: Example
    markedInData: list[int]


class Rollouts(TypedDict):
    """Rollouts of a view from a position on; `boot` is the run of the server, `total` the length of the view."""

    boot: str
    total: int
    rollouts: list[Rollout]


class OneRollout(TypedDict):
    """One rollout, in the view or not."""

    boot: str
    rollout: Rollout


class Attempts(TypedDict):
    """The attempts of a task."""

    attempts: list[Attempt]


class Raw(TypedDict):
    """The line of a rollout, laid out, and what to say of it, empty for nothing."""

    text: str
    note: str


class Places(TypedDict):
    """The positions of the keys that were sent, null for one that is not in the view."""

    places: list[int | None]


class Result(TypedDict):
    """What became of an entry: recorded, `refused` (and `elsewhere`: perhaps with other files), or a `conflict`."""

    seq: int
    key: NotRequired[str | None]
    pos: NotRequired[int | None]
    item: NotRequired[int | None]
    where: NotRequired[str]
    decision: NotRequired[Decision | None]
    marks: NotRequired[Mapping[str, AnswerMark]]
    conflict: NotRequired[Decision | None]
    count: NotRequired[int]
    nothing: NotRequired[bool]
    refused: NotRequired[str]
    elsewhere: NotRequired[bool]


class Recorded(TypedDict):
    """The answer to entries, once all of them are on disk; `version` is of the decisions."""

    acked: int
    version: int
    boot: str
    results: list[Result]


# ---- what the reader sends


class KeysSent(TypedDict):
    """Keys whose positions in a view are asked for."""

    view: str
    keys: list[str]


class EntrySent(TypedDict):
    """One act; `expected` is the decision that the reviewer saw, `item` the first item of a marked answer."""

    kind: Literal["decide", "undo", "redo"]
    seq: int
    reviewer: str
    key: str | None
    pos: int | None
    verdict: str | None
    reasons: list[str]
    note: str
    expected: int | None
    item: NotRequired[int]
    way: NotRequired[Literal["read", "compared"]]


class EntriesSent(TypedDict):
    """Acts in the order they were made, under the id of one page."""

    view: str
    client: str
    entries: list[EntrySent]
