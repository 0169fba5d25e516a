# mode: call
# allowed: WA
# tests: 2
"""Change the arguments, in the hope that the next test or the verifier sees the same objects."""


def f(facts):
    if "changed" in facts:
        return "BROKEN"
    facts.clear()
    facts["changed"] = True
    return "held"
