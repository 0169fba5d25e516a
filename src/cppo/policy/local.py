"""In-process generation with any causal language model of transformers.

Requests that sample alike from one prompt and have the same tokens so far are one row of the model: the prompt is
prefilled once, what all its samples begin with is decoded once, and a row forks where their tokens differ. Requests are
sorted by prompt length; rows that have finished leave the batch. Every request draws its own uniforms from its own seed
and samples by inverting the cumulative distribution, so what it samples does not depend on its neighbours (up to the
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
"""Finished rows are dropped once less than this share of the rows is unfinished: each drop copies the cache."""
SHARE_BELOW = 0.5
"""Requests share rows as long as there are less than this many rows a request: each fork copies the cache, which the
few requests that are still alike would not pay for."""


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

    Tensors named `…_N` have one entry a request, `…_R` one a row of the model. `alive` are the requests that have not
    finished, `row` the row of each of them. `names` are what the requests are called when `done` is told of their
    completions.
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
        self.limits_N = torch.tensor([r.max_tokens for r in requests], device=device)
        self.ends = torch.tensor(sorted(engine.ends), device=device)
        self.uniforms = Uniforms([request.seed for request in requests], device)
        self.tokens_NT = torch.zeros((n, max(r.max_tokens for r in requests)), dtype=torch.long, device=device)
        self.log_probs_N = torch.zeros(n, dtype=torch.float64, device=device)
        self.alive = torch.arange(n, device=device)
        self.shares = True
        self.texts: dict[tuple[int, ...], str] = {}
        self.row: torch.Tensor
        self.mask_R: torch.Tensor
        self.positions_R: torch.Tensor
        self.temperatures_R: torch.Tensor
        self.min_p_R: torch.Tensor
        watchers = {stops: StopStrings(engine.tokenizer, stops) for stops in {r.prompt.stop for r in requests}}
        self.watchers = [watchers[request.prompt.stop] for request in requests]
        self.stoppable = any(self.watchers)
        self.attends = True  # Mamba does not: its state has no columns to mask, and its cache another name

    def run(self) -> None:
        """Decode until every request has its completion; finished rows leave on the way."""
        logits, cache = self._prefill()
        step = 0
        while True:
            sampled, log_probs = self._sample(logits, self.uniforms.at(step)[self.alive])
            self.tokens_NT[self.alive, step] = sampled
            self.log_probs_N[self.alive] += log_probs
            step += 1
            unfinished = (~self._finished(sampled, step)).nonzero().squeeze(1)
            if len(unfinished) == 0:
                return
            self.alive, self.row = self.alive[unfinished], self.row[unfinished]
            tokens_R = self._next_rows(sampled[unfinished], logits.shape[-1], cache)
            self.mask_R = torch.cat([self.mask_R, self.mask_R.new_ones(len(tokens_R), 1)], dim=1)
            output = self.engine.model(
                input_ids=tokens_R[:, None],
                attention_mask=self.mask_R if self.attends else None,
                position_ids=self.positions_R[:, None],
                use_cache=True,
                **{"past_key_values" if self.attends else "cache_params": cache},
            )
            logits = output.logits[:, -1]

    def _prefill(self) -> tuple[torch.Tensor, Any]:
        """Run the prompts, left-padded: one row for all requests that have the same one and sample alike."""
        starts = [(tuple(mine.ids), r.temperature, r.min_p) for mine, r in zip(self.read, self.requests, strict=True)]
        index = {start: row for row, start in enumerate(dict.fromkeys(starts))}
        ids, mask = left_pad([prompt for prompt, *_ in index], self.engine.tokenizer.pad_token_id or 0)
        ids, mask = ids.to(self.device), mask.to(self.device)
        positions = positions_of(mask)
        output = self.engine.model(
            input_ids=ids, attention_mask=mask, position_ids=positions, use_cache=True, logits_to_keep=1
        )
        self.attends = not hasattr(output, "cache_params")
        cache: Any = getattr(output, "past_key_values" if self.attends else "cache_params", None)
        if type(cache) is not DynamicCache:  # a class of the model's own keeps more, which no row can be taken from
            kind = "no cache" if cache is None else f"a {type(cache).__name__} in place of a DynamicCache"
            raise ModelError(
                f"{type(self.engine.model).__name__} hands out {kind} of what it has read, which generation in this "
                "process needs; put it behind a server (server instead of path)"
            )
        grow_in_place(cache)
        self.row = torch.tensor([index[start] for start in starts], device=self.device)
        self.mask_R, self.positions_R = mask, positions[:, -1].clone()
        self.temperatures_R = torch.tensor([t for _, t, _ in index], dtype=torch.float64, device=self.device)
        self.min_p_R = torch.tensor([p for *_, p in index], dtype=torch.float64, device=self.device)
        return output.logits[:, -1], cache

    def _sample(self, logits: torch.Tensor, uniforms: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the next token of every request that is alive, and its log-probability."""
        if self.shares:
            return sample(logits, self.temperatures_R, uniforms, self.min_p_R, self.row)
        uniforms_R = uniforms.new_zeros(len(logits))  # a row each: looked up without saying which row is whose
        uniforms_R[self.row] = uniforms
        tokens_R, log_probs_R = sample(logits, self.temperatures_R, uniforms_R, self.min_p_R)
        return tokens_R[self.row], log_probs_R[self.row]

    def _next_rows(self, sampled: torch.Tensor, vocabulary: int, cache: Any) -> torch.Tensor:
        """Give every request that is alive its row for the next token, and return the rows' tokens.

        Rows fork where the requests that share them have sampled different tokens, and finished ones leave, both only
        where it is worth a copy of the cache.
        """
        parents, tokens, row = self.row, sampled, torch.arange(len(sampled), device=self.device)
        forks = False
        if self.shares:
            pairs, inverse = torch.unique(self.row * vocabulary + sampled, return_inverse=True)
            self.shares = len(pairs) < SHARE_BELOW * len(sampled)
            if self.shares:
                parents, tokens, row = pairs // vocabulary, pairs % vocabulary, inverse
            forks = len(torch.unique(parents)) < len(parents)
        rows = len(self.positions_R)
        if len(parents) >= COMPACT_BELOW * rows and not forks:
            # A row that nobody is in any more gets any token, and stays where it is: it may be at the context's end.
            tokens_R = tokens.new_zeros(rows)
            tokens_R[parents] = tokens
            self.positions_R[parents] += 1
            return tokens_R
        cache.reorder_cache(parents)
        self.mask_R, self.positions_R = self.mask_R[parents], self.positions_R[parents] + 1
        self.temperatures_R, self.min_p_R = self.temperatures_R[parents], self.min_p_R[parents]
        self.row = row
        return tokens

    def _finished(self, sampled: torch.Tensor, step: int) -> torch.Tensor:
        """Return which requests end with the token just sampled, bool [alive], and hand over their completions.

        Only requests that can have ended are looked at one by one.
        """
        ended = torch.isin(sampled, self.ends)
        over = ended | (self.limits_N[self.alive] <= step)
        looked_at = torch.ones_like(over) if self.stoppable else over
        places = looked_at.nonzero().squeeze(1)
        facts = torch.stack([places, self.alive[places], sampled[places], ended[places], over[places]]).T.tolist()
        finished, reasons = [], []
        for place, i, token, is_end, is_over in facts:
            if is_end:
                reasons.append(StopReason.END)
            elif self.watchers[i].may_close(token) and self.watchers[i].reached(self.tokens_NT[i, :step].tolist()):
                reasons.append(StopReason.STOP)
            elif is_over:
                reasons.append(StopReason.LENGTH)
            else:
                continue
            finished.append(place)
        result = torch.zeros_like(over)
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
        told = tuple(tokens[:-1] if reason is StopReason.END else tokens)
        text = self.texts.get(told)
        if text is None:
            text = self.texts[told] = self.engine.decode(told)
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
