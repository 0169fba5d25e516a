"""The engine against servers that refuse, stall, answer garbage, break off, limit rates, die and come back."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable

import pytest
from engines import ask, engine
from fake_server import FakeServer, HangUp, Reply, Say, Seen, Stall, Trickle, chat, closed_port, refusal

from cppo.errors import ModelError
from cppo.policy.engine import Completion, StopReason

pytestmark = pytest.mark.timeout(60)

Script = Callable[[Seen], Reply]


def first_then(*first: Reply) -> Script:
    """Answer the first requests so, the others well."""
    return lambda seen: first[seen.number] if seen.number < len(first) else chat("well")


def bad_apple(reply: Reply) -> Script:
    """Answer the prompt `bad` so, the others well."""
    return lambda seen: reply if seen.asked == "bad" else chat("well")


TROUBLES = [
    (refusal(500, "exploded"), "HTTP 500: exploded"),
    (refusal(429, "slow down"), "HTTP 429: slow down"),
    (Say(b"<html>", 503), "HTTP 503: <html>"),
    (Say(b"{garbage"), "no JSON: {garbage"),
    (Say(b""), "no JSON"),
    (Say({"choices": []}), "no choices"),
    (Say(b'{"choices": [{"message": {"content": "half', claims=500), "connection broke off"),
    (HangUp(), "connection broke off"),
    (chat("half", "error"), "finish_reason error"),
    (Say(b"\x1f\x8b garbage", headers={"Content-Encoding": "gzip"}), "connection broke off"),
    (Say(b"\xff\xfe\x00", headers={"Content-Type": "application/json; charset=nonsense"}), "no JSON"),
]


@pytest.mark.parametrize("reply", [reply for reply, _ in TROUBLES])
def test_what_passes_is_tried_again(reply: Reply) -> None:
    with FakeServer(first_then(reply, reply)) as server:
        [answer] = engine(server.url).generate([ask("p")])
    assert (answer.text, answer.error) == ("well", "")
    assert len(server.seen) == 3
    assert len({str(seen.body) for seen in server.seen}) == 1  # the same request each time


@pytest.mark.parametrize(("reply", "words"), TROUBLES)
def test_what_does_not_pass_is_recorded_and_costs_no_sibling(reply: Reply, words: str) -> None:
    told: list[int] = []
    with FakeServer(bad_apple(reply)) as server:
        answers = engine(server.url).generate([ask("p"), ask("bad"), ask("p")], lambda i, _: told.append(i))
    assert [a.text for a in answers] == ["well", "", "well"]
    assert sorted(told) == [0, 1, 2]
    bad = answers[1]
    assert (bad.stop_reason, bad.truncated) == (StopReason.ERROR, True)
    assert words in bad.error
    assert "attempt 3 of 3" in bad.error
    assert bad.usage is not None
    assert bad.usage.estimated
    assert Counter(seen.asked for seen in server.seen) == {"p": 2, "bad": 3}


@pytest.mark.parametrize("reply", [Stall(), Trickle()])
def test_a_server_that_stalls_meets_its_deadline(reply: Reply) -> None:
    with FakeServer(bad_apple(reply)) as server:
        bad, good = engine(server.url, timeout_seconds=1.0, attempts=2).generate([ask("bad"), ask("p")])
    assert good.text == "well"
    assert bad.stop_reason is StopReason.ERROR
    assert bad.error == "attempt 2 of 2: no whole answer before the deadline: timeout_seconds = 1"
    assert Counter(seen.asked for seen in server.seen) == {"bad": 2, "p": 1}


def test_a_deadline_that_passed_once_is_tried_again() -> None:
    with FakeServer(first_then(Stall())) as server:
        [answer] = engine(server.url, timeout_seconds=1.0).generate([ask("p")])
    assert answer.text == "well"
    assert len(server.seen) in (2, 3)  # on a busy machine an answer may be late too


def test_a_request_that_the_server_refuses_is_not_repeated() -> None:
    with FakeServer(bad_apple(refusal(422, "Input should be a string"))) as server:
        good, bad = engine(server.url).generate([ask("p"), ask("bad")])
    assert good.text == "well"
    assert bad.error == "attempt 1 of 3: the server refused the request: HTTP 422: Input should be a string"
    assert Counter(seen.asked for seen in server.seen) == {"p": 1, "bad": 1}


def test_an_answer_that_is_withheld_is_not_asked_for_again() -> None:
    with FakeServer(lambda seen: chat("half", "content_filter")) as server:
        [answer] = engine(server.url).generate([ask("p")])
    assert (answer.text, answer.stop_reason) == ("", StopReason.ERROR)
    assert "the server withheld the answer" in answer.error
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    "flagged",
    [
        refusal(403, "Your chosen model requires moderation and your input was flagged", code=403),
        refusal(400, "The response was filtered due to the prompt", code="content_filter"),
    ],
)
def test_a_prompt_that_a_filter_refuses_ends_no_call(flagged: Reply) -> None:
    with FakeServer(bad_apple(flagged)) as server:
        good, bad = engine(server.url).generate([ask("p"), ask("bad")])
        [alone] = engine(server.url).generate([ask("bad")])  # the only one that is still owed
    assert good.text == "well"
    for answer in (bad, alone):
        assert answer.stop_reason is StopReason.ERROR
        assert "the server withheld the answer" in answer.error


def test_a_prompt_that_does_not_fit_is_an_outcome() -> None:
    overflow = refusal(400, "This model's maximum context length is 64 tokens.", code="context_length_exceeded")
    with FakeServer(lambda seen: overflow) as server:
        [answer] = engine(server.url).generate([ask("x" * 400)])
    assert (answer.text, answer.stop_reason, answer.error) == ("", StopReason.LENGTH, "")
    assert answer.truncated
    assert (answer.tokens_in, answer.tokens_out) == (100, 0)  # 400 bytes of 4 a token, an estimate
    assert len(server.seen) == 1


def test_an_empty_answer_is_no_failure() -> None:
    with FakeServer(lambda seen: chat("", usage=(9, 1))) as server:
        [answer] = engine(server.url).generate([ask("p")])
    assert (answer.text, answer.stop_reason, answer.error, answer.tokens_out) == ("", StopReason.END, "", 1)
    assert len(server.seen) == 1


class Clock:
    """Notes how long the engine wants to sleep, and does not."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.waits: list[float] = []
        monkeypatch.setattr("cppo.policy.server.attempts.asyncio.sleep", self.sleep)

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)


