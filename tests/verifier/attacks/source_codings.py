# mode: stdin
# allowed: CE WA
# source: built
"""A coding line that would turn harmless text into other code, if it were heeded."""

SOURCE = "# coding: rot13\nprint('held')\n# cevag('OEBXRA')\n"
