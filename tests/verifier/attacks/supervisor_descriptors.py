# mode: stdin
# allowed: WA RE
# tiers: namespaces landlock
"""Open the descriptors of the supervisor and the verifier through /proc: the connection, the memory files."""

import json
import os

facts = json.loads(input())
for pid in {os.getppid(), 1, facts["parent"]} - {0, os.getpid()}:
    for what in ("fd", "task", "map_files", "cwd", "root", "ns"):
        try:
            seen = os.listdir(f"/proc/{pid}/{what}")
        except OSError:
            continue
        if what != "task":
            print("BROKEN", pid, what, seen[:9])
    for descriptor in range(64):
        for flags in (os.O_RDWR, os.O_RDONLY, os.O_WRONLY):
            try:
                os.close(os.open(f"/proc/{pid}/fd/{descriptor}", flags))
            except OSError:
                continue
            print("BROKEN", pid, descriptor)
print("held")
