# mode: stdin
# allowed: WA
# tiers: namespaces landlock
"""Connect to a server on the machine, and to one outside."""

import json
import socket

facts = json.loads(input())
for family, address in (
    (socket.AF_INET, ("127.0.0.1", facts["tcp"])),
    (socket.AF_INET6, ("::1", facts["tcp"])),
    (socket.AF_INET, ("192.0.2.1", 80)),
):
    try:
        with socket.socket(family, socket.SOCK_STREAM) as channel:
            channel.settimeout(0.3)
            channel.connect(address)
            channel.sendall(b"BROKEN")
    except OSError:
        continue
    print("BROKEN", address)
print("held")
