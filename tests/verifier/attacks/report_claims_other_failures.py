# mode: call
# allowed: CE RE TLE MLE
"""Report a failure of another kind than its own: a program may make itself look worse, never better."""

import os

os.write(3, b'{"stop": "compile", "error": "SyntaxError: BROKE"}\n')
os._exit(1)
