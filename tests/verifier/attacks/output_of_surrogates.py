# mode: stdin
# allowed: WA RE
"""Print lone surrogates, which are no text."""

import sys

sys.stdout.buffer.write(b"\xed\xa0\x80\xed\xbf\xbf")
sys.stderr.buffer.write(b"\xed\xa0\x80\xed\xbf\xbf")
sys.stdout.flush()
print("\udc80\ud800")
