"""Error bodies as servers write them, and what each stands for."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cppo.policy.server.failures import PASSING, WORDS, Trouble, in_one_line, of_status, said


def error(message: str, **more: Any) -> str:
    return json.dumps({"error": {"message": message, **more}})


OVERFLOWS = [
    # OpenAI, DeepSeek, vLLM to 0.9
    (400, error("This model's maximum context length is 4096 tokens. However, you requested 5000 tokens (3000 in the "
                "messages, 2000 in the completion). Please reduce the length of the messages or completion.",
                code="context_length_exceeded")),
    (400, error("Your input exceeds the context window of this model.")),
    # vLLM
    (400, error("'max_tokens' or 'max_completion_tokens' is too large: 2000. This model's maximum context length is "
                "4096 tokens and your request has 3000 input tokens (2000 > 4096 - 3000).", code=400)),
    (400, json.dumps({"object": "error", "message": "The decoder prompt (length 9000) is longer than the maximum model "
                      "length of 4096.", "type": "BadRequestError", "code": 400})),
    (400, json.dumps({"object": "error", "message": "max_tokens must be at least 1, got -186.", "code": 400})),
    # SGLang
    (400, json.dumps({"object": "error", "message": "The input (61709 tokens) is longer than the model's context "
                      "length (40960 tokens).", "type": "BadRequestError"})),
    (400, json.dumps({"message": "Requested token count exceeds the model's maximum context length of 4096 tokens."})),
    (400, error("Input length (160062 tokens) exceeds the maximum allowed length (59862 tokens).")),
    # llama.cpp, its older versions and its Python server
    (400, error("request (4390 tokens) exceeds the available context size (4096 tokens), try increasing it",
                type="exceed_context_size_error", n_ctx=4096)),
    (500, error("Context size has been exceeded.", type="server_error", code=500)),
    (500, error("Requested tokens (2285) exceed context window of 2048")),
    # text-generation-inference
    (422, json.dumps({"error": "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: "
                      "4000 `inputs` tokens and 2000 `max_new_tokens`", "error_type": "validation"})),
    # others
    (400, error("prompt is too long: 903884 tokens > 200000 maximum")),
    (400, error("Prompt contains 40000 tokens, too large for model with 32768 maximum context length")),
    (400, error("The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).")),
    (413, "<html>Request Entity Too Large</html>"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body"), OVERFLOWS)
def test_a_prompt_that_does_not_fit_is_known_by_every_wording(status: int, body: str) -> None:
    assert of_status(status, body).trouble is Trouble.OVERFLOW


OTHERS = [
    (401, error("Incorrect API key provided"), Trouble.KEY),
    (403, "Forbidden", Trouble.KEY),
    (402, error("Insufficient Balance"), Trouble.KEY),
    (429, error("You exceeded your current quota", code="insufficient_quota"), Trouble.KEY),
    (404, error("The model `gpt-9` does not exist or you do not have access to it.", code="model_not_found"),
     Trouble.MODEL),
    (404, json.dumps({"object": "error", "message": "The model `Qwen/Qwen2.5-7B` does not exist."}), Trouble.MODEL),
    (404, error('model "x" not found, try pulling it first'), Trouble.MODEL),
    (400, error("Model Not Exist"), Trouble.MODEL),
    (400, error("x is not a valid model ID"), Trouble.MODEL),
    (400, json.dumps({"detail": "Server is pinned to '/m'; requested 'tiny'."}), Trouble.MODEL),
    (404, json.dumps({"detail": "Not Found"}), Trouble.PATH),
    (404, "404 page not found", Trouble.PATH),
    (405, "", Trouble.PATH),
    (429, error("Rate limit reached: too many tokens per minute, please reduce the length of prompts"), Trouble.BUSY),
    (503, error("Loading model"), Trouble.BUSY),
    (502, "<html>bad gateway</html>", Trouble.BUSY),
    (500, "", Trouble.BUSY),
    (408, "", Trouble.BUSY),
    (529, error("Overloaded"), Trouble.BUSY),
    (400, error("Unsupported value: 'temperature' does not support 0.7 with this model."), Trouble.REFUSED),
    (400, error("max_tokens is too large: 100000. This model supports at most 16384 completion tokens"),
     Trouble.REFUSED),
    (422, json.dumps({"detail": "Unexpected fields in the request: {'min_p'}"}), Trouble.REFUSED),
    (302, "", Trouble.REFUSED),
    (403, error("Your account was suspended for violating our usage policies"), Trouble.KEY),
    (500, error("content policy service down"), Trouble.BUSY),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body", "trouble"), OTHERS)
def test_every_other_error_stands_for_one_trouble(status: int, body: str, trouble: Trouble) -> None:
    assert of_status(status, body).trouble is trouble


FILTERED = [
    # Azure, OpenAI, OpenRouter, DeepSeek, DashScope
    (400, error("The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
                code="content_filter")),
    (400, error("Invalid prompt: your prompt was flagged as potentially violating our usage policy.",
                code="invalid_prompt")),
    (403, error("Your chosen model requires moderation and your input was flagged", code=403)),
    (403, error("blocked", type="content_policy_violation")),
    (400, error("Content Exists Risk", code="invalid_request_error")),
    (400, error("Input data may contain inappropriate content.", code="data_inspection_failed")),
    (422, json.dumps({"detail": "prohibited content"})),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body"), FILTERED)
def test_a_filter_refuses_one_prompt_and_neither_the_key_nor_every_request(status: int, body: str) -> None:
    assert of_status(status, body).trouble is Trouble.WITHHELD


def test_the_words_of_a_repeated_request_say_nothing_of_the_error() -> None:
    """FastAPI repeats what it was sent, and a statement may speak of context lengths and models."""
    echo = {"messages": [{"content": "The context length of the unknown model is too long."}]}
    body = json.dumps({"detail": [{"loc": ["body", "seed"], "msg": "Input should be an integer", "input": echo}]})
    failure = of_status(422, body)
    assert (failure.trouble, failure.words) == (Trouble.REFUSED, "HTTP 422: Input should be an integer")


@pytest.mark.parametrize(
    ("body", "words", "marks"),
    [
        (error("a b", type="t", code=4), "a b", "t 4"),
        (json.dumps({"message": "m", "type": "t"}), "m", "t"),
        (json.dumps({"detail": [{"msg": "one"}, {"msg": "two"}]}), "one; two", ""),
        (json.dumps({"error": "plain"}), "plain", ""),
        (json.dumps({"error": {"code": "only_a_code"}}), "", "only_a_code"),
        (json.dumps({"error": None, "detail": "d"}), "d", ""),
        ("[]", "", ""),
        ("7", "", ""),
        ("no JSON", "no JSON", ""),
        ('{"error": {' * 5000 + "}" * 10000, None, ""),
        ('{"error": ' * 50 + '"deep"' + "}" * 50, "", ""),
    ],
)
def test_what_a_body_says(body: str, words: str | None, marks: str) -> None:
    assert said(body) == (body[:9_999] + "…" if words is None else words, marks)


@given(st.integers(300, 599), st.one_of(st.text(), st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["error", "message", "detail", "msg", "code", "type"]), inner, max_size=3),
).map(json.dumps)))  # fmt: skip
def test_no_body_is_too_odd_to_read(status: int, body: str) -> None:
    failure = of_status(status, body)
    assert failure.words.startswith(f"HTTP {status}")
    assert (failure.trouble in PASSING) == (failure.trouble in (Trouble.BUSY, Trouble.PATH))


def test_one_line_holds_what_a_terminal_can_show() -> None:
    assert in_one_line("a\n\n b\t\x1b[31mc\u2028d\0") == "a b [31mc d"
    assert in_one_line("x" * WORDS) == "x" * WORDS
    assert in_one_line("x" * 9999) == "x" * (WORDS - 1) + "…"
