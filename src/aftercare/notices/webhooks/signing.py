"""Signatures as the Standard Webhooks specification has them, so that receivers check them with any library that knows it.

`webhook-id`, `webhook-timestamp` and the body are signed together with HMAC-SHA256; `webhook-signature` has one `v1,`
signature for each secret that is valid, with a space between them.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence

PREFIX = "whsec_"


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def signature(secret: str, post_id: str, timestamp: int, body: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = f"{post_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def headers(secrets_now: Sequence[str], post_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    return {
        "content-type": "application/json; charset=utf-8",
        "user-agent": "Aftercare-Webhooks/1",
        "webhook-id": post_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signature(one, post_id, timestamp, body) for one in secrets_now),
    }
