"""Prompts computed once: the same numbers and the same gradients as without sharing."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from cppo.policy.padding import positions_of
from cppo.training.prefix import can_share, shared_prompts

PROMPTS = [[5, 6, 7, 8, 9], [5, 6, 7, 8, 9], [5, 6, 7, 8, 9], [11, 12], [11, 12]]
TAILS = [[20, 21, 22], [23, 24, 25], [20, 26, 27], [28, 29, 30], [31, 32, 33]]


def padded(rows: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    width = max(map(len, rows))
    ids = torch.tensor([[0] * (width - len(row)) + row for row in rows])
    mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in rows])
    return ids, mask


def loss_of(logits: torch.Tensor, tails: torch.Tensor) -> torch.Tensor:
    return torch.log_softmax(logits, -1).gather(-1, tails[..., None]).square().sum()


def test_gradients_through_the_copies_are_those_of_whole_rows(tiny: tuple[Any, Any]) -> None:
    model, _ = tiny
    prompts, mask = padded(PROMPTS)
    tails = torch.tensor(TAILS)
    whole = torch.cat([mask, torch.ones_like(tails)], 1)
    found = []
    for share in (False, True):
        model.zero_grad()
        if share:
            shared = shared_prompts(model, prompts, mask)
            assert shared is not None
            positions = positions_of(whole)[:, prompts.shape[1] :]
            logits = torch.empty(len(PROMPTS), 3, model.config.vocab_size)
            for rows in (
                torch.tensor([0, 3]),
                torch.tensor([4, 2, 1]),
            ):  # two passes, both behind prompts computed once
                cache = shared.cache(rows)
                assert cache.layers[0].keys.shape[0] == len(rows)
                logits[rows] = model(
                    tails[rows], attention_mask=whole[rows], position_ids=positions[rows], past_key_values=cache
                ).logits
        else:
            ids = torch.cat([prompts, tails], 1)
            logits = model(ids, attention_mask=whole, position_ids=positions_of(whole)).logits[:, prompts.shape[1] :]
        loss = loss_of(logits, tails)
        loss.backward()
        found.append((loss.detach(), [p.grad.clone() for p in model.parameters() if p.grad is not None]))
    torch.testing.assert_close(found[0][0], found[1][0])
    assert len(found[0][1]) == len(found[1][1])
    for left, right in zip(found[0][1], found[1][1], strict=True):
        torch.testing.assert_close(left, right, atol=1e-5, rtol=1e-4)


def test_each_prompt_is_computed_once(tiny: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    model, _ = tiny
    seen = []
    forward = model.forward
    monkeypatch.setattr(model, "forward", lambda **given: (seen.append(given["input_ids"].shape), forward(**given))[1])
    shared_prompts(model, *padded(PROMPTS))
    assert seen == [(2, 5)]


def test_prompts_that_few_rows_share_are_left_alone(tiny: tuple[Any, Any]) -> None:
    assert shared_prompts(tiny[0], *padded([[5, 6], [7, 8], [7, 8]])) is None
    assert shared_prompts(tiny[0], torch.zeros((3, 0), dtype=torch.long), torch.zeros((3, 0), dtype=torch.long)) is None


def test_other_kinds_of_cache_are_left_alone() -> None:
    from transformers import MistralConfig, MistralForCausalLM, Qwen3_5ForCausalLM, Qwen3_5TextConfig

    sizes = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 4, "vocab_size": 64}
    heads = {"num_attention_heads": 2, "num_key_value_heads": 2}
    linear = {f"linear_{name}": 4 for name in ("num_key_heads", "num_value_heads", "key_head_dim", "value_head_dim")}
    assert not can_share(MistralForCausalLM(MistralConfig(**sizes, **heads, sliding_window=4)))
    assert can_share(MistralForCausalLM(MistralConfig(**sizes, **heads, sliding_window=None)))
    assert not can_share(Qwen3_5ForCausalLM(Qwen3_5TextConfig(**sizes, **heads, **linear, head_dim=8)))


def test_layers_that_are_computed_again_are_not_shared(tiny: tuple[Any, Any]) -> None:
    model, _ = tiny
    assert can_share(model)
    assert not can_share(torch.nn.DataParallel(model))
    model.gradient_checkpointing_enable()
    assert not can_share(model)
