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
    logits: torch.Tensor,
    temperatures: torch.Tensor,
    uniforms: torch.Tensor,
    min_p: torch.Tensor | None = None,
    rows: torch.Tensor | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw one token a uniform; greedy where the temperature is 0.

    logits [r, vocabulary]; temperatures [r]; uniforms [n], float64 in [0, 1); min_p [r], in [0, 1): tokens less than
    min_p times as likely as the row's likeliest are never drawn; rows [n]: the row that each uniform draws from (None:
    its own). Returns the tokens [n] and their log-probabilities [n], float64, at the row's temperature among the tokens
    that may be drawn (greedy rows: at temperature 1).
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
    if rows is None:
        rows = torch.arange(len(uniforms), device=logits.device)
        found = torch.searchsorted(cumulative, (uniforms * cumulative[:, -1])[:, None], right=True)
        tokens = found.squeeze(1).clamp(max=logits.shape[1] - 1)
    else:
        tokens = _first_above(cumulative, rows, uniforms * cumulative[rows, -1])
    if bool(greedy.any()):
        tokens = torch.where(greedy[rows], logits.argmax(-1)[rows], tokens)
    return tokens, probs[rows, tokens].double().log()


def _first_above(cumulative: torch.Tensor, rows: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return, for each target [n], the first column of its row of `cumulative` [r, vocabulary] that is above it, the
    last one where none is. (`torch.searchsorted` would need a copy of the row for every target.)"""
    low = torch.zeros_like(rows)
    high = torch.full_like(rows, cumulative.shape[1] - 1)
    for _ in range((cumulative.shape[1] - 1).bit_length()):
        middle = (low + high) // 2
        above = cumulative[rows, middle] > targets
        low, high = torch.where(above, low, (middle + 1).minimum(high)), torch.where(above, middle, high)
    return low
