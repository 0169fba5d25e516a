# mode: stdin
# allowed: MLE RE TLE
# limits: wall_seconds=3
"""Take memory in many processes, each within the limit."""

import os
import time

children = 12
reader, writer = os.pipe()
for _ in range(children):
    if os.fork() == 0:
        held = b"1" * (40 << 20)
        os.write(writer, b"x")
        time.sleep(99)
        os._exit(len(held))
os.close(writer)
print("BROKEN" if all(os.read(reader, 1) for _ in range(children)) else "held")
