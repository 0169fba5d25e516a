# mode: call
# allowed: RE TLE WA
# limits: cpu_seconds=0.3 wall_seconds=0.4
"""Raise in the main thread at any later moment, also in the verifier's own code: alarms and pending calls."""

import _thread
import signal
import threading


def strike():
    while True:
        _thread.interrupt_main()


def f(facts):
    signal.signal(signal.SIGALRM, lambda *arguments: 1 / 0)
    signal.setitimer(signal.ITIMER_REAL, 0.0001, 0.0001)
    threading.Thread(target=strike, daemon=True).start()
    return "held"
