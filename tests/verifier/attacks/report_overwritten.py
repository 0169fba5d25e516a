# mode: call
# allowed: RE WA
"""Replace the first byte of the report, which tells the verifier that the process was set up well."""

import os

os.lseek(3, 0, os.SEEK_SET)
os.write(3, bytes(64))
os.pwrite(3, b"\xff" * 64, 0)
os._exit(0)
