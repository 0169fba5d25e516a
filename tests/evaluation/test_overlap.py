"""Pieces of work that overlap: order, whose thread calls the model, errors, and stopping early."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError

import pytest

from cppo.errors import ModelError
from cppo.evaluation.overlap import overlapped
from cppo.policy.engine import Completion, Done, Engine, GenerationRequest, StopReason
from cppo.text import Prompt

WAIT = 60.0


class Echo:
    """Answers with the prompt; keeps who called and fails on what it is told to."""

    def __init__(self, fails: dict[str, BaseException] | None = None) -> None:
        self.fails = fails or {}
        self.calls: list[str] = []
        self.threads: set[int] = set()

    def generate(self, requests: Sequence[GenerationRequest], on_done: Done | None = None) -> list[Completion]:
        text = requests[0].prompt.text
        self.calls.append(text)
        self.threads.add(threading.get_ident())
        if text in self.fails:
            raise self.fails[text]
        found = [Completion(request.prompt.text, (), (), StopReason.END) for request in requests]
        for i, completion in enumerate(found):
            if on_done is not None:
                on_done(i, completion)
        return found


def say(engine: Engine, text: str) -> str:
    return engine.generate([GenerationRequest(Prompt(text), 1, 0.0, 0)])[0].text


def piece(text: str) -> Callable[[Engine], str]:
    return lambda engine: say(engine, text)


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + WAIT
    while set(threading.enumerate()) - before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not set(threading.enumerate()) - before


@pytest.mark.parametrize("ahead", [1, 2, 5])
def test_results_come_in_order_and_the_model_is_called_in_this_thread(ahead: int) -> None:
    echo = Echo()
    texts = [str(i) for i in range(7)]
    assert list(overlapped([piece(text) for text in texts], echo, ahead)) == texts
    assert sorted(echo.calls) == texts
    assert echo.threads == {threading.get_ident()}
    assert list(overlapped([], echo)) == []


def test_the_model_writes_for_the_next_while_one_waits() -> None:
    heard = threading.Event()

    def waits(engine: Engine) -> str:
        said = say(engine, "first")
        assert heard.wait(WAIT)  # a verdict that only comes once the second has been written
        return said

    def second(engine: Engine) -> str:
        said = say(engine, "second")
        heard.set()
        return said

    assert list(overlapped([waits, second], Echo())) == ["first", "second"]


def test_no_more_than_two_are_begun_before_the_first_is_done() -> None:
    begun, gate = [], threading.Event()

    def work(number: int) -> Callable[[Engine], int]:
        def run(engine: Engine) -> int:
            begun.append(number)
            say(engine, str(number))
            assert gate.wait(WAIT)
            return number

        return run

    results = overlapped([work(i) for i in range(4)], Echo())
    threading.Timer(0.3, gate.set).start()
    assert next(results) == 0
    assert 3 not in begun
    assert list(results) == [1, 2, 3]
    assert sorted(begun) == [0, 1, 2, 3]


def test_an_error_of_the_model_is_raised_in_the_piece_that_asked() -> None:
    def careful(engine: Engine) -> str:
        with pytest.raises(ModelError, match="no such model"):
            say(engine, "bad")
        return "caught"

    echo = Echo({"bad": ModelError("no such model")})
    assert list(overlapped([careful, piece("good")], echo)) == ["caught", "good"]
    results = overlapped([piece("good"), piece("bad"), piece("later")], echo)
    assert next(results) == "good"  # what came before is not lost
    with pytest.raises(ModelError, match="no such model"):
        next(results)


def test_what_is_stopped_early_ends() -> None:
    ended = []

    def stubborn(engine: Engine) -> str:
        try:
            for i in range(1000):
                say(engine, str(i))
        except CancelledError:
            ended.append("refused")
            raise
        return "never"

    results = overlapped([piece("one"), stubborn, stubborn], Echo())
    assert next(results) == "one"
    results.close()
    deadline = time.monotonic() + WAIT
    while len(ended) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert ended == ["refused"] * 2


def test_an_interrupt_while_the_model_works_reaches_the_caller() -> None:
    with pytest.raises(KeyboardInterrupt):
        list(overlapped([piece("stop"), piece("more")], Echo({"stop": KeyboardInterrupt()})))
