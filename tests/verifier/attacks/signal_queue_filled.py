# mode: stdin
# allowed: WA RE
# runs: 2
# neighbours: yes
"""Fill the queue of pending signals, which the kernel counts for each user, with signals nobody takes."""

import ctypes
import os
import signal

libc = ctypes.CDLL(None)
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGRTMIN})
count = 0
while count < 200_000 and libc.sigqueue(os.getpid(), int(signal.SIGRTMIN), ctypes.c_void_p(0)) == 0:
    count += 1
print("held", count)
