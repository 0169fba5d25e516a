# mode: stdin
# allowed: WA RE
# tiers: namespaces landlock
"""Copy memory out of the supervisor and the verifier by system call: a fork knows the addresses."""

import ctypes
import json
import os

facts = json.loads(input())
libc = ctypes.CDLL(None, use_errno=True)
known = ctypes.create_string_buffer(b"a place that every fork has", 64)
for pid in (os.getppid(), 1, facts["parent"]):
    if pid in (0, os.getpid()):
        continue
    for function in (libc.process_vm_readv, libc.process_vm_writev):
        here = (ctypes.c_uint64 * 2)(ctypes.addressof(known), 8)
        there = (ctypes.c_uint64 * 2)(id(None), 8)
        if function(pid, here, ctypes.c_ulong(1), there, ctypes.c_ulong(1), ctypes.c_ulong(0)) > 0:
            print("BROKEN", pid, function.__name__, flush=True)
            os._exit(0)
print("held")
