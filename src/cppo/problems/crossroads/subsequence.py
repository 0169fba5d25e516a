"""Longest common subsequence: the length that two lists of integers share in order."""

from __future__ import annotations

import random

from cppo.problems.crossroads.family import Family, Instance, Strategy, Trait, redrawn

TABLE = Strategy(
    "table",
    "Fill the table over all pairs of prefixes.",
    """\
def solve(a, b):
    row = [0] * (len(b) + 1)
    for x in a:
        last, row = row, [0]
        for j, y in enumerate(b):
            row.append(last[j] + 1 if x == y else max(last[j + 1], row[j]))
    return row[-1]
""",
)
COMMON_PREFIX = Strategy(
    "common prefix",
    "Count equal items from the front until one differs.",
    """\
def solve(a, b):
    count = 0
    for x, y in zip(a, b):
        if x != y:
            break
        count += 1
    return count
""",
)
PLACE_MATCH = Strategy(
    "place match",
    "Count the places where both hold the same item.",
    """\
def solve(a, b):
    return sum(x == y for x, y in zip(a, b))
""",
)
GREEDY_SCAN = Strategy(
    "greedy scan",
    "Scan the first list for the items of the second in turn.",
    """\
def solve(a, b):
    count = 0
    for x in a:
        if count < len(b) and x == b[count]:
            count += 1
    return count
""",
)
COMMON_SUFFIX = Strategy(
    "common suffix",
    "Count equal items from the back until one differs.",
    """\
def solve(a, b):
    count = 0
    for x, y in zip(a[::-1], b[::-1]):
        if x != y:
            break
        count += 1
    return count
""",
)
LETTER_COUNTS = Strategy(
    "letter counts",
    "Sum for each item the smaller of its two counts.",
    """\
def solve(a, b):
    return sum(min(a.count(x), b.count(x)) for x in set(a))
""",
)
LIS_ON_POSITIONS = Strategy(
    "lis on positions",
    "Longest increasing run of positions, by bisecting tails.",
    """\
from bisect import bisect_left
def solve(a, b):
    tails = []
    for x in a:
        if x in b:
            i = bisect_left(tails, b.index(x))
            tails[i:i + 1] = [b.index(x)]
    return len(tails)
""",
)


def oracle(a: list[int], b: list[int]) -> int:
    """Return the length of the longest common subsequence, one row of the table a big integer (Hyyrö 2004)."""
    places: dict[int, int] = {}
    for i, x in enumerate(a):
        places[x] = places.get(x, 0) | 1 << i
    ones = (1 << len(a)) - 1
    row = ones
    for y in b:
        matched = row & places.get(y, 0)
        row = (row + matched | row - matched) & ones
    return len(a) - row.bit_count()


COMMON, ONLY_A, ONLY_B = range(6), range(10, 16), range(20, 26)
"""Alphabets: items that may match, and items that only one of the two lists has."""


def _short(rng: random.Random) -> Instance:
    return [rng.choices(COMMON, k=rng.randint(10, 14)), rng.choices(COMMON, k=rng.randint(10, 14))]


def _sorted(rng: random.Random) -> Instance:
    return [sorted(rng.choices(range(12), k=rng.randint(60, 70))) for _ in range(2)]


def _b_inside_a(rng: random.Random) -> Instance:
    a = rng.choices(COMMON, k=rng.randint(65, 75))
    kept = sorted(rng.sample(range(len(a)), rng.randint(45, 55)))
    return [a, [a[i] for i in kept]]


def _shared_suffix(rng: random.Random) -> Instance:
    front, suffix = rng.randint(20, 30), rng.choices(COMMON, k=rng.randint(35, 45))
    return [rng.choices(ONLY_A, k=front) + suffix, rng.choices(ONLY_B, k=front) + suffix]


def _permutations(rng: random.Random) -> Instance:
    count = rng.randint(60, 70)
    return [rng.sample(range(count), count) for _ in range(2)]


def _hamming(rng: random.Random) -> Instance:
    share, length = rng.uniform(0.4, 0.7), rng.randint(60, 70)
    pairs = [
        (x, x) if rng.random() < share else (rng.choice(ONLY_A), rng.choice(ONLY_B))
        for x in rng.choices(COMMON, k=length)
    ]
    return [[x for x, _ in pairs], [y for _, y in pairs]]


def _all_but(*right: Strategy) -> tuple[Strategy, ...]:
    """Return the strategies but for `right` and the table, which is slow here and fails by executed lines."""
    return tuple(strategy for strategy in STRATEGIES if strategy not in (*right, TABLE))


STRATEGIES = (
    TABLE,
    COMMON_PREFIX,
    PLACE_MATCH,
    GREEDY_SCAN,
    COMMON_SUFFIX,
    LETTER_COUNTS,
    LIS_ON_POSITIONS,
)

FAMILY = Family(
    name="subsequence",
    arguments=("a", "b"),
    wordings=(
        "Length of the longest common subsequence of a and b.",
        "How many items can a and b share in the same order?",
    ),
    strategies=STRATEGIES,
    traits=(
        Trait("short", redrawn(_short, oracle, _all_but())),
        Trait("sorted", redrawn(_sorted, oracle, _all_but(LETTER_COUNTS))),
        Trait("b inside a", redrawn(_b_inside_a, oracle, _all_but(GREEDY_SCAN, LETTER_COUNTS))),
        Trait(
            "shared suffix",
            redrawn(_shared_suffix, oracle, _all_but(PLACE_MATCH, COMMON_SUFFIX, LETTER_COUNTS)),
        ),
        Trait("permutations", redrawn(_permutations, oracle, _all_but(LIS_ON_POSITIONS))),
        Trait("hamming", redrawn(_hamming, oracle, _all_but(PLACE_MATCH, LETTER_COUNTS))),
    ),
    oracle=oracle,
)
