"""The settings of a server: addresses, parameters of the engine's own, and no secret in a recipe."""

from __future__ import annotations

from typing import Any

import pytest
from engines import KEY, settings
from pydantic import ValidationError

from cppo.config import build, describe
from cppo.errors import ConfigError
from cppo.policy.server import ServerSettings

LEAST = {"base_url": "https://api.example.com/v1", "model": "m"}


def refusal(**changes: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        build(ServerSettings, {**LEAST, **changes}, "recipe.toml")
    return str(caught.value)


def test_a_recipe_needs_an_address_and_a_model_only() -> None:
    built = build(ServerSettings, LEAST, "recipe.toml")
    assert (built.api, built.concurrency, built.attempts, built.timeout_seconds) == ("chat", 32, 6, 600.0)
    assert (built.api_key_env, built.thinking, built.extra_body) == ("OPENAI_API_KEY", "auto", {})
    assert all(description for _, _, description in describe(ServerSettings))


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:8000/v1",
        "http://127.0.0.1:8000",
        "https://api.example.com/v1beta/openai/",
        "http://[::1]:8000/v1",
    ],
)
def test_addresses(url: str) -> None:
    assert settings(url).base_url == url


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("localhost:8000/v1", "is no address"),
        ("ftp://localhost/v1", "is no address"),
        ("http:///v1", "is no address"),
        ("", "is no address"),
        ("http://host:99999/v1", "is no address"),
        ("http://[::1/v1", "is no address"),
        ("http://a b/v1", "is no address"),
        ("http://host/v1\n", "is no address"),
        ("http://hóst/v1", "is no address"),
        ("https://user:pa55word@host/v1", "a user, a password"),
        ("https://host/v1?key=pa55word", "a query"),
        ("https://host/v1#pa55word", "a fragment"),
        ("http://host/v1/chat/completions", "goes beyond the version"),
        ("http://host/v1/completions/", "goes beyond the version"),
        ("https://host/sk-pa55word/v1", "what looks like a key"),
    ],
)
def test_what_is_no_address_is_refused_and_not_repeated(url: str, words: str) -> None:
    message = refusal(base_url=url)
    assert words in message
    assert "http://localhost:8000/v1" in message
    assert "pa55word" not in message


@pytest.mark.parametrize(
    "changes",
    [
        {"api_key_env": KEY},
        {"api_key_env": "sk-abcdefghijkl"},
        {"api_key_env": "hf_abcdefghijklmnopqrst"},
        {"api_key_env": "gsk_abcdefghijklmnopqrst"},
        {"api_key_env": "abcdefghijkl0123456789"},
        {"headers": {"X-Note": ["abcdefghijkl"]}},
        {"headers": {"Authorization": KEY}},
        {"headers": {"X-Api-Key": KEY}},
        {"headers": {"x-auth-token": KEY}},
        {"headers": {"Cookie": KEY}},
        {"headers": {"X-Note": "Bearer " + KEY}},
        {"headers": {"X-Note": "Basic dXNlcjpwYTU1d29yZA=="}},
        {"headers": {"X-Note": "sk-abcdefghijkl"}},
        {"headers": {"sk-abcdefghijkl": "x"}},
        {"headers": {"X-Note": "a\nAuthorization: " + KEY}},
        {"extra_body": {"api_key": KEY}},
        {"extra_body": {"metadata": [{"authorization": KEY}]}},
        {"extra_body": {"note": {"of": "hf_abcdefghijklmnopqrst"}}},
    ],
)
def test_secrets_do_not_belong_in_a_recipe_nor_in_the_message(changes: dict[str, Any]) -> None:
    message = refusal(**changes)
    assert "secret" in message or "is no name of an environment variable" in message or "cannot be sent" in message
    with pytest.raises(ValidationError) as caught:
        ServerSettings(**{**LEAST, **changes})
    for text in (message, str(caught.value), repr(caught.value)):
        assert KEY not in text
        assert "abcdefghijkl" not in text
        assert "dXNlcjpwYTU1d29yZA" not in text


@pytest.mark.parametrize(
    "name", ["OPENAI_API_KEY", "MY_TEAM_2_KEY_FOR_THE_SERVER", "hf_token", "K", "TOGETHERAPIKEYOFTHETEAM"]
)
def test_names_of_variables(name: str) -> None:
    assert settings(api_key_env=name).api_key_env == name


def test_an_unknown_key_does_not_show_its_value() -> None:
    message = refusal(api_key=KEY)
    assert "unknown key 'api_key' (did you mean 'api_key_env'?)" in message
    assert KEY not in message


def test_parameters_with_token_in_their_name_pass() -> None:
    extra = {"top_p": 0.9, "min_tokens": 1, "stop_token_ids": [2], "chat_template_kwargs": {"enable_thinking": False}}
    assert (
        build(ServerSettings, {**LEAST, "extra_body": extra, "headers": {"X-Title": "cppo"}}, "r").extra_body == extra
    )


@pytest.mark.parametrize("name", ["n", "stream", "temperature", "seed", "max_tokens", "messages", "min_p"])
def test_the_engine_s_own_parameters_are_refused(name: str) -> None:
    assert f"extra_body sets {name}" in refusal(extra_body={name: 1})


@pytest.mark.parametrize(
    "changes",
    [{"concurrency": 0}, {"attempts": 0}, {"timeout_seconds": 0.0}, {"backoff_seconds": -1.0}, {"api": "responses"}],
)
def test_numbers_that_cannot_work_are_refused(changes: dict[str, Any]) -> None:
    assert next(iter(changes)) in refusal(**changes)
