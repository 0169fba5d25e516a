# mode: stdin
# allowed: WA
# tiers: namespaces landlock
"""Ask the kernel to tell of every file that is made or opened in other places than one's own."""

import ctypes
import json

facts = json.loads(input())
libc = ctypes.CDLL(None)
MADE_OR_OPENED, ALL_EVENTS = 0x120, 0xFFF
watched = []
for descriptor in (libc.inotify_init(), libc.inotify_init1(0)):
    for place in (facts["directory"], facts["temporary"], "/tmp", "/"):
        if libc.inotify_add_watch(descriptor, place.encode(), MADE_OR_OPENED) >= 0:
            watched.append(place)
if libc.fanotify_init(0x200, 0) >= 0:
    watched.append("everything")
print("BROKEN" if watched else "held", watched)
