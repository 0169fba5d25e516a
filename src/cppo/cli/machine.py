"""What this machine offers to the verifier, and what would have to change for a better jail."""

from __future__ import annotations

import math
import os
import platform
import shutil
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from cppo.verifier import landlock
from cppo.verifier.filters import filters
from cppo.verifier.tiers import TIERS

CAP_SYS_ADMIN = 21
SECCOMP_FILTERED = 2
MIB = 1 << 20
CONTAINER_MARKS = (".dockerenv", "run/.containerenv", "var/run/secrets/kubernetes.io")
KERNEL_OF_NAMESPACES, KERNEL_OF_LANDLOCK = (5, 12), (6, 2)
"""`mount_setattr`; the version of Landlock that knows `truncate`."""


@dataclass(frozen=True)
class Machine:
    """Facts about this machine. A setting of the kernel is None where it does not exist.

    `admin`: this process has CAP_SYS_ADMIN. `filtered`: it is under a seccomp filter. `landlock`: the version in use,
    0 for none. `seccomp`: filters on system calls can be compiled here.
    """

    system: str
    kernel: tuple[int, int]
    root: bool
    admin: bool
    filtered: bool
    container: bool
    userns_clone: int | None
    apparmor_restricts: int | None
    max_user_namespaces: int | None
    landlock: int
    bwrap: str | None
    seccomp: bool

    @classmethod
    def look(cls, top: Path = Path("/")) -> Machine:
        """Return the facts about the machine whose files are below `top`."""
        status = dict(
            line.split(":", 1) for line in (_text(top / "proc/self/status") or "").splitlines() if ":" in line
        )
        capabilities = int(status.get("CapEff", "0").strip(), 16)
        numbers = platform.release().split(".")
        return cls(
            system=platform.system(),
            kernel=(int(numbers[0]), int("".join(filter(str.isdigit, numbers[1])) or 0))
            if len(numbers) > 1
            else (0, 0),
            root=os.geteuid() == 0,
            admin=bool(capabilities >> CAP_SYS_ADMIN & 1),
            filtered=int(status.get("Seccomp", "0")) == SECCOMP_FILTERED,
            container=any((top / mark).exists() for mark in CONTAINER_MARKS),
            userns_clone=_number(top / "proc/sys/kernel/unprivileged_userns_clone"),
            apparmor_restricts=_number(top / "proc/sys/kernel/apparmor_restrict_unprivileged_userns"),
            max_user_namespaces=_number(top / "proc/sys/user/max_user_namespaces"),
            landlock=landlock.abi(),
            bwrap=shutil.which("bwrap"),
            seccomp=bool(filters()),
        )


def processors(top: Path = Path("/")) -> int:
    """Return how many processors this process may use: its affinity, and the quota of its control group (version 2)."""
    affinity = getattr(os, "sched_getaffinity", None)
    available = len(affinity(0)) if affinity else os.cpu_count() or 1
    words = (_text(top / "sys/fs/cgroup/cpu.max") or "").split()
    if len(words) != 2 or words[0] == "max":
        return available
    return max(1, min(available, math.ceil(int(words[0]) / int(words[1]))))


def memory_mb(top: Path = Path("/")) -> tuple[int, int]:
    """Return the memory in all and the memory available, MiB; zeros where the system does not say."""
    lines = (_text(top / "proc/meminfo") or "").splitlines()
    sizes = {line.partition(":")[0]: int(line.split()[1]) // 1024 for line in lines}
    return sizes.get("MemTotal", 0), sizes.get("MemAvailable", 0)


def temporary_space() -> tuple[str, int]:
    """Return the temporary directory and its free space in MiB."""
    directory = tempfile.gettempdir()
    return directory, shutil.disk_usage(directory).free // MIB


def is_sealed(report: Mapping[str, str]) -> bool:
    """Return whether a worker that reports this is in a tier that seals, with its system calls filtered."""
    tier = TIERS.get(report.get("tier", ""))
    return tier is not None and tier.sealed and report.get("system calls", "").startswith("filtered")


def advice(machine: Machine, missing: Collection[str]) -> list[str]:
    """Return, for the tiers that are `missing` here, what would have to change to have them."""
    if machine.system != "Linux":
        return [
            f"the sealed tiers need Linux; this is {machine.system}: run the verifier in a Linux container or machine"
        ]
    lines = []
    if "namespaces" in missing:
        lines += _for_namespaces(machine)
    if "landlock" in missing:
        lines += _for_landlock(machine)
    if not machine.seccomp:
        lines.append(
            "system calls cannot be filtered, which every sealed tier needs: install libseccomp (Debian, Ubuntu: apt "
            "install libseccomp2) and pyseccomp (pip install pyseccomp)"
        )
    return lines


def _for_namespaces(machine: Machine) -> list[str]:
    lines = []
    if machine.kernel < KERNEL_OF_NAMESPACES:
        lines.append(f"namespaces: Linux {_dotted(KERNEL_OF_NAMESPACES)} or newer; this is {_dotted(machine.kernel)}")
    if machine.container and (machine.filtered or (machine.root and not machine.admin)):
        lines.append(
            "namespaces: this container may not make any; Docker and Podman permit it to root in the container with "
            "`--cap-add SYS_ADMIN --security-opt apparmor=unconfined`, to others with `--security-opt seccomp=FILE`, "
            "where FILE is the default profile with clone, unshare, setns, mount and pivot_root added"
        )
    if not machine.root:
        if machine.userns_clone == 0:
            lines.append("namespaces: user namespaces are switched off: sudo sysctl kernel.unprivileged_userns_clone=1")
        if machine.apparmor_restricts:
            lines.append(
                "namespaces: AppArmor forbids ordinary programs to make user namespaces (as in Ubuntu 24.04): sudo "
                "sysctl kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor profile for bwrap or this "
                "Python that grants `userns`"
            )
    if machine.max_user_namespaces == 0:
        lines.append("namespaces: none are allowed: sudo sysctl user.max_user_namespaces=10000")
    if machine.bwrap is None and not machine.root:
        lines.append("namespaces: where bwrap alone may make them, install it (apt install bubblewrap)")
    return lines


def _for_landlock(machine: Machine) -> list[str]:
    if machine.kernel < KERNEL_OF_LANDLOCK:
        return [f"landlock: Linux {_dotted(KERNEL_OF_LANDLOCK)} or newer; this is {_dotted(machine.kernel)}"]
    if machine.landlock:
        return []
    if machine.container and machine.filtered:
        return ["landlock: this container's seccomp filter forbids it; Docker permits it from version 23 on"]
    return ["landlock: the kernel is new enough but has it switched off; add landlock to the boot option lsm=…"]


def _dotted(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None


def _number(path: Path) -> int | None:
    text = (_text(path) or "").strip()
    return int(text) if text.isdigit() else None
