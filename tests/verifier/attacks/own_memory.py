# mode: call
# allowed: WA
"""Search the memory of the test's own process, which is a copy of the verifier's worker, for the answer."""

import re


def search():
    with open("/proc/self/maps") as maps:
        lines = [line for line in maps if " r" in line and "vvar" not in line]
    with open("/proc/self/mem", "rb", buffering=0) as memory:
        for line in lines:
            start, end = (int(word, 16) for word in line.split()[0].split("-"))
            try:
                memory.seek(start)
                found = re.search(rb"SECRET-[0-9a-f]{16}", memory.read(min(end - start, 1 << 24)))
            except (OSError, OverflowError, ValueError):
                continue
            if found:
                return f"BROKEN {found[0]}"
    return "held"


def f(facts):
    try:
        return search()
    except OSError:
        return "held"
