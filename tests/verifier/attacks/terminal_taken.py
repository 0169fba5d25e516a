# mode: stdin
# allowed: WA
# tiers: namespaces landlock
"""Type into the terminal of whoever runs the verifier."""

import fcntl
import os
import termios

for name in ("/dev/tty", "/dev/console", "/dev/pts/0", "/dev/pts/1"):
    try:
        terminal = os.open(name, os.O_RDWR | os.O_NONBLOCK)
    except OSError:
        continue
    try:
        fcntl.ioctl(terminal, termios.TIOCSTI, b"\0")
    except OSError:
        print("BROKEN opened", name)
        continue
    print("BROKEN", name)
print("held")
