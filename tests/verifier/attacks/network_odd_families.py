# mode: stdin
# allowed: WA
# tiers: namespaces landlock
"""Open sockets of families that reach deep into the kernel: packets, netlink, cryptography."""

import socket

families = {name: getattr(socket, name) for name in dir(socket) if name.startswith("AF_")}
harmless = {socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, socket.AF_UNSPEC}
opened = set()
for name, family in sorted(families.items()):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
        if family in harmless and kind != socket.SOCK_RAW or family == socket.AF_UNIX:
            continue
        try:
            socket.socket(family, kind).close()
        except OSError:
            continue
        opened.add(name)
print("BROKEN" if opened else "held", sorted(opened))
