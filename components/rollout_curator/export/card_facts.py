"""What the data card of an export says, gathered from the workspace, the recipe and the manifest."""

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from rollout_curator.conversation import ISSUE_WORDS
from rollout_curator.export.card import Bar, CardFacts, Reviews, card
from rollout_curator.export.choice import Chosen
from rollout_curator.export.losses import from_folder, left_out_words
from rollout_curator.export.paths import CARD_MARK
from rollout_curator.index import grouping
from rollout_curator.index.grouping import TASK
from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.review.statement_words import said_of_kept
from rollout_curator.review.summary import verdicts
from rollout_curator.selection import strategies
from rollout_curator.selection.filters import filter_words
from rollout_curator.selection.funnel import INVALID_WORDS
from rollout_curator.selection.pairs.pairing import BY_MARGIN, RULES, Pairs, format_of
from rollout_curator.selection.splits.split_report import sentences
from rollout_curator.selection.strategies import ROLLOUTS, TOKENS
from rollout_curator.selection.threshold_counts import round_edges
from rollout_curator.words import exact, name_of, reason_words, said_of
from rollout_curator.workspace.random_controls import overlap
from rollout_curator.workspace.workspace import Workspace

BARS = 12
CONTROL = "A random control: instead of what the rules above keep, {much}, drawn from all that could have been kept."
MUCH = {ROLLOUTS: "as many rollouts of each task", TOKENS: "about as many tokens from the same tasks"}


def described(workspace: Workspace, recipe: Recipe, chosen: Chosen, content: Mapping[str, Any], folder: Path) -> str:
    """Return the data card of an export, which lies in a folder."""
    funnel = chosen.funnel
    said = said_of_kept(workspace, recipe, np.concatenate([part.units for part in chosen.parts]))
    return card(
        CardFacts(
            title=str(content["file"]).partition(".")[0] or str(content["file"]),
            content=content,
            rules=rules(recipe),
            dropped=[(drop.count, drop.said) for drop in (*funnel.problems, *funnel.drops) if drop.count],
            lost=left_out_words(content.get("left_out", {})),
            bars=bars(workspace, recipe),
            reviews=reviews(workspace),
            statement=said.statement,
            conditions=said.notes,
            decided=said.decided if workspace.decisions is not None else "",
            store=workspace.counted.sentences(workspace.n_decided(), from_folder(folder)),
            gaps=gaps(workspace, recipe, chosen),
            notes=[*_notes(recipe, chosen), *control_words(workspace, recipe)],
            mark=CARD_MARK,
        )
    )


def rules(recipe: Recipe) -> list[str]:
    """Return what a recipe asks for, a sentence each."""
    plan = recipes.plan(recipe)
    found = _in_order(recipe)
    if recipe.group_by != TASK:
        found.append(f"Rollouts of one task have the same {grouping.WORDS[recipe.group_by]}.")
    if recipe.control is not None:
        found.append(f"{CONTROL.format(much=MUCH[recipe.control_by])} Seed {recipe.control}.")
    found.append(f"Written for {plan.target.title}, as {plan.format}, in {recipe.kind}.")
    found += [f"Option {name}: {value}." for name, value in recipe.options.items()]
    words = {**ISSUE_WORDS, **INVALID_WORDS}
    for names, said in (
        (recipe.keep, "Kept although they"),
        (recipe.drop, "Left out too, because they"),
        (recipe.trim, "Made to end earlier, because they"),
    ):
        found += [f"{said} {words.get(name, name)}." for name in names]
    if plan.look.template is not None:
        found.append(f"Looked at with the chat template {plan.look.template.name}.")
        found += [plan.look.words] if plan.look.words else []
    if recipe.max_tokens is not None:
        found.append(f"The limit of the trainer: {recipe.max_tokens:,} tokens.")
    if recipe.metadata:
        found.append(f"Columns beside the messages: {', '.join(recipe.metadata)}.")
    if recipe.pairs is not None:
        found.append(pair_rule(recipe.pairs))
    if recipe.split is not None:
        split = recipe.split
        found.append(
            f"Split by {', '.join(split.by)}: validation {split.validation:g}, test {split.test:g}, prompts alike by "
            f"{split.near:g} without the text that many share stay together, seed {int(split.seed)}."
        )
    return found


def _in_order(recipe: Recipe) -> list[str]:
    """Return what leaves rollouts out, in the order in which it does."""
    ruled = [f"{strategies.words(step)} are left out." for step in recipe.strategies]
    only = [f"Only {filter_words(one, name_of(one.column))}." for one in recipe.filters]
    if recipe.threshold_last and ruled:
        found = [*only, f"First: {ruled[0]}", *(f"After that: {words}" for words in ruled[1:])]
        found += [f"After the rules: {words[:1].lower()}{words[1:]}" for words in _bounds(recipe)]
    else:
        found = [*_bounds(recipe), *only, *(f"After that: {words}" for words in ruled)]
    if any(strategies.get(step.name).by_task for step in recipe.strategies):
        found.append("Rules on tasks judge by all valid rated attempts at a task, also by those that are left out.")
    return found


def pair_rule(pairs: Pairs) -> str:
    """Return which rollouts stand against each other, in a sentence."""
    said = [RULES[pairs.rule]]
    said += [f"rewards apart by {exact(pairs.margin)} or more"] if pairs.rule in BY_MARGIN else []
    if pairs.max_length_ratio:
        said.append(f"the longer side at most {pairs.max_length_ratio:g} times as long as the other")
    said += ["the model alone speaks"] if pairs.other_turns == "leave_out" else []
    return f"Pairs: {'; '.join(said)}."


def _bounds(recipe: Recipe) -> list[str]:
    """Return between which rewards rollouts may stay."""
    low, high = recipe.min_reward, recipe.max_reward
    if low is not None and high is not None:
        found = [f"A reward of {exact(low)} to {exact(high)}."]
    elif low is not None:
        found = [f"A reward of {exact(low)} or more."]
    else:
        found = ["Any reward." if high is None else f"A reward of {exact(high)} or less."]
    own = recipe.thresholds
    bounds = {} if own is None else own.at_least
    found += [f"Instead, {own.by} {name}: a reward of {exact(bound)} or more." for name, bound in bounds.items() if own]
    return found


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
    for key, verdict in workspace.standing().items():
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
        (int(workspace.column("estimated")[rows].sum()), "give no token counts, so that theirs are estimated"),
    ]
    found = [f"{count:,} of the rollouts written {said_of(count, said)}." for count, said in counts if count]
    read = int(np.count_nonzero(verdicts(workspace).is_read))
    by_themselves = f"{read:,} of {chosen.funnel.rollouts:,} rollouts were read one by one"
    if workspace.decisions is None:
        found.append(f"{decided:,} of {chosen.funnel.rollouts:,} rollouts were decided; how is not known here.")
    else:
        found.append(f"{by_themselves}; the others were not read here, even where they were decided in bulk.")
    if recipe.split is None or not recipe.split.validation:
        found.append("There is no validation part.")
    found.append("Nothing was compared with evaluation sets, and personal data were not looked for.")
    return found


def control_words(workspace: Workspace, recipe: Recipe) -> list[str]:
    """Return how a random control overlaps with the selection it stands for, nothing for a recipe that is none."""
    found = overlap(workspace, recipe)
    return [] if found is None else [f"The random control {found.sentence()}."]


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
            notes.append(f"{left_out:,} that are kept are in no part, because they fell apart from their family.")
    return notes
