# mode: call
# allowed: RE
"""Leave through the exception that means a normal end."""


def f(facts):
    raise SystemExit(0)
