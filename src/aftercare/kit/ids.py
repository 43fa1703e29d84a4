"""Ids are UUIDv7: they sort by the moment at which they were made, so the newest page of a list is one index range."""

from datetime import datetime
from uuid import UUID

import uuid_utils


def new_id(at: datetime | None = None) -> UUID:
    """A fresh id; `at` is the moment it should sort under (the story's own time in the demo), else now."""
    moment = None if at is None else round(at.timestamp() * 1_000) * 1_000_000
    return UUID(int=int(uuid_utils.uuid7(nanoseconds=moment)))
