# mode: stdin
# allowed: WA RE
# tiers: namespaces landlock
# machine: x86_64
"""Take over page faults, which widens every race in the kernel."""

import ctypes

libc = ctypes.CDLL(None)
print("BROKEN" if max(libc.syscall(323, 0), libc.syscall(323, 1)) >= 0 else "held")
