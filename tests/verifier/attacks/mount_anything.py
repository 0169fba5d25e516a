# mode: stdin
# allowed: WA RE
# tiers: namespaces landlock
# machine: x86_64
"""Mount, remount and unmount by the old calls and the new ones."""

import ctypes
import os

libc = ctypes.CDLL(None)
here = os.getcwd().encode()
os.mkdir("mnt")
done = []
for name, arguments in {
    "tmpfs": (b"tmpfs", b"mnt", b"tmpfs", 0, None),
    "proc": (b"proc", b"mnt", b"proc", 0, None),
    "bind": (b"/", b"mnt", None, 4096, None),
    "remount": (None, b"/", None, 32 | 4096, None),
    "scratch": (None, here, None, 32, b"size=100g"),
}.items():
    if libc.mount(*arguments) == 0:
        done.append(name)
for name, number, arguments in (
    ("open_tree", 428, (-100, b"/", 1)),
    ("fsopen", 430, (b"tmpfs", 0)),
    ("mount_setattr", 442, (-100, b"/", 0, (ctypes.c_uint64 * 4)(0, 1, 0, 0), 32)),
):
    if libc.syscall(number, *arguments) >= 0:
        done.append(name)
if libc.umount2(here, 2) == 0:
    done.append("umount")
print("BROKEN" if done else "held", done)
