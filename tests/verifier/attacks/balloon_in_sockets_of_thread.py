# mode: stdin
# allowed: MLE
# machine: x86_64
"""Take memory in the sockets of threads that each have open files of their own."""

import ctypes
import socket
import threading
import time

UNSHARE = 2
full = threading.Barrier(9)
call = ctypes.CDLL(None).syscall


def fill():
    call(436, 9000, 9000, UNSHARE)  # close_range: from here on this thread's table of open files is its own
    kept = []
    try:
        while True:
            kept += socket.socketpair()
            for end in kept[-2:]:
                end.setblocking(False)
                try:
                    while True:
                        end.send(b"x" * 32768)
                except BlockingIOError:
                    pass
    except OSError:
        pass
    full.wait()
    time.sleep(99)


threading.stack_size(1 << 20)
for _ in range(8):
    threading.Thread(target=fill, daemon=True).start()
full.wait()
time.sleep(0.5)
print("BROKEN")
