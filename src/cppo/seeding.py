"""Seeds derived from names, so that order and batching never change a random choice."""

from __future__ import annotations

import hashlib
import random


def derive_seed(*parts: object) -> int:
    """Return a 63-bit seed that depends only on `parts` (run seed, problem id, tuple, branch …).

    The parts are joined by an unprintable separator and hashed with BLAKE2b; the result is the same on
    every machine and in every process.
    """
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "backslashreplace"), digest_size=8).digest(), "big") >> 1


def derived_random(*parts: object) -> random.Random:
    """Return a `random.Random` seeded by `derive_seed(*parts)`."""
    return random.Random(derive_seed(*parts))
