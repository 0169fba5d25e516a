# mode: stdin
# allowed: WA RE
"""Close every stream, so that whoever flushes them fails."""

import os
import sys

sys.stdout.close()
sys.stderr = sys.stdin = None
os.closerange(0, 256)
