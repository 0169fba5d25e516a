# mode: stdin
# allowed: WA
# tests: 2
# tiers: namespaces landlock
"""Create files wherever a program might, and look for those that another test left."""

import json
import os
import sys

facts = json.loads(input())
places = [
    "/tmp",
    "/var/tmp",
    "/dev/shm",
    "/run",
    "/run/lock",
    "/dev/mqueue",
    "/",
    "/dev",
    "/proc",
    "/mnt",
    "/home",
    "/sys",
]
places += [facts["directory"], facts["drop"], facts["tests"], facts["temporary"], os.path.expanduser("~"), "/var/lock"]
places += [sys.prefix, os.path.dirname(os.__file__), os.path.dirname(os.getcwd())]
for place in places:
    if os.path.realpath(place) == os.getcwd():
        continue
    path = os.path.join(place, facts["mark"] + "-file")
    if os.path.lexists(path):
        print("BROKEN found", path)
    try:
        with open(path, "w") as file:
            file.write("left")
    except OSError:
        continue
    print("BROKEN wrote", path)
print("held")
