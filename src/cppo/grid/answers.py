"""Answers of a model as they come, on disk until the episodes they belong to are: a kill loses no answer.

Episodes are written when all programs of a chunk of problems are judged. Until then every answer is a line of a file,
named by a hash of its request: prompt, limits, temperature and seed, from which the same evaluation makes the same
requests again.
"""

from __future__ import annotations

import hashlib
import json
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TextIO

from cppo.policy.engine import Completion, Done, Engine, GenerationRequest, StopReason, Usage


class Answers:
    """An engine that asks another one only what its file has no answer to. A context manager, which closes the file.

    `engine` brings the other one up; it is called when there is something to ask. A call that failed is no answer. What
    came from the file has text, token counts and how it ended, but no tokens. `on_done` is called in a thread of its
    own, so that the model goes on meanwhile; what it raises is raised as soon as the next answer comes.
    """

    def __init__(self, path: Path, engine: Callable[[], Engine]) -> None:
        self.path, self.engine = path, engine
        self.known = _read(path)
        self._open = ExitStack()
        self._file: TextIO | None = None

    def __enter__(self) -> Answers:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def generate(self, requests: Sequence[GenerationRequest], on_done: Done | None = None) -> list[Completion]:
        """Return one completion a request, in order; those that the file has are told of first."""
        names = [request_name(request) for request in requests]
        found = {i: completion_of(self.known[name]) for i, name in enumerate(names) if name in self.known}
        asked = [i for i in range(len(requests)) if i not in found]
        with _Teller(on_done) as tell:
            for i, completion in found.items():
                tell(i, completion)

            def done(place: int, completion: Completion) -> None:
                self._keep(names[asked[place]], completion)
                tell(asked[place], completion)

            if asked:
                answered = self.engine().generate([requests[i] for i in asked], done)
                found |= dict(zip(asked, answered, strict=True))
        return [found[i] for i in range(len(requests))]

    def drop(self) -> None:
        """Delete the file: every answer is in an episode."""
        self._open.close()
        self._file = None
        self.path.unlink(missing_ok=True)

    def _keep(self, name: str, completion: Completion) -> None:
        if completion.stop_reason is StopReason.ERROR:
            return
        if self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._open.enter_context(self.path.open("a", encoding="utf-8"))
            if self._file.tell():
                self._file.write("\n")  # a killed writer may have left half a line
        self._file.write(json.dumps({"request": name, **row_of(completion)}) + "\n")
        self._file.flush()  # past the process: only a machine that goes down can lose it


class _Teller:
    """Calls `on_done` in a thread of its own, in order; leaving the context waits for it and raises what it raised."""

    def __init__(self, on_done: Done | None) -> None:
        self.on_done = on_done
        self.thread = ThreadPoolExecutor(1)
        self.told: deque[Future[None]] = deque()

    def __call__(self, i: int, completion: Completion) -> None:
        while self.told and self.told[0].done():
            self.told.popleft().result()
        if self.on_done is not None:
            self.told.append(self.thread.submit(self.on_done, i, completion))

    def __enter__(self) -> _Teller:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.thread.shutdown(cancel_futures=kind is not None)
        if kind is None:
            for told in self.told:
                told.result()


def request_name(request: GenerationRequest) -> str:
    """Return a hash of everything that a request asks."""
    return hashlib.sha256(repr(request).encode("utf-8", "backslashreplace")).hexdigest()[:32]


def row_of(completion: Completion) -> dict[str, Any]:
    """Return what is kept of an answer, as JSON values."""
    usage = completion.usage or Usage(completion.tokens_in, completion.tokens_out)
    return {"text": completion.text, "stop": completion.stop_reason.value, "usage": [*vars(usage).values()]}


def completion_of(row: dict[str, Any]) -> Completion:
    """Return the answer that a row keeps."""
    return Completion(row["text"], (), (), StopReason(row["stop"]), usage=Usage(*row["usage"]))


def _read(path: Path) -> dict[str, dict[str, Any]]:
    """Return the rows of a file by request. What is not whole, as the last line of a killed writer, is no answer."""
    found = {}
    for line in path.read_text(encoding="utf-8", errors="replace").split("\n") if path.exists() else ():
        try:
            row = json.loads(line)
            completion_of(row)
            found[row["request"]] = row
        except (ValueError, TypeError, KeyError):
            continue
    return found
