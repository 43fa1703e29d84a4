"""A page mark comes back as it was written; anything else is refused and never reaches the database."""

import base64
import json
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from aftercare.kit.paging import PageMarkUnreadable, mark, read_mark

ID = UUID("0192f0c0-0000-7000-8000-000000000001")
AT = datetime(2026, 3, 10, 4, 0, 0, 123456, tzinfo=UTC)


def forged(*values: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode()


def test_a_mark_comes_back_as_it_was_written() -> None:
    kinds = (datetime, UUID, int, bool, str, date.fromisoformat)
    written = mark(AT, ID, 2**63 - 1, True, "上海", date(2026, 3, 10))
    assert read_mark(written, kinds) == [AT, ID, 2**63 - 1, True, "上海", date(2026, 3, 10)]  # type: ignore[arg-type]
    assert read_mark(None, kinds) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("", (int,)),
        ("%%%", (int,)),
        ("é", (int,)),
        ("[" * 5_000, (int,)),
        (base64.urlsafe_b64encode(b"[" * 50_000).decode(), (int,)),
        (base64.urlsafe_b64encode(b"\xff\xfe").decode(), (int,)),
        (forged(1, 2), (int,)),
        (forged(None), (int,)),
        (forged(None), (datetime,)),
        (forged(), (int,)),
        (forged(2**63), (int,)),
        (forged(-(2**64)), (int,)),
        (forged(10**300), (int,)),
        (forged(1.5), (int,)),
        (forged(float("nan")), (int,)),
        (forged("7"), (int,)),
        (forged(True), (int,)),
        (forged(1), (bool,)),
        (forged("2026-03-10T04:00:00"), (datetime,)),
        (forged("2026-03-10"), (datetime,)),
        (forged(0), (datetime,)),
        (forged("0001-01-01T00:00:00+14:00"), (datetime,)),
        (forged("not an id"), (UUID,)),
        (forged(["x"]), (UUID,)),
        (forged({"x": 1}), (str,)),
        (forged("a\x00b"), (str,)),
        (forged("\ud800"), (str,)),
    ],
)
def test_what_we_did_not_write_is_refused(text: str, kinds: tuple[type, ...]) -> None:
    with pytest.raises(PageMarkUnreadable):
        read_mark(text, kinds)
