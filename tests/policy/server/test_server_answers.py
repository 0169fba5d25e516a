"""Bodies of answers as servers write them, and the completions they hold."""

from __future__ import annotations

import json
from typing import Any

import pytest
from engines import ask, settings
from fake_server import chat, completion
from hypothesis import given
from hypothesis import strategies as st

from cppo.policy.engine import Completion, StopReason, Usage
from cppo.policy.server.answers import read_answer
from cppo.policy.server.failures import Failure, Trouble

FENCE = ("\n```",)


def read(body: Any, prompt: Any = None, **changes: Any) -> Completion:
    text = body if isinstance(body, str) else json.dumps(body)
    return read_answer(text, prompt or ask("Problem"), settings(**changes))


def trouble(body: Any, **changes: Any) -> Trouble:
    with pytest.raises(Failure) as caught:
        read(body, **changes)
    return caught.value.trouble


def test_a_plain_answer() -> None:
    answer = read(chat("A: heap", usage=(12, 5)).body)
    assert answer == Completion("A: heap", (), (), StopReason.END, usage=Usage(12, 5))


def test_the_completions_api_has_the_opening_in_front() -> None:
    prompt = ask("Problem\n", "```python\n", FENCE)
    answer = read(completion("print(1)").body, prompt, api="completions")
    assert (answer.text, answer.stop_reason) == ("```python\nprint(1)", StopReason.END)
    assert read(completion("print(1)").body, prompt, api="completions", thinking="none").text == answer.text


@pytest.mark.parametrize(
    ("finish", "more", "reason"),
    [
        ("stop", {}, StopReason.END),
        ("eos", {}, StopReason.END),
        (None, {}, StopReason.END),
        ("tool_calls", {}, StopReason.END),
        ("stop", {"stop_reason": None}, StopReason.END),
        ("stop", {"stop_reason": 128009}, StopReason.END),
        ("stop", {"stop_reason": "\n```"}, StopReason.STOP),
        ("stop", {"matched_stop": 2}, StopReason.END),
        ("stop", {"matched_stop": "\n```"}, StopReason.STOP),
        ("length", {}, StopReason.LENGTH),
        ("max_tokens", {}, StopReason.LENGTH),
        ("model_length", {}, StopReason.LENGTH),
    ],
)
def test_why_it_ended(finish: Any, more: dict[str, Any], reason: StopReason) -> None:
    assert read(completion("x", finish, **more).body, api="completions").stop_reason is reason


@pytest.mark.parametrize("finish", ["stop", "length"])
def test_a_stop_string_that_a_server_left_in_is_cut_off(finish: str) -> None:
    prompt = ask("Problem\n", "```python\n", ("\n```", "", "\n---"))
    answer = read(completion("a = 1\n---\nb\n```\nDone", finish).body, prompt, api="completions")
    assert (answer.text, answer.stop_reason) == ("```python\na = 1", StopReason.STOP)
    assert answer.tokens_out == 3  # what was generated was generated


def test_a_chat_answer_opens_its_own_fence() -> None:
    """The stop string ends what the opening begins; a chat model has not seen the opening."""
    text = "Here it is:\n```python\nprint(1)\n```\nDone."
    assert read(chat(text).body, ask("Problem", "```python\n", FENCE)).text == text
    assert read(chat("A: x\n\nB: y").body, ask("Problem", "", ("\n\n",))).text == "A: x"


def test_thinking_is_taken_out_and_counted() -> None:
    answer = read(chat("<think>a heap\n\nor not</think>\n\nA: heap", usage=(12, 40)).body, ask("P", "", ("\n\n",)))
    assert (answer.text, answer.stop_reason, answer.tokens_out) == ("A: heap", StopReason.END, 40)
    assert read(chat("a heap</think>A: heap").body).text == "A: heap"
    assert read(chat("<think>x</think>A").body, thinking="none").text == "<think>x</think>A"


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_thinking_that_the_server_set_apart(name: str) -> None:
    answer = read(chat("A: heap", **{name: "a heap"}).body, thinking="opened")
    assert (answer.text, answer.stop_reason) == ("A: heap", StopReason.END)
    cut = read(chat(None, "length", **{name: "a heap, or"}).body)
    assert (cut.text, cut.truncated) == ("", True)


def test_thinking_that_never_ended() -> None:
    cut = read(chat("<think>a heap, or", "length").body)
    assert (cut.text, cut.stop_reason) == ("", StopReason.LENGTH)
    assert read(chat("<think>a heap, or", "stop").body).text == ""
    assert read(chat("a heap, or", "stop").body, thinking="opened").text == ""
    assert read(chat("a heap, or", "stop").body).text == "a heap, or"


def test_thinking_in_front_of_a_continued_opening() -> None:
    prompt = ask("Problem\n", "> ", ("\n",))
    text = read(completion("a\nb</think>c\nd").body, prompt, api="completions").text
    assert text == "c"
    # a template opens thinking in the chat API alone
    assert read(completion("a").body, prompt, api="completions", thinking="opened").text == "> a"


def test_content_in_parts() -> None:
    parts = [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "A: "},
             {"type": "text", "text": "x"}, {"type": "image"}]  # fmt: skip
    assert read(chat(parts).body).text == "A: x"  # type: ignore[arg-type]


@pytest.mark.parametrize("body", [chat(None).body, chat("").body, chat(None, refusal="I will not").body])
def test_an_empty_answer_is_an_answer(body: Any) -> None:
    answer = read(body)
    assert (answer.text, answer.stop_reason, answer.truncated, answer.error) == ("", StopReason.END, False, "")


