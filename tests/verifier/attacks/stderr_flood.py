# mode: stdin
# allowed: WA OLE
"""Write 64 MB to standard error."""

import os

for _ in range(64):
    os.write(2, b"x" * (1 << 20))
print("held")
