# mode: stdin
# allowed: WA
# tiers: namespaces landlock
"""Open the kernel's settings for writing (and write nothing)."""

import os

names = ["/proc/sysrq-trigger", "/proc/self/uid_map", "/proc/1/oom_score_adj", "/proc/1/uid_map"]
names += ["/proc/sys/kernel/" + name for name in ("core_pattern", "hostname", "modprobe", "panic", "pid_max", "shmmax")]
names += [
    "/proc/sys/net/ipv4/ip_forward",
    "/proc/sys/vm/overcommit_memory",
    "/sys/power/state",
    "/sys/kernel/uevent_helper",
]
for directory, _, files in os.walk("/sys/fs/cgroup"):
    names += [os.path.join(directory, name) for name in files if name in ("cgroup.procs", "tasks", "release_agent")]
for name in names:
    try:
        os.close(os.open(name, os.O_WRONLY))
    except OSError:
        continue
    if name != "/proc/self/uid_map":
        print("BROKEN", name)
        break
else:
    print("held")
