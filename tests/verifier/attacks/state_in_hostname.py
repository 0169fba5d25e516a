# mode: stdin
# allowed: WA RE
# tests: 2
# runs: 2
# tiers: namespaces landlock
"""Leave a note in the name of the machine."""

import socket

if socket.gethostname() == "cppo-note":
    print("BROKEN")
try:
    socket.sethostname("cppo-note")
except OSError:
    pass
else:
    print("BROKEN" if socket.gethostname() == "cppo-note" else "held")
print("held")
