# mode: call
# allowed: RE
"""End the process with success before a value is returned."""

import os


def f(facts):
    os._exit(0)
