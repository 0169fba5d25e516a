# mode: stdin
# allowed: WA RE MLE
"""Take memory in pipes that are full and never read."""

import fcntl
import os

held = 0
try:
    for _ in range(120):
        reader, writer = os.pipe()
        try:
            fcntl.fcntl(writer, 1031, 1 << 20)
        except OSError:
            pass
        os.set_blocking(writer, False)
        held += os.write(writer, b"1" * (1 << 20))
except OSError:
    pass
print("BROKEN" if held > 256 << 20 else "held", held)
