# mode: stdin
# allowed: WA
# tiers: namespaces landlock
"""Open the devices of the machine."""

import os

harmless = {"null", "zero", "full", "random", "urandom", "stdin", "stdout", "stderr", "fd", "shm", "pts", "core", "tty"}
for directory, _, names in os.walk("/dev"):
    for name in names:
        if name in harmless or directory.startswith("/dev/fd"):
            continue
        for flags in (os.O_RDONLY, os.O_WRONLY):
            try:
                os.close(os.open(os.path.join(directory, name), flags | os.O_NONBLOCK | os.O_NOCTTY))
            except OSError:
                continue
            print("BROKEN", directory, name, flush=True)
            os._exit(0)
print("held")
