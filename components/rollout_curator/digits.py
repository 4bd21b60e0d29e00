"""Numbers as people read them, in the fewest digits that are still the number."""


def short(number: float) -> str:
    """Return a mean with three decimals, where it is too large or too small for these with as many digits."""
    return f"{number:.3f}" if not number or 1e-3 <= abs(number) < 1e9 else f"{number:.4g}"


def exact(number: float) -> str:
    """Return a number in short digits where these are the number itself, else in all its digits."""
    short = f"{number:g}"
    return short if float(short) == number else repr(number)
