"""When agents use different reward scales, and how these are said; every value by hand."""

import numpy as np
import pytest

from rollout_curator.ui.pages.select_scales import differ, scale_words, scales_of


def test_the_scale_of_an_agent_is_its_highest_reward_and_1_where_that_is_less() -> None:
    rewards = np.array([-1.0, 0.0, 0.7, 1.0, 2.5, np.inf, np.nan])
    agents = np.array([3, 0, 0, 1, 2, 1, 1])
    assert scales_of(agents, rewards, 4) == [1.0, 1.0, 2.5]


@pytest.mark.parametrize(
    ("scales", "are_different"),
    [([], False), ([1.0], False), ([1.0, 1.2], False), ([1.0, 1.0, 2.5], True), ([10.0, 10.0], False)],
)
def test_scales_differ_from_half_as_much_again(scales: list[float], are_different: bool) -> None:
    assert differ(scales) == are_different


def test_a_few_scales_are_listed_and_of_many_the_ends() -> None:
    assert scale_words([1.0, 1.0, 2.5]) == "1, 1, 2.5"
    assert scale_words([1.0, 1.0, 1.0, 2.5, 10.0]) == "1 to 10"
