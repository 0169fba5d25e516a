# mode: stdin
# tiers: namespaces landlock
# allowed: WA
# tests: 2
# runs: 2
"""Leave notes in the scratch directory's own mode, times and attributes, which no removal of files resets."""

import os

NOTE = 1_234_567_890
status = os.stat(".")
try:
    attributes = os.listxattr(".")
except OSError:
    attributes = []
found = status.st_mode & 0o777 == 0o711 or int(status.st_mtime) == NOTE or int(status.st_atime) == NOTE or attributes
for action in (
    lambda: os.setxattr(".", "user.note", b"left"),
    lambda: os.setxattr(
        ".", "system.posix_acl_default", bytes.fromhex("0200000001000700ffffffff04000700ffffffff20000700ffffffff")
    ),
    lambda: os.chown(".", -1, os.getgid()),
    lambda: os.chmod(".", 0o711),
    lambda: os.utime(".", (NOTE, NOTE)),
):
    try:
        action()
    except OSError:
        continue
print("BROKEN" if found else "held", found)
