# mode: stdin
# allowed: WA RE
# tiers: namespaces landlock
# neighbours: yes
"""Signal the verifier's process by its number."""

import json
import os
import signal

facts = json.loads(input())
for number in (0, signal.SIGCONT, signal.SIGWINCH, signal.SIGURG):
    try:
        os.kill(facts["parent"], number)
    except OSError:
        continue
    if facts["parent"] not in (1, os.getpid(), os.getppid()):
        print("BROKEN")
        break
else:
    print("held")
