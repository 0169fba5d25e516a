# mode: stdin
# allowed: WA RE
# tiers: namespaces landlock
# machine: x86_64
"""Load code into the kernel."""

import ctypes
import errno

libc = ctypes.CDLL(None, use_errno=True)
attributes = ctypes.create_string_buffer(128)
attributes[0], attributes[4], attributes[8], attributes[12] = 2, 4, 8, 1
reached = libc.syscall(321, 0, attributes, 128) >= 0 or ctypes.get_errno() not in (errno.EPERM, errno.ENOSYS)
print("BROKEN" if reached else "held")
