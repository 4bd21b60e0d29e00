"""What `rollout-curator review` says: the statement, the reward against people and the team, as JSON and as text.

Takes a workspace and a recipe, gives plain JSON values, and lines made of those values alone.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rollout_curator.recipe.recipe import Recipe
from rollout_curator.review import summary, team
from rollout_curator.review import team_words as words
from rollout_curator.review.calibration import Above, lowest_threshold, lowest_whenever, whenever
from rollout_curator.review.statement_words import decided_words, least, notes, percent, sentence
from rollout_curator.words import counted, exact, reason_words
from rollout_curator.workspace.workspace import Workspace

Json = dict[str, Any]


def reviewed(workspace: Workspace, recipe: Recipe, goal: float, confidence: float, precision: float) -> Json:
    """Return everything that reading says about a recipe."""
    said = summary.statement(workspace, recipe, goal, confidence)
    found, steps = summary.calibration(workspace, recipe, confidence)
    best, surest = lowest_threshold(steps, precision, confidence), lowest_whenever(steps, precision, confidence)
    weighted = team.weighted(workspace, recipe, confidence)
    numbers = asdict(said)
    more = {"upper": said.upper, "upper_whenever": said.upper_whenever, "upper_if_planned": said.upper_if_planned}
    return {
        "sentence": sentence(said),
        "notes": notes(said),
        "decided": decided_words(workspace),
        "statement": {**numbers, **more, "refuted": said.is_refuted},
        "bands": [asdict(band) for band in found],
        "confidence": confidence,
        "thresholds": [asdict(step) for step in steps],
        "precision": precision,
        "lowest_threshold": None if best is None else best.threshold,
        "lowest_threshold_whenever": None if surest is None else surest.threshold,
        "threshold_words": _threshold_words(best, steps, precision, confidence),
        "by_reward": {
            **asdict(weighted),
            "words": words.weighted_lines(workspace, recipe, said.sample.read, confidence),
        },
        "disagreements": len(summary.disagreements(workspace, recipe)),
        "reasons": summary.reasons(workspace),
        "reviewers": [{"name": who, **asdict(own)} for who, own in summary.reviewers(workspace).items()],
        "agreements": [
            {**asdict(pair), "share": pair.share, "words": words.pair_words(pair)} for pair in team.agreed(workspace)
        ],
        "together": asdict(team.together(workspace)),
        "readers": [asdict(reader) for reader in team.readers(workspace, recipe)],
        "team_words": words.team_lines(workspace, recipe),
        "to_settle": len(summary.to_settle(workspace)),
    }


def reviewed_text(found: Json) -> list[str]:
    """Return the same as lines."""
    lines = [found["sentence"], *found["notes"], found["decided"], *found["by_reward"]["words"], ""]
    if found["bands"]:
        lines += [f"reward             total reviewed  accepted  rate ({percent(found['confidence'])} CI)"]
        lines += [_band(band) for band in found["bands"]]
    lines += found["threshold_words"]
    lines.append(
        f"{counted(found['disagreements'], 'rollout')} where reward and reviewer disagree (--disagreements FILE)"
    )
    if found["reasons"]:
        lines.append(
            "rejected for: " + ", ".join(f"{reason_words(tag)} ({n:,})" for tag, n in found["reasons"].items())
        )
    lines += [pair["words"] for pair in found["agreements"]] + found["team_words"]
    if found["to_settle"]:
        lines.append(f"{counted(found['to_settle'], 'rollout')} in conflict")
    return [*lines, *found.get("store", {}).get("sentences", ())]


def _threshold_words(best: Above | None, steps: Sequence[Above], precision: float, confidence: float) -> list[str]:
    """Return what is shown above a threshold for one look, and for any number of looks."""
    none = f"Not enough random reviews for a threshold with {least(precision)} precision; review more."
    once = none if best is None else words.threshold_words(best, precision, confidence)
    always = words.whenever_words(whenever(steps, confidence), precision, confidence)
    return [once, always] if always else [once]


def _band(band: Json) -> str:
    low, high = exact(band["low"]), exact(band["high"])
    span = low if low == high else f"{low}–{high}"
    counts = f"{band['total']:>9,} {band['read']:>8,} {band['accepted']:>9,}"
    if not band["read"]:
        return f"{span:<14} {counts}  –"
    share = band["accepted"] / band["read"]
    return f"{span:<14} {counts}  {least(share)} ({least(band['at_least'])}–{percent(band['at_most'])})"
