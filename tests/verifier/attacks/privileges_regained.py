# mode: stdin
# allowed: WA
# tiers: namespaces landlock
"""Undo the promise to gain no privileges, and the filter of system calls."""

import ctypes

libc = ctypes.CDLL(None)
libc.prctl(38, 0, 0, 0, 0)
libc.prctl(22, 0, 0, 0, 0)
state = libc.prctl(39, 0, 0, 0, 0), libc.prctl(21, 0, 0, 0, 0)  # a filter may refuse the second question too
print("BROKEN" if state[0] != 1 or state[1] == 0 else "held", state)
