# mode: stdin
# allowed: WA RE
# tiers: namespaces landlock
# machine: x86_64
"""Calls that programs never need and that have broken kernels: vmsplice with gifts, remapped pages, migrated pages."""

import ctypes
import errno

libc = ctypes.CDLL(None, use_errno=True)
calls = {"migrate_pages": (256, (0, 0, None, None)), "move_pages": (279, (0, 0, None, None, None, 0))}
calls |= {
    "kcmp": (312, (1, 1, 0, 0, 0)),
    "modify_ldt": (154, (0, None, 0)),
    "name_to_handle_at": (303, (-1, b"", 0, 0, 0)),
}
reached = []
for name, (number, arguments) in calls.items():
    ctypes.set_errno(0)
    if libc.syscall(number, *arguments) >= 0 or ctypes.get_errno() not in (errno.EPERM, errno.ENOSYS, errno.EACCES):
        reached.append(name)
print("BROKEN" if reached else "held", reached)
