"""In-process generation with any causal language model of transformers.

Each distinct prompt is prefilled once and its cache rows are copied to the requests that share it; requests are sorted
by prompt length; rows that have finished leave the batch. Every request draws its own uniforms from its own seed and
samples by inverting the cumulative distribution, so what it samples does not depend on its neighbours (up to the
floating-point differences of batched matrix products).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch
from transformers import DynamicCache

from cppo.errors import ModelError
from cppo.policy.cache import grow_in_place
from cppo.policy.decoding import Decoder
from cppo.policy.engine import Completion, Done, GenerationRequest, StopReason
from cppo.policy.padding import left_pad, positions_of
from cppo.policy.rendering import Rendered, rendered
from cppo.policy.sampling import Uniforms, sample
from cppo.policy.stops import StopStrings
from cppo.text.prompts import Prompt
from cppo.text.thinking import split_thinking

if TYPE_CHECKING:
    from collections.abc import Iterator

COMPACT_BELOW = 0.8
"""Finished rows are dropped once less than this share of the batch is unfinished: each drop copies the cache."""


class LocalEngine:
    """Batched sampling from `model` in this process.

    `batch` is the most sequences decoded together; `chat` allows the tokenizer's chat template, which is asked for an
    answer without thinking. What a model thinks all the same is not in `text`, but in its tokens.
    """

    def __init__(self, model: Any, tokenizer: Any, *, batch: int = 256, chat: bool = False) -> None:
        if batch < 1:
            raise ModelError(f"generation batch is {batch}; it must be at least 1")
        self.model = model
        self.tokenizer = tokenizer
        self.batch = batch
        self.chat = chat
        self.decode = Decoder(tokenizer)
        self.ends = end_token_ids(model, tokenizer)
        if not self.ends:
            raise ModelError("the tokenizer has no end-of-sequence token; set one before generating")

    def generate(self, requests: Sequence[GenerationRequest], on_done: Done | None = None) -> list[Completion]:
        """Return one completion a request, in order; `on_done` hears of each when its row has finished.

        Raises `ModelError` for an empty prompt, a model whose logits are no numbers, and one without a cache of what it
        has read.
        """
        by_prompt: dict[Prompt, Rendered] = {}
        for request in requests:
            if request.prompt not in by_prompt:
                by_prompt[request.prompt] = rendered(request.prompt, self.tokenizer, self.chat)
        read = [by_prompt[request.prompt] for request in requests]
        fitting = self._within_context(requests, read)
        order = [i for i, request in enumerate(fitting) if request is not None]
        order.sort(key=lambda i: (len(read[i].ids), read[i].ids))
        results: dict[int, Completion] = {}

        def done(i: int, completion: Completion) -> None:
            results[i] = completion
            if on_done is not None:
                on_done(i, completion)

        for i, fit in enumerate(fitting):
            if fit is None:  # a prompt that fills the context leaves no room: cut at its first token, no error
                done(i, Completion("", tuple(read[i].ids), (), StopReason.LENGTH))
        with inference(self.model):
            for start in range(0, len(order), self.batch):
                chosen = order[start : start + self.batch]
                _Batch(self, [r for i in chosen if (r := fitting[i])], [read[i] for i in chosen], chosen, done).run()
        return [results[i] for i in range(len(requests))]

    def _within_context(
        self, requests: Sequence[GenerationRequest], read: Sequence[Rendered]
    ) -> list[GenerationRequest | None]:
        """Return the requests as the model reads them, with token limits that fit its context; None where not even one
        token does."""
        context = getattr(self.model.config.get_text_config(), "max_position_embeddings", None)
        fitting: list[GenerationRequest | None] = []
        for request, mine in zip(requests, read, strict=True):
            if not mine.ids:
                raise ModelError("a prompt is empty: it has no tokens to continue")
            room = request.max_tokens if context is None else min(request.max_tokens, context - len(mine.ids))
            fitting.append(replace(request, prompt=mine.prompt, max_tokens=room) if room > 0 else None)
        return fitting


class _Batch:
    """One batch of requests on its way through the model.

    Tensors named `…_N` have one entry a request; row r of the model's tensors belongs to request `alive[r]`. `names`
    are what the requests are called when `done` is told of their completions.
    """

    def __init__(
        self,
        engine: LocalEngine,
        requests: Sequence[GenerationRequest],
        read: Sequence[Rendered],
        names: Sequence[int],
        done: Done,
    ) -> None:
        self.engine, self.requests, self.read = engine, requests, read
        self.names, self.done = names, done
        self.device = device = next(engine.model.parameters()).device
        n = len(requests)
        self.min_p_N = torch.tensor([r.min_p for r in requests], dtype=torch.float64, device=device)
        self.temperatures_N = torch.tensor([r.temperature for r in requests], dtype=torch.float64, device=device)
        self.limits_N = torch.tensor([r.max_tokens for r in requests], device=device)
        self.ends = torch.tensor(sorted(engine.ends), device=device)
        self.uniforms = Uniforms([request.seed for request in requests], device)
        self.tokens_NT = torch.zeros((n, max(r.max_tokens for r in requests)), dtype=torch.long, device=device)
        self.log_probs_N = torch.zeros(n, dtype=torch.float64, device=device)
        self.alive = torch.arange(n, device=device)
        watchers = {stops: StopStrings(engine.tokenizer, stops) for stops in {r.prompt.stop for r in requests}}
        self.watchers = [watchers[request.prompt.stop] for request in requests]
        self.stoppable = any(self.watchers)
        self.cache_name = "past_key_values"  # as most models call it; Mamba does not

    def run(self) -> None:
        """Decode until every request has its completion; finished rows leave on the way."""
        logits, cache, mask, positions = self._prefill()
        unfinished = torch.ones_like(self.alive, dtype=torch.bool)
        step = 0
        while True:
            temperatures, uniforms = self.temperatures_N[self.alive], self.uniforms.at(step)[self.alive]
            sampled, log_probs = sample(logits, temperatures, uniforms, self.min_p_N[self.alive])
            self.tokens_NT[self.alive, step] = sampled
            self.log_probs_N[self.alive] += torch.where(unfinished, log_probs, 0.0)
            step += 1
            unfinished &= ~self._finished(sampled, unfinished, step)
            left = int(unfinished.sum())
            if left == 0:
                return
            if left < COMPACT_BELOW * len(unfinished):
                select = unfinished.nonzero().squeeze(1)
                cache.reorder_cache(select)
                mask, positions, sampled, unfinished, self.alive = (
                    rows[select] for rows in (mask, positions, sampled, unfinished, self.alive)
                )
            mask = torch.cat([mask, mask.new_ones(mask.shape[0], 1)], dim=1)
            positions = positions + 1
            output = self.engine.model(
                input_ids=sampled[:, None],
                attention_mask=mask,
                position_ids=positions[:, None],
                use_cache=True,
                **{self.cache_name: cache},
            )
            logits = output.logits[:, -1]

    def _prefill(self) -> tuple[torch.Tensor, Any, torch.Tensor, torch.Tensor]:
        """Run each distinct prompt once, left-padded, and copy its rows to the requests that share it."""
        prompts = [tuple(mine.ids) for mine in self.read]
        index = {prompt: row for row, prompt in enumerate(dict.fromkeys(prompts))}
        ids, mask = left_pad(list(index), self.engine.tokenizer.pad_token_id or 0)
        ids, mask = ids.to(self.device), mask.to(self.device)
        positions = positions_of(mask)
        output = self.engine.model(
            input_ids=ids, attention_mask=mask, position_ids=positions, use_cache=True, logits_to_keep=1
        )
        select = torch.tensor([index[prompt] for prompt in prompts], device=self.device)
        self.cache_name = "cache_params" if hasattr(output, "cache_params") else "past_key_values"
        cache: Any = getattr(output, self.cache_name, None)
        if type(cache) is not DynamicCache:  # a class of the model's own keeps more, which no row can be taken from
            kind = "no cache" if cache is None else f"a {type(cache).__name__} in place of a DynamicCache"
            raise ModelError(
                f"{type(self.engine.model).__name__} hands out {kind} of what it has read, which generation in this "
                "process needs; put it behind a server (server instead of path)"
            )
        cache.reorder_cache(select)
        grow_in_place(cache)
        return output.logits[select, -1], cache, mask[select], positions[select, -1]

    def _finished(self, sampled: torch.Tensor, unfinished: torch.Tensor, step: int) -> torch.Tensor:
        """Return which rows end with the token just sampled, bool [rows], and hand over their completions.

        Only rows that can have ended are looked at one by one.
        """
        ended = torch.isin(sampled, self.ends)
        over = ended | (self.limits_N[self.alive] <= step)
        looked_at = unfinished if self.stoppable else unfinished & over
        rows = looked_at.nonzero().squeeze(1)
        facts = torch.stack([rows, self.alive[rows], sampled[rows], ended[rows], over[rows]]).T.tolist()
        finished, reasons = [], []
        for row, i, token, is_end, is_over in facts:
            if is_end:
                reasons.append(StopReason.END)
            elif self.watchers[i].may_close(token) and self.watchers[i].reached(self.tokens_NT[i, :step].tolist()):
                reasons.append(StopReason.STOP)
            elif is_over:
                reasons.append(StopReason.LENGTH)
            else:
                continue
            finished.append(row)
        result = torch.zeros_like(unfinished)
        result[finished] = True
        if finished:
            self._hand_over(self.alive[finished], reasons, step)
        return result

    def _hand_over(self, chosen: torch.Tensor, reasons: Sequence[StopReason], length: int) -> None:
        """Tell of the completions of the requests `chosen`, which have that many tokens."""
        tokens, log_probs = self.tokens_NT[chosen, :length].tolist(), self.log_probs_N[chosen].tolist()
        if any(map(math.isnan, log_probs)):
            raise ModelError(
                "the logits of the model are no numbers, so whatever it says is noise: its weights are damaged, or its "
                "dtype does not suit it (try float32)"
            )
        for i, row, log_prob, reason in zip(chosen.tolist(), tokens, log_probs, reasons, strict=True):
            self.done(self.names[i], self._completion(i, row, log_prob, reason))

    def _completion(self, i: int, tokens: list[int], log_prob: float, reason: StopReason) -> Completion:
        # An end token that the tokenizer does not know as special would show up in the text.
        told = tokens[:-1] if reason is StopReason.END else tokens
        text = self.engine.decode(told)
        if reason is StopReason.STOP:
            text = text[: self.watchers[i].cut(text)]
            tokens = [*tokens, self.engine.tokenizer.eos_token_id]
        # A model that ended by itself and closed no thinking has not thought, though its template began to: it has
        # learnt to answer at once.
        opened = self.read[i].thinks and reason is StopReason.LENGTH
        return Completion(
            text=split_thinking(self.requests[i].prompt.opening + text, opened=opened).answer,
            prompt_ids=tuple(self.read[i].ids),
            token_ids=tuple(tokens),
            stop_reason=reason,
            log_prob=log_prob,
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
