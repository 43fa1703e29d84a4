"""Tokens, digests and seals: everything that is secret is either random, or follows from the house's secret."""

import hashlib
import hmac
import secrets

from aftercare.journal import House


def fresh_token() -> str:
    """43 characters, 256 bits."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> bytes:
    """What is stored of a random token. Random tokens need no slow hash."""
    return hashlib.sha256(token.encode()).digest()


def keyed(house: House, purpose: str, text: str) -> bytes:
    """A digest that only this house can make; digests of different purposes have nothing in common."""
    return hmac.new(house.secret, f"{purpose}\x00{text}".encode(), hashlib.sha256).digest()


def same(one: str | bytes, other: str | bytes) -> bool:
    """Compared in constant time."""
    left = one.encode() if isinstance(one, str) else one
    right = other.encode() if isinstance(other, str) else other
    return hmac.compare_digest(left, right)


def six_digits(house: House, purpose: str, text: str) -> str:
    return f"{int.from_bytes(keyed(house, purpose, text)[:8]) % 1_000_000:06d}"


def seal(house: House, purpose: str, text: str) -> str:
    from joserfc import jwe  # loaded where something is sealed, which most processes never do
    from joserfc.jwk import OctKey

    key = OctKey.import_key(keyed(house, "seal", purpose))
    return jwe.encrypt_compact({"alg": "dir", "enc": "A256GCM"}, text.encode(), key)


def unseal(house: House, purpose: str, sealed: str) -> str:
    from joserfc import jwe
    from joserfc.jwk import OctKey

    key = OctKey.import_key(keyed(house, "seal", purpose))
    opened = jwe.decrypt_compact(sealed, key).plaintext
    if opened is None:
        raise ValueError("nothing was sealed")
    return opened.decode()
