"""The engine's end of one worker's connection: frames out and in, without ever waiting."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable
from typing import Any

from cppo.verifier import wire
from cppo.verifier.job import Run, WorkerFault
from cppo.verifier.schedule import Ticket
from cppo.verifier.worker import WorkerProcess

PIECES = 256


class Link:
    """A worker with what it is doing. `deadline`: when its silence will mean that it is dead. `slice_end`: when its
    program should make way for others. `scratch` is what it reads into, shared by the links of one thread."""

    def __init__(self, worker: WorkerProcess, deadline: float, scratch: memoryview) -> None:
        self.worker = worker
        self.ready = False
        try:
            self._adopt()
        except OSError:  # no descriptor left for it
            worker.end()
            raise
        self.ticket: Ticket | None = None
        self.run: Run | None = None
        self.deadline = deadline
        self.slice_end = 0.0
        self._scratch = scratch
        self._in = bytearray()
        self._out: deque[memoryview] = deque()

    def _adopt(self) -> None:
        self.connection = self.worker.connection
        self.pidfd = os.pidfd_open(self.worker.pid)

    @property
    def sending(self) -> bool:
        """Whether bytes are left that the connection would not take yet."""
        return bool(self._out)

    def wait_ready(self) -> None:
        """Take the worker's first words, which have arrived; raises `VerifierError`.

        Connection and process may be other ones afterwards: a worker refused the best jail starts again in another.
        """
        self.close()
        self.worker.wait_ready()
        self._adopt()
        self.connection.setblocking(False)
        self.ready = True

    def send(self, pieces: Iterable[bytes]) -> None:
        """Send bytes after those still waiting; raises `WorkerFault`."""
        self._out.extend(memoryview(piece) for piece in pieces if piece)
        self.flush()

    def flush(self) -> None:
        """Send what the connection takes now; raises `WorkerFault`."""
        try:
            while self._out:
                pieces = [self._out[index] for index in range(min(PIECES, len(self._out)))]
                sent = self.connection.sendmsg(pieces)
                while self._out and sent >= len(self._out[0]):
                    sent -= len(self._out.popleft())
                if sent:
                    self._out[0] = self._out[0][sent:]
        except BlockingIOError:
            return
        except OSError as error:
            raise WorkerFault(self.worker.last_words() or str(error)) from error

    def receive(self, payload_limit: int) -> list[tuple[int, dict[str, Any], bytes]]:
        """Return the whole frames that have arrived; raises `WorkerFault` at the end of the stream or of sense."""
        try:
            size = self.connection.recv_into(self._scratch)
        except BlockingIOError:
            return []
        except OSError as error:
            raise WorkerFault(self.worker.last_words() or str(error)) from error
        if not size:
            raise WorkerFault(self.worker.last_words() or "the worker closed its connection")
        self._in += self._scratch[:size]
        frames = []
        while (frame := wire.unpack(self._in, payload_limit)) is not None:
            frames.append(frame)
        return frames

    def close(self) -> None:
        """Let go of the process's descriptor; the connection belongs to the worker."""
        if self.pidfd >= 0:
            os.close(self.pidfd)
        self.pidfd = -1
