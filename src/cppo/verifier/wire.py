"""The frames that the verifier and its workers exchange over a socket. Standard library only: both sides load it.

A frame is a fixed head (kind, length of the JSON header, length of the payload), the header and the payload.

| kind | direction | header | payload |
| --- | --- | --- | --- |
| HELLO | worker to verifier | what the jail covers | empty |
| RUN | verifier to worker | mode, limits, sizes of the blobs … | program, then the input of each test |
| STOP | verifier to worker | empty | empty; "no more tests of this program", a stale one is ignored |
| TEST | worker to verifier | status and cost of one test | standard output, or the value returned as JSON |
| DONE | worker to verifier | `status` ok, CE or INFRA, and `detail` | empty |

Neither side trusts the other's bytes: `unpack` takes whatever arrives and either returns a frame or raises `WireError`.
Nothing behind a refused frame can be read, because nobody knows where the next one starts: the connection is over.
"""

from __future__ import annotations

import os
import struct

from cppo.verifier.lean_json import dumps, loads

TYPING = False
if TYPING:  # the typing module would fill the worker's memory
    from typing import Any

HELLO, RUN, STOP, TEST, DONE = KINDS = range(5)

HEAD = struct.Struct("!BIQ")
HEADER_BYTES = 1 << 20
"""A longer header is refused."""
PAYLOAD_BYTES = 4 << 30
"""A longer payload is refused, unless the reader sets a limit of its own."""


class WireError(ValueError):
    """The bytes that arrived are no frame; the message says how they differ from one."""


def pack(kind: int, header: dict[str, Any] | None = None, payload: bytes = b"") -> bytes:
    """Return the bytes of one frame. Text may hold lone surrogates: the header is ASCII."""
    head = b"" if header is None else dumps(header).encode("ascii")
    return HEAD.pack(kind, len(head), len(payload)) + head + payload


STOP_FRAME = pack(STOP)


def send(descriptor: int, data: bytes | memoryview) -> None:
    """Write all of `data` to a blocking descriptor."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def unpack(buffer: bytearray, payload_limit: int = PAYLOAD_BYTES) -> tuple[int, dict[str, Any], bytes] | None:
    """Take one whole frame off the front of `buffer`, or return None while it is incomplete.

    Raises `WireError`, the buffer unchanged, as soon as the bytes cannot become a frame: an unknown kind, a header of
    more than `HEADER_BYTES` or one that is not a JSON object, a payload of more than `payload_limit` bytes.
    """
    if len(buffer) < HEAD.size:
        return None
    kind, header_size, payload_size = HEAD.unpack_from(buffer)
    if kind not in KINDS:
        raise WireError(f"a frame of kind {kind}; allowed: 0 to {len(KINDS) - 1}")
    if header_size > HEADER_BYTES or payload_size > payload_limit:
        raise WireError(
            f"a frame with {header_size} bytes of header and {payload_size} of payload; allowed: at most "
            f"{HEADER_BYTES} and {payload_limit}"
        )
    start = HEAD.size + header_size
    if len(buffer) < start + payload_size:
        return None
    header = _header(bytes(buffer[HEAD.size : start])) if header_size else {}
    payload = bytes(memoryview(buffer)[start : start + payload_size])
    del buffer[: start + payload_size]
    return kind, header, payload


def _header(data: bytes) -> dict[str, Any]:
    try:
        header = loads(data.decode("ascii"))
    except (ValueError, RecursionError) as error:
        raise WireError(f"a frame whose header is not JSON ({error}): {data[:80]!r}") from None
    if type(header) is not dict:
        raise WireError(f"a frame whose header is JSON but no object: {data[:80]!r}")
    return header
