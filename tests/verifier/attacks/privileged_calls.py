# mode: stdin
# allowed: WA RE
# tiers: namespaces landlock
# machine: x86_64
"""Call what only root may, with arguments that do nothing: the error tells whether the right was there."""

import ctypes
import errno

libc = ctypes.CDLL(None, use_errno=True)
calls = {
    "reboot": (169, (0, 0, 0, 0)),
    "init_module": (175, (None, 0, b"")),
    "finit_module": (313, (-1, b"", 0)),
    "delete_module": (176, (b"no such module", 0)),
    "kexec_load": (246, (0, 99, None, 0)),
    "swapon": (167, (b"/no/such/file", 0)),
    "swapoff": (168, (b"/no/such/file",)),
    "acct": (163, (b"/no/such/file",)),
    "settimeofday": (164, (None, (ctypes.c_int * 2)(0, 0))),
    "iopl": (172, (3,)),
    "vhangup_of_no_terminal": (153, ()),
    "open_by_handle_at": (304, (-100, (ctypes.c_uint32 * 4)(8, 1, 2, 0), 0)),
    "lookup_dcookie": (212, (0, None, 0)),
    "fanotify_init": (300, (4, 0)),
    "syslog": (103, (3, ctypes.create_string_buffer(64), 64)),
}
refused = (errno.EPERM, errno.EACCES, errno.ENOSYS, errno.EOPNOTSUPP)
reached = []
for name, (number, arguments) in calls.items():
    ctypes.set_errno(0)
    if libc.syscall(number, *arguments) >= 0 or ctypes.get_errno() not in refused:
        reached.append(name)
print("BROKEN" if reached else "held", reached)
