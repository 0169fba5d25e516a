"""What lies around a verifier that no program may find, reach or change: secrets, files, servers, other processes."""

from __future__ import annotations

import ctypes
import json
import os
import secrets
import shutil
import socket
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

PR_SET_CHILD_SUBREAPER = 36
SETTLE_SECONDS = 5.0
WRITABLE = ("/tmp", "/var/tmp", "/dev/shm", "/run", "/dev/mqueue", "/", "/dev", "/run/lock")


def new_secret() -> str:
    """Return a text that only its holder knows; attacks recognise its form."""
    return f"SECRET-{secrets.token_hex(8)}"


class Host:
    """The surroundings of one verifier, a context manager; its own process is part of them.

    Secrets: in the environment, in memory, in an open inheritable descriptor, in a file for the owner only and as the
    expected outputs, which also lie in a file that anyone may read. `facts` is what an attack is told.
    """

    def __init__(self) -> None:
        self.mark = f"cppo-mark-{secrets.token_hex(4)}"
        self.secrets = [new_secret() for _ in range(4)]
        self.expected = [new_secret() for _ in range(2)]

    def __enter__(self) -> Self:
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)  # a process that gets away becomes our child
        self.temporary = Path(tempfile.mkdtemp(prefix="cppo-temporary-"))
        self.temporary.chmod(0o755)
        tempfile.tempdir = str(self.temporary)
        self.directory = Path(tempfile.mkdtemp(prefix="cppo-attacks-", dir="/var/tmp"))
        self.directory.chmod(0o755)
        self.drop = self.directory / "drop"
        self.drop.mkdir()
        self.drop.chmod(0o777)
        os.environ["CPPO_SECRET"] = self.secrets[0]
        self.held = bytearray(self.secrets[1].encode() * 1000)
        self.secret_file = self._write("secret", self.secrets[2], 0o600)
        self.problem_file = self._write("problems.jsonl", json.dumps({"tests": self.expected}), 0o644)
        self.victim = self._write("victim", self.mark, 0o666)
        self.descriptor = os.open(self._write("descriptor", self.secrets[3], 0o600), os.O_RDWR)
        os.set_inheritable(self.descriptor, True)
        self._listen()
        self.children = self.descendants()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server in self.servers.values():
            server.close()
        os.close(self.descriptor)
        del os.environ["CPPO_SECRET"]
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
        tempfile.tempdir = None
        for directory in (self.directory, self.temporary):
            shutil.rmtree(directory, ignore_errors=True)

    def _write(self, name: str, text: str, mode: int) -> Path:
        path = self.directory / name
        path.write_text(text)
        path.chmod(mode)
        return path

    def _listen(self) -> None:
        self.servers = {
            "tcp": socket.create_server(("127.0.0.1", 0)),
            "udp": socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
            "unix": socket.socket(socket.AF_UNIX),
            "abstract": socket.socket(socket.AF_UNIX),
        }
        self.servers["udp"].bind(("127.0.0.1", 0))
        self.servers["unix"].bind(str(self.directory / "socket"))
        (self.directory / "socket").chmod(0o777)
        self.servers["abstract"].bind("\0" + self.mark)
        for name, server in self.servers.items():
            server.setblocking(False)
            if name != "udp":
                server.listen()

    @property
    def facts(self) -> dict[str, Any]:
        """Return what an attack would like to know."""
        return {
            "parent": os.getpid(),
            "mark": self.mark,
            "directory": str(self.directory),
            "drop": str(self.drop),
            "victim": str(self.victim),
            "secret_file": str(self.secret_file),
            "problem_file": str(self.problem_file),
            "temporary": str(self.temporary),
            "tests": str(Path(__file__).parent),
            "tcp": self.servers["tcp"].getsockname()[1],
            "udp": self.servers["udp"].getsockname()[1],
            "unix": str(self.directory / "socket"),
            "abstract": self.mark,
        }

    def traces(self, workers: Iterable[int]) -> list[str]:
        """Return in words whatever differs from how it was, apart from the processes `workers`."""
        return [*self._changed_files(), *self._contacts(), *self._survivors(set(workers))]

    def leftovers(self) -> list[str]:
        """Return in words what a verifier that has ended left behind."""
        left = [f"{name} was left in the temporary directory" for name in os.listdir(self.temporary)]
        return [*left, *self.traces([])]

    def leaks(self, texts: Iterable[str]) -> list[str]:
        """Return in words which secrets occur in `texts`."""
        known = (*self.secrets, *self.expected)
        return [f"a secret is in the output: {text[:200]!r}" for text in texts if any(word in text for word in known)]

    def _changed_files(self) -> list[str]:
        found = []
        if (
            not self.victim.exists()
            or self.victim.read_text() != self.mark
            or self.victim.stat().st_mode & 0o777 != 0o666
        ):
            found.append(f"{self.victim} was changed")
            self._write("victim", self.mark, 0o666)
        private = (self.drop, self.directory, self.temporary, Path(__file__).parent, Path.home())
        for place in (*map(Path, WRITABLE), *private):
            try:
                names = os.listdir(place)
            except OSError:
                continue
            found += [f"{name} was left in {place}" for name in names if self.mark in name or place == self.drop]
        return found

    def _contacts(self) -> list[str]:
        found = []
        for name, server in self.servers.items():
            try:
                if name == "udp":
                    server.recv(1)
                else:
                    server.accept()[0].close()
            except BlockingIOError:
                continue
            found.append(f"the {name} server was contacted")
        return found

    def _survivors(self, workers: set[int]) -> list[str]:
        deadline = time.monotonic() + SETTLE_SECONDS
        while rest := self.descendants() - self.children - workers:
            if time.monotonic() > deadline:
                return [f"{_name(pid)} survives, or took the place of a worker" for pid in sorted(rest)]
            time.sleep(0.01)
        return []

    @staticmethod
    def descendants() -> set[int]:
        """Return the process ids of everything below this process that has not ended."""
        found: set[int] = set()
        edge = [os.getpid()]
        for pid in edge:  # grows while it is read
            try:
                for task in os.listdir(f"/proc/{pid}/task"):
                    edge += map(int, Path(f"/proc/{pid}/task/{task}/children").read_text().split())
                if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX":
                    found.add(pid)
            except (OSError, ValueError, IndexError):
                continue
        return found - {os.getpid()}


def _name(pid: int) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        words = ""
    return f"process {pid} ({words[:80]!r})"
