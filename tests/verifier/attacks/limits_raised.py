# mode: stdin
# allowed: WA RE
# tiers: namespaces landlock
"""Raise one's own limits."""

import resource

raised = []
for name in [name for name in dir(resource) if name.startswith("RLIMIT_")]:
    kind = getattr(resource, name)
    hard = resource.getrlimit(kind)[1]
    if hard == resource.RLIM_INFINITY:
        continue
    for wanted in (resource.RLIM_INFINITY, hard + 1):
        try:
            resource.setrlimit(kind, (wanted, wanted))
        except (OSError, ValueError):
            continue
        raised.append(name)
print("BROKEN" if raised else "held", raised)
