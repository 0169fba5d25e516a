# mode: stdin
# allowed: WA RE
# tests: 2
# runs: 2
# tiers: namespaces landlock
"""Leave a POSIX message queue, which outlives its process, for the next test to find."""

import ctypes

libc = ctypes.CDLL(None)
if libc.mq_open(b"/cppo-note", 2, 0o666, None) != -1:
    print("BROKEN")
libc.mq_open(b"/cppo-note", 0o102, 0o666, None)
print("held")
