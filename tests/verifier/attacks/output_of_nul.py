# mode: stdin
# allowed: WA
"""Print NUL, control characters and commands to a terminal."""

import sys

sys.stdout.write("\0\x1b[2J\x1b]0;title\x07\r\x08\u202e\n")
sys.stderr.write("\0\x1b[2J\x1b]0;title\x07\r\x08\u202e\n")
