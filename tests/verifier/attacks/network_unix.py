# mode: stdin
# allowed: WA
# tiers: namespaces landlock
"""Connect to a Unix socket of the machine that anyone may connect to."""

import json
import socket

facts = json.loads(input())
try:
    with socket.socket(socket.AF_UNIX) as channel:
        channel.connect(facts["unix"])
        channel.sendall(b"BROKEN")
    print("BROKEN")
except OSError:
    print("held")
