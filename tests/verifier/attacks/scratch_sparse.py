# mode: stdin
# tiers: namespaces landlock
# allowed: OLE WA RE
"""Claim a terabyte with a file that has only holes, and space for one that is never written."""

import ctypes
import os
import signal

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
descriptor = os.open("file", os.O_CREAT | os.O_RDWR)
for size in (1 << 40, 1 << 32):
    for action in (
        lambda size=size: os.ftruncate(descriptor, size),
        lambda size=size: os.posix_fallocate(descriptor, 0, size),
        lambda size=size: os.pwrite(descriptor, b"x", size),
    ):
        try:
            action()
        except OSError:
            continue
ctypes.CDLL(None).fallocate(descriptor, 1, ctypes.c_long(0), ctypes.c_long(1 << 30))
stat = os.fstat(descriptor)
print("BROKEN" if max(stat.st_size, stat.st_blocks * 512) > 2 << 20 else "held")
