# mode: call
# allowed: WA RE
"""Find the verifier's own modules loaded, with what they know, or load them."""

import sys


def f(facts):
    names = [name for name in sys.modules if name.partition(".")[0] == "cppo"]
    if names:
        return f"BROKEN {names}"
    from cppo.verifier import pool

    return "BROKEN" if pool.Verifier.verify.__globals__.get("expected") else "held"
