"""What `rollout-curator review` says: the statement, the reward against people and the team, as JSON and as text.

Takes a workspace and a recipe, gives plain JSON values, and lines made of those values alone.
"""

from dataclasses import asdict
from typing import Any

from rollout_curator import reading
from rollout_curator.digits import exact
from rollout_curator.reading_words import decided_words, least, notes, percent, sentence
from rollout_curator.recipe import Recipe
from rollout_curator.review.agreement import agreements
from rollout_curator.review.calibration import lowest_threshold
from rollout_curator.wording import counted, said_of
from rollout_curator.workspace import Workspace

Json = dict[str, Any]


def reviewed(workspace: Workspace, recipe: Recipe, goal: float, confidence: float, precision: float) -> Json:
    """Return everything that reading says about a recipe."""
    said = reading.statement(workspace, recipe, goal, confidence)
    found, steps = reading.calibration(workspace, recipe, confidence)
    best = lowest_threshold(steps, precision, confidence)
    numbers = asdict(said)
    more = {"upper": said.upper, "upper_whenever": said.upper_whenever, "upper_if_planned": said.upper_if_planned}
    return {
        "sentence": sentence(said),
        "notes": notes(said),
        "decided": decided_words(workspace),
        "statement": {**numbers, **more, "refuted": said.is_refuted},
        "bands": [asdict(band) for band in found],
        "thresholds": [asdict(step) for step in steps],
        "precision": precision,
        "lowest_threshold": None if best is None else best.threshold,
        "disagreements": len(reading.disagreements(workspace, recipe)),
        "reasons": reading.reasons(workspace),
        "reviewers": [{"name": who, **asdict(own)} for who, own in reading.reviewers(workspace).items()],
        "agreements": [{**asdict(pair), "share": pair.share} for pair in agreements(reading.judged(workspace))],
        "to_settle": len(reading.to_settle(workspace)),
    }


def reviewed_text(found: Json) -> str:
    """Return the same as lines."""
    lines = [found["sentence"], *found["notes"], found["decided"], ""]
    if found["bands"]:
        lines += ["reward           in all     read  accepted  share accepted, at least ... at most"]
        lines += [_band(band) for band in found["bands"]]
    wanted = least(found["precision"])
    sure = f"{least(found['statement']['confidence'])} sure, for one look at a number of reads fixed before"
    if found["lowest_threshold"] is None:
        lines.append(f"No threshold is shown yet to have {wanted} good ones above it; read more at random.")
    else:
        lines.append(f"From a reward of {exact(found['lowest_threshold'])} on, at least {wanted} are good ({sure}).")
    lines.append(
        f"{counted(found['disagreements'], 'rollout')} on which reward and reader differ (--disagreements FILE)"
    )
    if found["reasons"]:
        lines.append("rejected for: " + ", ".join(f"{reason} ({n:,})" for reason, n in found["reasons"].items()))
    for pair in found["agreements"]:
        kappa = "not defined" if pair["kappa"] is None else f"{pair['kappa']:.2f}"
        both = f"{pair['one']} and {pair['other']} both read {pair['both']:,}"
        lines.append(f"{both} and agree on {pair['agreed']:,} ({pair['share']:.0%}), kappa {kappa}")
    if found["to_settle"]:
        lines.append(f"{counted(found['to_settle'], 'rollout')} {said_of(found['to_settle'], 'are')} to settle")
    return "\n".join(line.encode("unicode_escape").decode() if not line.isprintable() else line for line in lines)


def _band(band: Json) -> str:
    low, high = exact(band["low"]), exact(band["high"])
    span = low if low == high else f"{low} to {high}"
    counts = f"{band['total']:>9,} {band['read']:>8,} {band['accepted']:>9,}"
    if not band["read"]:
        return f"{span:<14} {counts}  -"
    share = band["accepted"] / band["read"]
    return f"{span:<14} {counts}  {least(share)}, {least(band['at_least'])} ... {percent(band['at_most'])}"
