"""A key-value cache that grows in place: one copy every few dozen tokens instead of one a token."""

from __future__ import annotations

from typing import Any

import torch
from transformers.cache_utils import DynamicLayer

BLOCK = 64
"""Tokens of spare room a buffer is allocated with."""


class GrowingLayer(DynamicLayer):  # type: ignore[misc]
    """The cache of one full-attention layer; `keys` and `values` are views of buffers with room to spare.

    The stock layer concatenates, which copies the whole cache for every token.
    """

    def __init__(self, keys: torch.Tensor, values: torch.Tensor) -> None:
        super().__init__()
        self.lazy_initialization(keys, values)
        self.keys, self.values = keys, values
        self.buffers: tuple[torch.Tensor, torch.Tensor] | None = None

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Append the new states, shape [n, heads, new tokens, width], and return all of them."""
        old = self.keys.shape[-2]
        new = old + key_states.shape[-2]
        if self.buffers is None or new > self.buffers[0].shape[-2]:
            self.buffers = (_roomy(self.keys, new + BLOCK), _roomy(self.values, new + BLOCK))
        keys, values = self.buffers
        keys[..., old:new, :] = key_states
        values[..., old:new, :] = value_states
        self.keys, self.values = keys[..., :new, :], values[..., :new, :]
        return self.keys, self.values

    def reorder_cache(self, beam_idx: torch.Tensor) -> None:
        """Keep the rows `beam_idx`, in that order; a row may be kept several times."""
        beam_idx = beam_idx.to(self.keys.device)
        length = self.keys.shape[-2]
        keys, values = (states.index_select(0, beam_idx) for states in self.buffers or (self.keys, self.values))
        self.buffers = None if self.buffers is None else (keys, values)  # the room to spare is copied with the rest
        self.keys, self.values = keys[..., :length, :], values[..., :length, :]


def grow_in_place(cache: Any) -> None:
    """Replace every plain layer of a transformers cache; sliding-window and linear-attention layers stay."""
    for i, layer in enumerate(cache.layers):
        if type(layer) is DynamicLayer and layer.is_initialized:
            cache.layers[i] = GrowingLayer(layer.keys, layer.values)


def _roomy(states: torch.Tensor, room: int) -> torch.Tensor:
    buffer = states.new_empty((*states.shape[:-2], room, states.shape[-1]))
    buffer[..., : states.shape[-2], :] = states
    return buffer
