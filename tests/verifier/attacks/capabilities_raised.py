# mode: stdin
# allowed: WA RE
# tiers: namespaces landlock
"""Hold a capability, or raise one."""

import ctypes

libc = ctypes.CDLL(None)
header = (ctypes.c_uint32 * 2)(0x2008_0522, 0)
libc.capset(header, (ctypes.c_uint32 * 6)(*[0xFFFF_FFFF] * 6))
for capability in range(41):
    libc.prctl(47, 2, capability, 0, 0)
state = (ctypes.c_uint32 * 6)()
libc.capget(header, state)
held = [name for name, value in zip(("effective", "permitted"), (state[0] | state[3], state[1] | state[4])) if value]
print("BROKEN" if held else "held", held)
