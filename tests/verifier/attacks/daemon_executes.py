# mode: stdin
# allowed: WA RE
"""Leave a daemon behind that is another program under another name."""

import os
import sys

if os.fork() == 0:
    os.setsid()
    os.execve(sys.executable, ["[kworker/0:0]", "-S", "-c", "import time; time.sleep(99)"], {})
print("held")
