# mode: stdin
# allowed: MLE
# machine: x86_64
"""Take memory in an orphan whose first thread has ended: nobody waits for it, and /proc shows none for it."""

import ctypes
import os
import threading
import time

reader, writer = os.pipe()


def grow():
    held = []
    for _ in range(20):
        held.append(b"x" * (50 << 20))
        time.sleep(0.05)
    os.write(writer, b"x")
    time.sleep(99)


if os.fork() == 0:
    if os.fork() == 0:
        threading.Thread(target=grow).start()
        ctypes.CDLL(None).syscall(60, 0)
    os._exit(0)
os.close(writer)
os.wait()
print("BROKEN" if os.read(reader, 1) else "held")
