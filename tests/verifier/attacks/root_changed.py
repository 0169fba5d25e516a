# mode: stdin
# allowed: WA RE
# tiers: namespaces landlock
# machine: x86_64
"""Change the root directory by chroot and by pivot_root."""

import ctypes
import os

libc = ctypes.CDLL(None)
os.makedirs("new/old", exist_ok=True)
for name, action in (
    ("pivot_root", lambda: libc.syscall(155, b"new", b"new/old")),
    ("chroot", lambda: libc.chroot(b"new")),
):
    if action() == 0:
        print("BROKEN", name, flush=True)
        os._exit(0)
print("held")
