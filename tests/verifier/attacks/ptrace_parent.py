# mode: stdin
# allowed: WA RE
# tiers: namespaces landlock
"""Attach to the supervisor and the verifier as a debugger."""

import ctypes
import json
import os

PTRACE_ATTACH, PTRACE_SEIZE = 16, 0x4206
facts = json.loads(input())
libc = ctypes.CDLL(None, use_errno=True)
for pid in (os.getppid(), 1, facts["parent"]):
    if pid in (0, os.getpid()):
        continue
    for request in (PTRACE_SEIZE, PTRACE_ATTACH):
        if libc.ptrace(ctypes.c_long(request), ctypes.c_long(pid), None, None) == 0:
            print("BROKEN", pid, flush=True)
            os._exit(0)
print("held")
