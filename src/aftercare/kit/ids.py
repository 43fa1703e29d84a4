"""Ids are UUIDv7: they sort by the moment at which they were made, so the newest page of a list is one index range."""

from datetime import datetime
from uuid import UUID

import uuid_utils

_COUNTED = (0xFFF << 64) | (0xFFFFF << 42)
_last = {True: (0, 0), False: (0, 0)}
"""The moment and the count of the last id: of those made for a given moment, and of those made for now."""


def new_id(at: datetime | None = None) -> UUID:
    """A fresh id; `at` is the moment it should sort under (the story's own time in the demo), else now. Of one millisecond, those
    that this process makes one after the other sort in that order (RFC 9562, 6.2: a counter before 42 random bits)."""
    moment = None if at is None else round(at.timestamp() * 1_000) * 1_000_000
    drawn = int(uuid_utils.uuid7(nanoseconds=moment))
    before, count = _last[at is None]
    if drawn >> 80 == before:
        count += 1
        drawn = drawn & ~_COUNTED | (count >> 20 & 0xFFF) << 64 | (count & 0xFFFFF) << 42
    else:
        # So far below the end that no millisecond of ours comes to it.
        count = (drawn >> 64 & 0x7FF) << 20 | drawn >> 42 & 0xFFFFF
        drawn &= ~(0x800 << 64)
    _last[at is None] = (drawn >> 80, count)
    return UUID(int=drawn)
