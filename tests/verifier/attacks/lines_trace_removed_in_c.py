# mode: call
# allowed: TLE
# limits: lines=200 cpu_seconds=0.3 wall_seconds=0.4
"""Remove the counter of lines by calling the interpreter's own C function: the clock remains."""

import ctypes


def f(facts):
    ctypes.pythonapi.PyEval_SetTrace(None, None)
    while True:
        facts = 1
