"""One worker process, seen from the verifier: start it, send it a program, read what it says, end it."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from cppo.errors import VerifierError
from cppo.verifier import wire
from cppo.verifier.filters import filters
from cppo.verifier.settings import VerifierConfig
from cppo.verifier.tiers import Way, refusal_text, ways

START_SECONDS = 60.0
END_SECONDS = 2.0

_PACKAGE = Path(__file__).parent.parent

# The worker loads its modules without the packages around them, whose imports would fill its memory.
_BOOT = """
import sys, types
for name, path in (("cppo", sys.argv[1]), ("cppo.verifier", sys.argv[1] + "/verifier")):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = [path]
from cppo.verifier.harness import main
main(sys.argv[2])
"""

# Hash order is fixed: the lines a program executes must not depend on the worker that runs it. Symbols are bound at the
# start: binding them later would be done, and paid in copied pages, by every test anew.
_ENVIRONMENT = {"PYTHONHASHSEED": "0", "LD_BIND_NOW": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


_refused: dict[Way, str] = {}
"""What this machine has refused to this process: asked once, not for every worker."""


class WorkerDied(Exception):
    """The worker's connection ended."""


class WorkerProcess:
    """A started worker in the best jail that the configuration asks for and the machine permits.

    It has a session of its own: a Ctrl-C in the terminal does not reach it.
    """

    def __init__(self, config: VerifierConfig) -> None:
        self._ways = ways(config)
        self._tried = {way: why for way, why in _refused.items() if way in self._ways}
        self.report: dict[str, str] = {}
        self._scratch = ""
        self._start()

    def _start(self) -> None:
        """Start the process in the first way that has not been refused."""
        self._way = next((way for way in self._ways if way not in self._tried), self._ways[-1])
        self._buffer = bytearray()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the worker
        self.connection, theirs = socket.socketpair()
        settings = {
            "connection": theirs.fileno(),
            "temporary": tempfile.gettempdir(),
            "tier": self._way.tier,
            "outer": self._way.outer,
            "number": secrets.randbelow(1 << 30),
            "filters": filters(),
        }
        python = [sys.executable, "-s", "-P", "-X", "utf8", "-W", "ignore", "-c", _BOOT]
        with theirs:
            self._process = subprocess.Popen(
                [*self._way.command(_PACKAGE), *python, str(_PACKAGE), json.dumps(settings)],
                env=_ENVIRONMENT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._errors,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
                cwd="/",
            )

    @property
    def pid(self) -> int:
        """Process id of the worker."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the worker's process still exists; its programs may hold the connection open a little longer."""
        return self._process.poll() is None

    def wait_ready(self) -> None:
        """Wait for the worker's first frame; raises `VerifierError` with its last words when it does not come, or with
        what the machine refuses when no permitted tier can be built."""
        while True:
            hello = self._hello()
            if "refused" not in hello:
                break
            self._tried[self._way] = str(hello["refused"])
            if hello.get("for_good", True):
                _refused[self._way] = self._tried[self._way]
            self.end()
            if all(way in self._tried for way in self._ways):
                raise VerifierError(refusal_text({way: self._tried[way] for way in self._ways}))
            self._start()
        self._scratch = hello["scratch"]
        self.report = {"python": hello["python"], **hello["report"]}

    def _hello(self) -> dict[str, Any]:
        self.connection.settimeout(START_SECONDS)
        try:
            while (frame := wire.unpack(self._buffer)) is None:
                self._receive()
        except (WorkerDied, wire.WireError, OSError) as error:
            words = self.last_words()
            if self._way.outer:  # the outer program refused, in its own words, or something else went wrong this time
                return {"refused": words or str(error), "for_good": words.startswith(f"{self._way.outer}:")}
            self.end()
            raise VerifierError(f"a verifier worker did not start with {sys.executable}: {words or error}") from error
        return frame[1]

    def send(self, data: bytes) -> None:
        """Send whole frames; raises `WorkerDied`."""
        self.connection.settimeout(START_SECONDS)
        try:
            self.connection.sendall(data)
        except OSError as error:
            raise WorkerDied(self.last_words() or str(error)) from error

    def receive(self) -> list[tuple[int, dict[str, Any], bytes]]:
        """Read what has arrived and return the whole frames in it; raises `WorkerDied` at the end of the stream."""
        self._receive()
        frames = []
        while (frame := wire.unpack(self._buffer)) is not None:
            frames.append(frame)
        return frames

    def _receive(self) -> None:
        try:
            chunk = self.connection.recv(1 << 20)
        except ConnectionError as error:
            raise WorkerDied(str(error)) from error
        if not chunk:
            raise WorkerDied(self.last_words() or "the worker closed its connection")
        self._buffer += chunk

    def last_words(self) -> str:
        """Return the last line that the worker wrote to its standard error; empty after `end`."""
        if self._errors.closed:
            return ""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=0.2)
        size = os.fstat(self._errors.fileno()).st_size
        text = os.pread(self._errors.fileno(), 2000, max(0, size - 2000)).decode("utf-8", "replace")
        return text.strip().rpartition("\n")[2]

    def end(self) -> None:
        """Close the connection, which ends the worker and all it runs; kill it if it does not leave in time."""
        self.connection.close()
        deadline = time.monotonic() + END_SECONDS
        while self._process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.002)
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._errors.close()
        if self._scratch:  # a worker that was killed could not remove it
            shutil.rmtree(self._scratch, ignore_errors=True)

    def forget(self) -> None:
        """Let go of a worker that belongs to another process (after a fork of the verifier's process)."""
        self.connection.close()
        self._errors.close()
        self._process.returncode = 0  # its parent waits for it, not this process
