"""Short word problems about rates, prices and mixtures, each with right and wrong ways to solve it.

A builder takes the numbers of the problem and computes every figure in every sentence, so a right
route is right and a wrong one holds exactly the slip it describes. More families: `math_problems_2`.
"""
# ruff: noqa: E501 - one sentence of a solution stays one line

from fractions import Fraction

from math_kit import Problem, Slip, number


def mixture(liters: int, low: int, high: int, goal: int) -> Problem:
    """Return: how much strong syrup lifts a weak one to a given strength."""
    added = Fraction(liters * (goal - low), high - goal)
    sugar = Fraction(liters * low, 100)
    ask = f"{liters} liters of a {low}% sugar syrup"
    swapped = Fraction(liters * (high - goal), goal - low)
    fixed_total = Fraction(liters * (goal - low), high - low)
    return Problem(
        f"A café has {ask}. How many liters of a {high}% syrup must be stirred in so that the mix is {goal}% sugar?",
        number(added),
        (
            (
                f"Let x be the liters of {high}% syrup. The sugar we start with is {liters} · 0.{low:02d} = {number(sugar)} liters.",
                f"After mixing there are {liters} + x liters holding {number(sugar)} + 0.{high:02d}x liters of sugar.",
                f"We want {number(sugar)} + 0.{high:02d}x = 0.{goal:02d}({liters} + x), so {number(Fraction(high - goal, 100))}x = {number(Fraction(liters * goal, 100) - sugar)}.",
                f"Hence x = {number(added)}.",
            ),
            (
                f"Use the distances from the target: the weak syrup is {goal - low} points below {goal}%, the strong one {high - goal} points above.",
                f"The volumes must balance, weak : strong = {high - goal} : {goal - low}.",
                f"With {liters} liters of the weak syrup the strong one is {liters} · {goal - low}/{high - goal} = {number(added)} liters.",
            ),
            (
                f"Each liter of the {low}% syrup is short of sugar by {goal - low}/100 of a liter, {liters} liters are short by {number(Fraction(liters * (goal - low), 100))}.",
                f"Each liter of {high}% syrup brings {high - goal}/100 of a liter more than it needs.",
                f"So we need {number(Fraction(liters * (goal - low), 100))} ÷ {number(Fraction(high - goal, 100))} = {number(added)} liters.",
            ),
        ),
        (
            Slip(
                number(fixed_total),
                (
                    f"The final amount stays {liters} liters, so replace part of it: x liters of {high}% and {liters} − x of {low}%.",
                    f"Then {low}({liters} − x) + {high}x = {goal} · {liters}, which gives {high - low}x = {liters * (goal - low)}.",
                    f"x = {number(fixed_total)} liters.",
                ),
            ),
            Slip(
                number(swapped),
                (
                    f"By alligation the distances are {goal - low} (weak) and {high - goal} (strong).",
                    f"So weak : strong = {goal - low} : {high - goal}, and {liters} liters of weak syrup go with {liters} · {high - goal}/{goal - low} = {number(swapped)} liters of strong.",
                ),
            ),
        ),
        f"Sugar in equals sugar out. The total volume changes when I pour something in, so the right side must use {liters} + x and not {liters}.",
    )


def catch_up(slow: int, fast: int, head_start_min: int) -> Problem:
    """Return: after how many minutes the faster cyclist catches the slower one."""
    gap = Fraction(slow * head_start_min, 60)
    minutes = gap / (fast - slow) * 60
    from_start = minutes + head_start_min
    summed = gap / (fast + slow) * 60
    return Problem(
        f"Mira leaves home on a bicycle at {slow} km/h. Her brother starts {head_start_min} minutes later on the same road at {fast} km/h. "
        "How many minutes after he starts does he catch her?",
        number(minutes),
        (
            (
                f"In {head_start_min} minutes Mira rides {slow} · {head_start_min}/60 = {number(gap)} km.",
                f"Her brother gains on her at {fast} − {slow} = {fast - slow} km/h.",
                f"Closing {number(gap)} km takes {number(gap)}/{fast - slow} hours = {number(minutes)} minutes.",
            ),
            (
                "Let t be the minutes he has been riding; when they meet both have gone the same distance.",
                f"{fast}t = {slow}(t + {head_start_min}), where the factor 1/60 cancels.",
                f"{fast - slow}t = {slow * head_start_min}, so t = {number(minutes)}.",
            ),
            (
                f"Speeds are in the ratio {fast} : {slow}, so for the same road the times are in the ratio {slow} : {fast}.",
                f"The difference of the times is {head_start_min} minutes and corresponds to {fast} − {slow} = {fast - slow} parts.",
                f"His time is {slow} parts: {slow} · {head_start_min}/{fast - slow} = {number(minutes)} minutes.",
            ),
        ),
        (
            Slip(
                number(from_start),
                (
                    f"Mira's lead is {number(gap)} km and the closing speed {fast - slow} km/h, which is {number(minutes)} minutes.",
                    f"Adding the {head_start_min} minutes of head start: {number(minutes)} + {head_start_min} = {number(from_start)} minutes.",
                ),
            ),
            Slip(
                number(summed),
                (
                    f"Mira is {number(gap)} km ahead when he starts.",
                    f"The relative speed is {fast} + {slow} = {fast + slow} km/h.",
                    f"Time = {number(gap)}/{fast + slow} h = {number(summed)} minutes.",
                ),
            ),
        ),
        "Careful with what is asked: minutes after he starts, not after she left. Same direction, so speeds subtract.",
    )


