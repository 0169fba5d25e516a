# mode: stdin
# allowed: CE MLE
# source: built
# limits: wall_seconds=4
"""A list of constants whose syntax tree takes five hundred times the room of its text: 375 MiB for 1 MB."""

SOURCE = "x = [" + "[],{}," * 150_000 + "]\nprint('held')"
