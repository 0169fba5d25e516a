# mode: stdin
# allowed: WA RE
# tests: 2
# runs: 2
# tiers: namespaces landlock
# machine: x86_64
"""Change how the supervisor is scheduled, from which the next test inherits."""

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
for pid in {os.getppid(), 1} - {0, os.getpid()}:
    for action in (
        lambda pid=pid: os.sched_setaffinity(pid, os.sched_getaffinity(pid)),
        lambda pid=pid: os.setpriority(os.PRIO_PROCESS, pid, os.getpriority(os.PRIO_PROCESS, pid)),
        lambda pid=pid: os.sched_setscheduler(pid, os.SCHED_IDLE, os.sched_param(0)),
        lambda pid=pid: libc.syscall(251, 1, pid, 3 << 13) and os.kill(-(1 << 22), 0),
    ):
        try:
            action()
        except OSError:
            continue
        print("BROKEN", pid)
print("held")
