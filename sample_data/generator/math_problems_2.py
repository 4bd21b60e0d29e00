"""Short problems about counting, numbers and figures, each with right and wrong ways to solve it.

The same shape as `math_problems`: every figure is computed from the numbers of the problem.
"""
# ruff: noqa: E501 - one sentence of a solution stays one line

from fractions import Fraction
from math import comb

from math_kit import Problem, Slip, number


def committee(women: int, men: int, size: int) -> Problem:
    """Return: committees with at least one of each."""
    total, only_w, only_m = comb(women + men, size), comb(women, size), comb(men, size)
    right = total - only_w - only_m
    rest = comb(women + men - 2, size - 2)
    parts = [(k, comb(women, k) * comb(men, size - k)) for k in range(1, size) if size - k <= men and k <= women]
    listed = ", ".join(f"{k} W: C({women},{k})·C({men},{size - k}) = {v}" for k, v in parts)
    people = women + men
    return Problem(
        f"A club has {women} women and {men} men. How many committees of {size} contain at least one woman and at least one man?",
        str(right),
        (
            (
                f"All committees: C({people},{size}) = {total}.",
                f"Only women: C({women},{size}) = {only_w}. Only men: C({men},{size}) = {only_m}. The two cases do not overlap.",
                f"{total} − {only_w} − {only_m} = {right}.",
            ),
            (
                "Split by the number of women.",
                f"{listed}.",
                f"The sum is {' + '.join(str(v) for _, v in parts)} = {right}.",
            ),
            (
                "Count the complement: a committee fails when it is all of one kind.",
                f"That happens in {only_w} + {only_m} = {only_w + only_m} ways out of {total}.",
                f"Hence {right} committees are mixed.",
            ),
        ),
        (
            Slip(
                str(women * men * rest),
                (
                    f"Choose one woman in {women} ways and one man in {men} ways to be safe.",
                    f"The other {size - 2} places go to any of the remaining {people - 2}: C({people - 2},{size - 2}) = {rest}.",
                    f"{women} · {men} · {rest} = {women * men * rest}.",
                ),
            ),
            Slip(
                str(total - only_m),
                (
                    f"In all there are C({people},{size}) = {total} committees.",
                    f"We must avoid those without a woman, C({men},{size}) = {only_m}.",
                    f"{total} − {only_m} = {total - only_m}.",
                ),
            ),
        ),
        "Picking one of each first and then the rest counts a committee once for every choice of the two named members. Use the complement.",
    )


