# mode: stdin
# allowed: WA RE
# tiers: namespaces landlock
# machine: x86_64
"""Join, describe and read key rings."""

import ctypes

libc = ctypes.CDLL(None)
made = [call for call in ((0, -4, 1), (1, 0), (6, -3, 0, 0), (11, -5, 0, 0)) if libc.syscall(250, *call) >= 0]
print("BROKEN" if made else "held", made)
