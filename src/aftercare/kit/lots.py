"""Drawing lots that anybody can draw again: who is drawn depends on the salt and the unit alone, not on when or where."""

import hashlib
from uuid import UUID


def is_drawn(salt: UUID, unit: str, share: float) -> bool:
    """Whether the unit is among the share. Another salt draws anew."""
    number = int.from_bytes(hashlib.sha256(f"{salt}:{unit}".encode()).digest()[:8], "big")
    return number < share * 2**64
