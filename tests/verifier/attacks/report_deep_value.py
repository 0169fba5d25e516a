# mode: call
# allowed: WA RE
"""Report a value nested 700 deep, with a mark that makes the verifier walk it: it recurses, the limit is 1000."""

import os

depth = 700
os.write(3, b'{"wall": 0, "cpu": 0, "value": ' + b"[" * depth + b'"\\u00001"' + b"]" * depth + b"}\n")
os._exit(0)
