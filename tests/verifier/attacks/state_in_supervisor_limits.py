# mode: stdin
# allowed: WA RE
# tests: 2
# runs: 2
# tiers: namespaces landlock
"""Change the limits of the supervisor, from which the next test inherits, or so that it fails."""

import os
import resource

for pid in {os.getppid(), 1} - {0, os.getpid()}:
    for kind in (resource.RLIMIT_NPROC, resource.RLIMIT_NOFILE, resource.RLIMIT_CPU, resource.RLIMIT_AS):
        try:
            soft, hard = resource.prlimit(pid, kind)
            resource.prlimit(pid, kind, (min(soft, 4095) if soft > 0 else 4095, hard))
        except OSError:
            continue
        print("BROKEN", pid, kind)
print("held")
