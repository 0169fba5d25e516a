# mode: stdin
# allowed: WA
"""Look for open descriptors that belong to the verifier: sockets, files, directories."""

import os
import stat

found = []
for descriptor in range(4, 4096):
    try:
        mode = os.fstat(descriptor).st_mode
    except OSError:
        continue
    found.append((descriptor, oct(mode)))
for descriptor in range(4):
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISSOCK(mode) or stat.S_ISDIR(mode) or stat.S_ISFIFO(mode):
        found.append((descriptor, oct(mode)))
print("BROKEN" if found else "held", found)
