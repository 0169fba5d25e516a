# mode: call
# allowed: RE WA
"""Give a reason that is a value nested as deeply as the reader can just read."""

import os

depth = 970
os.write(3, b'{"error": ' + b"[" * depth + b"]" * depth + b"}\n")
os._exit(1)
