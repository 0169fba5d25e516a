# mode: stdin
# allowed: WA TLE RE OLE
# limits: cpu_seconds=1 wall_seconds=4
"""Use up the inodes of the file system with empty files."""

import os

count = 0
try:
    for count in range(1_000_000):
        os.close(os.open(str(count), os.O_CREAT | os.O_WRONLY))
except OSError:
    print("held", count)
else:
    print("BROKEN", count)
