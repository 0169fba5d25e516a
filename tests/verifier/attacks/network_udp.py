# mode: stdin
# allowed: WA
# tiers: namespaces landlock
"""Send a datagram to a server on the machine, and to one outside."""

import json
import socket

facts = json.loads(input())
for address in (("127.0.0.1", facts["udp"]), ("192.0.2.1", 53)):
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
            channel.sendto(b"BROKEN", address)
    except OSError:
        continue
    print("BROKEN", address)
print("held")
