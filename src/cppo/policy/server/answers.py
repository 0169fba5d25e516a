"""From the body of an answer to a completion."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from cppo.policy.engine import Completion, GenerationRequest, StopReason, Usage
from cppo.policy.server.body import opening_of, sendable, stop_strings
from cppo.policy.server.failures import READ, Failure, Trouble, in_one_line, of_status
from cppo.policy.server.settings import ServerSettings
from cppo.text.thinking import split_thinking

BYTES_PER_TOKEN = 4
"""For estimates alone: about what BPE vocabularies of 32,000 to 150,000 tokens make of English and of programs."""
MOST_TOKENS = 10**9
"""A larger count is none."""

_CUT = ("length", "max_tokens", "model_length")
_ABORTED = ("error", "abort", "abort_error", "cancelled", "insufficient_system_resource")


def read_answer(body: str, request: GenerationRequest, settings: ServerSettings) -> Completion:
    """Return the completion that the JSON text `body` holds. Raises `Failure` when it holds none."""
    payload = _object(body)
    choices = payload.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    for holder in (payload, choice):
        if isinstance(holder, dict) and holder.get("error"):  # some servers report errors with status 200
            raise _reported(holder["error"])
    if not isinstance(choice, dict):
        raise Failure(Trouble.GARBLED, f"no choices in: {in_one_line(body, READ)}")
    written, apart = _said(choice)
    finish = choice.get("finish_reason")
    if finish == "content_filter":
        raise Failure(Trouble.WITHHELD, "its filter ended the answer (finish_reason content_filter)")
    if finish in _ABORTED:
        raise Failure(Trouble.BUSY, f"it gave up on the answer (finish_reason {finish})")
    text, reason = _ended(written, apart, _stop_reason(choice), request, settings)
    usage = _usage(payload.get("usage"), request, settings, written + apart, finish in _CUT)
    return Completion(text, (), (), reason, usage=usage)


def empty(request: GenerationRequest, settings: ServerSettings) -> Completion:
    """Return the completion of a prompt that leaves the model no room: cut at its first token."""
    return Completion("", (), (), StopReason.LENGTH, usage=Usage(_guess_in(request, settings), 0, estimated=True))


def _object(body: str) -> dict[str, Any]:
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        raise Failure(Trouble.GARBLED, f"no JSON: {in_one_line(body, READ)}") from None
    if not isinstance(payload, dict):
        raise Failure(Trouble.GARBLED, f"no JSON object: {in_one_line(body, READ)}")
    return payload


def _reported(error: Any) -> Failure:
    code = error.get("code") if isinstance(error, dict) else None
    status = code if isinstance(code, int) and 400 <= code < 600 else 500
    return of_status(status, json.dumps({"error": error}))


def _said(choice: Mapping[str, Any]) -> tuple[str, str]:
    """Return the text of a choice of either API, and the thinking that the server set apart."""
    message = choice.get("message")
    if not isinstance(message, dict):
        if "text" not in choice:
            raise Failure(Trouble.GARBLED, "a choice without message and text")
        message = {"content": choice["text"], "reasoning": choice.get("reasoning")}
    text, thinking = _parts(message.get("content"))
    apart = [thinking, *(message.get(key) for key in ("reasoning_content", "reasoning"))]
    return sendable(text), sendable(next((value for value in apart if isinstance(value, str) and value), ""))


def _parts(content: Any) -> tuple[str, str]:
    """Return the text and the thinking of a message's content: text, null, or a list of typed parts."""
    if content is None:
        return "", ""
    if isinstance(content, str):
        return content, ""
    if not isinstance(content, list):
        raise Failure(Trouble.GARBLED, f"content is {type(content).__name__}")
    text, thinking = "", ""
    for part in content:
        if isinstance(part, dict) and isinstance(part.get("text"), str):
            text += part["text"]
        elif isinstance(part, dict) and "thinking" in part:
            inner = part["thinking"]
            thinking += inner if isinstance(inner, str) else _parts(inner)[0] if isinstance(inner, list) else ""
    return text, thinking


def _stop_reason(choice: Mapping[str, Any]) -> StopReason:
    """`stop` stands for an end token as well as for a stop string; vLLM and SGLang tell the string apart."""
    if choice.get("finish_reason") in _CUT:
        return StopReason.LENGTH
    matched = [choice.get("stop_reason"), choice.get("matched_stop")]
    return StopReason.STOP if any(isinstance(match, str) and match for match in matched) else StopReason.END


def _ended(
    written: str, apart: str, reason: StopReason, request: GenerationRequest, settings: ServerSettings
) -> tuple[str, StopReason]:
    """Return the answer with its opening and without thinking and stop string, and why it ended."""
    opening = opening_of(request, settings)
    if settings.thinking != "none":
        opened = settings.thinking == "opened" and settings.api == "chat"
        reply = split_thinking(opening + written, opened=opened, apart=apart)
        if not reply.answered:
            return "", reason
        # Thinking that was taken out may have taken the opening with it: then the answer begins anew.
        opening = opening if reply.answer.startswith(opening) else ""
        written = reply.answer.removeprefix(opening)
    # `transformers serve` leaves the stop string in, and other servers may not have been told of it.
    found = [at for stop in stop_strings(request, settings) if (at := written.find(stop)) >= 0]
    return (opening + written[: min(found)], StopReason.STOP) if found else (opening + written, reason)


def _usage(usage: Any, request: GenerationRequest, settings: ServerSettings, written: str, cut: bool) -> Usage:
    usage = usage if isinstance(usage, dict) else {}
    names = ("prompt_tokens", "completion_tokens", "total_tokens")
    tokens_in, tokens_out, total = (_count(usage.get(name)) for name in names)
    if tokens_in and total is not None:  # some hosted models count their thinking in the total alone
        tokens_out = max(tokens_out or 0, total - tokens_in)
    # A prompt has tokens, and so has whatever was written: a server that says 0 has not counted.
    tokens_in = tokens_in or None
    tokens_out = None if tokens_out == 0 and (written or cut) else tokens_out
    estimated = tokens_in is None or tokens_out is None
    if tokens_in is None:
        tokens_in = _guess_in(request, settings)
    if tokens_out is None:
        tokens_out = request.max_tokens if cut else min(request.max_tokens, _guess(written))
    return Usage(tokens_in, tokens_out, estimated)


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_TOKENS else None


def _guess_in(request: GenerationRequest, settings: ServerSettings) -> int:
    return _guess(request.prompt.text + opening_of(request, settings))


def _guess(text: str) -> int:
    return -(-len(text.encode("utf-8", "replace")) // BYTES_PER_TOKEN)
