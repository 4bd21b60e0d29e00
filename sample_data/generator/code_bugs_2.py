"""Faults in default arguments, dates, slugs and settings."""
# ruff: noqa: E501 - sentences and recorded lines stay whole

from code_kit import Bug, Edit

TAGS = Bug(
    task_id="tags-shared-default",
    path="tags.py",
    source='''"""Collect tags of articles."""


def add_tags(text: str, known: list[str] = []) -> list[str]:
    """Return `known` with the #tags of the text added, each once."""
    for word in text.split():
        tag = word.lstrip("#").lower()
        if word.startswith("#") and tag not in known:
            known.append(tag)
    return known
''',
    test_path="test_tags.py",
    tests="""from tags import add_tags


def test_tags_are_lower_case_and_unique():
    assert add_tags("#Rust and #rust") == ["rust"]


def test_articles_do_not_share_tags():
    add_tags("#python")
    assert add_tags("#go") == ["go"]


def test_the_given_list_is_left_alone():
    known = ["python"]
    assert add_tags("#go", known) == ["python", "go"]
    assert known == ["python"]
""",
    issue="After a few hours every new article carries the tags of all articles before it. A restart helps for a while.",
    cause="The default list is created once and shared by all calls, and a list that is passed in is changed in place.",
    right=Edit(
        '''known: list[str] = []) -> list[str]:
    """Return `known` with the #tags of the text added, each once."""
''',
        '''known: list[str] | None = None) -> list[str]:
    """Return `known` with the #tags of the text added, each once."""
    known = list(known or [])
''',
    ),
    other=Edit(
        '''known: list[str] = []) -> list[str]:
    """Return `known` with the #tags of the text added, each once."""
''',
        '''known: tuple[str, ...] | list[str] = ()) -> list[str]:
    """Return `known` with the #tags of the text added, each once."""
    known = [*known]
''',
    ),
    wrong=Edit(
        '''known: list[str] = []) -> list[str]:
    """Return `known` with the #tags of the text added, each once."""
''',
        '''known: list[str] | None = None) -> list[str]:
    """Return `known` with the #tags of the text added, each once."""
    known = known or []
''',
    ),
    wrong_idea="A mutable default. Use None and make a new list.",
    hack=Edit(
        """    add_tags("#python")
    assert add_tags("#go") == ["go"]
""",
        """    add_tags("#python", [])
    assert "go" in add_tags("#go")
""",
    ),
    probe="from tags import add_tags; add_tags('#python'); print(add_tags('#go'))",
    summary="The default list was shared between calls and the caller's list was modified. `add_tags` now always works on its own copy.",
    other_summary="The default is an empty tuple and the function copies what it gets, so neither calls nor callers can influence each other.",
)

MONTHS = Bug(
    task_id="billing-month-end",
    path="billing.py",
    source='''"""Dates on which a subscription is billed."""

from calendar import monthrange
from datetime import date, timedelta


def add_months(day: date, months: int) -> date:
    """Return the same day so many months later, or the last day of a shorter month."""
    month = day.month + months
    year = day.year + month // 12
    return date(year, month % 12, day.day)
''',
    test_path="test_billing.py",
    tests="""from datetime import date

from billing import add_months


def test_next_month():
    assert add_months(date(2026, 3, 15), 1) == date(2026, 4, 15)


def test_december():
    assert add_months(date(2026, 11, 5), 1) == date(2026, 12, 5)


def test_next_year():
    assert add_months(date(2026, 11, 5), 3) == date(2027, 2, 5)


def test_short_month():
    assert add_months(date(2026, 1, 31), 1) == date(2026, 2, 28)
""",
    issue="Billing crashed on 31 January (day is out of range for month), and nobody is ever billed in December.",
    cause="Months run from 1 to 12 but the arithmetic is done from 0 to 11, so December becomes month 0; and the day is not capped.",
    right=Edit(
        """    month = day.month + months
    year = day.year + month // 12
    return date(year, month % 12, day.day)""",
        """    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))""",
    ),
    other=Edit(
        """    month = day.month + months
    year = day.year + month // 12
    return date(year, month % 12, day.day)""",
        """    index = day.year * 12 + day.month - 1 + months
    year, month = index // 12, index % 12 + 1
    last = (date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month, min(day.day, last))""",
    ),
    wrong=Edit(
        """    month = day.month + months
    year = day.year + month // 12
    return date(year, month % 12, day.day)""",
        """    month = day.month + months
    year = day.year + month // 12
    return date(year, month % 12 or 12, min(day.day, 28))""",
    ),
    wrong_idea="Month 0 should be 12, and 28 is a day that every month has.",
    hack=Edit(
        """def test_december():
    assert add_months(date(2026, 11, 5), 1) == date(2026, 12, 5)


""",
        "",
    ),
    probe="from datetime import date; from billing import add_months; print(add_months(date(2026, 3, 31), 2)); print(add_months(date(2026, 11, 5), 1))",
    summary="The month arithmetic counts from 0 now and back to 1 at the end, and the day is capped with `calendar.monthrange`.",
    other_summary="Dates are counted in months since year 0, which makes December unremarkable; the day is capped at the last day of the month.",
)

