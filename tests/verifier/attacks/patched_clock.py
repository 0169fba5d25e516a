# mode: call
# allowed: WA RE
"""Lie about the time and the exit through the functions that the verifier's code in the process uses."""

import os
import time

time.perf_counter = time.process_time = time.time = lambda: -1e18
os._exit = os.write = lambda *arguments: 1


def f(facts):
    return "held"
