# mode: stdin
# allowed: WA RE MLE
"""Lock memory, so that the machine cannot take it back."""

import ctypes
import mmap

libc = ctypes.CDLL(None)
memory = mmap.mmap(-1, 32 << 20)
start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
locked = libc.mlock(ctypes.c_void_p(start), ctypes.c_size_t(32 << 20)) == 0
print("BROKEN" if locked or libc.mlockall(2) == 0 else "held")
