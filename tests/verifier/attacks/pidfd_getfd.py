# mode: stdin
# allowed: WA RE
# tiers: namespaces landlock
# machine: x86_64
"""Duplicate descriptors out of the supervisor and the verifier."""

import ctypes
import json
import os

facts = json.loads(input())
libc = ctypes.CDLL(None, use_errno=True)
for pid in (os.getppid(), 1, facts["parent"]):
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        continue
    for descriptor in range(16):
        if pid != os.getpid() and libc.syscall(438, handle, descriptor, 0) >= 0:
            print("BROKEN", pid, descriptor, flush=True)
            os._exit(0)
print("held")
