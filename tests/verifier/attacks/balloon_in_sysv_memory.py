# mode: stdin
# allowed: MLE RE TLE WA
# limits: wall_seconds=3
# tiers: namespaces
"""Take memory in System V segments, touched and detached: no process seems to hold it."""

import ctypes

libc = ctypes.CDLL(None)
libc.shmat.restype = ctypes.c_void_p
libc.shmdt.argtypes = [ctypes.c_void_p]
size, held = 16 << 20, 0
for _ in range(40):
    segment = libc.shmget(0, ctypes.c_size_t(size), 0o1600)
    address = libc.shmat(segment, None, 0) if segment != -1 else None
    if address in (None, 2**64 - 1):
        break
    ctypes.memset(address, 1, size)
    libc.shmdt(address)
    held += size
print("BROKEN" if held > 500 << 20 else "held", held)
