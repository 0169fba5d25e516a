# mode: call
# allowed: WA RE OLE MLE
# limits: output_mb=4
"""Report a small text that becomes a huge value in the reader's memory."""

import os

os.write(3, b'{"wall": 0, "cpu": 0, "value": [' + b"{},[]," * ((3 << 20) // 6) + b"0]}\n")
os._exit(0)
