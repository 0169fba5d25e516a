# mode: stdin
# allowed: WA
"""Claim success by the exit status alone."""

import os

os._exit(0)
