"""The minimum detectable difference."""

from __future__ import annotations

import pytest

from cppo.grid.power import minimum_detectable


def test_it_is_a_known_multiple_of_the_standard_error() -> None:
    # standard error .054037: 1.959964 + .841621 = 2.801585 of them at 95 % and a power of .8
    half = 1.959964 * 0.054037
    assert minimum_detectable(0.119048 - half, 0.119048 + half, 0.95) == pytest.approx(0.151389, abs=1e-5)
    # at 99 % 2.575829 + .841621, with a power of .9 at 95 % 1.959964 + 1.281552 (tables of the normal distribution)
    assert minimum_detectable(-2.575829, 2.575829, 0.99) == pytest.approx(3.417450, abs=1e-5)
    assert minimum_detectable(-1.959964, 1.959964, 0.95, 0.9) == pytest.approx(3.241516, abs=1e-5)


def test_an_interval_without_width_knows_no_error() -> None:
    assert minimum_detectable(0.1, 0.1, 0.95) is None
    assert minimum_detectable(0.1, 0.1 + 1e-16, 0.95) is None