@pytest.mark.parametrize(
    "usage",
    [None, {}, [], "7", {"prompt_tokens": None, "completion_tokens": -1}, {"prompt_tokens": "7"},
     {"prompt_tokens": True, "completion_tokens": 1.5}, {"prompt_tokens": 10**400, "completion_tokens": 10**10}],
)  # fmt: skip
def test_counts_that_are_not_reported_are_estimated_and_marked(usage: Any) -> None:
    # 4 bytes a token, rounded up: "Problem" has 7, "é·9" has 5
    answer = read(chat("é·9", usage=usage).body)
    assert answer.usage == Usage(2, 2, estimated=True)
    assert read(chat("x" * 999, "stop", usage).body).tokens_out == 50  # never more than the limit
    assert read(chat("x", "length", usage).body).tokens_out == 50  # which is known where it cut
    thought = read(chat("x" * 8, usage=usage, reasoning="y" * 8).body)
    assert thought.tokens_out == 4


def test_zeros_are_no_counts() -> None:
    """Servers that do not count may say 0; no prompt and no text has no tokens."""
    assert read(chat("abcdefgh", usage=(0, 0)).body).usage == Usage(2, 2, estimated=True)
    assert read(chat("abcdefgh", usage=(7, 0)).body).usage == Usage(7, 2, estimated=True)
    assert read(chat("", "length", (7, 0)).body).usage == Usage(7, 50, estimated=True)
    assert read(chat("", usage=(7, 0)).body).usage == Usage(7, 0)
    zeros = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
    assert read(chat("abcdefgh", usage=zeros).body).usage == Usage(2, 2, estimated=True)


@pytest.mark.parametrize(
    ("usage", "out"),
    [
        # Gemini and Grok count their thinking in the total, not among the completion's tokens
        ({"prompt_tokens": 20, "completion_tokens": 198, "total_tokens": 623}, 603),
        ({"prompt_tokens": 20, "completion_tokens": 0, "total_tokens": 81}, 61),
        ({"prompt_tokens": 20, "completion_tokens": 198, "total_tokens": 218}, 198),
        ({"prompt_tokens": 20, "completion_tokens": 198, "total_tokens": 198}, 198),
        ({"prompt_tokens": 20, "completion_tokens": 198, "total_tokens": None}, 198),
        ({"prompt_tokens": 20, "total_tokens": 30}, 10),
    ],
)
def test_thinking_counts_as_output_whoever_counts_it(usage: Any, out: int) -> None:
    assert read(chat("x", usage=usage).body).usage == Usage(20, out)


def test_one_count_of_two() -> None:
    assert read(chat("abcd", usage={"prompt_tokens": 9}).body).usage == Usage(9, 1, estimated=True)
    assert read(chat("abcd", usage={"completion_tokens": 9}).body).usage == Usage(2, 9, estimated=True)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<html>",
        "null",
        "[]",
        '"x"',
        "{}",
        '{"choices": []}',
        '{"choices": [null]}',
        '{"choices": {"0": 1}}',
        '{"choices": [{}]}',
        '{"choices": [{"message": {"content": 7}}]}',
        '{"choices": [{"message": {"content": "half',
        "[" * 100_000,
        '{"a": ' * 100_000,
    ],
)
def test_what_is_no_answer_is_garbled(body: str) -> None:
    assert trouble(body) is Trouble.GARBLED


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"error": {"message": "Provider returned error", "code": 502}}, Trouble.BUSY),
        ({"error": {"message": "the request exceeds the available context size", "code": 400}}, Trouble.OVERFLOW),
        ({"error": "exploded"}, Trouble.BUSY),
        ({"choices": [{"error": {"code": 429, "message": "slow"}, "message": {"content": ""}}]}, Trouble.BUSY),
        (chat("half", "content_filter").body, Trouble.WITHHELD),
        (chat("half", "error").body, Trouble.BUSY),
        (chat("half", "abort").body, Trouble.BUSY),
    ],
)
def test_failures_that_come_with_status_200(body: Any, expected: Trouble) -> None:
    assert trouble(body) is expected


def test_halves_of_characters_become_something_that_can_be_written() -> None:
    text = read('{"choices": [{"message": {"content": "a\\ud83db\\ud83d\\ude42"}}]}').text
    assert text == "a?b🙂"
    assert json.loads(json.dumps(text, ensure_ascii=False).encode()) == text


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["choices", "message", "content", "text", "usage", "error", "code", "prompt_tokens",
                         "finish_reason", "reasoning", "stop_reason", "thinking", "type"]), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(st.one_of(JSON, st.fixed_dictionaries({"choices": st.tuples(JSON)}), st.fixed_dictionaries(
    {"choices": st.tuples(st.fixed_dictionaries({"message": st.fixed_dictionaries({"content": JSON})}))})),
    st.sampled_from(["chat", "completions"]), st.sampled_from(["auto", "opened", "none"]))  # fmt: skip
def test_no_answer_is_too_odd_to_read(payload: Any, api: str, thinking: str) -> None:
    try:
        answer = read(json.dumps(payload), ask("P\n", "> ", ("\n\n",)), api=api, thinking=thinking)
    except Failure:
        return
    assert answer.tokens_in >= 0
    assert answer.tokens_out >= 0
    assert "\n\n" not in answer.text or api == "chat"
