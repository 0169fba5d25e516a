# mode: stdin
# allowed: WA RE
# tiers: namespaces landlock
"""Make the kernel send signals for the program: file owners, terminal sessions, timers and process death."""

import ctypes
import fcntl
import os
import signal

libc = ctypes.CDLL(None)
reader, writer = os.pipe()
for target in (os.getppid(), -os.getppid(), 1):
    if target in (0, os.getpid()):
        continue
    try:
        fcntl.fcntl(reader, 10, signal.SIGKILL)
        fcntl.fcntl(reader, fcntl.F_SETOWN, target)
        fcntl.fcntl(reader, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
        os.write(writer, b"x")
    except OSError:
        continue
print("held")
