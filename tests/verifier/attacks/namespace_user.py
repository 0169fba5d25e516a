# mode: stdin
# allowed: WA RE
# tiers: namespaces landlock
"""Become root in a user namespace of one's own, which opens most of the kernel."""

import ctypes

libc = ctypes.CDLL(None)
for flags in (0x1000_0000, 0x1000_0000 | 0x0002_0000, 0x1000_0000 | 0x4000_0000):
    if libc.unshare(flags) == 0:
        print("BROKEN", hex(flags))
        break
else:
    print("held")
