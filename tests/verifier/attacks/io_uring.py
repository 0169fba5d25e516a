# mode: stdin
# allowed: WA RE
# tiers: namespaces landlock
# machine: x86_64
"""Set up a ring through which the kernel does what a filter of system calls cannot see."""

import ctypes

parameters = ctypes.create_string_buffer(256)
ring = ctypes.CDLL(None).syscall(425, 4, parameters)
print("BROKEN" if ring >= 0 else "held")
