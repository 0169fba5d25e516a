# mode: stdin
# allowed: TLE
# limits: cpu_seconds=0.3 wall_seconds=0.4
"""Compute without end in several threads, the main one gone."""

import threading


def spin():
    while True:
        pass


for _ in range(4):
    threading.Thread(target=spin).start()
raise SystemExit(0)
