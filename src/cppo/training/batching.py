"""Which problems a step gets, and how its sequences are cut into micro-batches. No engine is known here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch

from cppo.seeding import derived_random

PASS_TOKENS = 256
"""What one more pass costs on a CPU, in tokens: below that much padding, one pass is cheaper than two."""
PASS_TOKENS_GPU = 2048
"""The same on a GPU, where a pass is as fast with some hundred tokens as with one. An estimate, not measured."""


class GroupedOrder(torch.utils.data.Sampler[int]):
    """The order of problems, in the form TRL's loader wants: each step's problems `copies` times, all `repeats` times.

    An epoch's order follows from (seed, epoch) alone. TRL's own sampler goes on drawing from one generator, so a run
    resumed in its second epoch would repeat the first one.
    """

    def __init__(self, problems: int, *, per_step: int, copies: int, repeats: int, seed: int) -> None:
        self.problems, self.per_step, self.copies, self.repeats = problems, per_step, copies, repeats
        self.seed, self.epoch = seed, 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch's own order."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.problems // self.per_step * self.per_step * self.copies * self.repeats

    def __iter__(self) -> Iterator[int]:
        order = list(range(self.problems))
        derived_random(self.seed, "problems", self.epoch).shuffle(order)
        for start in range(0, self.problems - self.per_step + 1, self.per_step):
            for _ in range(self.repeats):
                for index in order[start : start + self.per_step]:
                    yield from [index] * self.copies


def distinct_rows(ids: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return the distinct rows of `ids` under `mask`, their masks, and for every row the index of its distinct one."""
    width = ids.shape[1]
    rows, inverse = torch.unique(torch.cat([ids * mask, mask], dim=1), dim=0, return_inverse=True)
    # padding was zeroed only to compare; any token id may stand there
    return rows[:, :width], rows[:, width:], inverse


def pass_tokens(device: torch.device) -> int:
    """Return what one more pass costs on `device`, in tokens."""
    return PASS_TOKENS if device.type == "cpu" else PASS_TOKENS_GPU


def cut_by_length(lengths: Sequence[int], overhead: int) -> list[int]:
    """Return how many rows each pass takes, of rows whose `lengths` ascend, so that rows × longest and `overhead` a
    pass are the least in all."""
    least, begin = np.zeros(len(lengths) + 1), np.zeros(len(lengths) + 1, dtype=int)
    for end in range(1, len(lengths) + 1):
        costs = least[:end] + (end - np.arange(end)) * lengths[end - 1]
        begin[end] = costs.argmin()
        least[end] = costs[begin[end]] + overhead
    sizes, end = [], len(lengths)
    while end:
        sizes.append(end - int(begin[end]))
        end = int(begin[end])
    return sizes[::-1]


def split_for_update(batch: dict[str, Any], parts: int) -> list[dict[str, Any]]:
    """Cut a generation batch into `parts` equal pieces that need few computed tokens, each with its own padding only.

    Two orders are tried, and the one with fewer tokens is taken: by length, which wastes least padding, and by prompt,
    which lets the most sequences of a piece share one. Identical sequences stand side by side in both.
    """
    ids = torch.cat([batch["prompt_ids"], batch["completion_ids"]], dim=1)
    mask = torch.cat([batch["prompt_mask"], batch["completion_mask"]], dim=1)
    _, _, twin = distinct_rows(ids, mask)
    prompts, _, prompt = distinct_rows(batch["prompt_ids"], batch["prompt_mask"])
    lengths = batch["completion_mask"].sum(1)
    prompt_lengths = batch["prompt_mask"].sum(1)
    by_length = torch.argsort(lengths * len(twin) + twin, stable=True)
    by_prompt = by_length[torch.argsort((prompt_lengths * len(prompts) + prompt)[by_length], stable=True)]

    overhead = pass_tokens(ids.device)

    def tokens(order: torch.Tensor) -> int:
        found = 0
        for rows in order.chunk(parts):
            alike = dict(zip(twin[rows].tolist(), lengths[rows].tolist(), strict=True))
            mine = sorted(alike.values())
            ends = np.cumsum(sizes := cut_by_length(mine, overhead))
            found += len(torch.unique(prompt[rows])) * int(prompt_lengths[rows].max())
            found += sum(size * mine[end - 1] + overhead for size, end in zip(sizes, ends, strict=True))
        return found

    pieces = []
    for rows in min(by_length, by_prompt, key=tokens).chunk(parts):
        piece = {
            key: value[rows] if isinstance(value, torch.Tensor) and value.dim() > 0 else value
            for key, value in batch.items()
        }
        width = max(1, int(piece["completion_mask"].sum(1).max()))
        for key in ("completion_ids", "completion_mask", "tool_mask", "ref_per_token_logps", "old_per_token_logps"):
            if key in piece:
                piece[key] = piece[key][:, :width]
        pieces.append(piece)
    return pieces
