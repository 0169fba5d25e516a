"""Next term of an integer sequence that follows one simple rule throughout."""

from __future__ import annotations

import random
from collections.abc import Callable

from cppo.errors import DataError
from cppo.problems.crossroads.family import Family, Instance, Strategy, Trait, redrawn

CONSTANT_DIFFERENCE = Strategy(
    "constant difference",
    "Add the last difference of neighbours once more.",
    """\
def solve(sequence):
    return 2 * sequence[-1] - sequence[-2]
""",
)
RATIO = Strategy(
    "ratio",
    "Multiply by the ratio of the last two terms.",
    """\
def solve(sequence):
    return sequence[-1] * sequence[-1] // sequence[-2]
""",
)
INTERLEAVED = Strategy(
    "interleaved",
    "Continue the arithmetic run formed by every second term.",
    """\
def solve(sequence):
    return 2 * sequence[-2] - sequence[-4]
""",
)
SUM_OF_TWO = Strategy(
    "sum of two",
    "Add the two preceding terms as Fibonacci does.",
    """\
def solve(sequence):
    return sequence[-1] + sequence[-2]
""",
)
CYCLE = Strategy(
    "cycle",
    "Find the shortest period and repeat the term one period back.",
    """\
def solve(sequence):
    for p in range(1, len(sequence)):
        if sequence[p:] == sequence[:-p]:
            return sequence[-p]
""",
)
QUADRATIC = Strategy(
    "quadratic",
    "Keep the second difference constant and extrapolate the parabola.",
    """\
def solve(sequence):
    return 3 * sequence[-1] - 3 * sequence[-2] + sequence[-3]
""",
)


def _rules(s: list[int]) -> list[tuple[bool, Callable[[], int]]]:
    """Pair "the rule explains every term" with "the term it gives next", for each rule of the family."""
    spots = range(2, len(s))
    period = next((p for p in range(1, len(s) // 2 + 1) if s[p:] == s[:-p]), 0)
    return [
        (all(s[i] - 2 * s[i - 1] + s[i - 2] == 0 for i in spots), lambda: 2 * s[-1] - s[-2]),
        (all(s[i] * s[i - 2] == s[i - 1] ** 2 != 0 for i in spots), lambda: s[-1] * s[-1] // s[-2]),
        (all(s[i] == s[i - 1] + s[i - 2] for i in spots), lambda: s[-1] + s[-2]),
        (all(s[i] - 2 * s[i - 2] + s[i - 4] == 0 for i in spots[2:]), lambda: 2 * s[-2] - s[-4]),
        (
            all(s[i] - 3 * s[i - 1] + 3 * s[i - 2] - s[i - 3] == 0 for i in spots[1:]),
            lambda: 3 * s[-1] - 3 * s[-2] + s[-3],
        ),
        (period > 0, lambda: s[-period]),
    ]


def oracle(sequence: list[int]) -> int:
    """Return the next term by the rules that explain the whole sequence; `DataError` unless they agree on one."""
    answers = {term() for fits, term in _rules(sequence) if fits}
    if len(answers) != 1:
        raise DataError(f"the sequence {sequence} does not determine its next term: {sorted(answers)}")
    return answers.pop()


def _arithmetic(rng: random.Random) -> Instance:
    start, step = rng.randint(-30, 60), rng.choice((-1, 1)) * rng.randint(2, 15)
    return [[start + step * i for i in range(rng.randint(7, 10))]]


def _geometric(rng: random.Random) -> Instance:
    length, start = rng.randint(7, 10), rng.choice((-1, 1)) * rng.randint(1, 9)
    above, below = rng.choice(((2, 1), (3, 1), (4, 1), (5, 1), (3, 2), (1, 2), (1, 3), (2, 3)))
    return [[start * above**i * below ** (length - i) for i in range(length)]]


def _two_runs(rng: random.Random) -> Instance:
    starts, steps = rng.sample(range(-30, 60), 2), rng.sample(range(-15, 16), 2)
    return [[starts[i % 2] + steps[i % 2] * (i // 2) for i in range(rng.randint(7, 10))]]


def _fibonacci_like(rng: random.Random) -> Instance:
    sequence = [rng.randint(1, 20), rng.randint(1, 20)]
    for _ in range(rng.randint(5, 8)):
        sequence.append(sequence[-1] + sequence[-2])
    return [sequence]


def _periodic(rng: random.Random) -> Instance:
    period = [rng.randint(-20, 40) for _ in range(rng.randint(3, 5))]
    return [[period[i % len(period)] for i in range(rng.randint(10, 13))]]


def _parabola(rng: random.Random) -> Instance:
    a, b, c = rng.choice((-1, 1)) * rng.randint(1, 6), rng.randint(-15, 15), rng.randint(-30, 30)
    return [[a * i * i + b * i + c for i in range(rng.randint(7, 10))]]


def _all_but(*right: Strategy) -> tuple[Strategy, ...]:
    return tuple(strategy for strategy in STRATEGIES if strategy not in right)


STRATEGIES = (CONSTANT_DIFFERENCE, RATIO, INTERLEAVED, SUM_OF_TWO, CYCLE, QUADRATIC)

FAMILY = Family(
    name="next_term",
    arguments=("sequence",),
    wordings=(
        "Find the term that continues the sequence.",
        "One rule makes the sequence: what comes next?",
    ),
    strategies=STRATEGIES,
    traits=(
        Trait("arithmetic", redrawn(_arithmetic, oracle, _all_but(CONSTANT_DIFFERENCE, INTERLEAVED, QUADRATIC))),
        Trait("ratio", redrawn(_geometric, oracle, _all_but(RATIO))),
        Trait("interleaved", redrawn(_two_runs, oracle, _all_but(INTERLEAVED))),
        Trait("sum of two", redrawn(_fibonacci_like, oracle, _all_but(SUM_OF_TWO))),
        Trait("cycle", redrawn(_periodic, oracle, _all_but(CYCLE))),
        Trait("quadratic", redrawn(_parabola, oracle, _all_but(QUADRATIC))),
    ),
    oracle=oracle,
)
