# mode: stdin
# allowed: WA
# tiers: namespaces landlock
"""Ask for the address of a name: the question itself would leave the machine."""

import socket

try:
    print("BROKEN", socket.getaddrinfo("name.invalid", 80))
except OSError:
    print("held")
