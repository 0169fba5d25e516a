# mode: stdin
# allowed: TLE RE MLE
# tiers: namespaces landlock
# limits: wall_seconds=1
# neighbours: yes
# users: unprivileged
"""Fork without end. The kernel limits the processes of everyone but root of the machine."""

import os

while True:
    try:
        os.fork()
    except BaseException:
        pass
