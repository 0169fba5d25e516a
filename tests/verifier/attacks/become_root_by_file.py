# mode: stdin
# allowed: WA RE
# tiers: namespaces landlock
"""Execute what the machine runs as root for anyone: programs with the set-user-id bit."""

import ctypes
import os
import subprocess

if ctypes.CDLL(None).prctl(39, 0, 0, 0, 0) == 1:  # no file gives this process more than it has
    print("held")
    os._exit(0)
for name in ("/bin/su", "/usr/bin/su", "/usr/bin/sudo", "/usr/bin/mount", "/usr/bin/passwd", "/usr/bin/newuidmap"):
    try:
        if not os.stat(name).st_mode & 0o4000:
            continue
        child = subprocess.Popen([name], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with open(f"/proc/{child.pid}/status") as file:
            uids = next(line for line in file if line.startswith("Uid:")).split()
    except (OSError, StopIteration):
        continue
    if uids[2] == "0":
        print("BROKEN", name)
print("held")