@pytest.mark.parametrize(
    ("headers", "low", "high"),
    [
        ({}, 0.0005, 0.001),
        ({"Retry-After": "17"}, 17, 17),
        ({"retry-after-ms": "1500"}, 1.5, 1.5),
        ({"Retry-After": "nonsense"}, 0.0005, 0.001),
        ({"Retry-After": "-3"}, 0.0005, 0.001),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_limits_the_rate_is_given_its_time(
    headers: dict[str, str], low: float, high: float, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)
    with FakeServer(first_then(refusal(status, "slow down", headers))) as server:
        [answer] = engine(server.url).generate([ask("p")])
    assert answer.text == "well"
    [wait] = clock.waits
    assert low <= wait <= high


def test_waits_grow_from_attempt_to_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    with FakeServer(first_then(*[refusal(500, "exploded")] * 5)) as server:
        [answer] = engine(server.url, attempts=6, backoff_seconds=1.0, longest_wait_seconds=6.0).generate([ask("p")])
    assert answer.text == "well"
    for wait, whole in zip(clock.waits, [1, 2, 4, 6, 6], strict=True):
        assert whole / 2 <= wait <= whole


def test_a_server_that_asks_for_an_hour_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    with FakeServer(bad_apple(refusal(429, "daily limit", {"Retry-After": "3600"}))) as server:
        good, bad = engine(server.url).generate([ask("p"), ask("bad")])
    assert good.text == "well"
    assert "daily limit" in bad.error
    assert "asks to wait 3600 s" in bad.error
    assert not clock.waits


def test_a_server_that_dies_and_comes_back_loses_nothing() -> None:
    """It dies with requests under way; the client finds nobody for a while, and then the new one."""
    reached, told = threading.Event(), []
    answers: list[Completion] = []

    def script(seen: Seen) -> Reply:
        if seen.number < 3:
            return chat("before")
        reached.set()
        return Stall()

    with FakeServer(script) as server:
        made = engine(server.url, concurrency=4, attempts=200, backoff_seconds=0.02, longest_wait_seconds=0.05)
        requests = [ask(f"p{i}", seed=i) for i in range(12)]
        client = threading.Thread(target=lambda: answers.extend(made.generate(requests, lambda i, _: told.append(i))))
        client.start()
        assert reached.wait(timeout=30)
    time.sleep(0.2)
    assert client.is_alive()
    with FakeServer(lambda seen: chat("after"), port=server.port):
        client.join(timeout=30)
    assert Counter(a.text for a in answers) == {"before": 3, "after": 9}
    assert sorted(told) == list(range(12))


def test_a_server_that_dies_for_good_costs_what_it_did_not_answer() -> None:
    made: list[FakeServer] = []

    def script(seen: Seen) -> Reply:
        if seen.number == 3:
            threading.Thread(target=made[0].__exit__).start()
            return Stall()
        return chat("before")

    with FakeServer(script) as server:
        made.append(server)
        answers = engine(server.url, concurrency=1).generate([ask(f"p{i}") for i in range(7)])
        assert [a.text for a in answers] == ["before"] * 3 + [""] * 4
        assert [a.stop_reason for a in answers[3:]] == [StopReason.ERROR] * 4
        assert "nobody answered at the address" in answers[6].error


def test_nobody_at_the_address() -> None:
    url = f"http://127.0.0.1:{closed_port()}/v1"
    with pytest.raises(ModelError) as caught:
        engine(url, attempts=2).generate([ask("p")] * 3)
    message = str(caught.value)
    assert message.startswith(f"{url}, model tiny: nobody answered at the address: ConnectError")
    assert "all 3 requests of the call failed" in message
    assert "start the server, or correct base_url" in message


def test_many_requests_in_a_row_that_find_nobody_end_a_long_call() -> None:
    told: list[Completion] = []
    with pytest.raises(ModelError, match="8 requests in a row failed"):
        engine(f"http://127.0.0.1:{closed_port()}/v1", attempts=1, concurrency=2).generate(
            [ask("p")] * 10_000, lambda i, completion: told.append(completion)
        )
    assert len(told) < 12
    assert {completion.stop_reason for completion in told} == {StopReason.ERROR}


@pytest.mark.parametrize("status", [401, 402, 403])
def test_a_refused_key_ends_the_call_at_once(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[int] = []
    monkeypatch.delenv("CPPO_TEST_KEY", raising=False)
    with FakeServer(lambda seen: chat("well") if seen.number < 2 else refusal(status, "who are you?")) as server:
        with pytest.raises(ModelError) as caught:
            engine(server.url, concurrency=1).generate([ask("p")] * 50, lambda i, _: told.append(i))
        assert len(server.seen) == 3
    message = str(caught.value)
    assert f"the server refused the key: HTTP {status}: who are you?" in message
    assert "environment variable CPPO_TEST_KEY, which is not set or empty" in message
    assert told == [0, 1]  # what came before is not lost on the caller


def test_a_model_that_the_server_does_not_have_ends_the_call_and_names_those_it_has() -> None:
    gone = refusal(404, "The model `tiny` does not exist.", code="model_not_found")
    with FakeServer(lambda seen: gone, models=("tiny-chat", "large")) as server:
        with pytest.raises(ModelError) as caught:
            engine(server.url, concurrency=1).generate([ask("p")] * 9)
        assert len(server.seen) == 1
    message = str(caught.value)
    assert "the server does not know the model: HTTP 404: The model `tiny` does not exist." in message
    assert "The model asked for is 'tiny'; the server has: tiny-chat, large (did you mean 'tiny-chat'?)" in message


def test_an_address_without_an_api_says_so() -> None:
    with FakeServer(lambda seen: Say({"detail": "Not Found"}, 404)) as server:
        with pytest.raises(ModelError, match="base_url must hold all of the address up to the version"):
            engine(server.url).generate([ask("p")] * 3)
        assert len(server.seen) == 3


def test_a_gateway_without_a_backend_for_a_moment_is_tried_again() -> None:
    with FakeServer(lambda seen: Say(b"default backend - 404", 404) if seen.number == 1 else chat("well")) as server:
        answers = engine(server.url, concurrency=1).generate([ask("p"), ask("q")])
    assert [a.text for a in answers] == ["well", "well"]
    assert len(server.seen) == 3


def test_a_parameter_that_the_server_refuses_for_every_request_is_an_error_not_a_score_of_zero() -> None:
    refused = Say({"detail": "Unexpected fields in the request: {'min_p'}"}, 422)
    with FakeServer(lambda seen: refused) as server, pytest.raises(ModelError) as caught:
        engine(server.url).generate([ask("p", min_p=0.1)] * 4)
    message = str(caught.value)
    assert "the server refused the request: HTTP 422: Unexpected fields in the request: {'min_p'}" in message
    assert "all 4 requests of the call failed" in message
    assert "extra_body, omit, limit_name, api" in message


def test_requests_that_no_server_answers_in_time_are_outcomes_each() -> None:
    with FakeServer(lambda seen: Stall()) as server:
        answers = engine(server.url, timeout_seconds=0.3, attempts=1).generate([ask("p")] * 3)
    assert [a.stop_reason for a in answers] == [StopReason.ERROR] * 3


def test_a_proxy_that_cannot_be_used_is_named_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "foo://user:pa55word@host:1")
    with pytest.raises(ModelError, match=r"can be prepared: ValueError; look at the proxy") as caught:
        engine("http://127.0.0.1:9/v1").generate([ask("p")])
    assert "pa55word" not in str(caught.value)


def test_a_missing_package_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "openai", None)
    with pytest.raises(ModelError, match=r"pip install 'openai>=1\.60'"):
        engine("http://127.0.0.1:9/v1").generate([ask("p")])
