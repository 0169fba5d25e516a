"""The tiers of the jail: how each is started, what it stops and what it does not."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cppo.verifier.mounts import SCRATCH, SYSTEM_PATHS, interpreter_roots
from cppo.verifier.settings import VerifierConfig


@dataclass(frozen=True)
class Tier:
    """What programs can and cannot do in a jail of this kind."""

    name: str
    summary: str
    stops: tuple[str, ...]
    leaves: tuple[str, ...]
    sealed: bool


EVERYWHERE = (
    "processor and wall time, resident memory, output, open files and core dumps beyond the limits",
    "a look at the expected outputs, which never enter the jail",
    "state carried from one test to the next: a process each, scratch emptied, everything it started killed",
    "the verifier's environment and open files: programs get an empty environment and no descriptor but their streams",
)
COUNTERS = (
    "numbers of processes and of files in scratch, which go on counting: a test can tell how many an earlier one made"
)
KERNEL_MEMORY = "the kernel's memory for full pipes, and for sockets on their way through sockets: it is not counted"
SHORT_CHILDREN = (
    "processor time and memory that children took, whose parent does not wait for them, after they were last looked at"
    " (each 20 ms)"
)
BUGS = "bugs of the kernel and of the processor: whoever controls programs written against you needs a virtual machine"

TIERS: dict[str, Tier] = {
    tier.name: tier
    for tier in (
        Tier(
            "namespaces",
            "a root file system, network and process numbers of its own, and a filter on system calls",
            (
                *EVERYWHERE,
                "files of the machine: there are only the interpreter and the system's libraries, read-only",
                "the network: there is none, and no sockets but connected pairs",
                "other processes: programs can neither see nor signal any but their own",
                "privileges: none, and no way to new ones; no mounts, tracing, kernel interfaces or namespaces",
                "more than 128 processes and 256 MiB of files in a test",
            ),
            (
                "what the machine's libraries in /usr say of it, its processor, load and clock",
                COUNTERS,
                KERNEL_MEMORY,
                SHORT_CHILDREN,
                BUGS,
            ),
            True,
        ),
        Tier(
            "landlock",
            "rules on files, TCP and signals (Landlock) and two filters on system calls, without any namespace",
            (
                *EVERYWHERE,
                "files of the machine: only the interpreter and the system's libraries can be opened, scratch written",
                "modes, owners, times and attributes of files: programs cannot change them",
                "the network: no sockets but connected pairs",
                "signals, tracing and memory of processes outside the test",
                "privileges: none, and no way to new ones",
            ),
            (
                "names and numbers of the machine's processes can be seen",
                "of a file whose path is known: that it exists, size, owner, times and attributes, where a link leads",
                "limits on scratch, and on the processes of programs that run as root, are watched: a moment late",
                "deleted files count as far as open descriptors show them: not at all to root without all its rights",
                "what a program has started lives on when a worker is killed from outside in that moment",
                "the processes of all of a user's programs count together: beside a fork bomb another's fork may fail;"
                " a program that ends because of that runs once more, alone",
                "programs run as the verifier's user unless that is root and the interpreter open to others",
                "each test costs more: a filter is put on every process",
                COUNTERS,
                KERNEL_MEMORY,
                SHORT_CHILDREN,
                BUGS,
            ),
            True,
        ),
        Tier(
            "rlimits",
            "resource limits only",
            EVERYWHERE,
            (
                "files: programs read and write whatever the user may",
                "the network",
                "other processes of the same user can be seen, signalled and traced",
                "a process that leaves its process group may live on where /proc is missing (macOS)",
                COUNTERS,
                KERNEL_MEMORY,
                "memory in sockets whose buffers a program makes larger: each counts as one of the usual size",
                SHORT_CHILDREN,
                BUGS,
            ),
            False,
        ),
    )
}


@dataclass(frozen=True)
class Way:
    """One way to start a worker: the tier it builds, and the program it is started through, if any."""

    tier: str
    outer: str = ""

    def __str__(self) -> str:
        return f"{self.tier} through {self.outer}" if self.outer else self.tier

    def command(self, package: Path) -> list[str]:
        """Return the command that the interpreter's own command is put behind."""
        return bwrap_command(package) if self.outer == "bwrap" else []


def ways(config: VerifierConfig) -> list[Way]:
    """Return the ways that the configuration permits, the first to be tried first."""
    sealed = []
    if config.bwrap and sys.platform == "linux" and shutil.which("bwrap"):
        sealed.append(Way("namespaces", "bwrap"))
    sealed.append(Way("namespaces"))
    every = [*sealed, Way("landlock"), Way("rlimits")]
    allowed = ("namespaces", "landlock") if config.tier == "best" else (config.tier,)
    return [way for way in every if way.tier in allowed]


def bwrap_command(package: Path) -> list[str]:
    """Return the `bwrap` command line that gives a worker the same root file system as the worker gives itself.

    The capabilities hold inside the new namespaces only; the worker drops them for every program. Root needs no user
    namespace, in which the unprivileged users of its programs would not exist.
    """
    command = ["bwrap", "--die-with-parent", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"]
    command += ["--unshare-cgroup-try", "--cap-add", "ALL"]
    command += [] if os.geteuid() == 0 else ["--unshare-user"]
    paths = (*SYSTEM_PATHS, *interpreter_roots(), str(package))
    if not any(path.startswith("/tmp/") for path in paths):
        command += ["--symlink", SCRATCH, "/tmp"]
    for path in paths:
        if os.path.islink(path) and path in SYSTEM_PATHS:
            command += ["--symlink", os.readlink(path), path]
        elif os.path.exists(path):
            command += ["--ro-bind", path, path]
    return [*command, "--proc", "/proc", "--dev", "/dev", "--tmpfs", SCRATCH]


def refusal_text(refused: Mapping[Way, str]) -> str:
    """Return the words of the error that no permitted tier can be built."""
    tried = "; ".join(
        f"{way.tier}{f' through {way.outer}' if way.outer else ''}: {why}" for way, why in refused.items()
    )
    return (
        f"no jail can be built for programs here ({tried}). `cppo doctor` says how to get one. For programs that you "
        'trust, tier = "rlimits" limits resources and seals nothing'
    )
