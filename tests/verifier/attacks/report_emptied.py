# mode: call
# allowed: RE
"""Empty the report, so that the process seems never to have started."""

import os

for name in ("/proc/self/fd/3", "/dev/fd/3"):
    try:
        os.close(os.open(name, os.O_RDWR | os.O_TRUNC))
    except OSError:
        continue
try:
    os.ftruncate(3, 0)
except OSError:
    pass
os._exit(0)
