# mode: call
# allowed: WA RE
"""Give a reason for a bad value that commands the terminal it is shown on."""

import os

os.write(3, b'{"bad": "\\u001b[2J\\r\\n\\u202e\\ud800", "wall": 0, "cpu": 0}\n')
os._exit(0)
