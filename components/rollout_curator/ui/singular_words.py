"""Words of the funnel and of issues, said of a single rollout: "are masked" becomes "is masked".

The lists in `selection` and `conversation` hold words that follow a number; a reader of one rollout needs the singular.
"""

from rollout_curator.conversation import ISSUE_WORDS, issue_kind
from rollout_curator.words import said_of

LOSSES = ("dropped_", "trimmed", "stripped_think")
"""Issues with these beginnings name what an example leaves out; the others name what it changes or holds."""


def of_issue(issue: str) -> str:
    """Return an issue of a conversion as words of one rollout, with its detail behind it."""
    kind, _, detail = issue.partition(":")
    if kind == "trimmed":
        return f"trimmed: {said_of(1, ISSUE_WORDS.get(detail, detail))}"
    words = said_of(1, ISSUE_WORDS.get(kind, kind.replace("_", " ")))
    return f"{words} ({detail.strip()})" if detail.strip() else words


def is_loss(issue: str) -> bool:
    """Say whether an issue names something the example leaves out."""
    return issue_kind(issue).startswith(LOSSES)


def size(n_bytes: int) -> str:
    """Return a size as people say it, in decimal units."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if n_bytes >= factor:
            return f"{n_bytes / factor:.3g} {unit}"
    return f"{n_bytes:,} bytes"
