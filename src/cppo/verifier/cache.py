"""Verdicts kept, so that the same program on the same problem runs once: in memory, and in a file where one is named.

The key covers all that a verdict depends on (see `cppo.verifier.prepared`), the tier it was made in included (see
`cppo.verifier.built`). INFRA is no verdict on a program and is
never kept.
"""

from __future__ import annotations

import json
import threading
import zlib
from collections import OrderedDict

from cppo.verifier.verdict import ProgramVerdict, TestResult, Verdict


class VerdictCache:
    """The last `entries` verdicts used, and the file `path` unless that is empty. For any thread.

    Raises `DataError` when the file is damaged or no file of verdicts.
    """

    def __init__(self, entries: int, path: str) -> None:
        self._entries = entries
        self._lock = threading.Lock()
        self._kept: OrderedDict[bytes, bytes] = OrderedDict()
        self._file = None
        if path:
            from cppo.verifier.cache_file import CacheFile

            self._file = CacheFile(path)

    def get(self, key: bytes) -> ProgramVerdict | None:
        """Return the verdict kept under `key`, or None. Raises `DataError` when the file is damaged."""
        with self._lock:
            data = self._kept.get(key)
            if data is not None:
                self._kept.move_to_end(key)
        if data is not None:
            return decode_verdict(data)
        data = self._file.get(key) if self._file is not None else None
        if self._file is None or data is None:
            return None
        try:
            verdict = decode_verdict(data)
        except ValueError as error:
            raise self._file.damaged(str(error)) from None
        self._remember(key, data)
        return verdict

    def put(self, key: bytes, verdict: ProgramVerdict) -> None:
        """Keep a verdict, INFRA excepted."""
        if (self._entries or self._file is not None) and not is_infra(verdict):
            data = encode_verdict(verdict)
            self._remember(key, data)
            if self._file is not None:
                self._file.put(key, data)

    def _remember(self, key: bytes, data: bytes) -> None:
        with self._lock:
            self._kept[key] = data
            self._kept.move_to_end(key)
            while len(self._kept) > self._entries:
                self._kept.popitem(last=False)

    def close(self) -> None:
        """Write what is not yet in the file and close it."""
        if self._file is not None:
            self._file.close()

    def abandon(self) -> None:
        """Write what is not yet in the file, soon, without waiting for that and without a lock."""
        if self._file is not None:
            self._file.abandon()

    def forget(self) -> None:
        """Let go of the file in a forked copy of the process."""
        if self._file is not None:
            self._file.forget()


def is_infra(verdict: ProgramVerdict) -> bool:
    """Return whether the verifier failed on the program or on any of its tests."""
    return verdict.verdict is Verdict.INFRA or any(test.verdict is Verdict.INFRA for test in verdict.tests)


def encode_verdict(verdict: ProgramVerdict) -> bytes:
    """Return a verdict as bytes: a hundred tests as objects would take fifty times the memory."""
    tests = [list(vars(test).values()) for test in verdict.tests]  # in the order of the fields
    return zlib.compress(json.dumps([verdict.verdict, verdict.detail, tests]).encode("ascii"), 1)


def decode_verdict(data: bytes) -> ProgramVerdict:
    """Return the verdict of `encode_verdict`'s bytes; raises `ValueError` when they are anything else."""
    try:
        name, detail, tests = json.loads(zlib.decompress(data))
        return ProgramVerdict(Verdict(name), tuple(TestResult(Verdict(test[0]), *test[1:]) for test in tests), detail)
    except (zlib.error, TypeError, IndexError, RecursionError) as error:
        raise ValueError(f"a verdict cannot be read: {error}") from None
