"""A short sign that leads an answer into its thread: in mail addresses (`support+TOKEN@…`) and in links.

Letters and digits that survive a server which changes capitals; 64 bits of HMAC, so that no one makes one for a thread that
was never told to them.
"""

import base64
import binascii
import hmac
from hashlib import sha256
from uuid import UUID

MAC = 8


def _mac(secret: bytes, thread_id: UUID) -> bytes:
    return hmac.new(secret, b"reply token\x00" + thread_id.bytes, sha256).digest()[:MAC]


def signed_reply_token(secret: bytes, thread_id: UUID) -> str:
    """39 characters of a-z and 2-7."""
    return base64.b32encode(thread_id.bytes + _mac(secret, thread_id)).decode().rstrip("=").lower()


def thread_of_token(secret: bytes, token: str) -> UUID | None:
    """None for what we never signed."""
    try:
        raw = base64.b32decode(token.strip().upper() + "=")
    except (binascii.Error, ValueError):
        return None
    if len(raw) != 16 + MAC:
        return None
    thread_id = UUID(bytes=raw[:16])
    return thread_id if hmac.compare_digest(raw[16:], _mac(secret, thread_id)) else None
