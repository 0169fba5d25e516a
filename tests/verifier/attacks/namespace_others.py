# mode: stdin
# allowed: WA RE
# tiers: namespaces landlock
"""Make namespaces of every other kind."""

import ctypes

libc = ctypes.CDLL(None)
kinds = {"mount": 0x0002_0000, "uts": 0x0400_0000, "ipc": 0x0800_0000, "pid": 0x2000_0000, "net": 0x4000_0000}
kinds |= {"cgroup": 0x0200_0000, "time": 0x80}
made = [name for name, flag in kinds.items() if libc.unshare(flag) == 0]
print("BROKEN" if made else "held", made)
