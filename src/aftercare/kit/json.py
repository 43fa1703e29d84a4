"""Compact JSON; ids, instants, days and decimals become text."""

import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

# A union written at its place would be made anew with each of the thousand values of a page.
AS_TEXT = (UUID, Decimal)
MOMENTS = (datetime, date)
COLLECTIONS = (set, frozenset, tuple)


def plain(value: Any) -> Any:
    """What the standard encoder cannot write itself. Raises TypeError for the rest."""
    if isinstance(value, AS_TEXT):
        return str(value)
    if isinstance(value, MOMENTS):
        return value.isoformat()
    if isinstance(value, COLLECTIONS):
        return list(value)
    raise TypeError(f"{type(value).__name__} has no place in JSON")


def to_json(value: Any) -> str:
    return json.dumps(value, default=plain, ensure_ascii=False, separators=(",", ":"))
