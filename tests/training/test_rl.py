"""The loop's own rules: when warm-up stops."""

from __future__ import annotations

from cppo.training.rl import gate_rate_stopped


def rows(*rates: float) -> list[dict[str, float]]:
    return [{"gate_rate": rate} for rate in rates]


def test_warmup_stops_after_patience_looks_without_a_rise() -> None:
    stopped = gate_rate_stopped(check_every=2, patience=2, least=0.2)
    rising = rows(0.2, 0.2, 0.4, 0.4, 0.6, 0.6)
    assert not stopped(rising)
    assert not stopped(rising + rows(0.6, 0.6))  # one look without a rise
    assert stopped(rising + rows(0.6, 0.6, 0.5, 0.5))  # two
    assert not stopped(rising + rows(0.6, 0.6, 0.5))  # it looks only every second rollout
    assert not stopped(rising + rows(0.6, 0.6, 0.7, 0.7))  # a rise in time


def test_warmup_does_not_stop_early_below_the_least_rate() -> None:
    stopped = gate_rate_stopped(check_every=1, patience=1, least=0.2)
    assert not stopped(rows(0.1, 0.1, 0.1, 0.1))
    assert stopped(rows(0.1, 0.3, 0.3))
