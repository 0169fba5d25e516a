"""Seeds depend on names alone."""

from __future__ import annotations

import hashlib
import random
import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from cppo.seeding import derive_seed, derived_random

PART = st.integers() | st.text(max_size=8)


def test_the_seed_is_the_blake2b_of_the_joined_parts() -> None:
    digest = hashlib.blake2b(b"0\x1fproblem\x1f3", digest_size=8).digest()
    assert derive_seed(0, "problem", 3) == int.from_bytes(digest, "big") // 2


def test_the_seed_is_the_same_in_another_process() -> None:
    code = "from cppo.seeding import derive_seed; print(derive_seed(7, 'p', 'plan', 2))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert int(found) == derive_seed(7, "p", "plan", 2)


@given(st.lists(PART, max_size=4), st.lists(PART, max_size=4))
def test_other_parts_give_another_seed_of_63_bits(one: list[object], two: list[object]) -> None:
    assert 0 <= derive_seed(*one) < 2**63
    same = [str(part) for part in one] == [str(part) for part in two]
    separated = not any("\x1f" in str(part) for part in (*one, *two)) and len(one) == len(two)
    if same:
        assert derive_seed(*one) == derive_seed(*two)
    elif separated:
        assert derive_seed(*one) != derive_seed(*two)


def test_no_text_is_refused() -> None:
    assert derive_seed("\ud800") != derive_seed("\ud801")


def test_derived_random_is_seeded_by_it() -> None:
    assert derived_random(1, "a").random() == random.Random(derive_seed(1, "a")).random()
    assert derived_random(1, "a").random() != derived_random(1, "b").random()
