"""Which server, which model on it, and how patient the client is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import ConfigDict, Field, model_validator

from cppo.config import Section
from cppo.policy.server.redact import SECRET_NAME, SECRET_VALUE

Api = Literal["chat", "completions"]
Thinking = Literal["auto", "opened", "none"]

OWN_PARAMETERS = frozenset(
    {"model", "messages", "prompt", "max_tokens", "max_completion_tokens", "temperature", "seed", "stop", "min_p"}
    | {"n", "best_of", "stream", "stream_options", "echo"}
)
"""Parameters that the engine sets itself, or that would change the form of the answer."""
_HEADER = re.compile(r"[A-Za-z0-9_.-]+")
_SECRET_HEADER = re.compile(r"(?i)(^|[-_])(auth|token)s?$")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_BARE_KEY = re.compile(r"(?=.*[0-9])[A-Za-z0-9]{20,}")
"""What no name of a variable looks like, but a key of letters and digits does."""


class ServerSettings(Section):
    """An OpenAI-compatible endpoint. No secret belongs here: the key is read from an environment variable.

    A request that finds the server busy (429), broken (5xx), silent or gone is repeated; the n-th wait is
    `backoff_seconds`·2^(n-1) less up to a half, or what the server asks for when that is longer.
    """

    model_config = ConfigDict(hide_input_in_errors=True)

    base_url: str
    """Address up to the version, e.g. `http://localhost:8000/v1`."""
    model: str = Field(min_length=1)
    """Name under which the server knows the model."""
    api: Api = "chat"
    """`chat` (the server applies its chat template) or `completions` (plain text, with the prompt's opening)."""
    concurrency: int = Field(32, ge=1, le=1000)
    """Most requests under way at once."""
    timeout_seconds: float = Field(600.0, gt=0)
    """Deadline of one HTTP request, from its first byte to the last one of the answer."""
    attempts: int = Field(6, ge=1)
    """Most HTTP requests for one completion, the first one included."""
    backoff_seconds: float = Field(2.0, gt=0)
    """First wait between two attempts, doubled for each further one."""
    longest_wait_seconds: float = Field(120.0, gt=0)
    """No wait is longer. A server that asks for a longer one gets no further request for that completion."""
    api_key_env: str = "OPENAI_API_KEY"
    """Environment variable that holds the key; local servers need none."""
    headers: Mapping[str, Any] = Field(default_factory=dict)
    """Further headers, all of them text and none of them a secret."""
    extra_body: Mapping[str, Any] = Field(default_factory=dict)
    """Further parameters, as the server names them, e.g. `{top_p = 0.95, chat_template_kwargs = {…}}`."""
    omit: tuple[Literal["temperature", "seed", "stop"], ...] = ()
    """Parameters that the server refuses. Without `seed` samples cannot be drawn again."""
    limit_name: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """What the chat API calls the token limit; newer hosted models know only `max_completion_tokens`."""
    thinking: Thinking = "auto"
    """`auto` takes `<think>` blocks out of answers; `opened` says, too, that the chat template writes `<think>`, so
    that an answer without `</think>` is none; `none` takes answers as they are."""

    @model_validator(mode="after")
    def _address(self) -> ServerSettings:
        try:
            parts = urlsplit(self.base_url)
            host, _ = parts.hostname, parts.port
        except ValueError:
            raise ValueError(_url("is no address")) from None
        if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
            raise ValueError(_url("has a user, a password, a query or a fragment; a key goes into api_key_env"))
        printable = all("!" <= character <= "~" for character in self.base_url)
        if parts.scheme not in ("http", "https") or not host or not printable:
            raise ValueError(_url("is no address"))
        if parts.path.rstrip("/").endswith(("/completions", "/chat", "/models")):
            raise ValueError(_url("goes beyond the version; the client adds /chat/completions itself"))
        if SECRET_VALUE.search(parts.path):
            raise ValueError(_url("has in its path what looks like a key; a key goes into api_key_env"))
        return self

    @model_validator(mode="after")
    def _no_secrets(self) -> ServerSettings:
        # The checks stand here and not at the fields because the message of a field would show what it was given.
        name = self.api_key_env
        if not _VARIABLE.fullmatch(name) or SECRET_VALUE.search(name) or _BARE_KEY.fullmatch(name):
            raise ValueError(
                "api_key_env is no name of an environment variable (letters, digits and _); it names the variable that "
                "holds the key, it is not the key"
            )
        for name, value in self.headers.items():
            printable = isinstance(value, str) and all(" " <= c <= "~" for c in value)
            if not _HEADER.fullmatch(name) or not printable:
                raise ValueError(
                    "headers has a name or a value that cannot be sent: text in ASCII without line ends is allowed"
                )
            if _SECRET_HEADER.search(name) or _secret(name, value):
                raise ValueError(f"headers: {_name(name)} looks like a secret; {_SECRETS}")
        for name, value in _leaves(self.extra_body):
            if _secret(name, value):
                raise ValueError(f"extra_body: {_name(name)} looks like a secret; {_SECRETS}")
        if own := sorted(OWN_PARAMETERS & self.extra_body.keys()):
            raise ValueError(
                f"extra_body sets {', '.join(own)}, which the engine sets itself or cannot work with; leave it out, "
                "temperatures and limits stand with the stage that samples"
            )
        return self


_SECRETS = "secrets do not belong in a recipe: put the key into an environment variable and name it in api_key_env"


def _url(what: str) -> str:
    return f"base_url {what}; it must be like http://localhost:8000/v1 or https://api.example.com/v1"


def _secret(name: str, value: str) -> bool:
    return any(pattern.search(text) for pattern, text in ((SECRET_NAME, name), (SECRET_VALUE, f"{name} {value}")))


def _name(name: str) -> str:
    """Return a key for a message; one that is itself a secret is not shown."""
    return "a key" if SECRET_VALUE.search(name) else repr(name)


def _leaves(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield every value of nested tables and lists as text, with its key."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield str(key), ""
            yield from _leaves(inner, str(key))
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _leaves(inner, name)
    else:
        yield name, str(value)
