"""Drawing tokens: one stream of uniforms a request, and the inverse of the cumulative distribution."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

BLOCK = 64
"""Uniforms drawn at once for each request."""


class Uniforms:
    """One stream of uniforms in [0, 1) for each seed; a stream depends on its own seed alone."""

    def __init__(self, seeds: Sequence[int], device: torch.device) -> None:
        self._streams = [np.random.Generator(np.random.Philox(seed)) for seed in seeds]
        self._device = device
        self._block = torch.empty(0)

    def at(self, step: int) -> torch.Tensor:
        """Return number `step` of every stream, float64 [n]. Steps are asked for in order: 0, 1, 2 …"""
        if step % BLOCK == 0:
            drawn = np.stack([stream.random(BLOCK) for stream in self._streams])
            self._block = torch.from_numpy(drawn).to(self._device)
        return self._block[:, step % BLOCK]


def sample(
    logits: torch.Tensor, temperatures: torch.Tensor, uniforms: torch.Tensor, min_p: torch.Tensor | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw one token a row; greedy where the temperature is 0.

    logits [n, vocabulary]; temperatures [n]; uniforms [n], float64 in [0, 1); min_p [n], in [0, 1): tokens less than
    min_p times as likely as the row's likeliest are never drawn. Returns the tokens [n] and their log-probabilities
    [n], float64, at the row's temperature among the tokens that may be drawn (greedy rows: at temperature 1).
    """
    # Half-precision logits would make probabilities of three digits.
    logits = logits if logits.dtype is torch.float64 else logits.float()
    greedy = temperatures == 0
    scale = torch.where(greedy, 1.0, temperatures).to(logits.dtype)
    probs = torch.softmax(logits / scale[:, None], dim=-1)
    if min_p is not None and bool((min_p > 0).any()):
        least = min_p.to(probs.dtype)[:, None] * probs.amax(-1, keepdim=True)
        probs = torch.where(probs < least, 0.0, probs)
        probs = probs / probs.sum(-1, keepdim=True)
    # In float64 the sum over a large vocabulary loses nothing, and the tail stays reachable.
    cumulative = probs.cumsum(-1, dtype=torch.float64)
    targets = uniforms * cumulative[:, -1]
    tokens = torch.searchsorted(cumulative, targets[:, None], right=True).squeeze(1).clamp(max=logits.shape[1] - 1)
    if bool(greedy.any()):
        tokens = torch.where(greedy, logits.argmax(-1), tokens)
    return tokens, probs.gather(1, tokens[:, None]).squeeze(1).double().log()
