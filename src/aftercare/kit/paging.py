"""Keyset pages: a page ends with a mark that says where the next begins, so page 1,000 costs what page 1 costs."""

import base64
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel

from aftercare.kit.errors import Invalid

T = TypeVar("T")

LARGEST_PAGE = 200
LONGEST_MARK = 1_000
LARGEST_NUMBER = 2**63 - 1


class PageMarkUnreadable(Invalid):
    """This page mark cannot be read; start again from the first page."""


class Page(BaseModel, Generic[T]):
    """`items`, and `next`: the mark to send as `after` for the next page, or null at the end."""

    items: list[T]
    next: str | None


def mark(*values: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(values, default=str).encode()).decode().rstrip("=")


def read_mark(text: str | None, kinds: Sequence[type]) -> list[Any] | None:
    """The values in a mark, each made by its kind (`UUID`, `datetime`, `int` …); None for the first page.

    Refuses with PageMarkUnreadable what we did not write ourselves."""
    if text is None:
        return None
    try:
        if len(text) > LONGEST_MARK:
            raise ValueError
        values = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if not isinstance(values, list) or len(values) != len(kinds):
            raise ValueError
        return [_made(kind, value) for kind, value in zip(kinds, values, strict=True)]
    except (ValueError, TypeError, OverflowError) as unreadable:
        raise PageMarkUnreadable() from unreadable


def _made(kind: type, value: Any) -> Any:
    """The value as its kind. Raises ValueError or TypeError for what `mark` would not have written, or no column can hold."""
    if kind is bool or kind is int:
        if type(value) is not kind or abs(value) > LARGEST_NUMBER:
            raise ValueError
        return value
    if not isinstance(value, str) or "\x00" in value:
        raise ValueError
    value.encode()  # half a surrogate pair is no text
    if kind is datetime:
        instant = datetime.fromisoformat(value)
        if instant.tzinfo is None:
            raise ValueError
        return instant.astimezone(UTC)
    return UUID(value) if kind is UUID else kind(value)


def page(rows: Sequence[T], limit: int, key: Any) -> tuple[list[T], str | None]:
    """Cuts `limit + 1` fetched rows to a page; `key(row)` gives the tuple that the next page begins after."""
    if len(rows) <= limit:
        return list(rows), None
    kept = list(rows[:limit])
    return kept, mark(*key(kept[-1]))