def remainder(base: int, exponent: int, modulus: int) -> Problem:
    """Return: the remainder of a power."""
    seen: list[int] = []
    value = base % modulus
    while value not in seen:
        seen.append(value)
        value = value * base % modulus
    period = len(seen)
    right = pow(base, exponent, modulus)
    shifted = seen[exponent % period]
    cycle = ", ".join(map(str, seen))
    half = pow(base, exponent // 2, modulus)
    odd = exponent % 2
    half_line = (
        f"Square it: {half}² = {half * half}, remainder {half * half % modulus}; "
        f"one more factor {base} gives {half * half % modulus * base}, remainder {right}."
        if odd
        else f"Square it: {half}² = {half * half}, which leaves {right}."
    )
    return Problem(
        f"What is the remainder when {base}^{exponent} is divided by {modulus}?",
        str(right),
        (
            (
                f"The powers of {base} modulo {modulus} run through {cycle} and then repeat; the period is {period}.",
                f"{exponent} = {period}·{exponent // period} + {exponent % period}.",
                f"So the remainder is the one of {base}^{exponent % period or period}, which is {right}.",
            ),
            (
                f"Work by squaring. {base}^{exponent // 2} leaves {half} modulo {modulus}.",
                half_line,
            ),
            (
                f"Since {base}^{period} ≡ 1 (mod {modulus}), whole blocks of {period} factors can be thrown away.",
                f"{exponent} mod {period} = {exponent % period}, so we need {base}^{exponent % period} = {base ** (exponent % period)}.",
                f"{base ** (exponent % period)} mod {modulus} = {right}.",
            ),
        ),
        (
            Slip(
                str(shifted),
                (
                    f"The remainders are {cycle}, with period {period}.",
                    f"{exponent} mod {period} = {exponent % period}; counting positions from 0 this is the entry {shifted}.",
                ),
            ),
            Slip(
                str(base * exponent % modulus),
                (
                    f"{base}^{exponent} means {exponent} factors of {base}, so look at {base}·{exponent} = {base * exponent}.",
                    f"{base * exponent} mod {modulus} = {base * exponent % modulus}.",
                ),
            ),
        ),
        "Find the cycle of the powers, then reduce the exponent. Watch where the list starts: the first entry belongs to exponent 1.",
    )


def altitude(a: int, b: int, c: int) -> Problem:
    """Return: the height onto the hypotenuse of a right triangle."""
    height = Fraction(a * b, c)
    foot = Fraction(a * a, c)
    return Problem(
        f"A right triangle has legs {a} and {b}. How long is the altitude to the hypotenuse?",
        number(height),
        (
            (
                f"The hypotenuse is √({a}² + {b}²) = √{c * c} = {c}.",
                f"The area is {a}·{b}/2 = {number(Fraction(a * b, 2))}, and it is also {c}·h/2.",
                f"So h = {a * b}/{c} = {number(height)}.",
            ),
            (
                f"By Pythagoras the hypotenuse is {c}.",
                f"The altitude cuts off a triangle similar to the whole one with hypotenuse {a}: h/{a} = {b}/{c}.",
                f"h = {a}·{b}/{c} = {number(height)}.",
            ),
            (
                f"Hypotenuse {c}. The foot of the altitude divides it into {a}²/{c} = {number(foot)} and {b}²/{c} = {number(c - foot)}.",
                f"The altitude is the geometric mean of the two: h² = {number(foot * (c - foot))}.",
                f"h = {number(height)}.",
            ),
        ),
        (
            Slip(
                number(height / 2),
                (
                    f"The hypotenuse is {c} and the area {number(Fraction(a * b, 2))}.",
                    f"Dividing area by base, h = {number(Fraction(a * b, 2))}/{c} = {number(height / 2)}.",
                ),
            ),
            Slip(
                number(Fraction(c, 2)),
                (
                    f"The hypotenuse has length {c}.",
                    "In a right triangle the segment from the right angle to the hypotenuse is half of the hypotenuse.",
                    f"So it is {number(Fraction(c, 2))}.",
                ),
            ),
        ),
        "Area two ways is the quickest. The median is half the hypotenuse, the altitude is not.",
    )


def same_colour(red: int, blue: int) -> Problem:
    """Return: the chance that two balls drawn without putting back agree in colour."""
    total = red + blue
    right = Fraction(red * (red - 1) + blue * (blue - 1), total * (total - 1))
    replaced = Fraction(red * red + blue * blue, total * total)
    one = Fraction(red * (red - 1), total * (total - 1))
    shown = f"{right.numerator}/{right.denominator}"
    differ = Fraction(2 * red * blue, total * (total - 1))
    return Problem(
        f"A bag holds {red} red and {blue} blue balls. Two are drawn without replacement. "
        "What is the probability that they have the same colour? Give a reduced fraction.",
        shown,
        (
            (
                f"Both red: {red}/{total} · {red - 1}/{total - 1}. Both blue: {blue}/{total} · {blue - 1}/{total - 1}.",
                f"The sum is ({red * (red - 1)} + {blue * (blue - 1)})/{total * (total - 1)} = {shown}.",
            ),
            (
                f"There are C({total},2) = {comb(total, 2)} pairs, of which C({red},2) + C({blue},2) = {comb(red, 2)} + {comb(blue, 2)} agree.",
                f"{comb(red, 2) + comb(blue, 2)}/{comb(total, 2)} = {shown}.",
            ),
            (
                f"The balls differ in {red}·{blue} = {red * blue} of {comb(total, 2)} pairs, a probability of {differ.numerator}/{differ.denominator}.",
                f"The complement is {shown}.",
            ),
        ),
        (
            Slip(
                f"{replaced.numerator}/{replaced.denominator}",
                (
                    f"P(red, red) = ({red}/{total})² and P(blue, blue) = ({blue}/{total})².",
                    f"Together {red * red + blue * blue}/{total * total} = {replaced.numerator}/{replaced.denominator}.",
                ),
            ),
            Slip(
                f"{one.numerator}/{one.denominator}",
                (
                    f"The first ball is red with probability {red}/{total}, the second then with {red - 1}/{total - 1}.",
                    f"The product is {one.numerator}/{one.denominator}.",
                ),
            ),
        ),
        "Without replacement the second denominator drops by one. Two disjoint cases, add them.",
    )


def multiples(limit: int, one: int, other: int) -> Problem:
    """Return: the sum of all multiples of one number that are not multiples of another (coprime)."""
    n_one, n_both = limit // one, limit // (one * other)
    sum_one, sum_both = one * n_one * (n_one + 1) // 2, one * other * n_both * (n_both + 1) // 2
    n_other = limit // other
    sum_other = other * n_other * (n_other + 1) // 2
    right = sum_one - sum_both
    return Problem(
        f"Find the sum of all positive integers up to {limit} that are divisible by {one} but not by {other}.",
        str(right),
        (
            (
                f"Multiples of {one} up to {limit}: {one}·(1 + … + {n_one}) = {sum_one}.",
                f"Those also divisible by {other} are the multiples of {one * other}: {one * other}·(1 + … + {n_both}) = {sum_both}.",
                f"{sum_one} − {sum_both} = {right}.",
            ),
            (
                f"Write the numbers as {one}k with k from 1 to {n_one}; k must not be a multiple of {other}.",
                f"The sum of all k is {n_one * (n_one + 1) // 2}, of the k to leave out {other * n_both * (n_both + 1) // 2}.",
                f"{one} · ({n_one * (n_one + 1) // 2} − {other * n_both * (n_both + 1) // 2}) = {right}.",
            ),
            (
                f"There are {n_one} multiples of {one}, first {one}, last {one * n_one}: sum {n_one}·({one} + {one * n_one})/2 = {sum_one}.",
                f"There are {n_both} multiples of {one * other}, last {one * other * n_both}: sum {sum_both}.",
                f"Subtract: {right}.",
            ),
        ),
        (
            Slip(
                str(sum_one - sum_other),
                (
                    f"Sum of multiples of {one}: {sum_one}. Sum of multiples of {other}: {sum_other}.",
                    f"Taking the second away from the first leaves {sum_one - sum_other}.",
                ),
            ),
            Slip(
                str(right - one * n_one),
                (
                    f"There are {n_one - 1} multiples of {one} below {limit}, with sum {sum_one - one * n_one}.",
                    f"The multiples of {one * other} sum to {sum_both}.",
                    f"{sum_one - one * n_one} − {sum_both} = {right - one * n_one}.",
                ),
            ),
        ),
        "Subtract only what is in both sets, the multiples of the product. The upper end is included.",
    )


def roots(b: int, c: int) -> Problem:
    """Return: the sum of the squares of the roots of x² − bx + c."""
    right = b * b - 2 * c
    return Problem(
        f"Let r and s be the roots of x² − {b}x + {c} = 0. What is r² + s²?",
        str(right),
        (
            (
                f"By Vieta r + s = {b} and rs = {c}.",
                f"r² + s² = (r + s)² − 2rs = {b * b} − {2 * c} = {right}.",
            ),
            (
                f"Each root satisfies r² = {b}r − {c}.",
                f"Adding both: r² + s² = {b}(r + s) − {2 * c} = {b}·{b} − {2 * c} = {right}.",
            ),
            (
                f"The roots are {b}/2 ± d with d² = {number(Fraction(b * b, 4))} − {c} = {number(Fraction(b * b, 4) - c)}.",
                f"The squares sum to 2·({number(Fraction(b * b, 4))} + {number(Fraction(b * b, 4) - c)}) = {right}.",
            ),
        ),
        (
            Slip(
                str(b * b - c),
                (
                    f"r + s = {b}, rs = {c}.",
                    f"r² + s² = (r + s)² − rs = {b * b} − {c} = {b * b - c}.",
                ),
            ),
            Slip(
                str(b * b + 2 * c),
                (
                    f"The coefficient of x is −{b}, so r + s = −{b} and rs = −{c}.",
                    f"r² + s² = (r + s)² − 2rs = {b * b} + {2 * c} = {b * b + 2 * c}.",
                ),
            ),
        ),
        "No need for the roots themselves. Square the sum and take away twice the product; mind the sign of the constant.",
    )
