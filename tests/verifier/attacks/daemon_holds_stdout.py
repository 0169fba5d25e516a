# mode: stdin
# allowed: WA
"""Leave a daemon behind that holds standard output open and goes on writing to it."""

import os
import time

print("held", flush=True)
if os.fork() == 0:
    os.setsid()
    while True:
        os.write(1, b"more")
        time.sleep(0.01)
os._exit(0)
