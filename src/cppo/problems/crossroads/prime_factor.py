"""Largest prime factor of one integer."""

from __future__ import annotations

import random
from functools import lru_cache
from math import gcd, isqrt

from cppo.problems.crossroads.family import Family, Instance, Strategy, Trait, redrawn

FIRST_DIVISOR = Strategy(
    "first divisor",
    "Divide by the smallest divisor found by counting up.",
    """\
def solve(n):
    d = 2
    while n % d:
        d += 1
    return n // d
""",
)
STRIP_FACTORS = Strategy(
    "strip factors",
    "Strip every factor by trial division up to the root.",
    """\
def solve(n):
    d = 2
    while d * d <= n:
        if n % d == 0:
            n //= d
        else:
            d += 1
    return n
""",
)
IS_PRIME = Strategy(
    "n is prime",
    "The number itself is prime, so give it back.",
    """\
def solve(n):
    return n
""",
)
SQUARE_ROOT = Strategy(
    "square root",
    "The number is a square, so take its root.",
    """\
from math import isqrt
def solve(n):
    return isqrt(n)
""",
)
FERMAT = Strategy(
    "fermat",
    "Fermat: climb from the root to a difference of squares.",
    """\
from math import isqrt
def solve(n):
    a = isqrt(n) + 1
    while isqrt(a * a - n) ** 2 != a * a - n:
        a += 1
    return a + isqrt(a * a - n)
""",
)
P_MINUS_1 = Strategy(
    "p-1",
    "Pollard p-1: gcd after raising two to a factorial power.",
    """\
from math import gcd
def solve(n):
    a = 2
    for i in range(2, 100):
        a = pow(a, i, n)
    return gcd(a - 1, n)
""",
)


def _primes_below(limit: int) -> list[int]:
    sieve = bytearray([1]) * limit
    sieve[:2] = b"\0\0"
    for p in range(2, isqrt(limit) + 1):
        if sieve[p]:
            sieve[p * p :: p] = bytes(len(range(p * p, limit, p)))
    return [p for p in range(limit) if sieve[p]]


SMALL_PRIMES = _primes_below(1_000)
WITNESSES = (2, 3, 5, 7, 11, 13, 17)


def is_prime(n: int) -> bool:
    """Return whether `n` is prime: Miller–Rabin with the witnesses that decide every n below 3.4e14 (Jaeschke 1993)."""
    if n < 2 or any(n % p == 0 for p in WITNESSES):
        return n in WITNESSES
    odd, twos = n - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for witness in WITNESSES:
        power = pow(witness, odd, n)
        if power in (1, n - 1):
            continue
        for _ in range(twos - 1):
            power = power * power % n
            if power == n - 1:
                break
        else:
            return False
    return True


def _divisor(n: int) -> int:
    """Return a proper divisor of the composite `n`: the root of a square, else Pollard's rho."""
    if isqrt(n) ** 2 == n:
        return isqrt(n)
    for shift in range(1, n):
        slow = fast = 2
        divisor = 1
        while divisor == 1:
            product = 1
            for _ in range(32):  # one gcd for 32 steps
                slow = (slow * slow + shift) % n
                fast = (fast * fast + shift) % n
                fast = (fast * fast + shift) % n
                product = product * (slow - fast) % n
            divisor = gcd(product, n)
        if divisor != n:
            return divisor
    return 1


@lru_cache(maxsize=4096)
def oracle(n: int) -> int:
    """Return the largest prime factor of `n`, 1 < n < 3.4e14."""
    largest = 1
    for p in SMALL_PRIMES:
        while n % p == 0:
            n, largest = n // p, p
    rest = [n] if n > 1 else []
    while rest:
        part = rest.pop()
        if is_prime(part):
            largest = max(largest, part)
        else:
            divisor = _divisor(part)
            rest += [divisor, part // divisor]
    return largest


def _prime(rng: random.Random, low: int, high: int) -> int:
    while not is_prime(n := rng.randrange(low, high) | 1):
        pass
    return n


def _prime_after(n: int) -> int:
    n += 1 + n % 2
    while not is_prime(n):
        n += 2
    return n


def _smooth(rng: random.Random) -> Instance:
    n = 1
    while n < 10**8:
        n *= rng.choice(SMALL_PRIMES[:95])  # below 500
    return [n]


def _one_small_factor(rng: random.Random) -> Instance:
    return [rng.choice(SMALL_PRIMES) * _prime(rng, 10**8, 10**9)]


def _close_factors(rng: random.Random) -> Instance:
    p = _prime(rng, 2 * 10**4, 10**5)
    return [p * _prime_after(p + rng.randrange(2 * isqrt(p), 15 * isqrt(p)))]


def _square(rng: random.Random) -> Instance:
    return [_prime(rng, 2 * 10**4, 10**5) ** 2]


def _is_prime(rng: random.Random) -> Instance:
    return [_prime(rng, 10**8, 10**10)]


def _smooth_p_minus_1(rng: random.Random) -> Instance:
    while True:
        p = 2
        while p < 10**5:
            p *= rng.choice(SMALL_PRIMES[:24])  # below 90
        p += 1
        instance = [p * _prime(rng, 2 * 10**4, 10**5)]
        if is_prime(p) and not P_MINUS_1.misses(instance, p):
            return instance


FAMILY = Family(
    name="prime_factor",
    arguments=("n",),
    wordings=(
        "Give the largest prime factor of n.",
        "Of all primes dividing n, return the greatest.",
    ),
    strategies=(FIRST_DIVISOR, STRIP_FACTORS, IS_PRIME, SQUARE_ROOT, FERMAT, P_MINUS_1),
    traits=(
        Trait("smooth", redrawn(_smooth, oracle, (FIRST_DIVISOR, IS_PRIME, SQUARE_ROOT, P_MINUS_1))),
        Trait("one small factor", redrawn(_one_small_factor, oracle, (IS_PRIME, SQUARE_ROOT, P_MINUS_1))),
        Trait("close factors", redrawn(_close_factors, oracle, (IS_PRIME, SQUARE_ROOT, P_MINUS_1))),
        Trait("square", redrawn(_square, oracle, (IS_PRIME, P_MINUS_1))),
        Trait("prime", redrawn(_is_prime, oracle, (SQUARE_ROOT, P_MINUS_1))),
        Trait("smooth p-1", redrawn(_smooth_p_minus_1, oracle, (IS_PRIME, SQUARE_ROOT))),
    ),
    oracle=oracle,
)
