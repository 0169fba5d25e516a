"""The file system that programs see: a root of its own with the interpreter read-only and scratch in memory.

Standard library only.
"""

from __future__ import annotations

import ctypes
import os
import site
import stat
import sys

from cppo.verifier.family import unnamed_blocks
from cppo.verifier.linux import CLONE_NEWNS, call

MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 8, 4096, 16384, 1 << 18
MNT_DETACH = 2
AT_FDCWD, AT_RECURSIVE, SYS_MOUNT_SETATTR = -100, 0x8000, 442
MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID = 1, 2
PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}

SCRATCH = "/scratch"
STAGE = "/tmp"
"""Where the new root is put together: a directory that every machine has."""
SCRATCH_MB = 256
SCRATCH_FILES = 16_384
SCRATCH_DEPTH = 64
"""A look at scratch holds a descriptor for each directory that it is inside of."""
BLOCK_BYTES = 512

SYSTEM_PATHS = ("/usr", "/lib", "/lib32", "/lib64", "/bin", "/etc/ld.so.cache", "/etc/localtime", "/nix/store")
"""What shared libraries and the standard library read besides the interpreter's own directories."""

DEVICES = ("null", "zero", "full", "random", "urandom")
DEVICE_LINKS = {"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "shm": SCRATCH}
DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
PROC_OPTIONS = (b"hidepid=invisible,subset=pid", b"hidepid=2")


def interpreter_roots() -> list[str]:
    """Return the directories that a program must be able to read in order to import."""
    prefixes = [sys.prefix, sys.base_prefix, *site.getsitepackages(), os.path.dirname(os.__file__)]
    roots = {
        path for root in prefixes if os.path.isdir(root) for path in (os.path.abspath(root), os.path.realpath(root))
    }
    return sorted(root for root in roots if not any(root.startswith(other + "/") for other in roots))


def seal_files() -> tuple[int, bool]:
    """Give this process a root of its own, read-only but for scratch.

    Returns a memory-backed directory for files without names, which is on no path, so that only who holds the
    descriptor reaches it; and whether /proc shows each program its own processes only. Raises `OSError` when mounts
    are not permitted.
    """
    call("unshare", CLONE_NEWNS)
    call("mount", None, b"/", None, MS_REC | MS_PRIVATE, None)
    paths = [path for path in (*SYSTEM_PATHS, *interpreter_roots()) if os.path.exists(path)]
    links = {path: os.readlink(path) for path in paths if os.path.islink(path) and path in SYSTEM_PATHS}
    handles = {path: os.open(path, os.O_PATH | os.O_CLOEXEC) for path in paths if path not in links}
    root = STAGE
    _tmpfs(root, "size=4m,mode=0755")
    for path, target in links.items():
        os.makedirs(os.path.dirname(root + path), exist_ok=True)
        os.symlink(target, root + path)
    for path, handle in handles.items():
        _bind(handle, root + path)
        os.close(handle)
    _make_devices(root + "/dev")
    shows_own_only = _mount_proc(root + "/proc")
    streams = _detached_directory(root)
    os.mkdir(root + SCRATCH)
    if not os.path.exists(f"{root}/tmp"):  # an interpreter may lie below /tmp
        os.symlink(SCRATCH, f"{root}/tmp")
    _tmpfs(root + SCRATCH, f"size={SCRATCH_MB}m,nr_inodes={SCRATCH_FILES},mode=0700")
    _enter_root(root)
    _set_attributes(b"/", AT_RECURSIVE, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID, 0)
    _set_attributes(SCRATCH.encode(), 0, 0, MOUNT_ATTR_RDONLY)
    return streams, shows_own_only


def _tmpfs(path: str, options: str) -> None:
    call("mount", b"tmpfs", path.encode(), b"tmpfs", MS_NOSUID | MS_NODEV, options.encode())


def _bind(handle: int, target: str) -> None:
    source = f"/proc/self/fd/{handle}"
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o644))
    call("mount", source.encode(), target.encode(), None, MS_BIND | MS_REC, None)


def _make_devices(directory: str) -> None:
    os.mkdir(directory)
    for name in DEVICES:
        handle = os.open(f"/dev/{name}", os.O_PATH | os.O_CLOEXEC)
        _bind(handle, f"{directory}/{name}")
        os.close(handle)
    for name, target in DEVICE_LINKS.items():
        os.symlink(target, f"{directory}/{name}")


def _mount_proc(target: str) -> bool:
    """Mount a /proc that shows a program its own processes only; else the machine's. Return whether it is the former.

    A container whose own /proc is partly covered may not mount a fresh one.
    """
    os.mkdir(target)
    for options in PROC_OPTIONS:
        try:
            call("mount", b"proc", target.encode(), b"proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, options)
        except OSError:
            continue
        return True
    call("mount", b"/proc", target.encode(), None, MS_BIND | MS_REC, None)
    return False


def _detached_directory(root: str) -> int:
    """Return a memory-backed directory that is mounted nowhere any more."""
    place = f"{root}/streams"
    os.mkdir(place)
    call("mount", b"tmpfs", place.encode(), b"tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, b"mode=0700")
    directory = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    call("umount2", place.encode(), MNT_DETACH)
    os.rmdir(place)
    return directory


def _enter_root(root: str) -> None:
    """Make `root` the root and let go of everything outside it; the old root is stacked on the new and taken off."""
    os.chdir(root)
    call("syscall", PIVOT_ROOT[os.uname().machine], b".", b".")
    call("umount2", b".", MNT_DETACH)
    os.chdir("/")


def _set_attributes(path: bytes, flags: int, add: int, remove: int) -> None:
    attributes = (ctypes.c_uint64 * 4)(add, remove, 0, 0)
    call("syscall", SYS_MOUNT_SETATTR, AT_FDCWD, path, flags, attributes, ctypes.c_size_t(32))


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


def is_full(path: str, users: list[bytes]) -> bool:
    """Return whether there is more below `path` than `SCRATCH_MB`, `SCRATCH_FILES` and `SCRATCH_DEPTH` allow.

    What cannot be looked into counts as too much. `users`: numbers in /proc of the processes whose files on the same
    disk count although they have no name.
    """
    try:
        top = os.open(path, DIRECTORY)
    except OSError as error:
        return isinstance(error, PermissionError)
    try:
        blocks = unnamed_blocks(users, os.fstat(top).st_dev)
        room = [(SCRATCH_MB << 20) // BLOCK_BYTES - blocks, SCRATCH_FILES]
        return room[0] < 0 or not _fits(top, SCRATCH_DEPTH, room)
    finally:
        os.close(top)


def _fits(directory: int, depth: int, room: list[int]) -> bool:
    """Take what is in a directory off the `room`, in blocks and files; return whether it was enough.

    By descriptors: programs can make paths that are too long to be opened.
    """
    names = os.listdir(directory)
    room[1] -= len(names)
    if room[1] < 0 or not depth:
        return False
    for name in names:
        try:
            seen = os.stat(name, dir_fd=directory, follow_symlinks=False)
            inner = os.open(name, DIRECTORY, dir_fd=directory) if stat.S_ISDIR(seen.st_mode) else -1
        except PermissionError:
            return False
        except OSError:
            continue  # gone or replaced meanwhile
        room[0] -= seen.st_blocks
        try:
            if room[0] < 0 or (inner >= 0 and not _fits(inner, depth - 1, room)):
                return False
        finally:
            if inner >= 0:
                os.close(inner)
    return True


def _unlinked(name: str, directory: int) -> bool:
    try:
        os.unlink(name, dir_fd=directory)
    except IsADirectoryError:
        return False
    return True
