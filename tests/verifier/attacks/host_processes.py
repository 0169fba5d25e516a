# mode: stdin
# allowed: WA
# tiers: namespaces
"""Look at the processes of the machine: command lines tell what runs here. Only namespaces hide them."""

import json
import os

facts = json.loads(input())
for pid in {facts["parent"], *(int(name) for name in os.listdir("/proc") if name.isdigit())}:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            if b"attack_runner" in file.read():
                print("BROKEN", pid)
                break
    except OSError:
        continue
else:
    print("held")
