"""Which system calls programs may make: seccomp filters, compiled by libseccomp in the verifier's own process.

A filter is an allow list; what is not on it does not exist for a program (`ENOSYS`, so that C libraries fall back to
older calls), but for the calls that programs try on purpose, which are forbidden (`EPERM`). Of the options of a socket,
those are that let it hold more of the kernel's memory, which no limit covers. Workers only install the compiled
filters, so that nothing but the standard library is needed inside the jail.

- `sealed`: the namespaces tier. It covers the worker too, which forks each program into a new pid namespace; without
  capabilities, which no program has, the kernel refuses that call anyway.
- `plain`: the landlock tier, or namespaces whose mounts are another program's: memory files are allowed besides.
- `test`: put on the process of each test on top of `plain`: no memory files, no changes of modes, owners, times or
  attributes of files, which Landlock does not cover, no space taken beyond the end of a file, which no limit covers,
  and where Landlock does not cover signals, none of those.
"""

from __future__ import annotations

import functools
import tempfile
from types import ModuleType

from cppo.verifier import landlock
from cppo.verifier.linux import CLONE_NEWPID, IS_LINUX

ENOSYS, EPERM = 38, 1
NAMESPACE_FLAGS = 0x7E02_0080  # CLONE_NEW*, NEWTIME included
AF_UNIX, SOCK_STREAM, SOCK_TYPES = 1, 1, 0xF
BUFFER_SIZES = (7, 8, 32, 33)
"""Options of a socket (SO_SNDBUF, SO_RCVBUF, and both with force) that make it hold more of the kernel's memory."""
INT_BITS = 32
FILE_TYPES, FIFO = 0o170000, 0o010000

ALLOWED = """
    access alarm arch_prctl brk capget capset chdir chmod chown clock_getres clock_gettime
    clock_nanosleep close close_range copy_file_range creat dup dup2 dup3 epoll_create epoll_create1 epoll_ctl
    epoll_pwait epoll_pwait2 epoll_wait eventfd eventfd2 execve execveat exit exit_group faccessat faccessat2 fadvise64
    fallocate fchdir fchmod fchmodat fchmodat2 fchown fchownat fcntl fdatasync fgetxattr flistxattr flock fork
    fstat fstatfs fsync ftruncate futex futex_wait futex_waitv futex_wake futimesat getcpu getcwd
    getdents getdents64 getegid geteuid getgid getgroups getitimer getpgid getpgrp getpid getppid getpriority getrandom
    getresgid getresuid getrlimit getrusage getsid getsockname getsockopt gettid gettimeofday getuid getxattr
    ioctl kill landlock_restrict_self lchown lgetxattr
    link linkat listxattr llistxattr lseek lstat madvise membarrier mincore mkdir mkdirat mlock
    mlock2 mlockall mmap mprotect mremap msync munlock munlockall munmap nanosleep newfstatat open openat openat2 pause
    pidfd_open pidfd_send_signal pipe pipe2 poll ppoll prctl pread64 preadv preadv2 pselect6 pwrite64 pwritev pwritev2
    read readahead readlink readlinkat readv recvfrom recvmmsg recvmsg rename renameat renameat2
    restart_syscall rmdir rseq rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend
    rt_sigtimedwait rt_tgsigqueueinfo sched_getaffinity sched_getattr sched_get_priority_max sched_get_priority_min
    sched_getparam sched_getscheduler sched_rr_get_interval sched_yield select sendfile sendmmsg sendmsg sendto
    setfsgid setfsuid setgid setgroups setitimer setpgid setregid setresgid setresuid setreuid setrlimit
    set_robust_list setsid set_tid_address setuid shutdown sigaltstack signalfd signalfd4 splice
    stat statfs statx symlink symlinkat sync_file_range sysinfo tee tgkill time timer_create timer_delete
    timer_getoverrun timer_gettime timer_settime timerfd_create timerfd_gettime timerfd_settime times tkill truncate
    umask uname unlink unlinkat utime utimensat utimes vfork vmsplice wait4 waitid waitpid write writev
"""
"""What Python, its standard library and numpy call, and what a worker and its supervisors call."""

FORBIDDEN = """
    accept accept4 acct add_key bind bpf chroot connect fanotify_init fanotify_mark finit_module fsconfig fsmount
    fsopen fspick init_module inotify_add_watch inotify_init inotify_init1 inotify_rm_watch io_uring_enter
    io_uring_register io_uring_setup kcmp kexec_load keyctl listen mount mount_setattr move_mount mq_open msgget
    name_to_handle_at open_by_handle_at open_tree perf_event_open personality pidfd_getfd pivot_root process_madvise
    process_vm_readv process_vm_writev ptrace quotactl reboot request_key sched_setaffinity sched_setattr
    sched_setparam sched_setscheduler seccomp semget sethostname setpriority shmget socket swapon syslog umount2
    userfaultfd vhangup
"""

