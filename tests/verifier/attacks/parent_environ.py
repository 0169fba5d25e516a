# mode: stdin
# allowed: WA
# tiers: namespaces landlock
"""Read the environment of the verifier's process and of every other process in sight."""

import json
import os
import re

facts = json.loads(input())
try:
    names = os.listdir("/proc")
except OSError:
    names = []
pids = [facts["parent"], os.getppid(), 1, *(name for name in names if name.isdigit())]
for pid in pids:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            found = re.search(rb"SECRET-[0-9a-f]{16}", file.read())
    except OSError:
        continue
    if found:
        print("BROKEN", pid, found[0])
        break
else:
    print("held")
