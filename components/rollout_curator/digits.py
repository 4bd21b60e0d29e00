"""Numbers as people read them, in the fewest digits that are still the number."""


def exact(number: float) -> str:
    """Return a number in short digits where these are the number itself, else in all its digits."""
    short = f"{number:g}"
    return short if float(short) == number else repr(number)
