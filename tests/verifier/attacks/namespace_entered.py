# mode: stdin
# allowed: WA RE
# tiers: namespaces landlock
"""Enter the namespaces of other processes."""

import ctypes
import json
import os

facts = json.loads(input())
libc = ctypes.CDLL(None)
for pid in ("1", os.getppid(), facts["parent"], "self"):
    for kind in ("user", "mnt", "pid", "net", "ipc", "uts", "cgroup"):
        try:
            handle = os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY)
        except OSError:
            continue
        if libc.setns(handle, 0) == 0:
            print("BROKEN", pid, kind)
            os.fsync(1)
print("held")
