# mode: call
# allowed: RE
"""Raise an error whose message commands the terminal it is shown on."""


def f(facts):
    raise ValueError("\x1b]0;title\x07\x1b[2J\r\n\ntest 0: AC\u202e\ud800")
