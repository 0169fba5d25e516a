# mode: stdin
# allowed: TLE
# limits: cpu_seconds=0.3 wall_seconds=0.4
"""Ignore and block every signal, then compute without end."""

import signal

signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        continue
while True:
    pass
