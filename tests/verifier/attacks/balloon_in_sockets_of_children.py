# mode: stdin
# allowed: MLE
"""Take memory in the sockets of several processes, none of which seems to hold it."""

import os
import socket
import time

children = 8
reader, writer = os.pipe()
for _ in range(children):
    if os.fork() == 0:
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
        os.write(writer, b"x")
        time.sleep(99)
os.close(writer)
full = [os.read(reader, 1) for _ in range(children)]
time.sleep(0.5)
print("BROKEN" if all(full) else "held")