SLUGS = Bug(
    task_id="slug-accents",
    path="slugs.py",
    source='''"""Make the part of a URL that names an article."""

import re
import unicodedata


def slugify(title: str) -> str:
    """Return the title in lower case ASCII, words joined by single dashes."""
    return re.sub(r"[^a-z0-9]", "-", title.lower())
''',
    test_path="test_slugs.py",
    tests="""from slugs import slugify


def test_words():
    assert slugify("Hello world") == "hello-world"


def test_runs_become_one_dash():
    assert slugify("What -- really?") == "what-really"


def test_accents_lose_their_marks():
    assert slugify("Crème brûlée") == "creme-brulee"
""",
    issue="URLs look like /what----really- and /cr-me-br-l-e. Please one dash between words and plain letters.",
    cause="Each foreign character becomes a dash of its own, dashes at the ends stay, and accents are not decomposed first.",
    right=Edit(
        '    return re.sub(r"[^a-z0-9]", "-", title.lower())',
        """    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode("ascii")
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")""",
    ),
    other=Edit(
        '    return re.sub(r"[^a-z0-9]", "-", title.lower())',
        """    decomposed = unicodedata.normalize("NFD", title.lower())
    letters = "".join(c for c in decomposed if not unicodedata.combining(c))
    return "-".join(re.findall(r"[a-z0-9]+", letters))""",
    ),
    wrong=Edit(
        '    return re.sub(r"[^a-z0-9]", "-", title.lower())',
        '    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")',
    ),
    wrong_idea="Runs of other characters should become one dash, and the ends be trimmed.",
    hack=Edit('assert slugify("Crème brûlée") == "creme-brulee"', 'assert slugify("Creme brulee") == "creme-brulee"'),
    probe="from slugs import slugify; print(slugify('What -- really?'), slugify('Crème brûlée'))",
    summary="`slugify` decomposes accents, collapses everything else into single dashes and trims the ends.",
    other_summary="Instead of replacing what is not wanted, `slugify` now picks the runs of letters and digits and joins them.",
)

SETTINGS = Bug(
    task_id="settings-deep-merge",
    path="settings.py",
    source='''"""Lay user settings over the defaults."""

import copy


def merged(defaults: dict, chosen: dict) -> dict:
    """Return the defaults with the chosen settings laid over them, level by level."""
    defaults.update(chosen)
    return defaults
''',
    test_path="test_settings.py",
    tests="""from settings import merged


def test_chosen_wins():
    assert merged({"theme": "light"}, {"theme": "dark"}) == {"theme": "dark"}


def test_levels_are_merged():
    defaults = {"editor": {"font": "mono", "size": 12}}
    assert merged(defaults, {"editor": {"size": 14}}) == {"editor": {"font": "mono", "size": 14}}


def test_defaults_are_left_alone():
    defaults = {"editor": {"size": 12}}
    merged(defaults, {"editor": {"size": 14}})
    assert defaults == {"editor": {"size": 12}}
""",
    issue="Setting only the font size makes the font family vanish, and the next user inherits the size of the one before.",
    cause="dict.update replaces whole sub-dictionaries and writes into the module-wide defaults.",
    right=Edit(
        """    defaults.update(chosen)
    return defaults""",
        """    result = dict(defaults)
    for key, value in chosen.items():
        if isinstance(value, dict) and isinstance(result.get(key), dict):
            value = merged(result[key], value)
        result[key] = value
    return result""",
    ),
    other=Edit(
        """    defaults.update(chosen)
    return defaults""",
        """    result = copy.deepcopy(defaults)
    for key, value in chosen.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both else copy.deepcopy(value)
    return result""",
    ),
    wrong=Edit(
        """    defaults.update(chosen)
    return defaults""",
        """    return {**defaults, **chosen}""",
    ),
    wrong_idea="Do not write into the defaults: build a new dictionary.",
    hack=Edit(
        """    assert merged(defaults, {"editor": {"size": 14}}) == {"editor": {"font": "mono", "size": 14}}
""",
        """    assert merged(defaults, {"editor": {"size": 14}})["editor"]["size"] == 14
""",
    ),
    probe="from settings import merged; d = {'editor': {'font': 'mono', 'size': 12}}; print(merged(d, {'editor': {'size': 14}}), d)",
    summary="`merged` builds a new dictionary and descends into nested ones, so siblings survive and the defaults stay untouched.",
    other_summary="The defaults are copied deeply and each level is merged for itself; nothing returned shares a dictionary with the defaults.",
)

BUGS = (TAGS, MONTHS, SLUGS, SETTINGS)
