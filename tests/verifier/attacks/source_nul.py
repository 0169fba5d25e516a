# mode: stdin
# allowed: CE
# source: built
"""A NUL in the source."""

SOURCE = "print('held')\0\nprint('BROKEN')"
