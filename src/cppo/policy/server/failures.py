"""What can go wrong between a request and its answer, and what follows from it."""

from __future__ import annotations

import json
import re
from enum import StrEnum
from typing import Any

WORDS = 300
"""Most characters of a server's own words that an error repeats, once secrets are out of them."""
READ = 10_000
"""Most characters of a body that is no answer that are looked at."""
DEPTH = 4
"""How deep, and how far, an error body is read for its message."""


def in_one_line(text: str, most: int = WORDS) -> str:
    """Return `text` fit for one line of a terminal or a record: white space as single spaces, nothing unprintable."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= most else line[: most - 1] + "…"


class Trouble(StrEnum):
    """Why one HTTP request brought no answer."""

    ABSENT = "nobody answered at the address"
    BROKEN_OFF = "the connection broke off"
    SILENT = "no whole answer before the deadline"
    BUSY = "the server is busy or broken"
    GARBLED = "the answer is not one of the API"
    REFUSED = "the server refused the request"
    OVERFLOW = "the prompt does not fit the model's context"
    WITHHELD = "the server withheld the answer"
    KEY = "the server refused the key"
    MODEL = "the server does not know the model"
    PATH = "the server has nothing at the address"


PASSING = frozenset({Trouble.ABSENT, Trouble.BROKEN_OFF, Trouble.SILENT, Trouble.BUSY, Trouble.GARBLED, Trouble.PATH})
"""Troubles that may be over at the next attempt."""


class Failure(Exception):
    """One attempt that failed. `words` are the server's or the transport's; `retry_after` is what it asks for, in s."""

    def __init__(self, trouble: Trouble, words: str = "", retry_after: float | None = None) -> None:
        super().__init__(f"{trouble}: {words}" if words else str(trouble))
        self.trouble, self.words, self.retry_after = trouble, words, retry_after


# The wordings of vLLM, SGLang, llama.cpp and its Python server, TGI and the hosted services.
_OVERFLOW = re.compile(
    r"(?i)context[ _-]?(?:length|size|window|limit)|exceed_context|contextwindow|max(?:imum)?[ _]model[ _]len"
    r"|(?:prompt|input|messages?)\b.{0,40}\btoo long|too many (?:input )?tokens|reduce the length of"
    r"|token count.{0,80}\bexceeds|input tokens exceed|exceeds the maximum allowed (?:input )?length"
    r"|`inputs`.{0,60}\bmust (?:be <=|have less)|must be at least 1, got -\d"
)
_NO_MODEL = re.compile(
    r"(?i)\bmodel\b.{0,160}\b(?:not found|not exist|does not exist|no such)|(?:unknown|invalid) model\b"
    r"|not a valid model|\bmodel_not_found|server is pinned to"
)
_NO_MONEY = re.compile(r"(?i)insufficient_quota|insufficient (?:balance|credits|funds)")
# Filters before the model, of OpenAI, Azure, OpenRouter, DeepSeek and DashScope: this prompt is refused, no other is.
_FILTERED = re.compile(
    r"(?i)content[ _-]?(?:filter|policy)|content management policy|content exists risk|data_?inspection_?failed"
    r"|(?:inappropriate|prohibited)[ _]content|\b(?:prompt|input|messages?|request)\b.{0,60}\bflagged\b"
)


def of_status(status: int, body: str, retry_after: float | None = None) -> Failure:
    """Return the failure that an HTTP status of 400 or more, or an error object in an answer, stands for."""
    words, marks = said(body)
    return Failure(
        _trouble(status, f"{marks} {words}"), f"HTTP {status}: {words}" if words else f"HTTP {status}", retry_after
    )


def said(body: str) -> tuple[str, str]:
    """Return what an error body says and its machine-readable marks (`type`, `code`).

    Only the message is read where there is one: the rest may repeat the request, whose words say nothing of the error.
    """
    try:
        return _message(json.loads(body))
    except (ValueError, RecursionError):
        return in_one_line(body, READ), ""


def _message(value: Any, depth: int = 0) -> tuple[str, str]:
    if isinstance(value, str):
        return in_one_line(value, READ), ""
    if depth > DEPTH:
        return "", ""
    if isinstance(value, list):
        parts = [_message(item, depth + 1) for item in value[:DEPTH]]
        return "; ".join(words for words, _ in parts if words), " ".join(marks for _, marks in parts if marks)
    if not isinstance(value, dict):
        return "", ""
    marks = " ".join(str(value[key]) for key in ("type", "code") if isinstance(value.get(key), (str, int)))
    for key in ("message", "msg", "detail", "error"):
        words, inner = _message(value.get(key), depth + 1)
        if words or inner:
            return words, f"{marks} {inner}".strip()
    return "", marks


def _trouble(status: int, text: str) -> Trouble:
    if status in (400, 403, 422) and _FILTERED.search(text):
        return Trouble.WITHHELD
    if status in (401, 402, 403) or (status in (400, 429) and _NO_MONEY.search(text)):
        return Trouble.KEY
    if status == 413 or (status not in (404, 408, 429, 502, 503, 504) and _OVERFLOW.search(text)):
        return Trouble.OVERFLOW
    if status in (400, 404, 422) and _NO_MODEL.search(text):
        return Trouble.MODEL
    if status in (404, 405):
        return Trouble.PATH
    if status in (408, 409, 425, 429) or status >= 500:
        return Trouble.BUSY
    return Trouble.REFUSED
