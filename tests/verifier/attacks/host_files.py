# mode: stdin
# allowed: WA
# tiers: namespaces landlock
"""Read what lies on the machine: accounts, home directories, this repository, the data of others."""

import json
import os

facts = json.loads(input())
files = [
    "/etc/passwd",
    "/etc/shadow",
    "/etc/hostname",
    "/etc/resolv.conf",
    "/etc/machine-id",
    "/proc/1/root/etc/passwd",
]
directories = ["/root", "/home", "/var/log", "/var/lib", "/srv", "/mnt", "/boot", "/opt", facts["directory"]]
directories += [os.path.expanduser("~"), facts["tests"], facts["temporary"], "/proc/1/root", "/proc/1/cwd"]
for name in files:
    try:
        with open(name) as file:
            if data := file.read(99):
                print("BROKEN", name, data[:20])
    except (OSError, UnicodeDecodeError):
        continue
scratch = os.getcwd()
for name in directories:
    try:
        seen = os.listdir(name)
    except OSError:
        continue
    inside = [os.path.join(name, entry) for entry in seen]
    if any(os.path.isfile(entry) for entry in inside) and os.path.realpath(name) != scratch:
        print("BROKEN", name, seen[:3])
print("held")
