# mode: stdin
# allowed: WA TLE RE MLE
# tiers: namespaces landlock
# neighbours: yes
"""Outrun whoever kills: every process forks a successor and ends, each in a session of its own."""

import os

print("held", flush=True)
if os.fork():
    os._exit(0)
while True:
    os.setsid()
    try:
        if os.fork():
            os._exit(0)
    except OSError:
        continue
