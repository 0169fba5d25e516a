"""Tiny random models of every architecture, built once for all tests of the policy."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import torch

from cppo.policy.settings import TinyModel
from cppo.policy.tiny import build_model, build_tokenizer

SENTENCES = ("Sort by deadline.", "Keep a heap of open jobs.", "Search every order.")
TEXTS = (
    "Schedule the jobs so that the last one ends first.\nPLAN 4\nA: Sort by deadline.\n",
    "def solve(jobs):\n    total = 0\n    for job in sorted(jobs):\n        total += job\n    return total\n",
    "def solve(jobs):\n    best = 0\n    while jobs:\n        best = max(best, jobs.pop())\n    return best\n",
)


@lru_cache
def tiny_tokenizer() -> Any:
    """Return the tokenizer that all the models below share."""
    return build_tokenizer(TEXTS, SENTENCES, 400)


def tiny_settings(architecture: str) -> TinyModel:
    """Return settings of a two-layer model; Qwen3.5 then has one linear and one full attention layer."""
    return TinyModel.model_validate(
        {
            "architecture": architecture,
            "hidden_size": 32,
            "layers": 2,
            "heads": 2,
            "feed_forward": 48,
            "max_positions": 256,
            "vocabulary": 400,
        }
    )


@lru_cache
def tiny_model(architecture: str, dtype: torch.dtype = torch.float64) -> Any:
    """Return a random model with scaled-up embeddings, so that its distributions are far from uniform.

    In float64, the differences of batched matrix products are far too small to change a sampled token.
    """
    model = build_model(tiny_settings(architecture), tiny_tokenizer(), seed=3)
    with torch.no_grad():
        model.get_input_embeddings().weight.mul_(6.0)
    return model.to(dtype).eval()


class Dictated:
    """A causal model that says one text after a prompt of these tokens, one token after the other."""

    def __init__(self, model: Any, tokenizer: Any, text: str, prompt: Sequence[int]) -> None:
        self.ids = tokenizer(text)["input_ids"]
        self.offset = len(prompt)
        self.handle = model.register_forward_hook(self._say, with_kwargs=True)

    def _say(self, module: Any, arguments: Any, keywords: Any, output: Any) -> Any:
        step = int(keywords["position_ids"].max()) + 1 - self.offset
        token = self.ids[step] if step < len(self.ids) else module.config.eos_token_id
        output.logits[:] = 0.0
        output.logits[..., token] = 50.0
        return output
