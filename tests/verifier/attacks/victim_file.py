# mode: stdin
# allowed: WA
# tiers: namespaces landlock
"""Change a file that anyone on the machine may change."""

import json
import os

facts = json.loads(input())
victim = facts["victim"]
for action in (
    lambda: open(victim, "a").write("x"),
    lambda: os.truncate(victim, 0),
    lambda: os.chmod(victim, 0o600),
    lambda: os.utime(victim, (1, 1)),
    lambda: os.setxattr(victim, "user.mark", b"1"),
    lambda: os.rename(victim, victim + "-moved"),
    lambda: os.unlink(victim),
):
    try:
        action()
    except OSError:
        continue
    print("BROKEN", victim)
    break
else:
    print("held")
