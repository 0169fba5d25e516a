# mode: stdin
# allowed: WA
# tiers: namespaces landlock
"""Read the memory of the verifier, of the supervisor and of every other process through /proc."""

import json
import os
import re

facts = json.loads(input())
try:
    names = os.listdir("/proc")
except OSError:
    names = []
pids = {facts["parent"], os.getppid(), 1, *(int(name) for name in names if name.isdigit())}
try:
    pids.discard(int(os.readlink("/proc/self")))  # which may be another number than os.getpid() tells
except OSError:
    pass
for pid in pids - {os.getpid()}:
    try:
        with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory, open(f"/proc/{pid}/maps") as maps:
            print("BROKEN opened", pid)
            for line in maps:
                start, end = (int(word, 16) for word in line.split()[0].split("-"))
                memory.seek(start)
                if found := re.search(rb"SECRET-[0-9a-f]{16}", memory.read(min(end - start, 1 << 24))):
                    print(found[0])
    except (OSError, OverflowError):
        continue
print("held")
