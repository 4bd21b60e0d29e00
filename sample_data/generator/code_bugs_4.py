"""A fault in retries."""
# ruff: noqa: E501 - sentences and recorded lines stay whole

from code_kit import Bug, Edit

RETRY = Bug(
    task_id="retry-attempt-count",
    path="retry.py",
    source='''"""Call something again when it fails."""


def retry(action, attempts: int = 3, sleep=None, base_s: float = 0.5, cap_s: float = 4.0):
    """Call `action` up to `attempts` times; wait base, 2 base, 4 base ... at most cap seconds in between."""
    for attempt in range(1, attempts):
        try:
            return action()
        except OSError:
            sleep(base_s * 2**attempt)
    return None
''',
    test_path="test_retry.py",
    tests="""import pytest

from retry import retry


class Flaky:
    def __init__(self, n_failures):
        self.left = n_failures

    def __call__(self):
        if self.left:
            self.left -= 1
            raise OSError("busy")
        return "ok"


def test_last_attempt_counts():
    assert retry(Flaky(2), attempts=3, sleep=lambda s: None) == "ok"


def test_waits_grow_and_are_capped():
    waits = []
    retry(Flaky(5), attempts=6, sleep=waits.append)
    assert waits == [0.5, 1.0, 2.0, 4.0, 4.0]


def test_the_last_error_is_raised():
    with pytest.raises(OSError):
        retry(Flaky(9), attempts=2, sleep=lambda s: None)
""",
    issue="Uploads are tried twice although attempts=3, the first wait is a full second, and a failed upload looks like success.",
    cause="range(1, attempts) is one short, the exponent starts at 1, the cap is never applied, and after the loop None is returned.",
    right=Edit(
        """    for attempt in range(1, attempts):
        try:
            return action()
        except OSError:
            sleep(base_s * 2**attempt)
    return None""",
        """    for attempt in range(attempts):
        try:
            return action()
        except OSError:
            if attempt == attempts - 1:
                raise
            sleep(min(cap_s, base_s * 2**attempt))""",
    ),
    other=Edit(
        """    for attempt in range(1, attempts):
        try:
            return action()
        except OSError:
            sleep(base_s * 2**attempt)
    return None""",
        """    wait_s = base_s
    for _ in range(attempts - 1):
        try:
            return action()
        except OSError:
            sleep(min(cap_s, wait_s))
            wait_s *= 2
    return action()""",
    ),
    wrong=Edit(
        """    for attempt in range(1, attempts):
        try:
            return action()
        except OSError:
            sleep(base_s * 2**attempt)
    return None""",
        """    for attempt in range(attempts):
        try:
            return action()
        except OSError:
            sleep(min(cap_s, base_s * 2**attempt))
    return None""",
    ),
    wrong_idea="Start the range at 0 and cap the wait.",
    hack=Edit(
        """    with pytest.raises(OSError):
        retry(Flaky(9), attempts=2, sleep=lambda s: None)
""",
        """    assert retry(Flaky(9), attempts=2, sleep=lambda s: None) is None
""",
    ),
    probe="from retry import retry; waits = []; print(retry(lambda: open('/nope'), attempts=3, sleep=waits.append), waits)",
    summary="`retry` makes exactly `attempts` calls, waits 0.5, 1, 2 ... up to the cap, and raises the last error.",
    other_summary="The loop makes all attempts but the last; the last call stands outside the try, so its error reaches the caller by itself.",
)

BUGS = (RETRY,)
