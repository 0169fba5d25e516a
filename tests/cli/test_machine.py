"""What this machine lacks for a better jail, from facts that are made up."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cppo.cli.machine import Machine, advice, is_sealed, memory_mb, processors, temporary_space

GOOD = Machine(
    system="Linux",
    kernel=(6, 8),
    root=False,
    admin=False,
    filtered=False,
    container=False,
    userns_clone=1,
    apparmor_restricts=0,
    max_user_namespaces=60000,
    landlock=6,
    bwrap="/usr/bin/bwrap",
    seccomp=True,
)
BOTH = ("namespaces", "landlock")


def test_where_nothing_is_missing_there_is_nothing_to_say() -> None:
    assert advice(replace(GOOD, apparmor_restricts=1, bwrap=None, landlock=0), ()) == []


@pytest.mark.parametrize(
    ("changes", "missing", "words"),
    [
        ({"system": "Darwin"}, BOTH, "the sealed tiers need Linux; this is Darwin"),
        ({"kernel": (5, 4)}, ("namespaces",), "namespaces: Linux 5.12 or newer; this is 5.4"),
        ({"kernel": (6, 1)}, ("landlock",), "landlock: Linux 6.2 or newer; this is 6.1"),
        ({"userns_clone": 0}, ("namespaces",), "sudo sysctl kernel.unprivileged_userns_clone=1"),
        ({"apparmor_restricts": 1}, ("namespaces",), "sysctl kernel.apparmor_restrict_unprivileged_userns=0"),
        ({"max_user_namespaces": 0}, ("namespaces",), "sudo sysctl user.max_user_namespaces="),
        ({"bwrap": None}, ("namespaces",), "apt install bubblewrap"),
        ({"container": True, "filtered": True}, ("namespaces",), "--security-opt seccomp=FILE"),
        ({"container": True, "root": True}, ("namespaces",), "--cap-add SYS_ADMIN"),
        ({"landlock": 0}, ("landlock",), "add landlock to the boot option lsm="),
        (
            {"landlock": 0, "container": True, "filtered": True},
            ("landlock",),
            "this container's seccomp filter forbids",
        ),
        ({"seccomp": False}, (), "apt install libseccomp2"),
    ],
)
def test_each_lack_has_its_remedy(changes: dict[str, Any], missing: tuple[str, ...], words: str) -> None:
    lines = advice(replace(GOOD, **changes), missing)
    assert len(lines) == 1
    assert words in lines[0]


def test_root_needs_no_remedy_for_ordinary_users() -> None:
    machine = replace(GOOD, root=True, admin=True, userns_clone=0, apparmor_restricts=1, bwrap=None)
    assert advice(machine, ("namespaces",)) == []


def test_facts_are_read_from_the_system(tmp_path: Path) -> None:
    for name, text in {
        "proc/self/status": "Name:\tx\nCapEff:\t0000000000200000\nSeccomp:\t2\nSeccomp_filters:\t1\n",
        "proc/sys/kernel/apparmor_restrict_unprivileged_userns": "1\n",
        "proc/sys/user/max_user_namespaces": "123\n",
        ".dockerenv": "",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    machine = Machine.look(tmp_path)
    assert machine.admin  # bit 21 of 0x200000
    assert machine.filtered
    assert machine.container
    assert (machine.userns_clone, machine.apparmor_restricts, machine.max_user_namespaces) == (None, 1, 123)


def test_an_empty_system_is_no_error(tmp_path: Path) -> None:
    machine = Machine.look(tmp_path)
    assert (machine.admin, machine.filtered, machine.container) == (False, False, False)
    assert memory_mb(tmp_path) == (0, 0)


@pytest.mark.parametrize(("quota", "expected"), [("max 100000", 8), ("150000 100000", 2), ("50000 100000", 1), ("", 8)])
def test_processors_are_those_of_the_affinity_within_the_quota(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quota: str, expected: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    (tmp_path / "sys/fs/cgroup").mkdir(parents=True)
    (tmp_path / "sys/fs/cgroup/cpu.max").write_text(quota, encoding="utf-8")
    assert processors(tmp_path) == expected


def test_processors_without_an_affinity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    assert processors(tmp_path) == 3


def test_memory_and_space(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text("MemTotal:  2048000 kB\nMemAvailable:  1024000 kB\nHugePages: 0\n")
    assert memory_mb(tmp_path) == (2000, 1000)
    directory, free = temporary_space()
    assert Path(directory).is_dir()
    assert free > 0


@pytest.mark.parametrize(
    ("report", "sealed"),
    [
        ({"tier": "namespaces", "system calls": "filtered (seccomp)"}, True),
        ({"tier": "landlock", "system calls": "filtered (seccomp)"}, True),
        ({"tier": "namespaces", "system calls": "not filtered: libseccomp was not found"}, False),
        ({"tier": "rlimits", "system calls": "filtered (seccomp)"}, False),
        ({}, False),
    ],
)
def test_sealed_means_a_tier_that_seals_and_a_filter(report: dict[str, str], sealed: bool) -> None:
    assert is_sealed(report) is sealed
