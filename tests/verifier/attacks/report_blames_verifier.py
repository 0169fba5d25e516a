# mode: call
# allowed: RE WA
"""Report a failure of the verifier, which would leave the program out instead of scoring it."""

import os

for word in (b"infra", b"INFRA", b"verifier", b""):
    os.write(3, b'{"stop": "%b", "status": "INFRA", "error": "INFRA"}\n' % word)
os._exit(1)
