"""The frames that the verifier and its workers exchange over a socket. Standard library only: both sides load it.

A frame is a fixed head (kind, length of the JSON header, length of the payload), the header and the payload.

| kind | direction | header | payload |
| --- | --- | --- | --- |
| HELLO | worker to verifier | what the jail covers | empty |
| RUN | verifier to worker | mode, limits, sizes of the blobs … | program, then the input of each test |
| STOP | verifier to worker | empty | empty; "no more tests of this program", a stale one is ignored |
| TEST | worker to verifier | status and cost of one test | standard output, or the value returned as JSON |
| DONE | worker to verifier | `status` ok, CE or INFRA, and `detail` | empty |
"""

from __future__ import annotations

import json
import os
import struct

TYPING = False
if TYPING:  # the typing module would fill the worker's memory
    from typing import Any

HELLO, RUN, STOP, TEST, DONE = range(5)

HEAD = struct.Struct("!BIQ")


def pack(kind: int, header: dict[str, Any] | None = None, payload: bytes = b"") -> bytes:
    """Return the bytes of one frame. Text may hold lone surrogates: the header is ASCII."""
    head = b"" if header is None else json.dumps(header).encode("ascii")
    return HEAD.pack(kind, len(head), len(payload)) + head + payload


STOP_FRAME = pack(STOP)


def send(descriptor: int, data: bytes | memoryview) -> None:
    """Write all of `data` to a blocking descriptor."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def unpack(buffer: bytearray) -> tuple[int, dict[str, Any], bytes] | None:
    """Take one whole frame off the front of `buffer`, or return None while it is incomplete."""
    if len(buffer) < HEAD.size:
        return None
    kind, header_size, payload_size = HEAD.unpack_from(buffer)
    start = HEAD.size + header_size
    if len(buffer) < start + payload_size:
        return None
    header = json.loads(buffer[HEAD.size : start]) if header_size else {}
    payload = bytes(memoryview(buffer)[start : start + payload_size])
    del buffer[: start + payload_size]
    return kind, header, payload
