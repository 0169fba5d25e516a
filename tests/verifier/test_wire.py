"""The frames between the verifier and its workers: whatever arrives is a frame or an error, in any pieces."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cppo.verifier import wire

Frame = tuple[int, dict[str, Any], bytes]

TEXT = st.text(alphabet='a\0é三\ud800\x1b"\\', max_size=4)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
FRAMES = st.tuples(st.sampled_from(wire.KINDS), st.dictionaries(TEXT, VALUES, max_size=4), st.binary(max_size=40))


def pieces(data: bytes, cuts: list[int]) -> Iterator[bytes]:
    """Cut `data` at the given places, counted modulo its length."""
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return (data[start:end] for start, end in itertools.pairwise(places))


def read(data: bytes, cuts: list[int], limit: int = wire.PAYLOAD_BYTES) -> tuple[list[Frame], bool, bytes]:
    """Feed `data` piece by piece; return the frames, whether an error ended it, and what was not consumed."""
    buffer, frames = bytearray(), []
    for piece in pieces(data, cuts):
        buffer += piece
        try:
            while (frame := wire.unpack(buffer, limit)) is not None:
                frames.append(frame)
        except wire.WireError:
            return frames, True, bytes(buffer)
    return frames, False, bytes(buffer)


def plainly(data: bytes, limit: int) -> tuple[list[Frame], bool]:
    """The same, read off a whole stream in the plainest way."""
    frames: list[Frame] = []
    place = 0
    while len(data) - place >= 13:
        kind = data[place]
        header_size = int.from_bytes(data[place + 1 : place + 5], "big")
        payload_size = int.from_bytes(data[place + 5 : place + 13], "big")
        if kind > 4 or header_size > 1024 * 1024 or payload_size > limit:
            return frames, True
        start, end = place + 13 + header_size, place + 13 + header_size + payload_size
        if end > len(data):
            return frames, False
        text = data[place + 13 : start]
        try:
            header = json.loads("".join(map(chr, text))) if text else {}
        except ValueError:
            return frames, True
        if not isinstance(header, dict) or max(text, default=0) > 127:
            return frames, True
        frames.append((kind, header, data[start:end]))
        place = end
    return frames, False


def test_a_frame_is_what_the_table_says() -> None:
    assert (
        wire.pack(wire.TEST, {"a": 1}, b"xy") == b"\x03" + b"\0\0\0\x08" + b"\0\0\0\0\0\0\0\x02" + b'{"a": 1}' + b"xy"
    )
    assert wire.pack(wire.STOP) == b"\x02" + bytes(12) == wire.STOP_FRAME


@given(st.lists(FRAMES, max_size=4), st.lists(st.integers(min_value=0), max_size=6))
def test_frames_survive_any_cutting(frames: list[Frame], cuts: list[int]) -> None:
    data = b"".join(wire.pack(*frame) for frame in frames)
    assert read(data, cuts) == (frames, False, b"")


@given(FRAMES, st.integers(min_value=0))
def test_an_incomplete_frame_is_waited_for(frame: Frame, cut: int) -> None:
    data = wire.pack(*frame)
    part = data[: cut % len(data)]
    assert read(part, []) == ([], False, part)


DAMAGED = st.lists(
    st.tuples(st.integers(min_value=0), st.binary(max_size=3), st.integers(min_value=0, max_value=3)), max_size=3
)


@given(st.lists(FRAMES, max_size=3), DAMAGED, st.lists(st.integers(min_value=0), max_size=4), st.integers(0, 60))
def test_damaged_streams_are_read_as_a_plain_reader_would(
    frames: list[Frame], damages: list[tuple[int, bytes, int]], cuts: list[int], limit: int
) -> None:
    data = b"".join(wire.pack(*frame) for frame in frames)
    for place, put, dropped in damages:
        at = place % (len(data) + 1)
        data = data[:at] + put + data[at + dropped :]
    assert repr(read(data, cuts, limit)[:2]) == repr(plainly(data, limit))  # NaN is equal to nothing


@given(st.binary(max_size=60), st.lists(st.integers(min_value=0), max_size=4))
def test_any_bytes_are_frames_or_an_error(data: bytes, cuts: list[int]) -> None:
    assert repr(read(data, cuts)[:2]) == repr(plainly(data, wire.PAYLOAD_BYTES))


def head(kind: int, header: bytes, payload: int = 0) -> bytes:
    return wire.HEAD.pack(kind, len(header), payload) + header


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (head(5, b""), "kind 5; allowed: 0 to 4"),
        (head(255, b""), "kind 255"),
        (wire.HEAD.pack(wire.RUN, wire.HEADER_BYTES + 1, 0), "1048577 bytes of header and 0 of payload; allowed: at"),
        (wire.HEAD.pack(wire.RUN, 0, 2**64 - 1), "18446744073709551615 of payload"),
        (wire.HEAD.pack(wire.RUN, 0, 101), "101 of payload; allowed: at most 1048576 and 100"),
        (head(wire.TEST, b"[]"), "JSON but no object"),
        (head(wire.TEST, b"1"), "JSON but no object"),
        (head(wire.TEST, b"{"), "not JSON"),
        (head(wire.TEST, b"{} {}"), "not JSON"),
        (head(wire.TEST, b'{"a": "\xc3\xa9"}'), "not JSON"),
        (head(wire.TEST, '{"a": 1}'.encode("utf-16")), "not JSON"),
        (head(wire.TEST, b'{"a": ' + b"[" * 100_000), "not JSON"),
        (head(wire.TEST, b'{"a": ' + b"1" * 5000 + b"}"), "not JSON"),
    ],
)
def test_what_is_no_frame_is_refused_in_words(data: bytes, words: str) -> None:
    buffer = bytearray(data)
    with pytest.raises(wire.WireError, match=words):
        wire.unpack(buffer, 100)
    assert buffer == data
    assert issubclass(wire.WireError, ValueError)


def test_sizes_are_refused_before_the_rest_is_waited_for() -> None:
    with pytest.raises(wire.WireError):
        wire.unpack(bytearray(wire.HEAD.pack(wire.TEST, 0, 1 << 60)))
    assert wire.unpack(bytearray(wire.HEAD.pack(wire.TEST, wire.HEADER_BYTES, wire.PAYLOAD_BYTES))) is None


def test_send_writes_all_of_it() -> None:
    reader, writer = os.pipe()
    data = bytes(range(256)) * 100
    wire.send(writer, memoryview(data))
    os.close(writer)
    with open(reader, "rb") as stream:
        assert stream.read() == data
