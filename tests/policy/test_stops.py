"""Stop strings, found as soon as they are whole and never before."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_policies import tiny_tokenizer

from cppo.policy.stops import StopStrings


@given(st.text("ab\n`- é", max_size=30), st.lists(st.text("ab\n` é", min_size=1, max_size=4), max_size=3))
def test_a_stop_string_is_seen_with_the_token_that_completes_it(text: str, stops: list[str]) -> None:
    tokenizer = tiny_tokenizer()
    watcher = StopStrings(tokenizer, stops)
    ids = tokenizer(text)["input_ids"]
    for end in range(1, len(ids) + 1):
        so_far = tokenizer.decode(ids[:end])
        if any(stop in so_far for stop in stops):
            assert watcher.reached(ids[:end])
            assert watcher.cut(so_far) == min(so_far.find(stop) for stop in stops if stop in so_far)
            return
        assert not watcher.reached(ids[:end])


def test_no_stop_string_never_stops(tokenizer: Any) -> None:
    for stops in ((), ("",)):
        watcher = StopStrings(tokenizer, stops)
        assert not watcher
        assert not watcher.reached(tokenizer("a\n\n")["input_ids"])
        assert watcher.cut("a\n\n") is None


def test_tokens_without_the_closing_character_are_not_decoded_again(tokenizer: Any) -> None:
    watcher = StopStrings(tokenizer, ("\n```",))
    (newline,) = tokenizer("\n")["input_ids"]
    (tick,) = tokenizer("`")["input_ids"]
    assert not watcher.may_close(newline)
    assert watcher.may_close(tick)


@pytest.mark.parametrize("stop", ["x ", "né"])
def test_closings_that_decoders_alter_are_looked_for_after_every_token(tokenizer: Any, stop: str) -> None:
    assert StopStrings(tokenizer, (stop,)).may_close(tokenizer("a")["input_ids"][0])
