"""Near-duplicates under shared text over many seeds: how many cross, how large validation is, how many are left out.

Prints a table, a row a shape of prompts: `make drills ARGS="-k splits"`.
"""

import random
from dataclasses import dataclass

import numpy as np
import pytest

from rollout_curator.selection.splits.similarity import sketch
from rollout_curator.selection.splits.split import LEFT_OUT, Families, Split, parted

pytestmark = pytest.mark.simulation

SEEDS, ASKED = 12, 0.1


@dataclass(frozen=True)
class Shape:
    """Pairs of prompts of which one word differs, under the instructions of some agents."""

    n_shared: int
    place: str = "start"
    n_agents: int = 1
    names_agents: bool = True
    n_words: int = 40
    differs: str = "last"
    n_pairs: int = 200


SHAPES = [
    *(Shape(n, place) for n in (0, 80, 120, 150, 300, 600) for place in ("start", "middle", "end")),
    *(Shape(300, differs="any", n_words=n) for n in (12, 16, 24, 30, 60, 200)),
    *(Shape(300, n_agents=n) for n in (4, 30, 100)),
    *(Shape(300, n_agents=n, names_agents=False) for n in (4, 30, 100)),
]


def prompts(shape: Shape, dice: random.Random) -> list[tuple[str, str]]:
    """Return prompts with their agents, those of a pair one after the other."""
    instructions = [
        [f"i{agent}x{dice.randrange(900)}" for _ in range(shape.n_shared)] for agent in range(shape.n_agents)
    ]
    found = []
    for pair in range(shape.n_pairs):
        asked = [f"q{dice.randrange(2000)}" for _ in range(shape.n_words)]
        other, agent = list(asked), pair % shape.n_agents
        other[-1 if shape.differs == "last" else dice.randrange(shape.n_words)] = f"other{pair}"
        cut = {"start": shape.n_shared, "middle": shape.n_shared // 2, "end": 0}[shape.place]
        for said in (asked, other):
            text = " ".join([*instructions[agent][:cut], *said, *instructions[agent][cut:]])
            found.append((text, f"agent {agent}" if shape.names_agents else ""))
    return found


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_no_twin_crosses_and_validation_is_about_what_was_asked_for(shape: Shape) -> None:
    made = prompts(shape, random.Random(1))
    sketches, agents = [sketch(text) for text, _ in made], [agent for _, agent in made]
    crossing, shares, left_out = 0, [], []
    for seed in range(SEEDS):
        families = Families(Split(ASKED, seed=seed))
        for n, prompt in enumerate(sketches):
            families.add(n, prompt)
        part = parted(families, np.ones(len(made)), agents).part
        pairs = part.reshape(-1, 2)
        crossing += int(((pairs[:, 0] != pairs[:, 1]) & (pairs != LEFT_OUT).all(axis=1)).sum())
        shares.append(float(np.mean(part == 1)))
        left_out.append(float(np.mean(part == LEFT_OUT)))
    print(
        f"\n{shape}: {crossing} cross; validation {np.mean(shares):.3f} ({min(shares):.3f} to {max(shares):.3f}), "
        f"left out {np.mean(left_out):.3f}"
    )
    assert crossing == 0
    assert 0.065 < np.mean(shares) < 0.135
    assert np.mean(left_out) < 0.05
