# mode: call
# allowed: WA RE
"""Write NaN and infinity, which some JSON readers accept, to the report."""

import os

os.write(3, b'{"wall": NaN, "cpu": Infinity, "value": NaN}\n')
os._exit(0)
