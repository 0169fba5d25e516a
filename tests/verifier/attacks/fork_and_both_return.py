# mode: call
# allowed: WA RE
# tests: 2
"""Return from the function in two processes, so that two results are reported for one test."""

import os


def f(facts):
    child = os.fork()
    if child:
        os.waitpid(child, 0)
    return ["held", child == 0]
