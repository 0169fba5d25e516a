# mode: stdin
# allowed: WA RE
# tests: 2
# runs: 2
"""Loosen what ties the process to its supervisor: dumps, death signals, orphans, names, memory layout."""

import ctypes
import os
import time

libc = ctypes.CDLL(None)
PDEATHSIG, DUMPABLE, KEEPCAPS, NAME, TIMERSLACK, SUBREAPER, PTRACER = 1, 4, 8, 15, 29, 36, 0x59616D61
for option, value in ((DUMPABLE, 1), (PDEATHSIG, 0), (SUBREAPER, 1), (KEEPCAPS, 1), (TIMERSLACK, 1), (PTRACER, -1)):
    libc.prctl(option, value, 0, 0, 0)
libc.prctl(NAME, b"[kthreadd]", 0, 0, 0)
if os.fork() == 0:
    if os.fork() == 0:
        time.sleep(99)
    os._exit(0)
print("held")
