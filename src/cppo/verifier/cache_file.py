"""Verdicts in a file (SQLite): several processes may use it at once, and any of them may be killed at any moment."""

from __future__ import annotations

import os
import queue
import sqlite3
import threading
import time
import warnings
from pathlib import Path

from cppo.errors import DataError

APPLICATION = 0x6370706F  # "cppo"
FORMAT = 1
BUSY_SECONDS = 60.0
BATCH = 1000

_inherited: list[object] = []
"""Connections of a parent process: a forked copy must not even close them."""


class CacheFile:
    """A file of verdicts. What is `put` is written by a thread of its own, in the order it came."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        self._lock = threading.Lock()
        self._reader = self._open()
        self._queue: queue.SimpleQueue[tuple[bytes, bytes] | None] = queue.SimpleQueue()
        self._writer: threading.Thread | None = None
        self._broken = False

    def damaged(self, reason: str) -> DataError:
        """Return the error that says the file cannot be used."""
        return DataError(
            f"the verdict cache {self.path} cannot be used: {reason}; name another file as cache_path, or delete it "
            "(verdicts are then found anew)"
        )

    def get(self, key: bytes) -> bytes | None:
        """Return what is kept under `key`, or None; raises `DataError` when the file is damaged."""
        try:
            with self._lock:
                row = self._reader.execute("SELECT verdict FROM verdicts WHERE key = ?", (key,)).fetchone()
        except sqlite3.Error as error:
            raise self.damaged(str(error)) from error
        return None if row is None else bytes(row[0])

    def put(self, key: bytes, data: bytes) -> None:
        """Write `data` under `key`, soon. A file that cannot be written is given up with a warning."""
        if self._broken:
            return
        if self._writer is None:
            self._writer = threading.Thread(target=self._write, name="cppo-verdict-cache", daemon=True)
            self._writer.start()
        self._queue.put((key, data))

    def close(self) -> None:
        """Write what is left and close the file."""
        if self._writer is not None:
            self._queue.put(None)
            self._writer.join()
        with self._lock:
            self._reader.close()

    def abandon(self) -> None:
        """Write what is left, soon, without waiting for that and without a lock."""
        self._queue.put(None)

    def forget(self) -> None:
        """Let go of the file in a forked copy of the process."""
        _inherited.append(self._reader)

    def _write(self) -> None:
        try:
            connection = self._connect()
            _inherited.append(connection)  # a fork during a write must find it alive
            try:
                while batch := self._next_batch():
                    with connection:
                        connection.executemany("INSERT OR REPLACE INTO verdicts VALUES (?, ?)", batch)
            finally:
                connection.close()
                _inherited.remove(connection)
        except sqlite3.Error as error:
            self._broken = True
            warnings.warn(f"{self.damaged(str(error))}. No more verdicts are written to it.", RuntimeWarning, 1)

    def _next_batch(self) -> list[tuple[bytes, bytes]]:
        """Return what waits to be written, as soon as there is any; empty when there will be no more."""
        batch: list[tuple[bytes, bytes]] = []
        while len(batch) < BATCH and not (batch and self._queue.empty()):
            item = self._queue.get()
            if item is None:
                if batch:
                    self._queue.put(None)
                break
            batch.append(item)
        return batch

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, check_same_thread=False)
        connection.execute("PRAGMA synchronous = NORMAL")
        return connection

    def _open(self) -> sqlite3.Connection:
        """Open the file, made new where there is none; raises `DataError` when it is something else."""
        deadline = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                connection = self._connect()
                try:
                    self._prepare(connection)
                except BaseException:
                    connection.close()
                    raise
                return connection
            except OSError as error:
                raise self.damaged(os.strerror(error.errno or 0)) from error
            except sqlite3.Error as error:
                locked = getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
                if not locked or time.monotonic() > deadline:
                    raise self.damaged(str(error)) from error
                time.sleep(0.05)  # turning the journal on does not wait for other processes by itself

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.execute("BEGIN")  # one view of the file: another process may be setting it up
        application, version, tables = (
            connection.execute(question).fetchone()[0]
            for question in ("PRAGMA application_id", "PRAGMA user_version", "SELECT count(*) FROM sqlite_master")
        )
        connection.execute("COMMIT")
        if (application, version) == (APPLICATION, FORMAT):
            return
        if application == APPLICATION:
            raise self.damaged(f"it has format {version}; this version writes format {FORMAT}")
        if application or version or tables:
            raise self.damaged("it is a database of another program")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(
            f"""
            BEGIN IMMEDIATE;
            CREATE TABLE IF NOT EXISTS verdicts (key BLOB PRIMARY KEY, verdict BLOB NOT NULL) WITHOUT ROWID;
            PRAGMA application_id = {APPLICATION};
            PRAGMA user_version = {FORMAT};
            COMMIT;
            """
        )
