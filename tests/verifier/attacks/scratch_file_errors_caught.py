# mode: stdin
# allowed: OLE WA
"""Fill the disk with one file, its signal ignored and its errors caught."""

import os
import signal

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
descriptor = os.open("file", os.O_CREAT | os.O_WRONLY)
for _ in range(10_000):
    try:
        os.write(descriptor, b"1" * (1 << 16))
    except OSError:
        continue
print("BROKEN" if os.fstat(descriptor).st_size > 4 << 20 else "held")
