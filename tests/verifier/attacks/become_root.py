# mode: stdin
# allowed: WA RE
# tiers: namespaces landlock
"""Take another identity: root, and every other user and group. What it was given, without any right, it may keep."""

import os

before = os.getresuid(), os.getresgid()
for action in (
    lambda: os.setresuid(0, 0, 0),
    lambda: os.setuid(0),
    lambda: os.seteuid(0),
    lambda: os.setreuid(0, 0),
    lambda: os.setresgid(0, 0, 0),
    lambda: os.setgroups([0]),
    lambda: os.setuid(1000),
):
    try:
        action()
    except OSError:
        continue
print("BROKEN" if (os.getresuid(), os.getresgid()) != before else "held", before)
