"""What the command line says as JSON: the facts of a workspace or of a result.

Takes a workspace or a result, gives plain JSON values; `text_report` turns them into lines. The words and the numbers
are those of the app and of the manifest.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from rollout_curator.conversation import HAZARDS
from rollout_curator.export import (
    Chosen,
    Exported,
    Remade,
    choose,
    cost_of,
    count_issues,
    left_out,
    left_out_words,
    length_check,
    pair_notes,
    unread,
)
from rollout_curator.files.manifest import Check
from rollout_curator.index.flags import flagged
from rollout_curator.index.grouping import TASK
from rollout_curator.index.problem_counts import Range
from rollout_curator.index.source import Source
from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.selection.funnel import Drop
from rollout_curator.selection.task_means import means
from rollout_curator.sources.find import by_reason
from rollout_curator.sources.problems import OTHER_OBJECTS, PROBLEM_WORDS
from rollout_curator.workspace.attempts import told
from rollout_curator.workspace.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

LISTED_MAX = 1000
COMMON_MAX = 12
Json = dict[str, Any]


def check(workspace: Workspace) -> Json:
    """Return what is in every file, line by line; for a single file its keys stand at the top too.

    `good`, `flag`, `bad` and `blank` hold every line once: `bad` is not a JSON object, `flag` needs a look (a rollout
    with a note, or an object that is something else than a rollout); of each kind the first thousand. `ranges` hold the
    others: `count` lines of one `kind` from `first` to `last`, of blank ones only the number. `counts` add up to
    `lines`. What a line is where `layout` is "document" or "parquet": a record, a row. `passed_over` are the first
    files that are not read.
    """
    files = [_check_source(source) for source in workspace.sources]
    opened = {source.name for source in workspace.sources}
    refused = {item.name: item.reason for item in workspace.refused}
    for entry in files:
        entry["error"] = refused.get(entry["name"])
    for name, reason in refused.items():
        if name not in opened:
            nothing: Json = {"good": [], "flag": {}, "bad": {}, "ranges": [], "blank": [], "notes": [], "unread": {}}
            files.append({"name": name, "error": reason, **nothing})
    total = {
        name: sum(entry.get("counts", {}).get(name, 0) for entry in files)
        for name in ("lines", "rollouts", "flagged", "problems", "blank")
    }
    passed = workspace.passed_over
    more: Json = {"n_passed_over": len(passed), "passed_over_by_reason": [asdict(one) for one in by_reason(passed)]}
    more["passed_over"] = [{"name": file.name, "reason": file.why} for file in passed[:LISTED_MAX]]
    return {
        **(files[0] if len(files) == 1 else {}),
        "files": files,
        "total": total,
        "tasks_sentence": workspace.groups_sentence(TASK),
        **more,
    }


def _check_source(source: Source) -> Json:
    flags = flagged(source)
    problems = [{"line": p.line, "kind": p.kind, "reason": p.reason} for p in source.problems()]
    bad = {str(p["line"]): p["reason"] for p in problems if p["kind"] not in OTHER_OBJECTS}
    flag = {str(p["line"]): p["reason"] for p in problems if p["kind"] in OTHER_OBJECTS}
    flag.update({str(line): words for line, words in flags.listed.items()})
    header = source.header
    return {
        "name": source.name,
        "path": header["path"],
        "layout": header["layout"],
        "counts": {
            "lines": header["n_lines"],
            "rollouts": source.n_rollouts,
            "flagged": len(flags.rows),
            "problems": header["n_problems"],
            "blank": header["n_blank"],
        },
        "unread": _unread_of(source),
        "good": np.delete(source.columns["line"], flags.rows).tolist(),
        "flag": flag,
        "bad": bad,
        "problems": problems,
        "ranges": [_range_of(one) for one in (*source.problem_ranges(), *flags.ranges)],
        "blank": source.columns["blank line"].tolist(),
        "notes": list(header["notes"]),
        "error": None,
    }


def _range_of(found: Range) -> Json:
    """Return a counted range of lines; the reason of a problem is what its kind is called."""
    is_problem = found.kind in PROBLEM_WORDS
    kind, reason = (found.kind, PROBLEM_WORDS[found.kind]) if is_problem else ("flagged", found.kind)
    return {"kind": kind, "reason": reason, "first": found.first, "last": found.last, "count": found.count}


def _unread_of(source: Source) -> dict[str, int]:
    """Return the keys of a file that were not read, and in how many rollouts each stands."""
    found: dict[str, int] = {}
    words = source.header["vocabularies"]["flags"]
    for word, n in zip(words, np.bincount(source.columns["flags"], minlength=len(words)).tolist(), strict=True):
        for flag in word.split("|") if n else ():
            kind, _, name = flag.partition(":")
            if kind in ("unread", "unread_content"):
                found[name] = found.get(name, 0) + n
    return dict(sorted(found.items()))


def index_report(workspace: Workspace) -> Json:
    """Return what is indexed, per file."""
    files = [
        {
            "name": source.name,
            "lines": source.header["n_lines"],
            "rollouts": source.n_rollouts,
            "problems": source.header["n_problems"],
            "blank": source.header["n_blank"],
            "size_bytes": source.header["stamp"]["size"],
        }
        for source in workspace.sources
    ]
    refused = [{"name": item.name, "error": item.reason} for item in workspace.refused]
    return {"files": files, "refused": refused, "rollouts": workspace.n_rollouts}


def stats(workspace: Workspace, recipe: Recipe) -> Json:
    """Return counts, the reward distribution, tables per agent, source and task, and the funnel.

    Rewards that are no measurement (`invalid`) are in no mean and no quantile, as on the Select page.
    """
    frame = workspace.frame_by(recipe.group_by)
    kept = workspace.select(recipe).kept
    reward = frame["reward"].to_numpy()
    rated = reward[~np.isnan(reward) & (frame["invalid"] == "").to_numpy()]
    marks = (0, 5, 25, 50, 75, 95, 100)
    lost = left_out(workspace, recipe, kept)
    chosen = choose(workspace, recipe) if recipe.pairs is not None else None
    length = length_check(workspace, recipe, np.flatnonzero(kept) if chosen is None else chosen.parts[0].units)
    quantiles = np.percentile(rated, marks).tolist() if len(rated) else []
    return {
        "rollouts": workspace.n_rollouts,
        "unrated": int(np.isnan(reward).sum()),
        "tasks": len(workspace.groups(recipe.group_by).keys),
        "tasks_sentence": workspace.groups_sentence(recipe.group_by),
        "copies": int(np.count_nonzero(workspace.copies > 1)),
        "invalid": {kind: int(n) for kind, n in frame["invalid"].value_counts().items() if kind and n},
        "reward": {
            "mean": float(rated.mean()) if len(rated) else None,
            "interval": _interval(frame, reward),
            "quantiles": dict(zip((f"p{mark}" for mark in marks), quantiles, strict=False)),
            "values": _common_values(rated),
        },
        "attempts": told(workspace, recipe),
        "tokens": int(frame["tokens"].sum()),
        "tokens_estimated": int(frame["estimated"].sum()),
        "by_agent": _by(frame, "agent", kept),
        "by_source": _by(frame, "source", kept),
        "by_task": _by_task(workspace, recipe, kept),
        "left_out": lost,
        "lost": left_out_words(lost),
        "noticed": count_issues(workspace, recipe, kept),
        "unread": unread(workspace, recipe),
        "template": recipes.plan(recipe).look.words,
        "funnel": workspace.funnel(recipe).as_json(),
        "sentence": workspace.funnel(recipe).sentence(),
        "max_length": length.as_json() if length else None,
        **_pairs(recipe, chosen),
    }


def _pairs(recipe: Recipe, chosen: Chosen | None) -> Json:
    """Return the pairs of a recipe that asks for them: how many, why no more, and how their sides differ."""
    if chosen is None or chosen.paired is None:
        return {}
    return {"pairs": chosen.paired.as_json(), "pairs_said": pair_notes(recipe, chosen, advises=True)}


def hazards(workspace: Workspace, recipe: Recipe) -> Json:
    """Return what would do nothing in training or harm, by name: words, count and where, kept or not.

    Every example must have been looked at.
    """
    counts = workspace.issue_counts(recipe)
    found: Json = {}
    for name, words in HAZARDS.items():
        if counts.get(name):
            places = [workspace.where(int(row)) for row in workspace.rows_with(recipe, name)[:LISTED_MAX]]
            said = Drop("exportable", name, words, counts[name]).said
            found[name] = {"words": said, "count": counts[name], "rollouts": places}
    return found


def _interval(frame: "pd.DataFrame", reward: "np.ndarray[Any, Any]") -> list[float] | None:
    """Return the ends of the 95% interval of the mean reward by task, None where there is none."""
    rows = np.flatnonzero(np.isfinite(reward) & (frame["invalid"] == "").to_numpy())
    found = means(np.zeros(len(rows), dtype=np.int64), reward[rows], frame["group"].to_numpy()[rows], 1)
    return None if np.isnan(found.low[0]) else [float(found.low[0]), float(found.high[0])]


def _common_values(rated: "np.ndarray[Any, Any]") -> list[tuple[float, int]]:
    values, counts = np.unique(rated, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:COMMON_MAX]
    return [(float(values[n]), int(counts[n])) for n in sorted(order)]


def _by_task(workspace: Workspace, recipe: Recipe, kept: "np.ndarray[Any, Any]") -> list[Json]:
    rows = _by(workspace.frame_by(recipe.group_by), "group", kept)
    names = workspace.group_names(recipe.group_by, [int(row["name"]) for row in rows])
    return [{**row, "name": name} for row, name in zip(rows, names, strict=True)]


def _by(whole: "pd.DataFrame", column: str, kept: "np.ndarray[Any, Any]") -> list[Json]:
    frame = whole[["reward", "tokens", column]].assign(kept=kept)
    frame["reward"] = frame["reward"].where(whole["invalid"] == "")
    grouped = frame.groupby(column, observed=True).agg(
        rollouts=("kept", "size"), kept=("kept", "sum"), mean_reward=("reward", "mean"), tokens=("tokens", "sum")
    )
    names: Sequence[str] = grouped.index.astype(str).tolist()
    columns = [names, *(grouped[name].tolist() for name in ("rollouts", "kept", "mean_reward", "tokens"))]
    return [
        {
            "name": name,
            "rollouts": rollouts,
            "kept": n_kept,
            "mean_reward": None if math.isnan(mean) else mean,
            "tokens": tokens,
        }
        for name, rollouts, n_kept, mean, tokens in zip(*columns, strict=True)
    ]


def export_report(done: Exported) -> Json:
    """Return what an export wrote."""
    return {
        "out": str(done.path),
        "manifest": str(done.manifest_path),
        "rows": done.rows,
        "size_bytes": done.size_bytes,
        "sha256": done.sha256,
        "counts": done.funnel.as_json(),
        "copies": done.copies,
        "sentence": done.funnel.sentence(),
        "config": done.config,
        "command": done.command,
        "files": list(done.files),
        "notes": list(done.notes),
        "checks": done.checks.as_json(),
        "max_length": done.content.get("max_length"),
        "round_trip": done.content.get("round_trip"),
        "left_out": done.content.get("left_out", {}),
        "lost": left_out_words(done.content.get("left_out", {})),
        **{name: done.content[name] for name in ("split", "pairs") if name in done.content},
    }


def remake_report(made: Remade) -> Json:
    """Return what was made again from a manifest, and in what it differs."""
    same = "every byte is that of the manifest"
    notes = [f"not the same: {words}" for words in made.different] or [same]
    found = export_report(made.done)
    return {**found, "notes": [*found["notes"], *notes], "same": not made.different}


def cost(workspace: Workspace, recipe: Recipe, asked: Mapping[str, int]) -> Json:
    """Return what training on the examples of a selection costs, of the training part where it is split."""
    rows = choose(workspace, replace(recipe, pairs=None)).parts[0].units
    return cost_of(workspace, recipe, rows, **asked).as_json()


def verify_report(checks: Sequence[Check]) -> Json:
    """Return every check of a manifest."""
    return {
        "holds": all(check.holds for check in checks),
        "checks": [{"claim": c.claim, "holds": c.holds, "known": c.is_known, "detail": c.detail} for c in checks],
    }
