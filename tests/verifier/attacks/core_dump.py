# mode: stdin
# allowed: RE
"""Ask for a core dump, which the kernel writes, or hands to a program of the machine, and crash."""

import os
import resource
import signal

try:
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    print("BROKEN", flush=True)
    os._exit(0)
except (OSError, ValueError):
    pass
signal.signal(signal.SIGSEGV, signal.SIG_DFL)
os.kill(os.getpid(), signal.SIGSEGV)
