# mode: stdin
# allowed: WA
# tiers: namespaces landlock
"""Read the file of problems, which anyone on the machine may read: it holds the expected outputs."""

import json

facts = json.loads(input())
try:
    with open(facts["problem_file"]) as file:
        print("BROKEN", file.read())
except OSError:
    print("held")
