"""What must lie in the database but not be read there: sealed with AES-256-GCM under a key that follows from the house's
secret and a purpose. A seal is bound to the row it belongs to and opens nowhere else."""

import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from aftercare.kit.errors import Unavailable

NONCE = 12


class SealBroken(Unavailable):
    """What was kept secret cannot be opened: the secret key of this installation has changed. Enter it again."""


@lru_cache(maxsize=16)
def _key(secret: bytes, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode()).derive(secret)


def sealed(secret: bytes, purpose: str, plain: bytes, *, of: bytes) -> bytes:
    """`of` names the row; the seal opens only with the same."""
    nonce = os.urandom(NONCE)
    return nonce + AESGCM(_key(secret, purpose)).encrypt(nonce, plain, of)


def opened(secret: bytes, purpose: str, kept: bytes, *, of: bytes) -> bytes:
    """Refuses with SealBroken."""
    try:
        return AESGCM(_key(secret, purpose)).decrypt(kept[:NONCE], kept[NONCE:], of)
    except (InvalidTag, ValueError):
        raise SealBroken() from None
