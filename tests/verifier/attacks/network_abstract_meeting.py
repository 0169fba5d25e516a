# mode: stdin
# allowed: WA
# tests: 2
# runs: 2
# tiers: namespaces landlock
"""Listen on an abstract address in a process left behind, for the next test to ask for what was seen before."""

import os
import socket
import time

try:
    channel = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
except OSError:
    print("held")
    os._exit(0)
try:
    channel.bind("\0cppo-meeting")
except OSError as error:
    print("BROKEN", error)
if os.fork() == 0:
    os.setsid()
    time.sleep(3)
    os._exit(0)
print("held")
