"""Keyset pages: a page ends with a mark that says where the next begins, so page 1,000 costs what page 1 costs."""

import base64
import binascii
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from aftercare.kit.errors import Invalid

T = TypeVar("T")

LARGEST_PAGE = 200


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
        values = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if not isinstance(values, list) or len(values) != len(kinds):
            raise ValueError
        return [
            value if value is None else (datetime.fromisoformat(value) if kind is datetime else kind(value))
            for kind, value in zip(kinds, values, strict=True)
        ]
    except (ValueError, TypeError, binascii.Error) as unreadable:
        raise PageMarkUnreadable() from unreadable


def page(rows: Sequence[T], limit: int, key: Any) -> tuple[list[T], str | None]:
    """Cuts `limit + 1` fetched rows to a page; `key(row)` gives the tuple that the next page begins after."""
    if len(rows) <= limit:
        return list(rows), None
    kept = list(rows[:limit])
    return kept, mark(*key(kept[-1]))
