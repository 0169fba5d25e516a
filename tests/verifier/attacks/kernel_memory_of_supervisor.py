# mode: stdin
# allowed: WA RE
# tiers: namespaces landlock
# machine: x86_64
"""Give the kernel advice on the supervisor's memory and descriptors by process handle: drop it, end it, read it."""

import ctypes
import json
import os

facts = json.loads(input())
libc = ctypes.CDLL(None)
for pid in {os.getppid(), 1, facts["parent"]} - {0, os.getpid()}:
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        continue
    vector = (ctypes.c_uint64 * 2)(id(None) & ~4095, 4096)
    for name, number, arguments in (
        ("process_madvise", 440, (handle, vector, 1, 21, 0)),
        ("process_mrelease", 448, (handle, 0)),
        ("pidfd_getfd", 438, (handle, 0, 0)),
    ):
        if libc.syscall(number, *arguments) >= 0:
            print("BROKEN", name, pid)
print("held")
