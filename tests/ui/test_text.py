"""Text from data in labels: it is shown letter by letter, and nothing in it becomes markup or a link."""

import re

import pytest

from rollout_curator.ui.text import label, plain

JOINER = "\u2060"
LINKS = (
    re.compile(r"(https?://|www(?=\.))([-.\w]+)([^ \t\r\n]*)", re.IGNORECASE),
    re.compile(r"(?<!\w)([-.\w+]+)@([-\w]+(?:\.[-\w]+)+)"),
)
"""What Streamlit's page turns into links, in text from which the backslashes were taken already (mdast-util-gfm)."""


@pytest.mark.parametrize(
    "text",
    ["http://evil.example/a", "HTTPS://evil.example", "[x](http://a.example)", "www.evil.example", "ann@evil.example"],
)
def test_an_address_in_a_label_becomes_no_link(text: str) -> None:
    read = re.sub(r"\\(.)", r"\1", label(text))
    assert [found[0] for link in LINKS for found in link.finditer(read)] == []
    assert read.replace(JOINER, "") == text


@pytest.mark.parametrize("text", ["pass@1 33.3 %", "a @ b", "www", "http"])
def test_what_is_no_address_is_left_alone(text: str) -> None:
    assert JOINER not in label(text)


def test_a_label_is_escaped_letter_by_letter() -> None:
    assert label("**a** <b> :red[c]") == "\\*\\*a\\*\\* \\<b\\> \\:red\\[c\\]"


def test_what_renders_no_markdown_keeps_its_addresses() -> None:
    assert plain("http://a.example ann@a.example") == "http://a.example ann@a.example"
