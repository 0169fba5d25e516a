# mode: stdin
# allowed: WA
# tiers: namespaces landlock
"""Read a file that only the verifier's user may read."""

import json

facts = json.loads(input())
try:
    with open(facts["secret_file"]) as file:
        print("BROKEN", file.read())
except OSError:
    print("held")
