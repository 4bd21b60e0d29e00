"""What tests of the review store do again and again: decide, and say what holds."""

from rollout_curator.decisions.store import Decision, Decisions, Entry


def decide(store: Decisions, key: str, verdict: str, who: str = "ann", *reasons: str) -> Decision:
    """Record one verdict and return it."""
    return store.record([Entry(key, verdict, reasons, reviewer=who)])[0].decision


def held(store: Decisions) -> dict[str, tuple[str, str]]:
    """Return verdict and reviewer that hold, by key."""
    return {key: (row.verdict, row.reviewer) for key, row in sorted(store.current().items())}
