# mode: call
# allowed: WA OLE TLE
"""Return an integer of two million bits, whose decimal digits would take long to write."""


def f(facts):
    return 1 << 2_000_000
