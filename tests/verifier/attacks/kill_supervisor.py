# mode: stdin
# allowed: WA RE
# tests: 2
# runs: 2
# tiers: namespaces landlock
# neighbours: yes
"""Kill or stop the process that watches the test, and its whole group and session."""

import os
import signal

target = os.getppid()
if target > 0:
    for number in (signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM, signal.SIGINT, signal.SIGSEGV, signal.SIGALRM):
        for action in (lambda n=number: os.kill(target, n), lambda n=number: os.killpg(os.getpgid(target), n)):
            try:
                action()
            except OSError:
                continue
print("held")
