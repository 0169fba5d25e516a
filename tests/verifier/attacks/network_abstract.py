# mode: stdin
# allowed: WA
# tiers: namespaces landlock
"""Connect to an abstract Unix socket, which no file permission protects."""

import json
import socket

facts = json.loads(input())
try:
    with socket.socket(socket.AF_UNIX) as channel:
        channel.connect("\0" + facts["abstract"])
        channel.sendall(b"BROKEN")
    print("BROKEN")
except OSError:
    print("held")
