# mode: stdin
# allowed: TLE RE
# limits: wall_seconds=0.4
"""Wait for input that never comes: a lock held by oneself, an empty pipe, a lock on a file."""

import os
import threading

reader, writer = os.pipe()
threading.Thread(target=os.read, args=(reader, 1)).start()
lock = threading.Lock()
lock.acquire()
lock.acquire()
