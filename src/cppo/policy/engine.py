"""The engine protocol: requests in, completions out, whatever runs the model."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from cppo.errors import ModelError
from cppo.text.prompts import Prompt


class StopReason(StrEnum):
    """Why a completion ended."""

    END = "end"  # the model said so (end-of-sequence token)
    STOP = "stop"  # a stop string
    LENGTH = "length"  # the token limit, or the end of the model's context: the completion is cut
    ERROR = "error"  # the engine got no answer: there is no completion


@dataclass(frozen=True)
class GenerationRequest:
    """One sample to draw. `seed` alone decides the random choices: order and batching do not change them.

    `max_tokens` is the most tokens generated, at least 1; `temperature` 0 means greedy. `min_p` (arXiv 2407.01082)
    leaves out tokens less than that times as likely, at this temperature, as the likeliest one; 0 leaves out none.
    Raises `ModelError` when one of them is out of range.
    """

    prompt: Prompt
    max_tokens: int
    temperature: float
    seed: int
    min_p: float = 0.0

    def __post_init__(self) -> None:
        if self.max_tokens < 1:
            raise ModelError(f"a token limit is {self.max_tokens}; it must be at least 1")
        if not 0 <= self.temperature < math.inf:
            raise ModelError(f"a temperature is {self.temperature}; it must be a number from 0 (greedy) upwards")
        if not 0 <= self.min_p < 1:
            raise ModelError(f"min_p is {self.min_p}; it must be a number from 0 (off) and below 1")


@dataclass(frozen=True)
class Usage:
    """Token counts of a completion whose tokens nobody has: of the prompt and of all that was generated.

    `estimated` says that at least one of them is a guess, because the server reported none.
    """

    tokens_in: int
    tokens_out: int
    estimated: bool = False


@dataclass(frozen=True)
class Completion:
    """What came back.

    `text` is the completion with the prompt's opening in front and without special tokens, stop string and thinking
    (`cppo.text.thinking`; thinking that took the opening with it, or that never ended, leaves the answer or nothing).
    `token_ids` are the generated tokens; they close with an end-of-sequence token unless the limit cut them.
    `log_prob` is the sum of the sampled tokens' log-probabilities at the sampling temperature (greedy: at 1); an
    end-of-sequence token that was appended after a stop string was not sampled and is not in it.

    An engine that sees no tokens (a server) leaves `prompt_ids`, `token_ids` and `log_prob` empty and sets `usage`.
    `error` says why there is no answer; it is empty unless `stop_reason` is `ERROR`.
    """

    text: str
    prompt_ids: tuple[int, ...]
    token_ids: tuple[int, ...]
    stop_reason: StopReason
    log_prob: float = 0.0
    usage: Usage | None = None
    error: str = ""

    @property
    def truncated(self) -> bool:
        """True when there is no whole completion: the token limit cut it, or the engine got no answer."""
        return self.stop_reason in (StopReason.LENGTH, StopReason.ERROR)

    @property
    def tokens_in(self) -> int:
        """Tokens of the prompt, the opening included where the engine sent it."""
        return len(self.prompt_ids) if self.usage is None else self.usage.tokens_in

    @property
    def tokens_out(self) -> int:
        """Tokens generated, thinking and a closing end-of-sequence token included."""
        return len(self.token_ids) if self.usage is None else self.usage.tokens_out


Done = Callable[[int, Completion], None]
"""Called with a request's index and its completion, as soon as there is one."""


class Engine(Protocol):
    """Anything that can sample from the policy."""

    def generate(self, requests: Sequence[GenerationRequest], on_done: Done | None = None) -> list[Completion]:
        """Return one completion a request, in the order of the requests; `on_done` hears of each when it is there."""
        ...
