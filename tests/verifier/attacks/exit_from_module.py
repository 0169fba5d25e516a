# mode: call
# allowed: RE
"""End the process while the module is executed, before the function is looked up."""

import os
import sys

sys.stdout.write('{"wall": 0, "cpu": 0, "value": 1}\n')
sys.stdout.flush()
os._exit(0)
