# mode: stdin
# allowed: TLE RE MLE
# tiers: namespaces landlock
# limits: wall_seconds=1
# neighbours: yes
"""Start threads without end."""

import threading
import time

while True:
    try:
        threading.Thread(target=time.sleep, args=(99,), daemon=True).start()
    except BaseException:
        pass