def pumps(first: int, second: int, drain: int) -> Problem:
    """Return: how long two pumps take to fill a tank that leaks."""
    rate = Fraction(1, first) + Fraction(1, second) - Fraction(1, drain)
    hours = 1 / rate
    no_leak = 1 / (Fraction(1, first) + Fraction(1, second))
    averaged = Fraction(first + second, 2)
    whole = first * second * drain
    return Problem(
        f"One pump fills a tank in {first} hours, a second one in {second} hours. A leak would empty the full tank in {drain} hours. "
        "Both pumps run and the leak is open. How many hours does it take to fill the empty tank?",
        number(hours),
        (
            (
                f"Per hour the pumps bring 1/{first} and 1/{second} of the tank, the leak takes 1/{drain}.",
                f"Net rate: 1/{first} + 1/{second} − 1/{drain} = {rate.numerator}/{rate.denominator} of a tank per hour.",
                f"Time = {rate.denominator}/{rate.numerator} = {number(hours)} hours.",
            ),
            (
                f"Pretend the tank holds {whole} units: {first}·{second}·{drain}, so that every rate is whole.",
                f"The pumps bring {whole // first} and {whole // second} units an hour, the leak loses {whole // drain}.",
                f"Net {whole // first + whole // second - whole // drain} units an hour, and {whole}/{whole // first + whole // second - whole // drain} = {number(hours)} hours.",
            ),
            (
                "Let T be the time in hours. In that time the parts add up to one tank:",
                f"T/{first} + T/{second} − T/{drain} = 1.",
                f"T · {rate.numerator}/{rate.denominator} = 1, so T = {number(hours)}.",
            ),
        ),
        (
            Slip(
                number(no_leak),
                (
                    f"Together the pumps fill 1/{first} + 1/{second} of the tank per hour.",
                    f"The time is {first}·{second}/({first}+{second}) = {number(no_leak)} hours; the leak only matters once the tank is full.",
                ),
            ),
            Slip(
                number(averaged),
                (
                    f"On average a pump needs ({first} + {second})/2 = {number(averaged)} hours.",
                    f"The leak takes {drain} hours, which is much slower than the pumps, so it can be neglected.",
                    f"The tank is full after about {number(averaged)} hours.",
                ),
            ),
        ),
        "Rates add, times do not. The leak has a negative rate and runs from the beginning.",
    )


def discounts(price: int, first: int, second: int, tax: int) -> Problem:
    """Return: the price after two discounts in a row and a tax."""
    after = Fraction(price * (100 - first) * (100 - second), 10_000)
    total = after * (100 + tax) / 100
    step = Fraction(price * (100 - first), 100)
    joined = Fraction(price * (100 - first - second), 100) * (100 + tax) / 100
    net = Fraction(price * (100 - first - second + tax), 100)
    return Problem(
        f"A jacket costs ${price}. It is reduced by {first}%, and at the till another {second}% is taken off the reduced price. "
        f"Then {tax}% sales tax is added. What is paid, in dollars?",
        number(total),
        (
            (
                f"After the first reduction: {price} · {number(Fraction(100 - first, 100))} = {number(step)}.",
                f"After the second: {number(step)} · {number(Fraction(100 - second, 100))} = {number(after)}.",
                f"With tax: {number(after)} · {number(Fraction(100 + tax, 100))} = {number(total)}.",
            ),
            (
                "All three changes are factors, so their order does not matter.",
                f"{(100 - first) / 100} · {(100 - second) / 100} · {(100 + tax) / 100} = {float(total / price)} of the list price.",
                f"Times {price} that is {number(total)} dollars.",
            ),
            (
                f"{first}% of {price} is {number(Fraction(price * first, 100))}, which leaves {number(step)}.",
                f"{second}% of {number(step)} is {number(step * second / 100)}, which leaves {number(after)}.",
                f"The tax is {tax}% of {number(after)}, that is {number(after * tax / 100)}; the sum is {number(total)}.",
            ),
        ),
        (
            Slip(
                number(joined),
                (
                    f"The discounts together are {first}% + {second}% = {first + second}%.",
                    f"{price} · {number(Fraction(100 - first - second, 100))} = {number(Fraction(price * (100 - first - second), 100))}.",
                    f"Adding {tax}% tax gives {number(joined)}.",
                ),
            ),
            Slip(
                number(net),
                (
                    f"The net change is −{first}% − {second}% + {tax}% = −{first + second - tax}%.",
                    f"{price} · {number(Fraction(100 - first - second + tax, 100))} = {number(net)} dollars.",
                ),
            ),
        ),
        "The second discount applies to the reduced price, so multiply factors instead of adding percentages.",
    )


