# mode: call
# allowed: OLE RE
"""Stretch the report to a terabyte of nothing, for the verifier to read."""

import os
import signal

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
for size in (1 << 40, (1 << 20) + 1):
    try:
        os.ftruncate(3, size)
    except OSError:
        continue
os._exit(0)
