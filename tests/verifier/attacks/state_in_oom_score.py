# mode: stdin
# allowed: WA
# tiers: namespaces landlock
"""Ask the kernel to kill others first when memory runs out."""

for name in ("self", "1", "thread-self"):
    try:
        with open(f"/proc/{name}/oom_score_adj", "w") as file:
            file.write("-1000")
    except OSError:
        continue
    print("BROKEN", name)
print("held")