def average_speed(out_speed: int, back_speed: int) -> Problem:
    """Return: the average speed of a trip there and back."""
    mean = Fraction(2 * out_speed * back_speed, out_speed + back_speed)
    road = out_speed * back_speed
    plain = Fraction(out_speed + back_speed, 2)
    hours = Fraction(road, out_speed) + Fraction(road, back_speed)
    return Problem(
        f"A delivery van drives to a depot at {out_speed} km/h and returns on the same road at {back_speed} km/h. "
        "What is its average speed for the whole trip, in km/h?",
        number(mean),
        (
            (
                f"Take a road of {road} km, which both speeds divide.",
                f"Out: {road}/{out_speed} = {back_speed} h. Back: {road}/{back_speed} = {out_speed} h.",
                f"Average = {2 * road}/{number(hours)} = {number(mean)} km/h.",
            ),
            (
                "Call the one-way distance d. The total time is "
                f"d/{out_speed} + d/{back_speed} = d · {out_speed + back_speed}/{road}.",
                f"Average speed = 2d ÷ that = {2 * road}/{out_speed + back_speed} = {number(mean)} km/h, and d cancels.",
            ),
            (
                "Equal distances mean the harmonic mean of the speeds.",
                f"2 / (1/{out_speed} + 1/{back_speed}) = {number(mean)}.",
                f"It lies below the plain mean {number(plain)}, as it must, because more time is spent at the slower speed.",
            ),
        ),
        (
            Slip(
                number(plain),
                (
                    f"The van does half of the trip at {out_speed} km/h and half at {back_speed} km/h.",
                    f"The average is ({out_speed} + {back_speed})/2 = {number(plain)} km/h.",
                ),
            ),
            Slip(
                number(mean / 2),
                (
                    f"Time for one kilometer each way: 1/{out_speed} + 1/{back_speed} = {out_speed + back_speed}/{road} hours.",
                    f"The speed is the reciprocal, {road}/{out_speed + back_speed} = {number(mean / 2)} km/h.",
                ),
            ),
        ),
        "Average speed is total distance over total time. The tempting answer is the midpoint; check the time spent at each speed.",
    )


def tickets(adult: int, child: int, n_adults: int, n_children: int) -> Problem:
    """Return: how many children were among the visitors."""
    people, money = n_adults + n_children, adult * n_adults + child * n_children
    swapped = n_adults
    off = Fraction(money - child * people, adult)
    return Problem(
        f"A museum sold {people} tickets for ${money}. An adult pays ${adult}, a child ${child}. How many children came?",
        str(n_children),
        (
            (
                f"With a adults and c children, a + c = {people} and {adult}a + {child}c = {money}.",
                f"Put a = {people} − c into the second: {adult * people} − {adult - child}c = {money}.",
                f"So {adult - child}c = {adult * people - money} and c = {n_children}.",
            ),
            (
                f"If all {people} were adults the museum would have taken {people} · {adult} = {adult * people} dollars.",
                f"That is {adult * people - money} too much. Every child lowers the sum by {adult - child}.",
                f"{adult * people - money}/{adult - child} = {n_children} children.",
            ),
            (
                f"If all were children: {people} · {child} = {child * people} dollars, {money - child * people} less than was taken.",
                f"Each adult adds {adult - child}, so there were {money - child * people}/{adult - child} = {n_adults} adults.",
                f"The rest, {people} − {n_adults} = {n_children}, were children.",
            ),
        ),
        (
            Slip(
                str(swapped),
                (
                    f"Suppose everybody is a child: {people} · {child} = {child * people}.",
                    f"The missing {money - child * people} dollars are made up in steps of {adult - child}: {money - child * people}/{adult - child} = {swapped}.",
                    f"So {swapped} children came.",
                ),
            ),
            Slip(
                str(people - round(off)),
                (
                    f"All children would pay {child * people}. The remaining {money - child * people} dollars come from adults at {adult} dollars each.",
                    f"{money - child * people}/{adult} is about {round(off)} adults, so {people} − {round(off)} = {people - round(off)} children.",
                ),
            ),
        ),
        "Two unknowns, two equations. At the end check that I report children and not adults.",
    )
