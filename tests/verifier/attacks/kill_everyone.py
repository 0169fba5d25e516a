# mode: stdin
# allowed: WA RE
# tiers: namespaces landlock
# neighbours: yes
"""Send every fatal signal to every process that may be reached."""

import os
import signal

for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGSTOP, signal.SIGKILL):
    for target in (-1, 0):
        if target == 0 and number in (signal.SIGKILL, signal.SIGSTOP):
            continue
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        try:
            os.kill(target, number)
        except OSError:
            continue
print("held")
