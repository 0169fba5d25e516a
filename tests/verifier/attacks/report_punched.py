# mode: call
# allowed: RE WA
"""Punch a hole into the report: its size stays, its bytes become zeros."""

import ctypes
import os

ctypes.CDLL(None).fallocate(3, 3, ctypes.c_long(0), ctypes.c_long(1 << 16))
os._exit(0)
