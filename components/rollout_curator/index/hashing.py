"""Numbers whose every bit is stirred: what random ranks and joint keys are made of, the same on every machine."""

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]


def mixed(state: Hashes) -> Hashes:
    """Return each number with all its bits stirred, as splitmix64 does (Steele et al., OOPSLA 2014), modulo 2**64."""
    state = state + np.uint64(0x9E3779B97F4A7C15)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    stirred: Hashes = state ^ (state >> np.uint64(31))
    return stirred
