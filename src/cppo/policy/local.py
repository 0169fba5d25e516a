"""In-process generation with any causal language model of transformers.

Each distinct prompt is prefilled once and its cache rows are copied to the requests that share it; requests are sorted
by prompt length; rows that have finished leave the batch. Every request draws its own uniforms from its own seed and
samples by inverting the cumulative distribution, so what it samples does not depend on its neighbours (up to the
floating-point differences of batched matrix products).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from cppo.errors import ModelError
from cppo.policy.engine import Completion, GenerationRequest, Progress, StopReason
from cppo.policy.rendering import render
from cppo.text.prompts import Prompt

if TYPE_CHECKING:
    from collections.abc import Iterator

COMPACT_BELOW = 0.8
"""Finished rows are dropped once fewer than this share of the batch is alive: each drop copies the cache."""


class LocalEngine:
    """Batched sampling from `model` in this process.

    `batch` is the most sequences decoded together; `chat` allows the tokenizer's chat template.
    """

    def __init__(self, model: Any, tokenizer: Any, *, batch: int = 256, chat: bool = False) -> None:
        if batch < 1:
            raise ModelError(f"generation batch is {batch}; it must be at least 1")
        self.model = model
        self.tokenizer = tokenizer
        self.batch = batch
        self.chat = chat
        self._ends = end_token_ids(model, tokenizer)
        if not self._ends:
            raise ModelError("the tokenizer has no end-of-sequence token; set one before generating")

    def generate(self, requests: Sequence[GenerationRequest], on_progress: Progress | None = None) -> list[Completion]:
        """Return one completion a request, in order. Raises `ModelError` when prompt and limit exceed the context."""
        rendered: dict[Prompt, list[int]] = {}
        for request in requests:
            if request.prompt not in rendered:
                rendered[request.prompt] = render(request.prompt, self.tokenizer, self.chat)
        prompts = [rendered[request.prompt] for request in requests]
        self._check_context(requests, prompts)
        order = sorted(range(len(requests)), key=lambda i: (len(prompts[i]), prompts[i]))
        results: list[Completion | None] = [None] * len(requests)
        with inference(self.model):
            for start in range(0, len(order), self.batch):
                chosen = order[start : start + self.batch]
                rows = _Batch(self, [requests[i] for i in chosen], [prompts[i] for i in chosen]).run()
                for index, completion in zip(chosen, rows, strict=True):
                    results[index] = completion
                if on_progress is not None:
                    on_progress(len(chosen))
        return [completion for completion in results if completion is not None]

    def _check_context(self, requests: Sequence[GenerationRequest], prompts: Sequence[Sequence[int]]) -> None:
        limit = getattr(self.model.config.get_text_config(), "max_position_embeddings", None)
        for request, prompt in zip(requests, prompts, strict=True):
            if not prompt:
                raise ModelError("a prompt is empty: it has no tokens to continue")
            if limit and len(prompt) + request.max_tokens > limit:
                raise ModelError(
                    f"a prompt of {len(prompt)} tokens and a limit of {request.max_tokens} exceed the model's context "
                    f"of {limit}; shorten the problem or lower the token limit"
                )


class _Batch:
    """One batch of requests on its way through the model; row r of every tensor belongs to request `alive[r]`."""

    def __init__(
        self, engine: LocalEngine, requests: Sequence[GenerationRequest], prompts: Sequence[list[int]]
    ) -> None:
        self.engine, self.requests, self.prompts = engine, requests, prompts
        self.device = next(engine.model.parameters()).device
        self.tokens: list[list[int]] = [[] for _ in requests]
        self.log_probs = [0.0] * len(requests)
        self.reasons: list[StopReason | None] = [None] * len(requests)
        self.uniforms = [np.random.Generator(np.random.Philox(request.seed)) for request in requests]
        self.alive = list(range(len(requests)))
        self.stoppable = any(request.prompt.stop for request in requests)

    def run(self) -> list[Completion]:
        logits, cache, mask, positions = self._prefill()
        step = 0
        while True:
            sampled, log_probs = self._sample(logits)
            step += 1
            keep = self._advance(sampled, log_probs, step)
            if not any(keep):
                return [self._completion(i) for i in range(len(self.requests))]
            rows = [r for r, kept in enumerate(keep) if kept]
            if len(rows) < COMPACT_BELOW * len(keep):
                select = torch.tensor(rows, device=self.device)
                cache.reorder_cache(select)
                mask, positions, sampled = mask[select], positions[select], sampled[select]
                self.alive = [self.alive[r] for r in rows]
            mask = torch.cat([mask, mask.new_ones(mask.shape[0], 1)], dim=1)
            positions = positions + 1
            output = self.engine.model(
                input_ids=sampled[:, None],
                attention_mask=mask,
                position_ids=positions[:, None],
                past_key_values=cache,
                use_cache=True,
            )
            logits = output.logits[:, -1]

    def _prefill(self) -> tuple[torch.Tensor, Any, torch.Tensor, torch.Tensor]:
        """Run each distinct prompt once, left-padded, and copy its rows to the requests that share it."""
        distinct = {tuple(prompt): None for prompt in self.prompts}
        index = {prompt: row for row, prompt in enumerate(distinct)}
        width = max(len(prompt) for prompt in distinct)
        ids = torch.full((len(distinct), width), self.engine.tokenizer.pad_token_id or 0)
        mask = torch.zeros((len(distinct), width), dtype=torch.long)
        for row, prompt in enumerate(distinct):
            ids[row, width - len(prompt) :] = torch.tensor(prompt)
            mask[row, width - len(prompt) :] = 1
        ids, mask = ids.to(self.device), mask.to(self.device)
        positions = (mask.cumsum(1) - 1).clamp(min=0)
        output = self.engine.model(
            input_ids=ids, attention_mask=mask, position_ids=positions, use_cache=True, logits_to_keep=1
        )
        select = torch.tensor([index[tuple(prompt)] for prompt in self.prompts], device=self.device)
        output.past_key_values.reorder_cache(select)
        return output.logits[select, -1], output.past_key_values, mask[select], positions[select, -1]

    def _sample(self, logits: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Draw one token a row by inverting its cumulative distribution; greedy where the temperature is 0."""
        temperatures = [self.requests[i].temperature for i in self.alive]
        scale = torch.tensor([t if t > 0 else 1.0 for t in temperatures], device=logits.device)
        log_probs = torch.log_softmax(logits.double() / scale[:, None], dim=-1)
        cumulative = log_probs.exp().cumsum(-1)
        draws = torch.tensor([self.uniforms[i].random() for i in self.alive], device=logits.device)
        targets = draws.double() * cumulative[:, -1]
        sampled = torch.searchsorted(cumulative, targets[:, None], right=True).squeeze(1)
        sampled = sampled.clamp(max=logits.shape[1] - 1)
        greedy = torch.tensor([t <= 0 for t in temperatures], device=logits.device)
        if bool(greedy.any()):
            sampled = torch.where(greedy, logits.argmax(-1), sampled)
        return sampled, log_probs.gather(1, sampled[:, None]).squeeze(1)

    def _advance(self, sampled: torch.Tensor, log_probs: torch.Tensor, step: int) -> list[bool]:
        """Record the sampled tokens and say, row by row, whether the request goes on."""
        keep = []
        for i, token, log_prob in zip(self.alive, sampled.tolist(), log_probs.tolist(), strict=True):
            if self.reasons[i] is not None:  # finished, but not yet dropped from the batch
                keep.append(False)
                continue
            self.tokens[i].append(token)
            self.log_probs[i] += log_prob
            if token in self.engine._ends:
                self.reasons[i] = StopReason.END
            elif self.stoppable and self._stopped(i):
                self.reasons[i] = StopReason.STOP
            elif step >= self.requests[i].max_tokens:
                self.reasons[i] = StopReason.LENGTH
            keep.append(self.reasons[i] is None)
        return keep

    def _stopped(self, i: int) -> bool:
        stops = self.requests[i].prompt.stop
        if not stops:
            return False
        # A stop string of n characters lies within the last n + 1 tokens: decoding the tail keeps this linear.
        tail = self.tokens[i][-(max(map(len, stops)) + 1) :]
        text = self.engine.tokenizer.decode(tail, skip_special_tokens=True)
        return any(stop in text for stop in stops)

    def _completion(self, i: int) -> Completion:
        request, reason = self.requests[i], self.reasons[i] or StopReason.LENGTH
        text = self.engine.tokenizer.decode(self.tokens[i], skip_special_tokens=True)
        tokens = list(self.tokens[i])
        if reason is StopReason.STOP:
            text = text[: min(found for stop in request.prompt.stop if (found := text.find(stop)) >= 0)]
            tokens.append(self.engine.tokenizer.eos_token_id)
        return Completion(
            text=request.prompt.opening + text,
            prompt_ids=tuple(self.prompts[i]),
            token_ids=tuple(tokens),
            stop_reason=reason,
            log_prob=self.log_probs[i],
        )


def end_token_ids(model: Any, tokenizer: Any) -> frozenset[int]:
    """Return every token id that ends a sequence: the tokenizer's, and those of the model's generation settings."""
    ends: set[int] = set()
    configured = getattr(getattr(model, "generation_config", None), "eos_token_id", None)
    for value in (tokenizer.eos_token_id, configured):
        ends.update(value if isinstance(value, (list, tuple)) else [] if value is None else [value])
    return frozenset(ends)


@contextmanager
def inference(model: Any) -> Iterator[None]:
    """Evaluation mode without gradients, the training mode restored afterwards."""
    training = model.training
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        model.train(training)
