"""Numbers as people read them: short, and never another number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout_curator.words import exact


@pytest.mark.parametrize(
    ("number", "shown"),
    [(0.8, "0.8"), (1.0, "1"), (0.99999999, "0.99999999"), (0.1 + 0.2, "0.30000000000000004"), (-2.5, "−2.5")],
)
def test_a_number_is_shown_short_where_that_is_the_number(number: float, shown: str) -> None:
    assert exact(number) == shown


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_what_is_shown_reads_back_as_the_number(number: float) -> None:
    assert float(exact(number).replace("−", "-")) == number
