"""The file system that programs see: everything read-only, scratch in memory. Standard library only."""

from __future__ import annotations

import ctypes
import os
import site
import sys

from cppo.verifier.linux import CLONE_NEWNS, call

MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
AT_FDCWD, AT_RECURSIVE, MOUNT_ATTR_RDONLY, SYS_MOUNT_SETATTR = -100, 0x8000, 1, 442

SEALED_SCRATCH = "/tmp/scratch"
SCRATCH_MB = 256


def seal_files() -> None:
    """Private mounts, all read-only, with memory-backed scratch; paths to the interpreter stay open to any user."""
    call("unshare", CLONE_NEWNS)
    call("mount", None, b"/", None, MS_REC | MS_PRIVATE, None)
    _cover_directories()
    os.mkdir(SEALED_SCRATCH, 0o700)
    call("mount", b"tmpfs", SEALED_SCRATCH.encode(), b"tmpfs", 0, f"size={SCRATCH_MB}m,mode=0700".encode())
    _set_read_only(b"/", AT_RECURSIVE, True)
    _set_read_only(SEALED_SCRATCH.encode(), 0, False)


def _set_read_only(path: bytes, flags: int, read_only: bool) -> None:
    attributes = (ctypes.c_uint64 * 4)(*((MOUNT_ATTR_RDONLY, 0) if read_only else (0, MOUNT_ATTR_RDONLY)), 0, 0)
    call("syscall", SYS_MOUNT_SETATTR, AT_FDCWD, path, flags, attributes, ctypes.c_size_t(32))


def interpreter_roots() -> list[str]:
    """Return the directories that a program must be able to read in order to import."""
    roots = [sys.prefix, sys.base_prefix, *site.getsitepackages(), os.path.dirname(os.__file__)]
    return sorted({os.path.realpath(root) for root in roots if os.path.isdir(root)})


def _closed_ancestor(path: str) -> str | None:
    """Return the first directory above `path` that other users may not pass through."""
    parts = path.split("/")
    for depth in range(2, len(parts) + 1):
        ancestor = "/".join(parts[:depth])
        if not os.stat(ancestor).st_mode & 0o001:
            return ancestor
    return None


def _cover_directories() -> None:
    """Cover /tmp and, as root, every closed directory on the way to the interpreter (/root) with an empty one.

    What the interpreter needs below them is put back at the same place, so that an unprivileged program can import.
    """
    roots = interpreter_roots()
    handles = {root: os.open(root, os.O_PATH | os.O_DIRECTORY) for root in roots}
    _cover("/tmp", handles)
    for root in roots if os.geteuid() == 0 else ():
        while (closed := _closed_ancestor(root)) is not None and closed != root:
            _cover(closed, handles)
    for handle in handles.values():
        os.close(handle)


def _cover(directory: str, handles: dict[str, int]) -> None:
    call("mount", b"tmpfs", directory.encode(), b"tmpfs", 0, b"size=1m,mode=0755")
    for root, handle in handles.items():
        if root.startswith(directory + "/"):
            os.makedirs(root, exist_ok=True)
            call("mount", f"/proc/self/fd/{handle}".encode(), root.encode(), None, MS_BIND | MS_REC, None)


def wipe(path: str) -> None:
    """Empty the directory `path`, however deep: inner directories are moved up before their parent is removed."""
    if not os.listdir(path):
        return
    top = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    serial = 0
    try:
        while names := os.listdir(top):
            for name in names:
                if _unlinked(name, top):
                    continue
                os.chmod(name, 0o700, dir_fd=top)
                inside = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=top)
                for inner in os.listdir(inside):
                    if not _unlinked(inner, inside):
                        serial += 1
                        os.rename(inner, f".{os.urandom(8).hex()}.{serial}", src_dir_fd=inside, dst_dir_fd=top)
                os.close(inside)
                os.rmdir(name, dir_fd=top)
    finally:
        os.close(top)


def _unlinked(name: str, directory: int) -> bool:
    try:
        os.unlink(name, dir_fd=directory)
    except IsADirectoryError:
        return False
    return True
