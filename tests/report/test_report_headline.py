"""The sentences at the top say what the figures say, whichever way the run went."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cppo.report.headline import caveats, headline
from cppo.report.inputs import Arm, Comparison, Limit, Results, RunData


def _arm(name: str, mean: float, low: float, high: float, **more: Any) -> Arm:
    facts = {
        "name": name, "title": name.upper(), "method": "tuple", "stage": "sft", "independent": False, "attempts": 8,
        "tokens": {}, "pass_at": {str(k): {"mean": mean, "low": low, "high": high} for k in (1, 4, 8)},
    }  # fmt: skip
    return Arm.model_validate(facts | more)


Triple = tuple[float, float, float]


def _data(subject: Triple, difference: Triple, p: float, **more: Any) -> RunData:
    rows = [
        Comparison(
            subject="cppo", other=other, k=4, difference=difference[0], low=difference[1], high=difference[2],
            p_value=p, holm_p=p, significant=p < 0.05, problems=300, seeds=1,
            warnings=("arm A has 1 training seed, fewer than 3: seed noise is not covered",),
        )
        for other in ("weak", "strong")
    ]  # fmt: skip
    facts: dict[str, Any] = {
        "name": "x", "seed": 0, "k": 4, "budget": 8, "ks": (1, 4, 8), "confidence": 0.95, "problems": {"test": 300},
        "arms": (_arm("weak", 0.3, 0.2, 0.4), _arm("strong", 0.6, 0.5, 0.7), _arm("cppo", *subject)),
        "comparisons": rows,
        "limits": {"4": Limit(coordinated=1.0, independent=0.684)},
    }  # fmt: skip
    return RunData(Path("x"), Results(**(facts | more)), {})


def test_a_win_that_passes_the_limit() -> None:
    first, second, third = headline(_data((0.79, 0.74, 0.83), (0.19, 0.12, 0.26), 0.0004))
    assert first == "CPPO reaches pass@4 0.790 [0.740, 0.830] on 300 held-out problems (95 % interval over problems)."
    assert second == (
        "The best comparator, STRONG, reaches 0.600 [0.500, 0.700]; CPPO is ahead of it by +0.190 [+0.120, +0.260], "
        "p\u00a0<\u00a00.001 after Holm over 2 comparisons."
    )
    assert third.startswith("It passes the best independent policy’s limit of 0.684, with its whole interval above")
    assert third.endswith("the best coordinated policy’s limit is 1.000.")


def test_a_loss_is_called_one() -> None:
    _, second, third = headline(_data((0.4, 0.35, 0.45), (-0.2, -0.27, -0.13), 0.001))
    assert "CPPO is behind it by −0.200 [−0.270, −0.130]" in second
    assert third.startswith(
        "It does not pass the best independent policy’s limit of 0.684: its whole interval lies below"
    )


@pytest.mark.parametrize(("interval", "p"), [((0.05, -0.02, 0.12), 0.2), ((0.05, 0.001, 0.1), 0.06)])
def test_neither_an_interval_over_zero_nor_a_large_p_is_a_win(interval: tuple[float, float, float], p: float) -> None:
    sentence = headline(_data((0.65, 0.6, 0.7), interval, p))[1]
    assert sentence.endswith("does not tell the two apart.")


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        (
            (0.70, 0.66, 0.74),
            "Its mean is above the best independent policy’s limit of 0.684, but its interval reaches below",
        ),
        (
            (0.66, 0.62, 0.70),
            "It does not pass the best independent policy’s limit of 0.684, though its interval reaches it",
        ),
    ],
)
def test_an_interval_across_the_limit_is_said_so(subject: tuple[float, float, float], words: str) -> None:
    assert headline(_data(subject, (0.0, -0.1, 0.1), 1.0))[2].startswith(words)


def test_without_comparators_and_limits_one_sentence_is_left() -> None:
    data = _data((0.5, 0.4, 0.6), (0, 0, 0), 1.0, arms=(_arm("cppo", 0.5, 0.4, 0.6),), comparisons=(), limits={})
    assert len(headline(data)) == 1
    assert caveats(data) == ["One training seed: seed noise is not covered by any interval or p-value here."]


def test_the_testbed_is_named_for_what_it_tests() -> None:
    notes = caveats(_data((0.5, 0.4, 0.6), (0, 0, 0), 1.0))
    assert notes == [
        "One training seed: seed noise is not covered by any interval or p-value here.",
        "Held-out statements share families and strategies with training: this tests coordination, not invention.",
    ]
