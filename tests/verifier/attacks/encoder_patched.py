# mode: call
# allowed: WA RE
"""Replace the JSON encoder and everything it is made of: what it then says is a value like any other."""

import json
import json.encoder

json.dumps = json.JSONEncoder.encode = json.JSONEncoder.iterencode = lambda *a, **k: '"forged"'
json.encoder.c_make_encoder = json.encoder.encode_basestring_ascii = lambda *a, **k: '"forged"'


def f(facts):
    return {"value": 0}
