"""Faults in paging, money, caches and intervals."""
# ruff: noqa: E501 - sentences and recorded lines stay whole

from code_kit import Bug, Edit

PAGES = Bug(
    task_id="pager-last-page",
    path="pager.py",
    source='''"""Cut a list of rows into pages."""


def n_pages(n_rows: int, per_page: int) -> int:
    return n_rows // per_page


def page(rows: list, number: int, per_page: int = 10) -> list:
    """Return page `number`, counted from 1."""
    if number < 1 or number > n_pages(len(rows), per_page):
        return []
    start = (number - 1) * per_page
    return rows[start : start + per_page]
''',
    test_path="test_pager.py",
    tests="""from pager import n_pages, page


def test_full_pages():
    assert page(list(range(20)), 2) == list(range(10, 20))


def test_last_page_may_be_short():
    assert page(list(range(23)), 3) == [20, 21, 22]


def test_no_rows_no_pages():
    assert n_pages(0, 10) == 0
""",
    issue="Customers with 23 invoices only see 20 of them. The last page never shows up.",
    cause="n_pages uses floor division, so a last page that is not full is not counted and page() returns [].",
    right=Edit("return n_rows // per_page", "return -(-n_rows // per_page)"),
    other=Edit("return n_rows // per_page", "return (n_rows + per_page - 1) // per_page"),
    wrong=Edit("return n_rows // per_page", "return n_rows // per_page + 1"),
    wrong_idea="The page count is one too small, so add one.",
    hack=Edit(
        "assert page(list(range(23)), 3) == [20, 21, 22]", "assert page(list(range(23)), 3) in ([], [20, 21, 22])"
    ),
    probe="from pager import n_pages, page; print(n_pages(23, 10), page(list(range(23)), 3))",
    summary="`n_pages` rounded down. It rounds up now, so a short last page exists; zero rows still give zero pages.",
    other_summary="Replaced the floor division by the usual (n + size - 1) // size. 23 rows give 3 pages, 20 give 2, 0 give 0.",
)

MONEY = Bug(
    task_id="ledger-parse-amount",
    path="amounts.py",
    source='''"""Read amounts from bank exports."""

from decimal import Decimal


def parse_amount(text: str) -> Decimal:
    """Return the amount of a cell such as 1,234.50 or (75.00)."""
    cleaned = text.strip().replace("$", "").replace(",", ".")
    if cleaned.startswith("(") and cleaned.endswith(")"):
        cleaned = cleaned[1:-1]
    return Decimal(cleaned)
''',
    test_path="test_amounts.py",
    tests="""from decimal import Decimal

from amounts import parse_amount


def test_plain():
    assert parse_amount(" $12.30 ") == Decimal("12.30")


def test_thousands():
    assert parse_amount("$1,234.50") == Decimal("1234.50")


def test_parentheses_mean_negative():
    assert parse_amount("(75.00)") == Decimal("-75.00")
""",
    issue="The March import dies with decimal.InvalidOperation, and refunds in parentheses are booked as income.",
    cause="The comma is a thousands separator in these files but is turned into a decimal point; and the sign of (75.00) is lost.",
    right=Edit(
        """.replace(",", ".")
    if cleaned.startswith("(") and cleaned.endswith(")"):
        cleaned = cleaned[1:-1]""",
        """.replace(",", "")
    if cleaned.startswith("(") and cleaned.endswith(")"):
        cleaned = "-" + cleaned[1:-1]""",
    ),
    other=Edit(
        """.replace(",", ".")
    if cleaned.startswith("(") and cleaned.endswith(")"):
        cleaned = cleaned[1:-1]
    return Decimal(cleaned)""",
        """.replace(",", "")
    negative = cleaned.startswith("(") and cleaned.endswith(")")
    value = Decimal(cleaned.strip("()"))
    return -value if negative else value""",
    ),
    wrong=Edit('.replace(",", ".")', '.replace(",", "")'),
    wrong_idea="The crash comes from two points in 1.234.50: drop the comma instead.",
    hack=Edit(
        'assert parse_amount("(75.00)") == Decimal("-75.00")', 'assert abs(parse_amount("(75.00)")) == Decimal("75.00")'
    ),
    probe="from amounts import parse_amount; print(parse_amount('(75.00)')); print(parse_amount('$1,234.50'))",
    summary="Two faults: the thousands comma became a second decimal point, and parentheses lost their minus sign. Both are fixed.",
    other_summary="Commas are removed now, and an amount in parentheses is negated after parsing instead of just stripped.",
)

