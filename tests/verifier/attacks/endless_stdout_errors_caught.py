# mode: stdin
# allowed: OLE TLE
# limits: wall_seconds=1
"""Print without end, the signal ignored and the errors caught."""

import os
import signal

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
while True:
    try:
        os.write(1, b"42" * 9999)
    except OSError:
        continue
