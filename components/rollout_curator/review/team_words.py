"""What several readers and what reading by reward show, in the words of the app and of the command line.

Numbers stand with what they hold for: which verdicts, how sure, for which reading. Shares of bad ones are rounded up,
shares of good ones down.
"""

from collections.abc import Sequence

from rollout_curator.recipe.recipe import Recipe
from rollout_curator.review.agreement import LEAST, Agreement
from rollout_curator.review.calibration import Above
from rollout_curator.review.confidence import CONFIDENCE
from rollout_curator.review.reviewer_error import NEEDED, Rates
from rollout_curator.review.statement_words import least, percent
from rollout_curator.review.team import Reader, Together, Weighted, adopted, readers, together, weighted
from rollout_curator.words import counted, exact
from rollout_curator.workspace.workspace import Workspace

KAPPA = (
    "Of first verdicts given blind. Kappa is agreement beyond chance, with its 95% CI: 1 is perfect, 0 is "
    f"chance. It needs {LEAST} rollouts reviewed by both and both verdicts, and falls when few are rejected."
)


def threshold_words(best: Above, wanted: float, confidence: float = CONFIDENCE) -> str:
    """Return what one look at the reads shows above a threshold: what was asked for, since the step was picked."""
    condition = f"{percent(confidence)} confidence, for one look after a number of reviews fixed before"
    return f"Reward ≥ {exact(best.threshold)}: precision at least {least(wanted)} ({condition})."


def whenever_words(steps: Sequence[Above], wanted: float, confidence: float = CONFIDENCE) -> str:
    """Return what holds however often one looks: the lowest step that has `wanted`, else the best there is.

    `steps` are those of `calibration.whenever`.
    """
    sure = f"{percent(confidence)} confidence, for all thresholds and however often you look"
    enough = [step for step in steps if step.read and step.at_least >= wanted]
    if enough:
        lowest = min(enough, key=lambda step: step.threshold)
        return f"Whenever you look: reward ≥ {exact(lowest.threshold)}: precision at least {least(wanted)} ({sure})."
    best = max((step for step in steps if step.read), key=lambda step: step.at_least, default=None)
    if best is None or best.at_least <= 0:
        return ""
    return f"So far: reward ≥ {exact(best.threshold)}: precision at least {least(best.at_least)} ({sure})."


def pair_words(pair: Agreement) -> str:
    """Return how far two reviewers agree."""
    both = (
        f"{pair.one} and {pair.other} both reviewed {pair.both:,} blind and agree on {pair.agreed:,} ({pair.share:.0%})"
    )
    kinds = (("accepts", pair.on_accepts), ("rejects", pair.on_rejects))
    shares = [f"{share:.0%} on {kind}" for kind, share in kinds if share is not None]
    rejected = f"{pair.one} rejected {pair.rejected[0]:,}, {pair.other} {pair.rejected[1]:,}"
    return f"{both}, {', '.join(shares)}; {rejected}; {kappa_words(pair)}"


def kappa_words(pair: Agreement) -> str:
    """Return kappa with its interval, or why there is none."""
    if pair.kappa is not None:
        return f"kappa {pair.kappa:.2f} ({interval_words(pair.low, pair.high)})"
    return f"too few for kappa, which needs {LEAST}" if pair.both < LEAST else "kappa not defined: one verdict only"


def interval_words(low: float | None, high: float | None) -> str:
    """Return an interval of a coefficient, empty where there is none."""
    return "" if low is None or high is None else f"{low:.2f}–{high:.2f}"


def together_words(found: Together) -> str:
    """Return how far three reviewers or more agree, empty for fewer."""
    if found.reviewers < 3:
        return ""
    them = (
        f"All {found.reviewers:,} reviewers, on {counted(found.rollouts, 'rollout')} that at least two reviewed blind"
    )
    if found.alpha is None:
        return f"{them}: too few for Krippendorff's alpha, or one verdict only; it needs {LEAST}."
    return f"{them}: Krippendorff's alpha {found.alpha:.2f} ({interval_words(found.low, found.high)}, 95% CI)."


def team_lines(workspace: Workspace, recipe: Recipe) -> list[str]:
    """Return what readers who share rollouts show together and one by one, in lines."""
    lines = [together_words(together(workspace)), adopted_words(adopted(workspace))]
    lines += [line for reader in readers(workspace, recipe) for line in reader_words(reader)]
    return [line for line in lines if line]


def weighted_lines(workspace: Workspace, recipe: Recipe, n_random: int, confidence: float = CONFIDENCE) -> list[str]:
    """Return what reading some of every reward shows; nothing where it says no more than `n_random` at random."""
    found = weighted(workspace, recipe, confidence)
    said = weighted_words(found, n_random)
    return [said, weighted_note(found)] if said else []


def adopted_words(n: int) -> str:
    """Return how many verdicts do not count, empty for none."""
    return f"{counted(n, 'verdict')} given while those of others were visible: not counted here." if n else ""


def reader_words(reader: Reader) -> list[str]:
    """Return how often a reviewer errs and what that makes of what they read, or why that cannot be told."""
    known = reader.rates
    if known.differences:
        return [f"{known.reviewer}: resolve {counted(known.differences, 'conflict')} to estimate the error rates."]
    if not known.is_enough:
        have = f"{known.bad:,} bad and {known.good:,} good ones were reviewed twice"
        return [f"{known.reviewer}: {have}; {NEEDED} of each are needed to estimate the error rates."]
    lines = [f"{_rates(known)} Correct: what both decided, or the resolved conflict."]
    if reader.corrected is not None:
        share, span = reader.corrected, f"{least(reader.corrected.low)}–{percent(reader.corrected.high)}"
        first = f"Of {reader.read:,} reviewed at random and blind {known.reviewer} rejected {reader.rejected:,}"
        lines.append(f"{first}; corrected for these errors about {percent(share.share)} were bad ({span}, 95% CI).")
    return lines


def _rates(known: Rates) -> str:
    bad = f"rejected {known.caught:,} of {known.bad:,} bad ones ({_span(known.sensitivity)})"
    good = f"accepted {known.passed:,} of {known.good:,} good ones ({_span(known.specificity)})"
    return f"{known.reviewer} {bad} and {good}."


def _span(bounds: tuple[float, float]) -> str:
    return f"{least(bounds[0])}–{percent(bounds[1])}"


def weighted_words(found: Weighted, n_random: int) -> str:
    """Return what reading some of every reward shows, empty where it says no more than `n_random` reads at random."""
    if found.read <= n_random or not found.kept:
        return ""
    first = f"By reward: {found.read:,} of the {found.total:,} selected reviewed in {counted(found.bands, 'band')}"
    guess = "" if found.estimate is None else f"about {percent(min(found.estimate / found.kept, 1.0))} and "
    most = f"at most {percent(found.bad_at_most / found.kept)} of the unique kept rollouts would be rejected by these"
    sure = f"reviewers ({percent(found.confidence)} confidence, for numbers of reviews fixed before)"
    return f"{first}, {found.bad:,} bad: {guess}{most} {sure}."


def weighted_note(found: Weighted) -> str:
    """Return what the words about reading by reward hold for."""
    unread = f" {counted(found.unread, 'band')} without a review count as bad." if found.unread else ""
    return f"Each band counts by its size, with what was reviewed of it from the start in random order.{unread}"
