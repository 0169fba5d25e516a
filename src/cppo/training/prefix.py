"""Prompts that several sequences share, computed once: keys and values of the prompt, copied to the rows.

Gradients flow back through the copies and add up, as if every row had computed its prompt itself.
"""

from __future__ import annotations

from typing import Any

import torch
from transformers.cache_utils import DynamicCache, DynamicLayer

from cppo.policy.padding import positions_of
from cppo.training.batching import distinct_rows

SHARED_BY = 2
"""Rows a distinct prompt must have on average: below, copying its keys and values costs more than it saves."""


def can_share(model: Any) -> bool:
    """Whether `model` keeps its prompts in a plain key-value cache that gradients pass through.

    Sliding windows and linear attention keep less than that; layers that are computed again in the backward pass do not
    fill a cache; and a model that is wrapped for several processes must be called once a pass.
    """
    if not hasattr(model, "get_output_embeddings"):
        return False
    if any(getattr(module, "gradient_checkpointing", False) for module in model.modules()):
        return False
    return all(type(layer) is DynamicLayer for layer in DynamicCache(config=model.config).layers)


class SharedPrompts:
    """Keys and values of distinct prompts `ids` [prompts, width] (left-padded under `mask`), computed in one pass of a
    model that `can_share`; `prompt_of` [rows] says which of them each row has."""

    def __init__(self, model: Any, ids: torch.Tensor, mask: torch.Tensor, prompt_of: torch.Tensor) -> None:
        output = model(
            input_ids=ids, attention_mask=mask, position_ids=positions_of(mask), use_cache=True, logits_to_keep=1
        )
        self.layers = [(layer.keys, layer.values) for layer in output.past_key_values.layers]
        self.prompt_of = prompt_of

    def cache(self, rows: torch.Tensor) -> DynamicCache:
        """Return a cache that holds the prompts of these rows, one row each."""
        chosen = self.prompt_of[rows]
        cache = DynamicCache()
        for i, (keys, values) in enumerate(self.layers):
            cache.update(keys.index_select(0, chosen), values.index_select(0, chosen), i)
        return cache


def shared_prompts(model: Any, ids: torch.Tensor, mask: torch.Tensor) -> SharedPrompts | None:
    """Return the prompts `ids` [rows, width] (left-padded under `mask`) of a model that `can_share`, each computed
    once; None where it would not pay."""
    if ids.shape[1] == 0:
        return None
    distinct, distinct_mask, prompt_of = distinct_rows(ids, mask)
    if len(distinct) * SHARED_BY > len(ids):
        return None
    return SharedPrompts(model, distinct, distinct_mask, prompt_of)
