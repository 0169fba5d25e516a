# mode: stdin
# allowed: WA RE MLE
# tiers: namespaces landlock
"""Take memory in sockets whose buffers are made larger and never read."""

import socket

kept, held = [], 0
try:
    while True:
        kept += socket.socketpair()
        for end in kept[-2:]:
            for option in (socket.SO_SNDBUF, socket.SO_RCVBUF, 32, 33, (1 << 32) + socket.SO_SNDBUF):
                try:
                    end.setsockopt(socket.SOL_SOCKET, option, 1 << 22)
                except (OSError, OverflowError):
                    continue
            end.setblocking(False)
            try:
                while True:
                    held += end.send(b"x" * 32768)
            except BlockingIOError:
                pass
except OSError:
    pass
print("BROKEN" if held > 64 << 20 else "held", held)
