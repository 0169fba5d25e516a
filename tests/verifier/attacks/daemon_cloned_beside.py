# mode: stdin
# allowed: WA RE
# machine: x86_64
"""Clone a process that is a child of the supervisor, not of the test, so that a wait for children meets a stranger."""

import ctypes
import os
import time

CLONE_PARENT, SIGCHLD = 0x8000, 17
pid = ctypes.CDLL(None).syscall(56, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0)
if pid == 0:
    os.setsid()
    time.sleep(99)
print("held")
