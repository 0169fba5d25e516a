"""From token ids to text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cppo.text.thinking import CLOSING, OPENING


class Decoder:
    """Text of tokens without special ones; the marks of thinking stay, though some tokenizers call them special."""

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        added, special = tokenizer.get_added_vocab(), set(tokenizer.all_special_ids)
        self._marks = {added[mark]: mark for mark in (OPENING, CLOSING) if added.get(mark) in special}

    def __call__(self, tokens: Sequence[int]) -> str:
        pieces, start = [], 0
        for at, token in enumerate(tokens if self._marks else ()):
            if token in self._marks:
                pieces += [self._plain(tokens[start:at]), self._marks[token]]
                start = at + 1
        return "".join([*pieces, self._plain(tokens[start:])])

    def _plain(self, tokens: Sequence[int]) -> str:
        return str(self.tokenizer.decode(tokens, skip_special_tokens=True))
