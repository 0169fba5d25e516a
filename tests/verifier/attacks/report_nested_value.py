# mode: call
# allowed: WA RE
"""Report a dictionary nested 450 deep, where only 200 levels may be returned."""

import os

depth = 450
os.write(3, b'{"wall": 0, "cpu": 0, "value": ' + b'{"a": ' * depth + b'"\\u00001"' + b"}" * depth + b"}\n")
os._exit(0)
