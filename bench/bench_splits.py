"""What it takes to keep near-duplicates together: seconds and memory for prompts of which no two are the same.

    python bench/bench_splits.py [--prompts 100000] [--words 60] [--shared 300 --instructions 8]

Every prompt may begin with one of some instructions of so many words. With hundreds of instructions each is too rare to
be shared text, and all prompts of one look alike: the worst there is.

Every prompt is sketched and noted as an export with a split does it; then all are compared and parted.
"""

import argparse
import random
import resource
import sys
import time

import numpy as np
import rollouts

from rollout_curator.selection.splits.similarity import sketch
from rollout_curator.selection.splits.split import Families, Split, parted


def main() -> None:
    """Print seconds, and by how much the memory of this process grew."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompts", type=int, default=100_000)
    parser.add_argument("--words", type=int, default=60)
    parser.add_argument("--shared", type=int, default=0)
    parser.add_argument("--instructions", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(1)
    instructions = [
        " ".join(f"shared{n}x{chance.randrange(500)}" for _ in range(options.shared))
        for n in range(options.instructions)
    ]
    families = Families(Split(validation=0.1))
    before, started = _peak_mb(), time.perf_counter()
    for n in range(options.prompts):
        text = " ".join(f"{chance.choice(rollouts.WORDS)}{chance.randrange(500)}" for _ in range(options.words))
        families.add(n, sketch(f"{instructions[n % len(instructions)]} {text}"))
    joined = time.perf_counter()
    parted(families, np.ones(options.prompts, dtype=bool), ["a"] * options.prompts)
    grown = _peak_mb() - before
    print(f"{options.prompts:,} different prompts of {options.words} words under {options.shared} shared ones")
    print(f"  sketched    {joined - started:8.1f} s")
    print(f"  parted      {time.perf_counter() - joined:8.1f} s")
    print(f"  memory      {grown:8,.0f} MB, {grown * 1e3 / options.prompts:.1f} kB each")


def _peak_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak / 1e3


if __name__ == "__main__":
    main()
