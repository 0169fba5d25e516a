# mode: call
# allowed: WA RE
"""Stay in control after the return: a profile function sees every later call. No answer is within its reach."""

import sys


def hook(frame, event, argument):
    for name, value in list(frame.f_locals.items()):
        if name == "expected":
            sys.stderr.write("BROKEN")
        if isinstance(value, dict):
            value.clear()
    frame.f_globals["_plain"] = lambda *arguments: "forged"


def f(facts):
    sys.setprofile(hook)
    return "held"
