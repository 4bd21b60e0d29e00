"""What the data card of an export says, gathered from the workspace, the recipe and the manifest."""

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from rollout_curator.export.card import Bar, CardFacts, Reviews, card
from rollout_curator.export.choice import Chosen
from rollout_curator.export.losses import from_folder, left_out_words
from rollout_curator.export.paths import CARD_MARK
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.recipe.words import recipe_sentences
from rollout_curator.review.statement_words import said_of_kept
from rollout_curator.review.summary import verdicts
from rollout_curator.selection.funnel import INVALID_WORDS
from rollout_curator.selection.pairs.pairing import format_of
from rollout_curator.selection.splits.split_report import sentences
from rollout_curator.selection.threshold_counts import round_edges
from rollout_curator.words import reason_words, said_of
from rollout_curator.workspace.random_controls import overlap
from rollout_curator.workspace.workspace import Workspace

BARS = 12


def described(workspace: Workspace, recipe: Recipe, chosen: Chosen, content: Mapping[str, Any], folder: Path) -> str:
    """Return the data card of an export, which lies in a folder."""
    funnel = chosen.funnel
    said = said_of_kept(workspace, recipe, np.concatenate([part.units for part in chosen.parts]))
    return card(
        CardFacts(
            title=str(content["file"]).partition(".")[0] or str(content["file"]),
            content=content,
            rules=recipe_sentences(recipe),
            dropped=[(drop.count, drop.said) for drop in (*funnel.problems, *funnel.drops) if drop.count],
            lost=left_out_words(content.get("left_out", {})),
            bars=bars(workspace, recipe),
            reviews=reviews(workspace),
            statement=said.statement,
            conditions=said.notes,
            decided=said.decided if workspace.decisions is not None else "",
            store=workspace.counted.sentences(chosen.n_decided, from_folder(folder)),
            gaps=[*gaps(workspace, recipe, chosen), *_too_long(content)],
            notes=[*_notes(recipe, chosen), *control_words(workspace, recipe)],
            mark=CARD_MARK,
        )
    )


def bars(workspace: Workspace, recipe: Recipe) -> list[Bar]:
    """Return the rewards that are measurements, as at most a dozen bars."""
    invalid, words = workspace.classes("invalid")
    is_valid = np.isin(invalid, [code for code, word in enumerate(words) if not word])
    reward, kept = workspace.column("reward"), workspace.select(recipe).kept
    rated = is_valid & np.isfinite(reward)
    values = np.unique(reward[rated])
    if len(values) <= BARS:
        masks = [(f"{value:g}", reward == value) for value in values.tolist()]
    else:
        edges = round_edges(float(values[0]), float(values[-1]), most=BARS).edges.tolist()
        masks = [(f"{low:g} to {high:g}", (reward >= low) & (reward < high)) for low, high in pairwise(edges)]
    return [Bar(name, int((mask & rated).sum()), int((mask & rated & kept).sum())) for name, mask in masks]


def reviews(workspace: Workspace) -> Reviews | None:
    """Return who decided how much and for what, None where the verdicts came from a manifest."""
    if workspace.decisions is None:
        return None
    by_reviewer: dict[str, dict[str, int]] = {}
    by_reason: dict[str, int] = {}
    for key, verdict in workspace.current_verdicts().items():
        if (decision := workspace.decision(key)) is None:
            continue
        counts = by_reviewer.setdefault(decision.reviewer, {})
        counts[verdict] = counts.get(verdict, 0) + 1
        for reason in decision.reasons:
            name = reason_words(reason)
            by_reason[name] = by_reason.get(name, 0) + 1
    return Reviews(by_reviewer, by_reason)


def gaps(workspace: Workspace, recipe: Recipe, chosen: Chosen) -> list[str]:
    """Return what a user of the set should know is missing or uncertain, a sentence each."""
    rows = np.unique(np.concatenate([part.units.ravel() for part in chosen.parts]))
    decided = chosen.reviewed["accepted"] + chosen.reviewed["rejected"]
    invalid, words = workspace.classes("invalid")
    marked = workspace.rows_of_keys(list(chosen.marks))[0]
    counts = [
        (int(np.isnan(workspace.column("reward")[rows]).sum()), "have no reward"),
        *((int((invalid[rows] == code).sum()), INVALID_WORDS[word]) for code, word in enumerate(words) if word),
        (int((workspace.copies[rows] > 1).sum()), "have the same content as another"),
        (int(np.isin(rows, marked).sum()), "have answers that a reviewer marked as not to be trained"),
        (int(workspace.column("estimated")[rows].sum()), "have no token counts (estimated)"),
    ]
    found = [f"{count:,} of the exported rollouts {said_of(count, said)}." for count, said in counts if count]
    read = int(np.count_nonzero(verdicts(workspace).is_read))
    by_themselves = f"{read:,} of {chosen.funnel.rollouts:,} rollouts were reviewed one by one"
    if workspace.decisions is None:
        found.append(
            f"{decided:,} of {chosen.funnel.rollouts:,} rollouts were accepted or rejected; how is not stored."
        )
    else:
        found.append(f"{by_themselves}; the others were not, even where they were decided in bulk.")
    if recipe.split is None or not recipe.split.validation:
        found.append("No validation split.")
    found.append("Not checked for overlap with evaluation sets or for personal data.")
    return found


def _too_long(content: Mapping[str, Any]) -> list[str]:
    """Return how many examples exceed the limit of the trainer."""
    sentence = content.get("max_length", {}).get("sentence", "")
    return [f"{sentence}."] if sentence else []


def control_words(workspace: Workspace, recipe: Recipe) -> list[str]:
    """Return how a random control overlaps with the selection it stands for, nothing for a recipe that is none."""
    found = overlap(workspace, recipe)
    return [] if found is None else [f"The random baseline {found.sentence()}."]


def pair_notes(recipe: Recipe, chosen: Chosen, *, advises: bool = False) -> list[str]:
    """Return what is to be known of the pairs: how many and from where, how their sides differ, what helps."""
    if chosen.paired is None or recipe.pairs is None:
        return []
    found, style = [f"{chosen.paired.sentence()}."], format_of(recipe.pairs, recipe.target)
    if (measured := chosen.paired.figures) is not None:
        found += [*measured.sentences(style), *(measured.advice(style, recipe.pairs.rule) if advises else ())]
    return found


def _notes(recipe: Recipe, chosen: Chosen) -> list[str]:
    notes = pair_notes(recipe, chosen)
    if chosen.split is not None:
        notes += sentences(chosen.split)
        if left_out := chosen.split["left_out"]:
            notes.append(f"{left_out:,} kept are in no split, because they were split from their family.")
    return notes
