"""Stop strings: where a completion of a model that does not know when to stop is cut."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class StopStrings:
    """Watches generated tokens for any of `stops`; empty strings are ignored."""

    def __init__(self, tokenizer: Any, stops: Sequence[str]) -> None:
        self.tokenizer = tokenizer
        self.stops = tuple(stop for stop in stops if stop)
        self._tail = max((len(stop.encode()) for stop in self.stops), default=0) + 1
        self._closing = {stop[-1] for stop in self.stops}
        # Decoders may drop a space or hold back part of a character: such closings are looked for after every token.
        self._always = any(not c.isascii() or c == " " for c in self._closing)
        self._suspects: dict[int, bool] = {}

    def __bool__(self) -> bool:
        return bool(self.stops)

    def may_close(self, token: int) -> bool:
        """Return whether `token` can be the one that completes a stop string: it has the last character of one."""
        known = self._suspects.get(token)
        if known is None:
            text = self.tokenizer.decode([token], skip_special_tokens=True)
            known = self._suspects[token] = self._always or any(c in text for c in self._closing)
        return known

    def cut(self, text: str) -> int | None:
        """Return where the first stop string begins in `text`, or None."""
        return min((found for stop in self.stops if (found := text.find(stop)) >= 0), default=None)

    def reached(self, tokens: Sequence[int]) -> bool:
        """Return whether the text of `tokens`, whose last has just been sampled, holds a stop string."""
        if not self.stops or not self.may_close(tokens[-1]):
            return False
        # A token has at least one byte, so a stop string of n bytes lies within the last n: decoding no more than a
        # tail keeps this linear.
        return self._holds(tokens[-self._tail :]) and self._holds(tokens)

    def _holds(self, tokens: Sequence[int]) -> bool:
        return self.cut(self.tokenizer.decode(tokens, skip_special_tokens=True)) is not None
