# mode: stdin
# allowed: CE
# source: built
"""A lone surrogate in the source, as a model's broken output may hold."""

SOURCE = "print('\ud800')"
