# mode: stdin
# allowed: WA RE
# tests: 2
# runs: 2
# tiers: namespaces
"""Leave a System V segment, which outlives its process, for the next test to find."""

import ctypes

libc = ctypes.CDLL(None)
libc.shmat.restype = ctypes.c_void_p
size, key, create = ctypes.c_size_t(4096), 0x43505043, 0o1000
if libc.shmget(key, size, 0o666) != -1:
    print("BROKEN")
segment = libc.shmget(key, size, create | 0o666)
if segment != -1 and libc.shmat(segment, None, 0) not in (None, 2**64 - 1):
    print("held, left one")
libc.msgget(key, create | 0o666)
libc.semget(key, 1, create | 0o666)
print("held")
