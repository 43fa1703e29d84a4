"""Tables, status words and refusals of logistics."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator
from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

import aftercare.shop  # noqa: F401  # its orders are what parcels point at
from aftercare.kit.errors import Invalid, NotAllowed, NotFound, Refusal
from aftercare.kit.json import to_json
from aftercare.kit.spoken import name_in
from aftercare.kit.tables import Base, status_type


class Direction(StrEnum):
    """From the shop's side: out with the order, back with the claim, out again, or back to the customer unaccepted."""

    outbound = "outbound"
    returning = "return"
    reship = "reship"
    send_back = "send_back"


class Way(StrEnum):
    """How the parcel starts its way: with a carrier and number, fetched at the door, or handed in at a store."""

    waybill = "waybill"
    pickup = "pickup"
    drop_off = "drop_off"


class ShipmentStatus(StrEnum):
    """karrio's words, to which every carrier's own codes are brought."""

    pending = "pending"
    picked_up = "picked_up"
    in_transit = "in_transit"
    out_for_delivery = "out_for_delivery"
    ready_for_pickup = "ready_for_pickup"
    on_hold = "on_hold"
    delivery_delayed = "delivery_delayed"
    delivery_failed = "delivery_failed"
    delivered = "delivered"
    return_to_sender = "return_to_sender"
    cancelled = "cancelled"
    unknown = "unknown"

    def name_in(self, locale: str) -> str:
        return name_in(locale, "aftercare.logistics", "status", self)


EXCEPTIONS = frozenset(
    {
        ShipmentStatus.on_hold,
        ShipmentStatus.delivery_delayed,
        ShipmentStatus.delivery_failed,
        ShipmentStatus.return_to_sender,
        ShipmentStatus.cancelled,
    }
)
"""What somebody should look at."""


class Subscription(StrEnum):
    """Whether somebody pushes where the parcel is; `waiting`: they did not take the number yet, and are asked again."""

    subscribed = "subscribed"
    waiting = "waiting"
    refused = "refused"


class PickupStatus(StrEnum):
    requested = "requested"
    scheduled = "scheduled"
    collected = "collected"
    failed = "failed"


PICKUP_MOVES: dict[PickupStatus, frozenset[PickupStatus]] = {
    PickupStatus.requested: frozenset({PickupStatus.scheduled, PickupStatus.collected, PickupStatus.failed}),
    PickupStatus.scheduled: frozenset({PickupStatus.scheduled, PickupStatus.collected, PickupStatus.failed}),
    PickupStatus.failed: frozenset({PickupStatus.scheduled}),
    PickupStatus.collected: frozenset(),
}


def _storable(address: dict[str, Any]) -> dict[str, Any]:
    written = to_json(address)
    if len(written) > 4_000 or "\\u0000" in written:
        raise ValueError("an address is text of at most 4,000 characters")
    return address


Address = Annotated[dict[str, Any], AfterValidator(_storable)]


