# mode: stdin
# allowed: TLE
# limits: cpu_seconds=1 wall_seconds=4
"""Let children that nobody waits for do the computing, each within the limit."""

import os
import time

children = 4
reader, writer = os.pipe()
for _ in range(children):
    if os.fork() == 0:
        if os.fork() == 0:
            while time.process_time() < 0.7:
                pass
            os.write(writer, b"x")
        os._exit(0)
    os.wait()
for _ in range(children):
    os.read(reader, 1)
print("BROKEN", children * 0.7, "s of processor time")
