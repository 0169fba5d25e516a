# mode: stdin
# allowed: OLE WA RE
"""Stretch standard output to a terabyte of nothing, for the verifier to read."""

import os
import signal

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
for descriptor in (0, 1, 2, 3):
    for size in (1 << 40, 1 << 30, (1 << 20) + 2):
        try:
            os.ftruncate(descriptor, size)
            os.pwrite(descriptor, b"x", size)
        except OSError:
            continue
