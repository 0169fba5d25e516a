"""Two-way split: the least difference between the sums of two groups that share out all numbers."""

from __future__ import annotations

import random

from cppo.problems.crossroads.family import Family, Instance, Strategy, Trait, redrawn

LONGEST_FIRST = Strategy(
    "longest first",
    "Give numbers from the largest on to the lighter group.",
    """\
def solve(numbers):
    gap = 0
    for x in sorted(numbers, reverse=True):
        gap = abs(gap - x)
    return gap
""",
)
LIST_ORDER = Strategy(
    "list order",
    "Give numbers in list order to the lighter group.",
    """\
def solve(numbers):
    gap = 0
    for x in numbers:
        gap = abs(gap - x)
    return gap
""",
)
SIGNED_SUMS = Strategy(
    "signed sums",
    "List the sums under every choice of signs.",
    """\
def solve(numbers):
    sums = [0]
    for x in numbers:
        sums = [s + x for s in sums] + [s - x for s in sums]
    return min(map(abs, sums))
""",
)
CUT = Strategy(
    "cut",
    "Cut the list where both parts weigh most alike.",
    """\
def solve(numbers):
    places = range(len(numbers))
    return min(abs(sum(numbers[:i]) - sum(numbers[i:])) for i in places)
""",
)
SUM_SET = Strategy(
    "sum set",
    "Keep the set of sums one group can reach.",
    """\
def solve(numbers):
    sums = {0}
    for x in numbers:
        sums |= {s + x for s in sums}
    return min(abs(sum(numbers) - 2 * s) for s in sums)
""",
)
DIFFERENCING = Strategy(
    "differencing",
    "Replace the two largest by their difference until one is left.",
    """\
def solve(numbers):
    while len(numbers) > 1:
        numbers.sort()
        numbers.append(numbers.pop() - numbers.pop())
    return numbers[0]
""",
)
CANCEL_TWINS = Strategy(
    "cancel twins",
    "Cancel equal pairs and add up what is left.",
    """\
def solve(numbers):
    return sum(x for x in set(numbers) if numbers.count(x) % 2)
""",
)


def oracle(numbers: list[int]) -> int:
    """Return the least difference from the set of subset sums, held as the bits of one integer."""
    sums, total = 1, sum(numbers)
    for x in numbers:
        sums |= sums << x
    lower_half = sums & ((1 << total // 2 + 1) - 1)
    return total - 2 * (lower_half.bit_length() - 1)


def _eight_huge(rng: random.Random) -> Instance:
    return [[rng.randint(1_000, 10_000) for _ in range(8)]]


def _small(rng: random.Random) -> Instance:
    return [rng.choices(range(5, 26), k=rng.randint(12, 13))]


def _near_geometric(rng: random.Random) -> Instance:
    numbers = [rng.randint(2, 9)]
    while len(numbers) < 13:
        numbers.append(sum(numbers) + rng.randint(1, 1 + numbers[-1] // 4))  # each above the sum of the rest
    return [rng.sample(numbers, len(numbers))]


def _twins(rng: random.Random) -> Instance:
    unit = rng.randint(40, 60)
    twins = 2 * [unit * times for times in rng.sample(range(10, 200), 8)]
    numbers = [*twins, rng.randint(1, unit - 1)]  # any other sharing differs by at least one unit
    return [rng.sample(numbers, len(numbers))]


def _equal_halves(rng: random.Random) -> Instance:
    left, right = ([rng.randint(1_000, 5_000) for _ in range(7)] for _ in range(2))
    right[0] += sum(left) - sum(right) + rng.randint(0, 1)
    return [left + right] if right[0] > 0 else _equal_halves(rng)


FAMILY = Family(
    name="split",
    arguments=("numbers",),
    wordings=(
        "Share the numbers between two groups: least difference of their sums.",
        "Split the numbers in two so that the sums differ least.",
    ),
    strategies=(LONGEST_FIRST, LIST_ORDER, SIGNED_SUMS, CUT, SUM_SET, DIFFERENCING, CANCEL_TWINS),
    traits=(
        Trait(
            "eight huge",
            redrawn(_eight_huge, oracle, (LONGEST_FIRST, LIST_ORDER, CUT, DIFFERENCING, CANCEL_TWINS)),
        ),
        Trait("small values", redrawn(_small, oracle, (LONGEST_FIRST, LIST_ORDER, CUT, DIFFERENCING, CANCEL_TWINS))),
        Trait("near-geometric", redrawn(_near_geometric, oracle, (LIST_ORDER, CUT, CANCEL_TWINS))),
        Trait("twins", redrawn(_twins, oracle, (LIST_ORDER, CUT))),
        Trait(
            "equal halves",
            redrawn(_equal_halves, oracle, (LONGEST_FIRST, LIST_ORDER, DIFFERENCING, CANCEL_TWINS)),
        ),
    ),
    oracle=oracle,
)
