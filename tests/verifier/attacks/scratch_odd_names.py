# mode: stdin
# allowed: WA OLE
# tests: 2
# runs: 2
"""Leave names in scratch that are hard to remove: newlines, no text, sockets, pipes, closed directories."""

import os
import socket

if os.listdir(b"."):
    print("BROKEN", os.listdir(b"."))
for name in (b"\n", b"\xff\xfe", b"-rf", b"*", b"n" * 255, b"\\", b" ", b"...", "é".encode()):
    os.mkdir(name)
    os.close(os.open(os.path.join(name, name), os.O_CREAT | os.O_WRONLY, 0))
    for action in (lambda name=name: os.chmod(name, 0), lambda name=name: os.mkfifo(name + b"p"[: 255 - len(name)], 0)):
        try:
            action()
        except OSError:
            continue
try:
    socket.socket(socket.AF_UNIX).bind("socket")
except OSError:
    pass
print("held")
