# mode: stdin
# allowed: MLE
"""Take much memory for an instant in an orphan, and let it end between two looks of the verifier."""

import mmap
import os

reader, writer = os.pipe()
if os.fork() == 0:
    if os.fork() == 0:
        memory = mmap.mmap(-1, 200 << 20)
        memory[:] = b"x" * (200 << 20)
        os.write(writer, b"x")
    os._exit(0)
os.close(writer)
os.wait()
print("BROKEN" if os.read(reader, 2) == b"xx" else "held")
