"""Landlock: what a process may open, without privileges and without namespaces. Standard library only.

A rule set is made once and then put on each test's process. It covers opening, creating, removing and truncating
files, TCP, and, from ABI 6 on (Linux 6.12), signals to processes outside. It does not cover changing modes, owners,
times and attributes of files: the system-call filter of a test does.
"""

from __future__ import annotations

import ctypes
import os

from cppo.verifier.linux import call

TYPING = False
if TYPING:  # the typing module would fill the worker's memory
    from collections.abc import Iterable

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
RULE_PATH_BENEATH = 1
CREATE_RULESET_VERSION = 1
LEAST_ABI = 3
"""Linux 6.2. Before it, `truncate` could empty any file of the user."""
SIGNALS_ABI = 6

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, TRUNCATE, IOCTL_DEVICE = 1, 2, 4, 8, 1 << 14, 1 << 15
ALL_FILE_RIGHTS = {3: (1 << 15) - 1, 4: (1 << 15) - 1}
ALL_FILE_RIGHTS_SINCE_5 = (1 << 16) - 1
NETWORK_RIGHTS = 3  # bind and connect TCP
SCOPE_ABSTRACT_SOCKETS, SCOPE_SIGNALS = 1, 2
SCOPES = SCOPE_ABSTRACT_SOCKETS | SCOPE_SIGNALS
READ = EXECUTE | READ_FILE | READ_DIR
FILE_RIGHTS = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE


def abi() -> int:
    """Return the version of Landlock that this kernel has switched on; 0: none."""
    try:
        return call("syscall", CREATE_RULESET, None, ctypes.c_size_t(0), CREATE_RULESET_VERSION)
    except OSError:
        return 0


def make_rules(readable: Iterable[str], writable: Iterable[str], devices: Iterable[str]) -> int:
    """Return the descriptor of a rule set: read and execute below `readable`, everything below `writable`.

    Paths that do not exist are left out. Raises `OSError` where Landlock is missing.
    """
    version = abi()
    files = ALL_FILE_RIGHTS.get(version, ALL_FILE_RIGHTS_SINCE_5)
    attributes = (ctypes.c_uint64 * 3)(files, NETWORK_RIGHTS if version >= 4 else 0, SCOPES if version >= 6 else 0)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    rules = call("syscall", CREATE_RULESET, attributes, ctypes.c_size_t(size), 0)
    os.set_inheritable(rules, False)
    for paths, rights in ((readable, READ), (writable, files), (devices, READ_FILE | WRITE_FILE)):
        for path in paths:
            _allow(rules, path, rights & files)
    return rules


def make_signal_rules() -> int | None:
    """Return the descriptor of a rule set that only keeps signals inside; None before ABI 6.

    A process under it may signal everyone (`kill(-1)`) and reaches exactly what it has started, all at once.
    """
    if abi() < SIGNALS_ABI:
        return None
    rules = call("syscall", CREATE_RULESET, (ctypes.c_uint64 * 3)(0, 0, SCOPE_SIGNALS), ctypes.c_size_t(24), 0)
    os.set_inheritable(rules, False)
    return rules


def _allow(rules: int, path: str, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not os.path.isdir(path):
            rights &= FILE_RIGHTS
        rule = rights.to_bytes(8, "little") + place.to_bytes(4, "little")  # packed: u64, s32
        call("syscall", ADD_RULE, rules, RULE_PATH_BENEATH, rule, 0)
    finally:
        os.close(place)


def restrict(rules: int) -> None:
    """Put the rule set on this process and all its children, for good."""
    call("syscall", RESTRICT_SELF, rules, 0)
