"""What logistics needs from the outside: carriers that are asked, and pushes that are checked and read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from aftercare.logistics.model import ShipmentStatus


@dataclass(frozen=True, slots=True)
class CarrierEvent:
    """One scan. `at` is in UTC, None when the carrier's time could not be read; `status` is None for a code that is not
    known; `raw` is the scan as it came."""

    at: datetime | None
    status: ShipmentStatus | None
    code: str
    text: str = ""
    place: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TrackingUpdate:
    """What a carrier says about one number, in any order; `carrier` and `number` in the spelling of `read_waybill`.
    With `shipment_id` given, nothing else is looked up."""

    carrier: str
    number: str
    events: Sequence[CarrierEvent]
    promised_at: datetime | None = None
    shipment_id: UUID | None = None
    given_up: str | None = None
    """Why whoever pushes watches this number no longer, in their words."""


class TrackingSource(Protocol):
    """Somebody who can be asked where parcels are. Numbers that it knows nothing about are missing in the answer. `phones`
    are the customers' telephones by number, as far as they are known: some carriers answer only whoever knows its end."""

    async def track(
        self, carrier: str, numbers: Sequence[str], phones: Mapping[str, str]
    ) -> list[TrackingUpdate]: ...


class NumberRefused(Exception):
    """Whoever pushes will not watch this number; asking again would say the same."""


class AccountRefused(Exception):
    """Whoever pushes does not know us, or is not paid: no number will be taken until somebody has put that right."""


class TrackingSubscriptions(Protocol):
    """Somebody who pushes where a parcel is, once told its number."""

    async def subscribe(self, carrier: str, number: str, *, shop_code: str, phone: str | None) -> None:
        """Asked twice is once. Raises NumberRefused or AccountRefused with their words; after anything else it is asked
        again."""
        ...


class TrackingPushes(Protocol):
    """Checks and reads what carriers push to us."""

    def read(
        self, source: str, shop_code: str, body: bytes, headers: Mapping[str, str], now: datetime
    ) -> list[TrackingUpdate]:
        """Refuses with SignatureWrong, PushUnreadable, or PortMissing when this installation takes none of that source.
        Header names are in small letters."""
        ...
