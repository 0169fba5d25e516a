# mode: stdin
# allowed: MLE
# machine: x86_64
"""Take memory in a process whose first thread has ended, so that /proc shows none for it."""

import ctypes
import os
import threading
import time


def grow():
    held = []
    for _ in range(20):
        held.append(b"x" * (50 << 20))
        time.sleep(0.05)
    os.write(1, b"BROKEN\n")
    os._exit(0)


threading.Thread(target=grow).start()
ctypes.CDLL(None).syscall(60, 0)
