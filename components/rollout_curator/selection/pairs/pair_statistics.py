"""In what the chosen sides of pairs differ from the rejected ones, and how much of them is not the model's.

Takes pairs of rows and their sides, gives numbers and sentences; chooses nothing. A preference for a longer side is
learnt as a preference for length (Park et al., arXiv 2403.19159, "Disentangling Length from Quality in DPO").
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rollout_curator.selection.pairs.sides import Side, are_alike, n_shared
from rollout_curator.words import counted, said_of

Array = np.ndarray[Any, Any]
UNEVEN = 0.6
"""From this share of the pairs on it is said that one side is longer, where chance alone would not make it so."""
LEARNS = {
    1: ": training on these may teach length",
    0: "",
    -1: ": training on these may teach brevity",
}


@dataclass(frozen=True, slots=True)
class Against:
    """One measure of chosen against rejected sides: the medians, and in how many pairs either has more."""

    chosen: float
    rejected: float
    chosen_more: int
    rejected_more: int


@dataclass(frozen=True, slots=True)
class Figures:
    """How the sides of pairs differ, in characters: `own` of the model's answers, `last` of the last message alone.

    `n_chars` are those of all sides, `n_other_chars` those of tool results and user turns among them, which
    `with_others` pairs hold. `several` pairs have more than one answer on a side, `alike` the same on both sides; in
    `shared` pairs turns both begin with went into the prompt. `longest` is the longest prompt with a side.
    """

    pairs: int
    own: Against
    whole: Against
    last: Against
    turns: Against
    n_chars: int
    n_other_chars: int
    with_others: int
    several: int
    alike: int
    shared: int
    longest: int

    def as_json(self) -> dict[str, Any]:
        """Return the figures as they stand in the manifest."""
        named = {"own_characters": self.own, "characters": self.whole, "turns": self.turns}
        named |= {"last_characters": self.last}
        found: dict[str, Any] = {
            name: {"median_chosen": one.chosen, "median_rejected": one.rejected}
            | {"more_in_chosen": one.chosen_more, "more_in_rejected": one.rejected_more}
            for name, one in named.items()
        }
        found |= {"all_characters": self.n_chars, "characters_not_the_models": self.n_other_chars}
        found |= {"with_other_turns": self.with_others, "with_several_answers": self.several, "alike": self.alike}
        return found | {"with_shared_turns": self.shared, "longest_characters": self.longest}

    def sentences(self, style: str) -> list[str]:
        """Return the figures as people say them, with what the trainer of these rows makes of them."""
        return [" ".join(self._of_length(style)), *self._of_others(style), *self._of_few()] if self.pairs else []

    def advice(self, style: str, rule: str) -> list[str]:
        """Return which settings make pairs with less of what `sentences` warns of, given the rule there is."""
        found = []
        if _leaning(self._trained(style)):
            other = "" if rule == "closest_length" else "the rule closest_length or "
            found.append(f"{other}max_length_ratio makes lengths more alike")
        if self.with_others and style == "trl":
            found.append("other_turns = leave_out takes only pairs with only the model's own turns")
        return [f"For other pairs: {'; '.join(found)}."] if found else []

    def _trained(self, style: str) -> Against:
        """Return the lengths of what a trainer compares: NeMo RL the last message of each side alone."""
        return self.last if style == "nemo_rl" else self.own

    def _of_length(self, style: str) -> Iterator[str]:
        own, has_more = self.own, style == "nemo_rl" and self.several
        if not own.chosen_more and not own.rejected_more:
            yield f"Both sides are equally long in every pair (median {_number(own.chosen)} characters)."
        else:
            said = f"The chosen side is longer in {_of(own.chosen_more, self.pairs, ' pairs')}"
            if own.chosen_more < self.pairs:
                said += f", the rejected one in {own.rejected_more:,}"
            medians = f"(median {_number(own.chosen)} vs {_number(own.rejected)} characters of the model's own)"
            yield f"{said} {medians}{'' if has_more else LEARNS[_leaning(own)]}."
        if self.n_other_chars:
            yield f"With tool results and user turns it is longer in {_more(self.whole, self.pairs, ' characters')}."
        if self.turns.chosen_more or self.turns.rejected_more:
            yield f"It takes more turns in {_more(self.turns, self.pairs)}."

    def _of_others(self, style: str) -> Iterator[str]:
        if self.with_others:
            share = self.n_other_chars / self.n_chars if self.n_chars else 0.0
            said = f"{_percent(share)} of the characters of the sides are not the model's (tool results, user turns)"
            trained = ", and TRL's DPO trains on them as on answers" if style == "trl" else ""
            yield f"{said}, in {_of(self.with_others, self.pairs, ' pairs')}{trained}."
        if style == "nemo_rl" and self.several:
            have, last = said_of(self.several, "have"), _more(self.last, self.pairs, " characters")
            yield (
                f"{counted(self.several, 'pair')} {have} several answers on a side. NeMo RL trains on the last message "
                f"of each side alone, which is longer on the chosen side in {last}{LEARNS[_leaning(self.last)]}. "
                "The rest is context."
            )

    def _of_few(self) -> Iterator[str]:
        if self.alike:
            are = said_of(self.alike, "are the same on both sides: nothing is learned from them")
            yield f"{counted(self.alike, 'pair')} {are}."
        if self.shared:
            yield f"In {counted(self.shared, 'pair')} the turns that both sides begin with are in the prompt."


def figures(rows: Array, sides: Mapping[int, Side]) -> Figures:
    """Return how the sides of pairs, given as (chosen, rejected) rows, differ."""
    own, whole, last, answers = (np.zeros((len(rows), 2), dtype=np.int64) for _ in range(4))
    shared, has_others, alike, longest = 0, np.zeros(len(rows), dtype=bool), 0, 0
    for place, pair in enumerate(rows.tolist()):
        both = sides[pair[0]], sides[pair[1]]
        n = n_shared(both[0].turns, both[1].turns)
        shared, alike = shared + bool(n), alike + are_alike(*both)
        for which, side in enumerate(both):
            turns = side.turns[n:]
            mine = turns["chars"][turns["is_own"]]
            own[place, which], whole[place, which] = mine.sum(), turns["chars"].sum()
            last[place, which], answers[place, which] = turns["chars"][-1], len(mine)
            has_others[place] |= len(mine) < len(turns)
            longest = max(longest, side.n_chars_before + int(side.turns["chars"].sum()))
    return Figures(
        pairs=len(rows),
        own=_compare(own),
        whole=_compare(whole),
        last=_compare(last),
        turns=_compare(answers),
        n_chars=int(whole.sum()),
        n_other_chars=int(whole.sum() - own.sum()),
        with_others=int(has_others.sum()),
        several=int((answers > 1).any(axis=1).sum()),
        alike=alike,
        shared=shared,
        longest=longest,
    )


def _compare(both: Array) -> Against:
    chosen, rejected = both[:, 0], both[:, 1]
    one, other = (float(np.median(side)) if len(side) else 0.0 for side in (chosen, rejected))
    return Against(one, other, int((chosen > rejected).sum()), int((chosen < rejected).sum()))


def _leaning(one: Against) -> int:
    """Return 1 or -1 where one side is longer in more pairs than chance would make it (two standard errors)."""
    n, more = one.chosen_more + one.rejected_more, one.chosen_more - one.rejected_more
    if not n or max(one.chosen_more, one.rejected_more) < UNEVEN * n or more * more <= 4 * n:
        return 0
    return 1 if more > 0 else -1


def _more(one: Against, n_pairs: int, unit: str = "") -> str:
    medians = f"median {_number(one.chosen)} vs {_number(one.rejected)}{unit}"
    return f"{_of(one.chosen_more, n_pairs)} ({medians})"


def _of(n: int, n_pairs: int, noun: str = "") -> str:
    """Return how many of the pairs, as people say it of one and of several."""
    if n_pairs == 1:
        return "the only pair" if n else "no pair"
    return f"{n:,} of {n_pairs:,}{noun}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 or value.is_integer() else f"{value:.1f}"


def _percent(share: float) -> str:
    return f"{share * 100:.0f}%" if share >= 0.005 else "Less than 1%"
