"""The routes of the reader: rollouts out, decisions in, as JSON beside the pages on the same server.

Reading and writing happen in threads (`answers`), because a decision is only acknowledged when it is on disk.
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from rollout_curator.decisions.store import Decisions, Entry
from rollout_curator.errors import DecisionRefused
from rollout_curator.ui.reader import decision_requests
from rollout_curator.ui.reader.blinding import NOT_YET, decision_for, is_hidden
from rollout_curator.ui.reader.marking import is_answer, marks_json
from rollout_curator.ui.reader.payload import (
    Json,
    attempts,
    decision_json,
    example_text,
    raw_text,
    rollout_entry,
    rollout_json,
)
from rollout_curator.ui.reader.views import View
from rollout_curator.ui.server import identity
from rollout_curator.ui.server.answers import Refusal, answer, answer_post, dump
from rollout_curator.ui.server.site import Site

ANSWER_BYTES = 1_000_000
ROLLOUTS_MAX = 50


def routes(site: Site) -> list[Route]:
    """Return the routes of one server."""

    async def get_rollouts(request: Request) -> Response:
        return await answer(request, site, lambda: _rollouts(site, request.query_params))

    async def get_rollout(request: Request) -> Response:
        return await answer(request, site, lambda: _rollout(site, request.query_params))

    async def get_attempts(request: Request) -> Response:
        return await answer(request, site, lambda: _attempts(site, request.query_params))

    async def get_raw(request: Request) -> Response:
        return await answer(request, site, lambda: _raw(site, request.query_params))

    async def get_example(request: Request) -> Response:
        return await answer(request, site, lambda: _example(site, request.query_params))

    async def post_places(request: Request) -> Response:
        return await answer_post(request, site, _places)

    async def post_decisions(request: Request) -> Response:
        asks = identity.who_of(site, request.cookies, request.headers)
        return await answer_post(request, site, lambda site, body: _decisions(site, body, asks))

    return [
        Route("/api/rollouts", get_rollouts, methods=["GET"]),
        Route("/api/rollout", get_rollout, methods=["GET"]),
        Route("/api/attempts", get_attempts, methods=["GET"]),
        Route("/api/raw", get_raw, methods=["GET"]),
        Route("/api/example", get_example, methods=["GET"]),
        Route("/api/places", post_places, methods=["POST"]),
        Route("/api/decisions", post_decisions, methods=["POST"]),
    ]


def _rollouts(site: Site, query: Any) -> bytes:
    """Return rollouts of a view from a position on, at least one and about a megabyte at most."""
    view = _view(site, query.get("view", ""))
    view.workspace.refresh_decisions()
    first = _number(query, "from", len(view.rows))
    last = min(len(view.rows), first + max(1, min(_number(query, "n"), ROLLOUTS_MAX)))
    parts: list[bytes] = []
    for position in range(first, last):
        part = dump(rollout_entry(view, position))
        if parts and sum(map(len, parts)) + len(part) > ANSWER_BYTES:
            break
        parts.append(part)
    head = dump({"boot": site.boot, "total": len(view.rows)})
    return head[:-1] + b',"rollouts":[' + b",".join(parts) + b"]}"


def _rollout(site: Site, query: Any) -> bytes:
    """Return one rollout by its key, in the view or not."""
    view = _view(site, query.get("view", ""))
    view.workspace.refresh_decisions()
    key = query.get("key", "")
    return dump({"boot": site.boot, "rollout": rollout_json(view, _row(view, key), view.position(key))})


def _attempts(site: Site, query: Any) -> bytes:
    """Return the attempts of the task that a rollout belongs to, without what they say."""
    view = _view(site, query.get("view", ""))
    view.workspace.refresh_decisions()
    return dump({"attempts": attempts(view, _row(view, query.get("key", "")))})


def _raw(site: Site, query: Any) -> bytes:
    view = _view(site, query.get("view", ""))
    row = _row(view, query.get("key", ""))
    hidden = is_hidden(view, view.workspace.key(row))
    return dump({"text": NOT_YET, "note": ""} if hidden else raw_text(view, row))


def _example(site: Site, query: Any) -> bytes:
    view = _view(site, query.get("view", ""))
    row = _row(view, query.get("key", ""))
    hidden = is_hidden(view, view.workspace.key(row)) and "reward" in view.plan.metadata
    return dump({"text": NOT_YET, "line": "", "starts": []} if hidden else example_text(view, row))


def _row(view: View, key: str) -> int:
    """Return the row of a content: the one in the view when it is there."""
    position = view.position(key)
    if position is not None:
        return int(view.rows[position])
    rows = view.workspace.rows_of_key(key)
    if not rows:
        raise Refusal(404, f"no rollout with key {key[:64]}")
    return rows[0]


def _places(site: Site, body: bytes) -> bytes:
    """Return the position of each key in a view, null where it is not in it: for a reader whose queue was made anew."""
    what = "a list of keys"
    sent = decision_requests.parsed(body, what)
    view, keys = _view(site, decision_requests.text(sent, "view", what)), decision_requests.listed(sent, "keys", what)
    return dump({"places": [view.position(str(key)) for key in keys]})


def _decisions(site: Site, body: bytes, asks: identity.Who) -> bytes:
    """Record what a reader sends, in its order, and answer each entry once all of it is on disk.

    An entry that is not what it must be is answered with `refused` and words; those after it are recorded all the same.
    """
    what = "a list of decisions"
    sent = decision_requests.parsed(body, what)
    client, given = decision_requests.text(sent, "client", what), decision_requests.listed(sent, "entries", what)
    view = _view(site, decision_requests.text(sent, "view", what))
    identity.check_view(site, asks, view.reviewer)
    store = view.workspace.decisions
    if store is None:
        raise Refusal(409, "decisions cannot be saved: no review store")
    results = [_heard(site, store, view, client, entry) for entry in given]
    version = view.workspace.refresh_decisions()
    acked = max((result["seq"] for result in results if isinstance(result["seq"], int)), default=0)
    return dump({"acked": acked, "version": version, "boot": site.boot, "results": results})


def _heard(site: Site, store: Decisions, view: View, client: str, entry: Any) -> Json:
    """Record one entry, or say what is wrong with it; what is wrong with the store is raised."""
    refused = {name: entry.get(name) if isinstance(entry, dict) else None for name in ("seq", "key", "pos")}
    try:
        act = decision_requests.act_of(entry)
        if why := identity.refusal_of(site, act["reviewer"], view.reviewer):
            return {**refused, "refused": why, "elsewhere": True}
        act["reviewer"] = act["reviewer"] or view.reviewer
    except (KeyError, TypeError, ValueError):
        return {**refused, "refused": "not a valid decision; reload the page"}
    try:
        return _recorded(store, view, client, act)
    except DecisionRefused as error:
        return {**refused, "refused": str(error)}


def _recorded(store: Decisions, view: View, client: str, act: Json) -> Json:
    if act["kind"] == "decide":
        return _decided(store, view, client, act)
    turn = store.undo if act["kind"] == "undo" else store.redo
    recorded = turn(act["reviewer"], client, act["seq"])
    if recorded is None:
        return {"seq": act["seq"], "key": act["key"], "pos": act["pos"], "nothing": True}
    key = recorded.decision.key
    return {
        "seq": act["seq"],
        **_standing(store, view, key, recorded.decision.item),
        "conflict": decision_json(decision_for(view, key, recorded.conflict)),
        "count": recorded.n,
    }


def _standing(store: Decisions, view: View, key: str, item: int | None) -> Json:
    """Return what holds of a content after an act on it, or on one answer of it."""
    return {
        "key": key,
        "item": item,
        "pos": view.position(key),
        "where": _where(view, key),
        "decision": decision_json(decision_for(view, key, store.holding(key))),
        "marks": marks_json(view, key),
    }


def _decided(store: Decisions, view: View, client: str, act: Json) -> Json:
    """Record a verdict or a mark, unless somebody else decided after what the reviewer saw: then theirs stays."""
    key, item = act["key"], act["item"]
    answer: Json = {"seq": act["seq"], "key": key, "item": item, "pos": view.position(key), "where": _where(view, key)}
    rows = view.workspace.rows_of_key(key)
    if not rows:
        return {**answer, "refused": f"no rollout with key {key[:64]}", "elsewhere": True}
    if item is not None and not is_answer(view, rows[0], item):
        return {**answer, "refused": f"no assistant turn of this rollout begins at item {item}; reload the page"}
    is_blind = view.is_blind(key)
    entry = Entry(
        key,
        act["verdict"],
        act["reasons"],
        act["note"],
        reviewer=act["reviewer"],
        client=client,
        seq=act["seq"],
        expected=None if is_blind else act["expected"],  # who reads blind cannot know of others
        queue=view.queue_at(key),
        item=item,
        blind=is_hidden(view, key),
        way=act["way"],
    )
    conflict = store.record([entry], refuse_conflicts=True)[0].conflict
    return {"seq": act["seq"], **_standing(store, view, key, item), "conflict": decision_json(conflict)}


def _where(view: View, key: str) -> str:
    """Return the source and line of a content, empty when it is in other files."""
    rows = view.workspace.rows_of_key(key)
    return view.workspace.where(rows[0]) if rows else ""


def _view(site: Site, token: str) -> View:
    view = site.views.get(token)
    if view is None:
        raise Refusal(403, "this queue expired; reopening it")
    return view


def _number(query: Any, name: str, below: int | None = None) -> int:
    text = query.get(name, "")
    if not text.isascii() or not text.isdigit() or len(text) > 12:
        raise Refusal(400, f"{name} is not a number")
    if below is not None and int(text) >= below:
        raise Refusal(404, f"the queue has fewer than {int(text) + 1:,} rollouts")
    return int(text)
