"""Coin change: the fewest coins that pay a target exactly (every target drawn can be paid)."""

from __future__ import annotations

import random

from cppo.problems.crossroads.family import Family, Instance, Strategy, Trait, redrawn

GREEDY = Strategy(
    "greedy",
    "Greedy: as many of the largest coin as possible, then the next.",
    """\
def solve(denominations, target):
    count = 0
    for c in sorted(denominations, reverse=True):
        count += target // c
        target %= c
    return count
""",
)
RECURSION = Strategy(
    "recursion",
    "Recurse on the rest that each first coin leaves.",
    """\
def solve(denominations, target):
    def fewest(rest):
        return min((1 + fewest(rest - c) for c in denominations if c <= rest), default=10**9) if rest else 0
    return fewest(target)
""",
)
DP = Strategy(
    "dp",
    "Tabulate the fewest coins for every sum up to the target.",
    """\
def solve(denominations, target):
    best = [0]
    for t in range(1, target + 1):
        best.append(1 + min((best[t - c] for c in denominations if c <= t), default=10**9))
    return best[target]
""",
)
SMALLEST_ONLY = Strategy(
    "smallest only",
    "Pay with the smallest coin alone.",
    """\
def solve(denominations, target):
    return target // min(denominations)
""",
)
BFS_OVER_SUMS = Strategy(
    "bfs over sums",
    "Breadth-first search over reachable sums, one coin a level.",
    """\
def solve(denominations, target):
    sums, count = {0}, 0
    while target not in sums:
        sums = {s + c for s in sums for c in denominations if s + c <= target}
        count += 1
    return count
""",
)
TWO_COIN_LOOP = Strategy(
    "two-coin loop",
    "Loop over the count of one coin, fill with the other.",
    """\
def solve(denominations, target):
    a, b = sorted(denominations)[-2:]
    rests = [(i, target - i * b) for i in range(target // b + 1)]
    return min(i + r // a for i, r in rests if r % a == 0)
""",
)


def oracle(denominations: list[int], target: int) -> int:
    """Return the fewest coins by breadth-first search, a level of sums being the bits of one integer."""
    sums, count = 1, 0
    within = (1 << target + 1) - 1
    while not sums >> target & 1:
        level = 0
        for coin in denominations:
            level |= sums << coin
        sums, count = level & within, count + 1
    return count


def _shuffled(rng: random.Random, coins: list[int]) -> list[int]:
    return rng.sample(coins, len(coins))


def _canonical_large_target(rng: random.Random) -> Instance:
    coins = [1]
    for _ in range(rng.randint(3, 4)):
        coins.append(coins[-1] * rng.randint(2, 5))  # each divides the next: greedy is optimal
    return [_shuffled(rng, coins), rng.randint(2_500, 5_000) + 20 * coins[-1]]


def _other_small_target(rng: random.Random) -> Instance:
    coins = [rng.randint(1, 2), *rng.sample(range(3, 21), 3)]
    return [_shuffled(rng, coins), rng.randrange(40, 61, coins[0])]


def _few_huge_coins(rng: random.Random) -> Instance:
    coins = rng.sample(range(2_000, 5_000), 3)
    return [coins, sum(rng.choices(coins, k=rng.randint(8, 10)))]


def _two_coins(rng: random.Random) -> Instance:
    low, high = rng.randint(40, 90), rng.randint(91, 160)
    return [_shuffled(rng, [low, high]), low * rng.randint(20, 60) + high * rng.randint(80, 120)]


FAMILY = Family(
    name="coins",
    arguments=("denominations", "target"),
    wordings=(
        "Fewest coins of the denominations that pay the target exactly.",
        "Pay the target with as few coins as the denominations allow.",
    ),
    strategies=(GREEDY, RECURSION, DP, SMALLEST_ONLY, BFS_OVER_SUMS, TWO_COIN_LOOP),
    traits=(
        Trait(
            "canonical, large target",
            redrawn(_canonical_large_target, oracle, (SMALLEST_ONLY, TWO_COIN_LOOP)),
        ),
        Trait(
            "other, small target",
            redrawn(_other_small_target, oracle, (GREEDY, SMALLEST_ONLY, TWO_COIN_LOOP)),
        ),
        Trait("few huge coins", redrawn(_few_huge_coins, oracle, (GREEDY, SMALLEST_ONLY, TWO_COIN_LOOP))),
        Trait("two coins", redrawn(_two_coins, oracle, (GREEDY, SMALLEST_ONLY))),
    ),
    oracle=oracle,
)