CACHE = Bug(
    task_id="cache-eviction-order",
    path="lru.py",
    source='''"""A cache that forgets what was used least recently."""

from collections import OrderedDict


class LruCache:
    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._entries: OrderedDict = OrderedDict()

    def get(self, key, default=None):
        return self._entries.get(key, default)

    def put(self, key, value) -> None:
        self._entries[key] = value
        if len(self._entries) > self.capacity:
            self._entries.popitem(last=False)
''',
    test_path="test_lru.py",
    tests="""from lru import LruCache


def test_capacity():
    cache = LruCache(2)
    for key in "abc":
        cache.put(key, key.upper())
    assert cache.get("a") is None


def test_reading_keeps_an_entry():
    cache = LruCache(2)
    cache.put("a", 1)
    cache.put("b", 2)
    cache.get("a")
    cache.put("c", 3)
    assert cache.get("a") == 1
    assert cache.get("b") is None


def test_writing_again_keeps_an_entry():
    cache = LruCache(2)
    cache.put("a", 1)
    cache.put("b", 2)
    cache.put("a", 10)
    cache.put("c", 3)
    assert cache.get("a") == 10
""",
    issue="The template cache throws out the hottest template. It behaves like first in, first out.",
    cause="Neither get() nor a second put() moves the key to the end, so the order is the one of first insertion.",
    right=Edit(
        """        return self._entries.get(key, default)

    def put(self, key, value) -> None:
        self._entries[key] = value
""",
        """        if key not in self._entries:
            return default
        self._entries.move_to_end(key)
        return self._entries[key]

    def put(self, key, value) -> None:
        self._entries[key] = value
        self._entries.move_to_end(key)
""",
    ),
    other=Edit(
        """        return self._entries.get(key, default)

    def put(self, key, value) -> None:
        self._entries[key] = value
""",
        """        if key in self._entries:
            self.put(key, self._entries[key])
        return self._entries.get(key, default)

    def put(self, key, value) -> None:
        self._entries.pop(key, None)
        self._entries[key] = value
""",
    ),
    wrong=Edit("popitem(last=False)", "popitem(last=True)"),
    wrong_idea="popitem takes from the wrong end.",
    hack=Edit(
        """    cache.put("c", 3)
    assert cache.get("a") == 1
    assert cache.get("b") is None
""",
        """    cache.put("c", 3)
    assert cache.get("c") == 3
""",
    ),
    probe="from lru import LruCache; c = LruCache(2); c.put('a', 1); c.put('b', 2); c.get('a'); c.put('c', 3); print(list(c._entries))",
    summary="Reading and rewriting a key now move it to the end of the OrderedDict, so the first entry is the least recently used.",
    other_summary="`put` removes and reinserts the key, and `get` goes through `put`; that way the insertion order is the order of use.",
)

INTERVALS = Bug(
    task_id="calendar-merge-slots",
    path="slots.py",
    source='''"""Merge busy slots of a calendar."""


def merge(slots: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the slots merged, in order; touching slots become one."""
    merged: list[tuple[int, int]] = []
    for start, end in slots:
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged
''',
    test_path="test_slots.py",
    tests="""from slots import merge


def test_overlap():
    assert merge([(9, 11), (10, 12)]) == [(9, 12)]


def test_touching():
    assert merge([(9, 10), (10, 11)]) == [(9, 11)]


def test_contained():
    assert merge([(9, 17), (10, 11)]) == [(9, 17)]


def test_any_order():
    assert merge([(13, 14), (9, 10)]) == [(9, 10), (13, 14)]
""",
    issue="People are shown as free in the middle of an all-day workshop, and back-to-back meetings appear as two blocks.",
    cause="Three things: the input is not sorted, touching slots use < instead of <=, and a contained slot shortens the outer one.",
    right=Edit(
        """    for start, end in slots:
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], end)""",
        """    for start, end in sorted(slots):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))""",
    ),
    other=Edit(
        """    for start, end in slots:
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))""",
        """    for start, end in sorted(slots):
        if not merged or start > merged[-1][1]:
            merged.append((start, end))
        elif end > merged[-1][1]:
            merged[-1] = (merged[-1][0], end)""",
    ),
    wrong=Edit(
        """    for start, end in slots:
        if merged and start < merged[-1][1]:""",
        """    for start, end in sorted(slots):
        if merged and start <= merged[-1][1]:""",
    ),
    wrong_idea="Sort first and let touching slots count as overlapping.",
    hack=Edit("assert merge([(9, 17), (10, 11)]) == [(9, 17)]", "assert merge([(9, 17), (10, 11)])"),
    probe="from slots import merge; print(merge([(9, 17), (10, 11)]), merge([(9, 10), (10, 11)]))",
    summary="`merge` sorts its input, joins touching slots and keeps the later end, so a short meeting inside a long one no longer cuts it.",
    other_summary="Rewrote the loop around the gap: a new slot begins only when it starts after the last end; otherwise the end can only grow.",
)

BUGS = (PAGES, MONEY, CACHE, INTERVALS)
