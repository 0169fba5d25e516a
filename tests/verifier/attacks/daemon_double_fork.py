# mode: stdin
# allowed: WA
"""Leave a daemon behind that ignores every signal it can."""

import os
import signal
import time

if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in range(1, 65):
            try:
                signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError):
                continue
        time.sleep(99)
    os._exit(0)
os.wait()
print("held")
