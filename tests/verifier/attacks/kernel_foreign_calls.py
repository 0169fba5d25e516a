# mode: stdin
# allowed: WA RE
# tiers: namespaces landlock
# machine: x86_64
"""Ask for a socket by the numbers of another system call table (x32), which a filter of numbers may not know."""

import ctypes
import os

libc = ctypes.CDLL(None)
done = [hex(number) for number in (0x4000_0000 | 41, 0x4000_0000 | 39) if libc.syscall(number, 1, 1, 0) >= 0]
print("BROKEN" if done else "held", done, os.getpid())
