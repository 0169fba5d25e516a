# mode: stdin
# allowed: WA
"""Write to every descriptor there is, as if one of them led to the verifier, and read from all of them."""

import os
import re

found = b""
for descriptor in range(256):
    for action in (lambda d: os.pread(d, 1 << 20, 0), lambda d: os.read(d, 1 << 20), lambda d: os.write(d, b"\0" * 99)):
        try:
            data = action(descriptor)
        except OSError:
            continue
        if isinstance(data, bytes):
            found += data
print("BROKEN" if re.search(rb"SECRET-[0-9a-f]{16}", found) else "held")
