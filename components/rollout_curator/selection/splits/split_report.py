"""What is said of a split: how alike its parts are, how large its largest family, which part could not be made and why.

Takes the table a manifest keeps of a split (`export.choice`), so that the app, the command line, the card and an
error say the same. Every similarity in it is worked out from all words of the two prompts, none is estimated.
"""

from collections.abc import Mapping
from typing import Any

from rollout_curator.selection.splits.split import PARTS, Split
from rollout_curator.words import counted

LARGE = 0.2
"""A family with more than this share of the rows makes the size of a part a matter of luck, and is pointed out."""


def sentences(split: Mapping[str, Any]) -> list[str]:
    """Return what to know of a split that was made, a sentence each."""
    found = [alike_words(split["largest_similarity"]), family_words(split["largest_family"], split["rows"])]
    if n_left := split["not_compared"]:
        found.append(
            f"{n_left:,} of {counted(split['prompts'], 'prompt')} could not be compared with all that look like them: "
            "similar ones among these may be in different splits."
        )
    return found


def alike_words(largest: float) -> str:
    """Return the largest similarity across parts in a sentence."""
    if not largest:
        return "No similar prompts across splits, leaving aside text that many prompts share."
    return f"Max prompt similarity across splits: {largest:.4g}, leaving aside text that many prompts share."


def family_words(largest: int, rows: int) -> str:
    """Return how large the largest family is, and what comes of it where it is large."""
    said = f"The largest family of tied rollouts has {largest:,} of {counted(rows, 'example')}"
    if largest <= LARGE * rows:
        return f"{said}."
    return (
        f"{said}, more than a fifth: it stays in one split, so the sizes of the splits can be far from those requested."
    )


def fault(split: Mapping[str, Any], asked: Split) -> str:
    """Return which part that was asked for has no rows, why, and what to do; nothing where all have some.

    A split of no rows at all is at fault for another reason.
    """
    empty = [name for name in PARTS if name in split["parts"] and not split["parts"][name]["rows"]]
    if not empty or not split["rows"]:
        return ""
    head = "no training data left" if PARTS[0] in empty else f"nothing left for {' or '.join(empty)}"
    families, largest = split["families"], split["largest_family"]
    if families == 1:
        why = f"all {counted(split['rows'], 'example')} are one family of tied rollouts, and no family is in two splits"
        return f"{head}: {why}; {_untied(split, asked)}add rollouts of other tasks"
    why = f"there are {families:,} families of tied rollouts, the largest with {largest:,} of "
    why += counted(split["rows"], "example")
    if PARTS[0] in empty:
        return f"{head}: {why}; use smaller splits, group by less (split by, near), or change the seed"
    if asked.is_counted:
        enough = f" (any family fits into {largest:,})"
        return f"{head}: {why}, and none is left that fits; use a larger number{enough}, or group by less"
    if split["left_out"]:
        why += f", and {split['left_out']:,} were split from their family"
    sizes = " and ".join(f"{getattr(asked, name):g}" for name in empty)
    numbers = ", ".join(f"{name}=N" for name in PARTS[1:] if name in split["parts"])
    return f"{head}, a share of {sizes}: {why}; use a larger share, a number of examples ({numbers}), or another seed"


def _untied(split: Mapping[str, Any], asked: Split) -> str:
    """Return which ties to leave out where they make one family of all rows; nothing where that helps nobody."""
    if sum(part["tasks"] for part in split["parts"].values()) > 1 and asked.by != ("task",):
        return "group by the task alone (split by=task), or "
    return (
        "group by the prompt alone (split by=prompt), or " if split["prompts"] > 1 and asked.by != ("prompt",) else ""
    )
