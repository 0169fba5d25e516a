# mode: stdin
# allowed: WA RE
# tests: 2
# runs: 2
# tiers: namespaces landlock
# machine: x86_64
"""Leave a key in the rings of the user and the session, which outlive the process."""

import ctypes

ADD_KEY, REQUEST_KEY = 248, 249
libc = ctypes.CDLL(None)
for ring in (-1, -2, -3, -4, -5):
    if libc.syscall(REQUEST_KEY, b"user", b"cppo-note", None, ring) > 0:
        print("BROKEN")
        break
    libc.syscall(ADD_KEY, b"user", b"cppo-note", b"left", 4, ring)
print("held")
