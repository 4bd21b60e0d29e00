"""How many examples exceed the limit of their trainer: defaults with sources, the sentence, the limit that fits all."""

import numpy as np
import pytest

from rollout_curator.training.cost import Lengths, Span, are_too_long
from rollout_curator.training.length_check import LengthCheck, check_lengths, next_size
from rollout_curator.training.targets.base import ConfigFacts, Target, get, targets


def known(total: list[int], low: list[int] | None = None, high: list[int] | None = None) -> Lengths:
    """Return lengths; without bounds they are exact."""
    found, least, most = (np.array(some) for some in (total, low or total, high or total))
    return Lengths(found, found, least, most)


def checked(lengths: Lengths, target: Target, chosen: int | None = None) -> LengthCheck:
    """Return the check against the limit that was chosen, or the default."""
    limit = chosen or target.usual_limit
    assert limit is not None
    return check_lengths(lengths, are_too_long(lengths.total, limit, target), target, limit, chosen)


def test_every_trainer_knows_its_default_and_what_it_does_beyond() -> None:
    assert {name: (target.usual_limit, target.overlong) for name, target in targets().items() if target.trains} == {
        "nemo_rl": (1024, "masked"),
        "trl": (1024, "cut"),
        "unsloth": (2048, "cut"),
        "axolotl": (512, "dropped"),
        "llamafactory": (2048, "cut"),
        "openai": (65536, "cut"),
    }


@pytest.mark.parametrize("name", sorted(set(targets()) - {"gym"}))
def test_every_default_says_where_it_stands(name: str) -> None:
    assert get(name).limit_source


def test_what_trains_nothing_has_no_default() -> None:
    assert (get("gym").usual_limit, get("gym").limit_source) == (None, "")


def test_the_check_says_how_many_exceed_which_limit_and_what_becomes_of_them() -> None:
    found = checked(known([10, 1024, 9000], [9, 900, 8000], [12, 1200, 12_000]), get("nemo_rl"))
    assert found.sentence() == "2 of 3 exceed 1,024 tokens (NeMo RL default, estimated): fully masked"
    assert (found.exceed, found.longest, found.fits_all) == (Span(2, 1, 2), 9000, 12_288)


def test_a_single_one_that_was_counted_exactly_exceeds() -> None:
    found = checked(known([10, 600]), get("axolotl"))
    assert found.sentence() == "1 of 2 exceeds 512 tokens (Axolotl default): dropped in training"


def test_a_limit_that_was_chosen_is_called_so() -> None:
    found = checked(known([10, 5000]), get("trl"), 4096)
    assert found.sentence() == "1 of 2 exceeds 4,096 tokens (chosen max length): cut at the end"
    assert not found.is_default


def test_where_none_exceeds_nothing_is_said_and_nothing_to_raise() -> None:
    found = checked(known([10, 1024]), get("trl"))
    assert (found.holds, found.sentence(), found.fits_all) == (True, "", None)


def test_a_limit_of_a_service_cannot_be_raised() -> None:
    found = checked(known([70_000]), get("openai"))
    assert (found.sentence(), found.fits_all) == (
        "1 of 1 exceeds 65,536 tokens (OpenAI default): cut at the end",
        None,
    )


def test_the_next_size_is_a_power_of_two_or_half_way_between_two() -> None:
    trl = get("trl")
    assert [next_size(n, trl) for n in (1, 512, 513, 1025, 1537, 20_000)] == [512, 512, 768, 1536, 2048, 24_576]


def test_nemo_rl_needs_room_for_one_token_more() -> None:
    assert [next_size(n, get("nemo_rl")) for n in (1023, 1024)] == [1024, 1536]


FACTS = {"too_long": "144 of 334 exceed 1,024 tokens (NeMo RL default, estimated): fully masked", "fits_all": 24_576}
NOTE = "# 144 of 334 exceed 1,024 tokens (NeMo RL default, estimated): fully masked; 24,576 hold all.\n"


def config(name: str, **more: int | str) -> str:
    """Return the config of a trainer."""
    return get(name).config(ConfigFacts("/data/sft.jsonl", "chat", has_tools=False, **more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("trl", "        max_length=1024,"),
        ("unsloth", "LIMIT = 2048 "),
        ("axolotl", "sequence_len: 512 "),
        ("llamafactory", "cutoff_len: 2048 "),
    ],
)
def test_a_config_sets_the_default_and_says_above_it_what_exceeds_that(name: str, line: str) -> None:
    assert line in config(name) and "exceed" not in config(name)
    before, _, after = config(name, **FACTS).partition(NOTE)
    assert before and after.startswith(line)


def test_the_config_for_nemo_rl_offers_the_limit_that_holds_all_as_a_comment() -> None:
    assert f"  {NOTE}  # max_total_sequence_length: 24576\n" in config("nemo_rl", **FACTS)
    assert "\n  max_total_sequence_length: 2048\n" in config("nemo_rl", max_tokens=2048)


def test_the_script_for_openai_has_no_limit_to_set_and_still_says_it() -> None:
    assert f"{NOTE}job = client" in config("openai", **FACTS)