NOT_IN_A_TEST = """
    chmod chown fallocate fchmod fchmodat fchmodat2 fchown fchownat fremovexattr fsetxattr futimesat lchown lremovexattr
    lsetxattr memfd_create removexattr setxattr utime utimensat utimes
"""

SIGNALS = "kill pidfd_send_signal rt_sigqueueinfo rt_tgsigqueueinfo tgkill tkill"


@functools.cache
def filters() -> dict[str, str]:
    """Return the compiled filters in hexadecimal, by use; empty where libseccomp is missing."""
    if not IS_LINUX:
        return {}
    try:
        import pyseccomp
    except (ImportError, OSError, RuntimeError):
        return {}
    signals = "" if landlock.abi() >= landlock.SIGNALS_ABI else SIGNALS
    return {
        "sealed": _program(_allow_list(pyseccomp, memory_files=False)),
        "plain": _program(_allow_list(pyseccomp, memory_files=True)),
        "test": _program(_deny_list(pyseccomp, f"{NOT_IN_A_TEST} {signals}")),
    }


def _allow_list(seccomp: ModuleType, memory_files: bool) -> object:
    made = seccomp.SyscallFilter(seccomp.ERRNO(ENOSYS))
    for name in (*ALLOWED.split(), *(["memfd_create"] if memory_files else [])):
        _add(seccomp, made, seccomp.ALLOW, name)
    for name in FORBIDDEN.split():
        _add(seccomp, made, seccomp.ERRNO(EPERM), name)
    masked, equal = seccomp.MASKED_EQ, seccomp.EQ
    _add(seccomp, made, seccomp.ALLOW, "clone", seccomp.Arg(0, masked, NAMESPACE_FLAGS, 0))
    _add(seccomp, made, seccomp.ALLOW, "unshare", seccomp.Arg(0, equal, CLONE_NEWPID))
    _add(seccomp, made, seccomp.ALLOW, "setns", seccomp.Arg(1, equal, CLONE_NEWPID))
    _add(seccomp, made, seccomp.ALLOW, "prlimit64", seccomp.Arg(0, equal, 0))
    for name, mode in (("mknod", 1), ("mknodat", 2)):
        _add(seccomp, made, seccomp.ALLOW, name, seccomp.Arg(mode, masked, FILE_TYPES, FIFO))
    streams = (seccomp.Arg(0, equal, AF_UNIX), seccomp.Arg(1, masked, SOCK_TYPES, SOCK_STREAM))
    _add(seccomp, made, seccomp.ALLOW, "socketpair", *streams)
    for option, mask in _other_options():
        _add(seccomp, made, seccomp.ALLOW, "setsockopt", seccomp.Arg(2, masked, mask, option))
    for option in BUFFER_SIZES:
        _add(seccomp, made, seccomp.ERRNO(EPERM), "setsockopt", seccomp.Arg(2, masked, (1 << INT_BITS) - 1, option))
    return made


def _other_options() -> list[tuple[int, int]]:
    """Return all numbers but `BUFFER_SIZES` in few ranges: the first of each and the mask of the bits they share.

    A call can be allowed for some numbers, not for all but some. Bits above an `int`, which the kernel drops, are not
    looked at.
    """
    found, ranges = [], [(0, 1 << INT_BITS)]
    for first, size in ranges:  # grows while it is read
        if not any(first <= option < first + size for option in BUFFER_SIZES):
            found.append((first, (1 << INT_BITS) - size))
        elif size > 1:
            ranges += [(first, size // 2), (first + size // 2, size // 2)]
    return found


def _deny_list(seccomp: ModuleType, names: str) -> object:
    made = seccomp.SyscallFilter(seccomp.ALLOW)
    for name in names.split():
        _add(seccomp, made, seccomp.ERRNO(EPERM), name)
    return made


def _add(seccomp: ModuleType, made: object, action: int, name: str, *arguments: object) -> None:
    try:
        seccomp.resolve_syscall(seccomp.Arch.NATIVE, name)
        made.add_rule(action, name, *arguments)  # type: ignore[attr-defined]
    except (ValueError, OSError, RuntimeError):
        return  # a call that this processor or this libseccomp does not know stays refused


def _program(made: object) -> str:
    with tempfile.TemporaryFile() as file:
        made.export_bpf(file)  # type: ignore[attr-defined]
        file.seek(0)
        return file.read().hex()
