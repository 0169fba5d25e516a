# mode: stdin
# allowed: WA RE
# tiers: namespaces landlock
"""Change how the kernel lays out and runs programs."""

import ctypes

libc = ctypes.CDLL(None)
libc.personality(0x0040000 | 0x0400000)
print("BROKEN" if libc.personality(0xFFFFFFFF) > 0 else "held")
