"""Checks a delivery as its receiver would: both signatures, as Standard Webhooks' own library and CueAPI's SDK compute them.

Standard input: {"key": hex of the tower's key, "headers": {name in small letters: value}, "body": the bytes as text}.
Says "good" on standard output, or what is not.
"""

import base64
import hashlib
import hmac
import json
import sys


def mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256)


call = json.load(sys.stdin)
headers, body = call["headers"], call["body"]
secret = "whsec_" + mac(bytes.fromhex(call["key"]), "webhook secret").hexdigest()

try:
    from standardwebhooks.webhooks import Webhook

    Webhook(secret).verify(body, headers)
except ImportError:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = mac(key, f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body}").digest()
    expected = "v1," + base64.b64encode(signed).decode()
    assert hmac.compare_digest(headers["webhook-signature"], expected), "not the Standard Webhooks signature"

again = json.dumps(json.loads(body), sort_keys=True)
expected = "v1=" + mac(secret.encode(), f"{headers['x-cueapi-timestamp']}.{again}").hexdigest()
assert hmac.compare_digest(headers["x-cueapi-signature"], expected), "not CueAPI's signature"
print("good")
