"""Inverse-transform sampling, worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from cppo.policy.sampling import BLOCK, Uniforms, sample


def draw(probabilities: list[float], uniform: float, temperature: float = 1.0) -> tuple[int, float]:
    logits = torch.tensor([probabilities], dtype=torch.float64).log()
    tokens, log_probs = sample(logits, torch.tensor([temperature]), torch.tensor([uniform], dtype=torch.float64))
    return int(tokens), float(log_probs)


@pytest.mark.parametrize(("uniform", "token"), [(0.0, 0), (0.19, 0), (0.21, 1), (0.49, 1), (0.51, 2), (1 - 1e-12, 2)])
def test_the_uniform_inverts_the_cumulative_distribution(uniform: float, token: int) -> None:
    probabilities = [0.2, 0.3, 0.5]
    drawn, log_prob = draw(probabilities, uniform)
    assert drawn == token
    assert log_prob == pytest.approx(math.log(probabilities[token]))


@pytest.mark.parametrize(("uniform", "token", "probability"), [(0.03, 0, 0.04), (0.12, 1, 0.09), (0.14, 2, 0.25)])
def test_temperature_one_half_squares_the_probabilities(uniform: float, token: int, probability: float) -> None:
    # [0.2, 0.3, 0.5]² = [0.04, 0.09, 0.25], of 0.38
    drawn, log_prob = draw([0.2, 0.3, 0.5], uniform / 0.38, 0.5)
    assert drawn == token
    assert log_prob == pytest.approx(math.log(probability / 0.38))


@pytest.mark.parametrize(
    ("uniform", "token", "probability"), [(0.0, 1, 0.3 / 0.8), (0.37, 1, 0.3 / 0.8), (0.38, 2, 0.5 / 0.8)]
)
def test_min_p_leaves_out_what_is_much_less_likely_than_the_likeliest(
    uniform: float, token: int, probability: float
) -> None:
    logits = torch.tensor([[0.2, 0.3, 0.5]], dtype=torch.float64).log()
    uniforms = torch.tensor([uniform], dtype=torch.float64)
    drawn, log_probs = sample(logits, torch.ones(1), uniforms, torch.tensor([0.5]))  # 0.2 < 0.5 × 0.5 <= 0.3
    assert int(drawn) == token
    assert float(log_probs) == pytest.approx(math.log(probability))


def test_min_p_looks_at_the_probabilities_after_the_temperature() -> None:
    # at temperature 1/2 [0.2, 0.3, 0.5] is as [0.04, 0.09, 0.25]: 0.09 is less than 0.39 × 0.25
    logits = torch.tensor([[0.2, 0.3, 0.5]], dtype=torch.float64).log().repeat(3, 1)
    uniforms = torch.tensor([0.0, 0.0, 0.0], dtype=torch.float64)
    drawn, _ = sample(logits, torch.tensor([0.5, 1.0, 1.0]), uniforms, torch.tensor([0.39, 0.39, 0.0]))
    assert drawn.tolist() == [2, 0, 0]


@pytest.mark.parametrize("uniform", [0.0, 0.999])
def test_temperature_zero_takes_the_largest_whatever_the_uniform(uniform: float) -> None:
    drawn, log_prob = draw([0.2, 0.5, 0.3], uniform, 0.0)
    assert drawn == 1
    assert log_prob == pytest.approx(math.log(0.5))


@pytest.mark.parametrize("uniform", [0.0, 1 - 2**-53])
def test_impossible_tokens_are_never_drawn(uniform: float) -> None:
    assert draw([0.0, 0.5, 0.5, 0.0], uniform)[0] in (1, 2)


def test_rows_may_differ_in_temperature() -> None:
    logits = torch.tensor([[0.2, 0.3, 0.5]]).log().repeat(2, 1)
    tokens, _ = sample(logits, torch.tensor([0.0, 1.0]), torch.zeros(2, dtype=torch.float64))
    assert tokens.tolist() == [2, 0]


def test_several_uniforms_may_draw_from_one_row() -> None:
    logits = torch.tensor([[0.2, 0.3, 0.5], [0.1, 0.8, 0.1]], dtype=torch.float64).log()
    uniforms = torch.tensor([0.19, 0.95, 0.21, 0.09, 0.99], dtype=torch.float64)
    tokens, log_probs = sample(logits, torch.ones(2), uniforms, rows=torch.tensor([0, 1, 0, 1, 0]))
    assert tokens.tolist() == [0, 2, 1, 0, 2]
    assert log_probs.exp().tolist() == pytest.approx([0.2, 0.1, 0.3, 0.1, 0.5])


def test_the_search_is_that_of_the_library() -> None:
    generator = torch.Generator().manual_seed(0)
    for size in (1, 2, 3, 7, 8, 9, 1000):
        probs = torch.rand(5, size, generator=generator, dtype=torch.float64) * (torch.arange(size) % 3 > 0)
        probs[:, -1] += 0.1
        logits = (probs / probs.sum(-1, keepdim=True)).log()
        uniforms = torch.rand(5, generator=generator, dtype=torch.float64)
        cumulative = torch.softmax(logits, -1).cumsum(-1)
        expected = torch.searchsorted(cumulative, (uniforms * cumulative[:, -1])[:, None], right=True).squeeze(1)
        assert sample(logits, torch.ones(5), uniforms)[0].tolist() == expected.tolist()


def test_logits_that_are_no_numbers_have_no_log_probability() -> None:
    logits = torch.full((2, 5), torch.nan)
    logits[1] = 0.0
    uniforms = torch.tensor([0.3, 0.9, 0.9], dtype=torch.float64)
    tokens, log_probs = sample(logits, torch.ones(2), uniforms, torch.full((2,), 0.1), torch.tensor([0, 0, 1]))
    assert log_probs.isnan().tolist() == [True, True, False]
    assert int(tokens[2]) == 4


def test_half_precision_logits_are_sampled_in_single_precision() -> None:
    logits = torch.zeros(1, 1000, dtype=torch.bfloat16)
    tokens, log_probs = sample(logits, torch.ones(1), torch.tensor([0.6175], dtype=torch.float64))
    assert int(tokens) == 617
    assert float(log_probs) == pytest.approx(-math.log(1000), abs=1e-5)


def test_streams_depend_on_their_own_seed_alone() -> None:
    both, alone = Uniforms([7, 8], torch.device("cpu")), Uniforms([8], torch.device("cpu"))
    expected = np.random.Generator(np.random.Philox(8)).random(2 * BLOCK)
    for step in range(2 * BLOCK):
        pair = both.at(step)
        assert pair.dtype is torch.float64
        assert float(pair[1]) == float(alone.at(step)[0]) == expected[step]
