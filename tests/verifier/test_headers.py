"""What is said of a test fits into a frame and can be read, whatever its program writes."""

from __future__ import annotations

import mmap
import os
import resource
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cppo.verifier import lean_json, wire
from cppo.verifier import supervisor as jailed
from cppo.verifier.jail import Jail
from cppo.verifier.judging import read_report
from cppo.verifier.supervisor import Supervisor
from cppo.verifier.watch import Ended, Watch

HEADER_BYTES = 20_000
LIMITS = {"cpu": 1.0, "wall": 2.0, "memory": 1 << 20, "output": 1 << 30, "lines": None}
LARGE = 1 << 20


@pytest.fixture(scope="module", params=["stdin", "call"])
def supervisor(request: pytest.FixtureRequest) -> Iterator[Supervisor]:
    ours, theirs = os.pipe()
    asked = {"mode": request.param, "entry_point": "f", "limits": LIMITS, "all": True}
    with mmap.mmap(-1, 2) as shared:
        yield Supervisor(Jail("rlimits"), theirs, asked, [memoryview(b""), memoryview(b"")], shared)
    os.close(ours)
    os.close(theirs)


def header_of(supervisor: Supervisor, report: bytes, stdout: bytes, stderr: bytes, status: int) -> dict[str, Any]:
    """Return the header of the only test of a program that wrote this and ended with this wait status."""
    test = jailed.Test(supervisor.jail, [memoryview(b"")], alone=True)
    for descriptor, data in ((test.report, report), (test.stdout, stdout), (test.stderr, stderr)):
        wire.send(descriptor, data)
    watch = Watch(supervisor.connection, LIMITS, 1 << 30, None)
    ended = Ended(status, resource.getrusage(resource.RUSAGE_SELF), 0.1, watch)
    ended.cpu, ended.peak_kb = 0.1, 0
    ((header, payload),) = supervisor._results(test, ended)
    buffer = bytearray(wire.pack(wire.TEST, header, payload))
    assert len(buffer) <= HEADER_BYTES + len(payload)
    frame = wire.unpack(buffer)
    assert frame is not None
    read_report(frame[1])
    return frame[1]


REASONS = st.sampled_from(["@", "\0", "\x1b", "é", "\ud800", "三", "\U0001f600", '"\\']) | st.integers() | st.none()
NOTES = st.dictionaries(
    st.sampled_from(["stop", "error", "bad", "wall"]),
    st.sampled_from(["compile", "lines", "memory"]) | REASONS | st.lists(REASONS, max_size=2),
    max_size=3,
).map(lambda note: lean_json.dumps(note).encode() + b"\n")
PIECES = st.sampled_from([b"", b"\xff", b"\0", b"x", "é".encode(), "\U0001f600".encode()])


@given(NOTES | PIECES, PIECES, PIECES, PIECES, st.sampled_from([0, 256, 9, 11]))
@settings(max_examples=50, deadline=None)
def test_a_header_fits_whatever_a_program_writes(
    supervisor: Supervisor, report: bytes, reason: bytes, stdout: bytes, stderr: bytes, status: int
) -> None:
    said = report.replace(b"@", reason * LARGE)
    header = header_of(supervisor, said, stdout * LARGE, stderr * LARGE, status)
    assert header["status"] in ("ok", "RE", "CE", "TLE", "MLE")


@pytest.mark.parametrize(("stop", "verdict"), [("", "RE"), ('"stop": "compile", ', "CE")])
def test_a_reason_of_any_size_is_a_short_one(supervisor: Supervisor, stop: str, verdict: str) -> None:
    note = f'{{{stop}"error": "{"x" * 2 * LARGE}"}}\n'.encode()
    header = header_of(supervisor, note, b"", b"", 256)
    assert header["status"] == verdict
    assert header["detail"] == "x" * 500


@pytest.mark.parametrize("reason", [b"5", b'["x"]', b'{"a": "x"}', b"true"])
def test_a_reason_that_is_no_text_is_none(supervisor: Supervisor, reason: bytes) -> None:
    header = header_of(supervisor, b'{"error": ' + reason + b"}\n", b"", b"", 256)
    assert (header["status"], header["detail"]) == ("RE", "exit status 1")


@pytest.mark.parametrize("status", [256, 11])
def test_what_a_failed_test_printed_is_shown(supervisor: Supervisor, status: int) -> None:
    assert header_of(supervisor, b"", b"so far\n", b"", status)["stdout"] == "so far\n"
