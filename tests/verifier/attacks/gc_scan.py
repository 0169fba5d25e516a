# mode: call
# allowed: WA RE
"""Search every object of the process for the expected value."""

import gc
import re


def f(facts):
    gc.collect()
    gc.unfreeze()
    for item in gc.get_objects():
        if isinstance(item, (dict, list, tuple)) and (found := re.search("SECRET-[0-9a-f]{16}", repr(item)[:4000])):
            return f"BROKEN {found[0]}"
    return "held"
