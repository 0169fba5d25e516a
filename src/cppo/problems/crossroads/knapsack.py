"""0/1 knapsack: the greatest value of items that fit into the capacity together."""

from __future__ import annotations

import random

from cppo.problems.crossroads.family import Family, Instance, Strategy, Trait, redrawn

ARGUMENTS = ("values", "weights", "capacity")

BY_VALUE = Strategy(
    "by value",
    "Take items by falling value while they still fit.",
    """\
def solve(values, weights, capacity):
    total = 0
    for v, w in sorted(zip(values, weights), reverse=True):
        if w <= capacity:
            capacity -= w
            total += v
    return total
""",
)
GIVEN_ORDER = Strategy(
    "given order",
    "Walk the items in their given order and keep each that fits.",
    """\
def solve(values, weights, capacity):
    total = 0
    for v, w in zip(values, weights):
        if w <= capacity:
            capacity -= w
            total += v
    return total
""",
)
ALL_SUBSETS = Strategy(
    "all subsets",
    "List value and weight of every subset of the items.",
    """\
def solve(values, weights, capacity):
    pairs = [(0, 0)]
    for v, w in zip(values, weights):
        pairs += [(a + v, b + w) for a, b in pairs]
    return max(a for a, b in pairs if b <= capacity)
""",
)
LIGHTEST_FIRST = Strategy(
    "lightest first",
    "Sort by weight and pack the lightest items first.",
    """\
def solve(values, weights, capacity):
    total = 0
    for w, v in sorted(zip(weights, values)):
        if w <= capacity:
            capacity -= w
            total += v
    return total
""",
)
DP_ON_WEIGHT = Strategy(
    "dp on weight",
    "Fill a table of the best value for each used capacity.",
    """\
def solve(values, weights, capacity):
    best = [0] * (capacity + 1)
    for v, w in zip(values, weights):
        for c in range(capacity, w - 1, -1):
            best[c] = max(best[c], best[c - w] + v)
    return best[capacity]
""",
)
DP_ON_VALUE = Strategy(
    "dp on value",
    "Fill a table of the least weight for each total value.",
    """\
def solve(values, weights, capacity):
    best = [0] + [capacity + 1] * sum(values)
    for v, w in zip(values, weights):
        for t in range(sum(values), v - 1, -1):
            best[t] = min(best[t], best[t - v] + w)
    return max(t for t, w in enumerate(best) if w <= capacity)
""",
)


def oracle(values: list[int], weights: list[int], capacity: int) -> int:
    """Return the best value from the list of undominated (weight, value) pairs (Nemhauser and Ullmann 1969)."""
    front = [(0, 0)]  # (weight, -value), lightest first, each worth more than those before it
    for value, weight in zip(values, weights, strict=True):
        pairs = sorted(front + [(w + weight, v - value) for w, v in front if w + weight <= capacity])
        front = pairs[:1]
        for pair in pairs:
            if pair[1] < front[-1][1]:
                front.append(pair)
    return -front[-1][1]


def _huge(rng: random.Random, count: int) -> list[int]:
    return [rng.randint(2_000, 20_000) for _ in range(count)]


def _equal_weights(rng: random.Random) -> Instance:
    count, weight = rng.randint(12, 14), rng.randint(2_000, 20_000)
    return [_huge(rng, count), [weight] * count, weight * rng.randint(4, 8) + rng.randrange(weight)]


def _equal_values(rng: random.Random) -> Instance:
    count, value = rng.randint(12, 14), rng.randint(2_000, 20_000)
    weights = _huge(rng, count)
    return [[value] * count, weights, sum(weights) * rng.randint(35, 65) // 100]


def _seven_items(rng: random.Random) -> Instance:
    values, weights = _huge(rng, 7), _huge(rng, 7)
    return [values, weights, sum(weights) * rng.randint(40, 65) // 100]


def _small_capacity(rng: random.Random) -> Instance:
    count = rng.randint(12, 14)
    return [_huge(rng, count), [rng.randint(4, 20) for _ in range(count)], rng.randint(40, 60)]


def _small_values(rng: random.Random) -> Instance:
    count = rng.randint(12, 13)
    values, weights = [rng.randint(1, 9) for _ in range(count)], _huge(rng, count)
    return [values, weights, sum(weights) * rng.randint(35, 65) // 100]


FAMILY = Family(
    name="knapsack",
    arguments=ARGUMENTS,
    wordings=(
        "Greatest total value of items that fit the capacity together.",
        "Fill one sack up to its capacity with the most value.",
    ),
    strategies=(BY_VALUE, GIVEN_ORDER, ALL_SUBSETS, LIGHTEST_FIRST, DP_ON_WEIGHT, DP_ON_VALUE),
    traits=(
        Trait("equal weights", redrawn(_equal_weights, oracle, (GIVEN_ORDER, LIGHTEST_FIRST))),
        Trait("equal values", redrawn(_equal_values, oracle, (BY_VALUE, GIVEN_ORDER))),
        Trait("seven items", redrawn(_seven_items, oracle, (BY_VALUE, GIVEN_ORDER, LIGHTEST_FIRST))),
        Trait("small capacity", redrawn(_small_capacity, oracle, (BY_VALUE, GIVEN_ORDER, LIGHTEST_FIRST))),
        Trait("small values", redrawn(_small_values, oracle, (BY_VALUE, GIVEN_ORDER, LIGHTEST_FIRST))),
    ),
    oracle=oracle,
)
