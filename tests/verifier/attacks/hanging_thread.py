# mode: stdin
# allowed: TLE
# limits: wall_seconds=0.4
"""Hang after the end, in a thread that the exit waits for."""

import threading
import time

threading.Thread(target=time.sleep, args=(99,)).start()
print("held")