class Shipment(Base):
    """One parcel on one way. `status` follows the carrier unless `settled_by_staff`."""

    __tablename__ = "shipment"
    __table_args__ = (
        Index(
            "shipment_one_number_per_shop",
            "shop_id",
            "tracking_number",
            "carrier",
            unique=True,
            postgresql_where=text("tracking_number IS NOT NULL"),
        ),
        Index("shipment_number_idx", "tracking_number", postgresql_where=text("tracking_number IS NOT NULL")),
        Index("shipment_claim_idx", "claim_id", postgresql_where=text("claim_id IS NOT NULL")),
        Index("shipment_order_idx", "order_id", postgresql_where=text("order_id IS NOT NULL")),
        Index("shipment_shop_newest_idx", "shop_id", "id"),
        Index(
            "shipment_drop_off_code_idx",
            "shop_id",
            "drop_off_code",
            unique=True,
            postgresql_where=text("drop_off_code IS NOT NULL"),
        ),
        Index("shipment_poll_idx", "next_poll_at", postgresql_where=text("next_poll_at IS NOT NULL")),
        Index("shipment_subscribe_idx", "subscribe_at", postgresql_where=text("subscribe_at IS NOT NULL")),
        Index(
            "shipment_undelivered_promise_idx",
            "promised_at",
            "id",
            postgresql_where=text("promised_at IS NOT NULL AND delivered_at IS NULL"),
        ),
        CheckConstraint("tracking_number IS NULL OR carrier IS NOT NULL", "a_tracking_number_has_a_carrier"),
        CheckConstraint(
            "subscribed_at IS NULL OR subscribe_at IS NULL", "what_is_subscribed_is_not_to_be_subscribed"
        ),
        CheckConstraint(
            "status <> 'delivered' OR delivered_at IS NOT NULL", "a_delivered_parcel_has_its_moment"
        ),
        CheckConstraint(
            "(drop_off_code IS NULL) = (service_point_id IS NULL)", "a_drop_off_has_a_store_and_a_code"
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    direction: Mapped[Direction] = mapped_column(status_type(Direction, "shipment_direction_is_known"))
    way: Mapped[Way] = mapped_column(status_type(Way, "shipment_way_is_known"))
    order_id: Mapped[UUID | None] = mapped_column(ForeignKey("sales_order.id"))
    claim_id: Mapped[UUID | None]
    carrier: Mapped[str | None]
    tracking_number: Mapped[str | None]
    status: Mapped[ShipmentStatus] = mapped_column(status_type(ShipmentStatus, "shipment_status_is_known"))
    status_at: Mapped[datetime | None]
    """The own time of the event that the status comes from."""
    announced_at: Mapped[datetime]
    promised_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    returned_at: Mapped[datetime | None]
    """When it arrived at its sender again."""
    last_event_at: Mapped[datetime | None]
    next_poll_at: Mapped[datetime | None]
    subscribe_at: Mapped[datetime | None]
    """When somebody who pushes is to be told this number, for the first time or once more."""
    subscribe_attempts: Mapped[int] = mapped_column(server_default=text("0"))
    subscribed_at: Mapped[datetime | None]
    subscription_said: Mapped[str | None]
    """Why it is not subscribed, in their words; with `subscribe_at` it is tried again."""
    settled_by_staff: Mapped[bool] = mapped_column(server_default=text("false"))
    service_point_id: Mapped[UUID | None] = mapped_column(ForeignKey("service_point.id"))
    drop_off_code: Mapped[str | None]
    secret: Mapped[str] = mapped_column(unique=True)
    """Opens the public tracking page."""


class TrackingEvent(Base):
    """What a carrier said, as it came. `status` is null for a code that we do not know."""

    __tablename__ = "tracking_event"
    __table_args__ = (Index("tracking_event_in_order_idx", "shipment_id", "at"),)

    shipment_id: Mapped[UUID] = mapped_column(ForeignKey("shipment.id"), primary_key=True)
    digest: Mapped[UUID] = mapped_column(primary_key=True)
    """Of time, code, text and place: the same event told twice is one row."""
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    at: Mapped[datetime]
    status: Mapped[ShipmentStatus | None] = mapped_column(
        status_type(ShipmentStatus, "tracking_event_status_is_known")
    )
    code: Mapped[str]
    text: Mapped[str]
    place: Mapped[str]
    source: Mapped[str]
    received_at: Mapped[datetime]
    raw: Mapped[dict[str, Any]]


class PickupRequest(Base):
    """A courier shall fetch the parcel at an address. The address is a person's: erasing empties it."""

    __tablename__ = "pickup_request"
    __table_args__ = (
        UniqueConstraint("shipment_id"),
        Index("pickup_request_open_idx", "shop_id", "status", "wanted_on", "id"),
        CheckConstraint("until_at IS NULL OR from_at < until_at", "a_pickup_window_ends_after_it_begins"),
        CheckConstraint(
            "status <> 'scheduled' OR (from_at IS NOT NULL AND until_at IS NOT NULL)",
            "a_scheduled_pickup_has_a_window",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    shipment_id: Mapped[UUID] = mapped_column(ForeignKey("shipment.id"))
    claim_id: Mapped[UUID | None]
    status: Mapped[PickupStatus] = mapped_column(status_type(PickupStatus, "pickup_status_is_known"))
    wanted_on: Mapped[date]
    wanted_window: Mapped[str]
    """As the customer chose it, '09:00-12:00'; the agreed window is `from_at` to `until_at`."""
    from_at: Mapped[datetime | None]
    until_at: Mapped[datetime | None]
    address: Mapped[dict[str, Any]]
    failed_reason: Mapped[str | None]
    requested_at: Mapped[datetime]
    collected_at: Mapped[datetime | None]


class ServicePoint(Base):
    """A store where parcels are handed in or fetched."""

    __tablename__ = "service_point"
    __table_args__ = (UniqueConstraint("shop_id", "code"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    code: Mapped[str]
    name: Mapped[str]
    address: Mapped[dict[str, Any]]
    hours: Mapped[str]
    takes_drop_off: Mapped[bool]
    gives_pick_up: Mapped[bool]
    active: Mapped[bool] = mapped_column(server_default=text("true"))


class ShipmentNotFound(NotFound):
    """There is no such parcel, or it is not yours to see."""


class PickupNotFound(NotFound):
    """There is no such pick-up, or it is not yours to see."""


class ServicePointNotFound(NotFound):
    """There is no such store, or it does not take parcels at the moment."""


class WaybillUnreadable(Invalid):
    """This does not look like a tracking number: 5 to 40 letters and digits."""


class WaybillTaken(Refusal):
    """This tracking number already belongs to another parcel of this shop. Please check the number."""


class ShipmentOver(Refusal):
    """This parcel has already arrived."""


class PickupMoveNotAllowed(Refusal):
    """This pick-up cannot go there from where it stands."""


class PickupWindowBackwards(Invalid):
    """A pick-up ends after it begins."""


class PickupInThePast(Invalid):
    """The day of the pick-up has already passed."""


class DropOffCodeUnknown(NotFound):
    """No parcel is announced under this code."""


class SignatureWrong(NotAllowed):
    """The signature does not fit what was sent."""


class PushUnreadable(Invalid):
    """This push cannot be read."""


class PushTooLarge(Invalid):
    """This push is larger than we take."""

    status = 413
