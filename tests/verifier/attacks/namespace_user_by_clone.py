# mode: stdin
# allowed: WA RE
# tiers: namespaces landlock
# machine: x86_64
"""Become root in a user namespace made by clone and by clone3."""

import ctypes
import os

SIGCHLD = 17
libc = ctypes.CDLL(None)
pid = libc.syscall(56, 0x1000_0000 | SIGCHLD, 0, 0, 0, 0)
if pid == 0:
    os._exit(0)
if pid > 0:
    print("BROKEN clone", flush=True)
arguments = (ctypes.c_uint64 * 11)(0x1000_0000, 0, 0, 0, SIGCHLD)
pid = libc.syscall(435, arguments, 88)
if pid == 0:
    os._exit(0)
print("BROKEN clone3" if pid > 0 else "held")
