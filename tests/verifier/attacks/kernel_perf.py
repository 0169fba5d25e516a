# mode: stdin
# allowed: WA RE
# tiers: namespaces landlock
# machine: x86_64
"""Measure processes by performance counters, a rich source of side channels and of kernel faults."""

import ctypes
import errno

libc = ctypes.CDLL(None, use_errno=True)
attributes = (ctypes.c_uint64 * 16)(1 | 128 << 32, 0)
opened = libc.syscall(298, attributes, 0, -1, -1, 0) >= 0
refused = ctypes.get_errno() in (errno.EPERM, errno.EACCES, errno.ENOSYS)
print("held" if not opened and refused else "BROKEN")
