"""Where parcels are: what carriers push or answer, brought into order.

The status comes from the newest event by the carrier's own time, whatever order events arrive in. Two words outlast what comes
after them: `delivered` is undone by nothing but a return to the sender, and once a parcel goes back to its sender, being
delivered means there (`returned_at`). An event is known by its digest, so telling it twice changes nothing; a code that we do
not know is kept and leaves the status alone.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import text

from aftercare.journal import House, Work, begin
from aftercare.kit.json import to_json
from aftercare.logistics.events import ParcelDelivered, ParcelException, ParcelMoved, ParcelReturned
from aftercare.logistics.model import EXCEPTIONS, ShipmentStatus
from aftercare.logistics.ports import CarrierEvent, TrackingSource, TrackingUpdate
from aftercare.logistics.shipments import about

log = structlog.get_logger()

FURTHER_ALONG: list[str] = [
    ShipmentStatus.pending,
    ShipmentStatus.picked_up,
    ShipmentStatus.in_transit,
    ShipmentStatus.delivery_delayed,
    ShipmentStatus.on_hold,
    ShipmentStatus.out_for_delivery,
    ShipmentStatus.delivery_failed,
    ShipmentStatus.ready_for_pickup,
    ShipmentStatus.cancelled,
    ShipmentStatus.delivered,
    ShipmentStatus.return_to_sender,
]
"""Of two events of the same moment, the later in this list counts."""

POLL_EVERY: dict[ShipmentStatus, timedelta] = {
    ShipmentStatus.pending: timedelta(hours=4),
    ShipmentStatus.unknown: timedelta(hours=12),
    ShipmentStatus.picked_up: timedelta(hours=3),
    ShipmentStatus.in_transit: timedelta(hours=3),
    ShipmentStatus.delivery_delayed: timedelta(hours=6),
    ShipmentStatus.on_hold: timedelta(hours=6),
    ShipmentStatus.out_for_delivery: timedelta(minutes=45),
    ShipmentStatus.delivery_failed: timedelta(hours=3),
    ShipmentStatus.ready_for_pickup: timedelta(hours=6),
    ShipmentStatus.return_to_sender: timedelta(hours=12),
}
"""How often a parcel is asked after; every three days of silence add the same again. Delivered and cancelled: never."""

SILENT_FOR_GOOD = timedelta(days=60)

POLL_SUBSCRIBED = timedelta(hours=12)
"""Pushes get lost, so what is pushed is asked after too, but no more often than this."""

NEXT_POLL = (
    "CASE WHEN {status} NOT IN ('delivered', 'cancelled') AND {returned} IS NULL AND {heard} > CAST(:now AS timestamptz) - "
    f"interval '{SILENT_FOR_GOOD.days} days' THEN CAST(:now AS timestamptz) + make_interval(secs => greatest((CASE {{status}} "
    + " ".join(f"WHEN '{status}' THEN {every.total_seconds():.0f}" for status, every in POLL_EVERY.items())
    + " END) * (1 + floor(extract(epoch FROM CAST(:now AS timestamptz) - {heard}) / 259200))::double precision,"
    f" CASE WHEN s.subscribed_at IS NULL THEN 0 ELSE {POLL_SUBSCRIBED.total_seconds():.0f} END)) END"
)

PUSH = text(
    f"""
    WITH parcel AS MATERIALIZED (
      SELECT k.u, k.promised_at AS promise_now, s.*
      FROM unnest(CAST(:updates AS int[]), CAST(:carriers AS text[]), CAST(:numbers AS text[]), CAST(:promises AS timestamptz[]),
                  CAST(:shipments AS uuid[])) AS k(u, carrier, number, promised_at, shipment_id)
      JOIN shipment s ON s.tracking_number = k.number AND s.carrier = k.carrier
        AND s.id = coalesce(k.shipment_id, s.id) AND s.shop_id = coalesce(CAST(:shop AS uuid), s.shop_id)
      ORDER BY s.id FOR UPDATE OF s
    ), fresh AS (
      INSERT INTO tracking_event (shipment_id, digest, shop_id, at, status, code, text, place, source, received_at, raw)
      SELECT p.id, t.digest, p.shop_id, t.at, t.status, t.code, t.text, t.place, :source, :now, CAST(t.raw AS jsonb)
      FROM unnest(CAST(:event_updates AS int[]), CAST(:digests AS uuid[]), CAST(:ats AS timestamptz[]), CAST(:statuses AS text[]),
                  CAST(:codes AS text[]), CAST(:texts AS text[]), CAST(:places AS text[]), CAST(:raws AS text[]))
        AS t(u, digest, at, status, code, text, place, raw)
      JOIN parcel p ON p.u = t.u
      ON CONFLICT (shipment_id, digest) DO UPDATE SET status = excluded.status, code = excluded.code, raw = excluded.raw
        WHERE tracking_event.status IS NULL AND excluded.status IS NOT NULL
      RETURNING shipment_id, least(at, CAST(:now AS timestamptz)) AS at, status, code
    ), told AS (
      SELECT shipment_id, max(at) AS last_at,
        min(at) FILTER (WHERE status = 'delivered') AS delivered_first,
        max(at) FILTER (WHERE status = 'delivered') AS delivered_last,
        min(at) FILTER (WHERE status = 'return_to_sender') AS back_at,
        (array_agg(status ORDER BY at DESC, array_position(CAST(:further AS text[]), status::text) DESC)
          FILTER (WHERE status IS NOT NULL))[1] AS status,
        max(at) FILTER (WHERE status IS NOT NULL) AS status_at,
        array_agg(code ORDER BY at DESC) FILTER (WHERE status IS NOT NULL) AS codes,
        array_agg(status ORDER BY at DESC) FILTER (WHERE status IS NOT NULL) AS statuses
      FROM fresh GROUP BY shipment_id
    ), known AS (
      SELECT p.id, p.status AS was, p.status_at AS was_at, p.delivered_at AS was_delivered_at, p.returned_at AS was_returned_at,
        p.promise_now, p.settled_by_staff, t.codes, t.statuses, t.last_at, t.delivered_first, t.delivered_last,
        least(t.back_at, CASE WHEN p.status = 'return_to_sender' THEN p.status_at END) AS back_at,
        t.status AS newest, t.status_at AS newest_at,
        t.status_at IS NOT NULL AND (p.status_at IS NULL OR (t.status_at, array_position(CAST(:further AS text[]), t.status::text))
          > (p.status_at, array_position(CAST(:further AS text[]), p.status::text))) AS is_newer
      FROM parcel p JOIN told t ON t.shipment_id = p.id
    ), judged AS (
      SELECT known.*,
        CASE WHEN settled_by_staff THEN was WHEN back_at IS NOT NULL THEN 'return_to_sender'
             WHEN was = 'delivered' OR delivered_first IS NOT NULL THEN 'delivered'
             WHEN is_newer THEN newest ELSE was END AS status,
        CASE WHEN settled_by_staff THEN was_at WHEN back_at IS NOT NULL THEN back_at
             WHEN was = 'delivered' THEN was_at WHEN delivered_first IS NOT NULL THEN delivered_first
             WHEN is_newer THEN newest_at ELSE was_at END AS status_at,
        coalesce(was_delivered_at,
          CASE WHEN NOT settled_by_staff AND delivered_first < coalesce(back_at, 'infinity') THEN delivered_first END) AS delivered_at,
        coalesce(was_returned_at,
          CASE WHEN NOT settled_by_staff AND greatest(was_delivered_at, delivered_last) > back_at
               THEN greatest(was_delivered_at, delivered_last) END) AS returned_at
      FROM known
    ), changed AS (
      UPDATE shipment s SET status = j.status, status_at = j.status_at, delivered_at = j.delivered_at, returned_at = j.returned_at,
        last_event_at = greatest(s.last_event_at, j.last_at), promised_at = coalesce(s.promised_at, j.promise_now),
        next_poll_at = {
        NEXT_POLL.format(
            status="j.status",
            returned="j.returned_at",
            heard="greatest(s.last_event_at, j.last_at, s.announced_at)",
        )
    },
        subscribe_at = CASE WHEN j.status NOT IN ('delivered', 'cancelled') AND j.returned_at IS NULL THEN s.subscribe_at END
      FROM judged j WHERE s.id = j.id RETURNING s.id
    )
    SELECT p.u, p.id, p.shop_id, p.claim_id, p.order_id, p.direction, j.was, j.status, j.status_at,
      j.codes[array_position(j.statuses, j.status::varchar)] AS code,
      j.delivered_at, j.was_delivered_at, j.returned_at, j.was_returned_at,
      (SELECT count(*) FROM fresh f WHERE f.shipment_id = p.id) AS new_events
    FROM parcel p LEFT JOIN judged j ON j.id = p.id
    """  # noqa: S608  # only our own words are put in
)


# A number that nothing is known of for three days is given up; the parcel may only be handed in later, so it is told again.
GIVEN_UP = text(
    """
    UPDATE shipment s SET subscribed_at = NULL, subscribe_attempts = 0, subscription_said = left(g.why, 200),
      subscribe_at = CASE WHEN s.next_poll_at IS NOT NULL THEN CAST(:now AS timestamptz) END,
      next_poll_at = least(s.next_poll_at, :now)
    FROM unnest(CAST(:ids AS uuid[]), CAST(:whys AS text[])) AS g(id, why)
    WHERE s.id = g.id AND s.subscribed_at IS NOT NULL
    """
)


@dataclass(frozen=True)
class Pushed:
    """`parcels` were found, `moved` of them changed their status; `unmatched` numbers belong to no parcel of ours."""

    parcels: int
    new_events: int
    moved: int
    unmatched: int


async def push_tracking(
    work: Work, updates: Sequence[TrackingUpdate], *, source: str = "push", shop_id: UUID | None = None
) -> Pushed:
    """Takes in what carriers say. Late, twice, or in the wrong order makes no difference. The first 'delivered' records
    ParcelDelivered, exactly once. With `shop_id`, only parcels of that shop are touched."""
    updates = _merged(updates)
    if not updates:
        return Pushed(0, 0, 0, 0)
    events = [row for number, update in enumerate(updates) for row in _events(number, update, work.now)]
    columns: list[list[Any]] = [list(column) for column in zip(*events, strict=True)] or [
        [] for _ in range(8)
    ]
    names = ("event_updates", "digests", "ats", "statuses", "codes", "texts", "places", "raws")
    rows = (
        await work.session.execute(
            PUSH,
            {
                "updates": list(range(len(updates))),
                "carriers": [update.carrier for update in updates],
                "numbers": [update.number for update in updates],
                "promises": [update.promised_at for update in updates],
                "shipments": [update.shipment_id for update in updates],
                "shop": shop_id,
                "source": source,
                "now": work.now,
                "further": FURTHER_ALONG,
                **dict(zip(names, columns, strict=True)),
            },
        )
    ).all()
    given_up = {row.id: updates[row.u].given_up for row in rows if updates[row.u].given_up is not None}
    if given_up:
        await work.session.execute(
            GIVEN_UP, {"ids": list(given_up), "whys": list(given_up.values()), "now": work.now}
        )
    moved = 0
    for row in rows:
        moved += _tell(work, row)
    found = {row.u for row in rows}
    return Pushed(len(rows), sum(row.new_events for row in rows), moved, len(updates) - len(found))


def _tell(work: Work, row: Any) -> bool:
    """Records what changed for one parcel; True when its status did."""
    if row.status is None:
        return False
    moved = bool(row.status != row.was)
    if moved:
        work.record(ParcelMoved(**about(row), was=row.was, status=row.status, moved_at=row.status_at))
    if row.delivered_at is not None and row.was_delivered_at is None:
        work.record(ParcelDelivered(**about(row), delivered_at=row.delivered_at))
    if moved and row.status in EXCEPTIONS:
        work.record(
            ParcelException(**about(row), status=row.status, code=row.code or "", happened_at=row.status_at)
        )
    if row.returned_at is not None and row.was_returned_at is None:
        work.record(ParcelReturned(**about(row), returned_at=row.returned_at))
    return moved


def _merged(updates: Sequence[TrackingUpdate]) -> list[TrackingUpdate]:
    """One update per number: a statement may not write a row twice."""
    by_parcel: dict[tuple[str, str, UUID | None], TrackingUpdate] = {}
    for update in updates:
        key = (update.carrier, update.number, update.shipment_id)
        known = by_parcel.get(key)
        by_parcel[key] = (
            update
            if known is None
            else TrackingUpdate(
                update.carrier,
                update.number,
                (*known.events, *update.events),
                known.promised_at or update.promised_at,
                update.shipment_id,
                update.given_up or known.given_up,
            )
        )
    return list(by_parcel.values())


def _events(number: int, update: TrackingUpdate, now: datetime) -> list[tuple[Any, ...]]:
    """Rows for the statement; of one event told twice within an update, the one with a status."""
    rows: dict[UUID, tuple[Any, ...]] = {}
    for event in update.events:
        digest, status = digest_of(event), event.status
        if status is ShipmentStatus.unknown:
            status = None
        if digest in rows and status is None:
            continue
        rows[digest] = (
            number,
            digest,
            event.at or now,
            status,
            event.code[:200],
            _storable(event.text),
            _storable(event.place),
            to_json(event.raw).replace("\\u0000", ""),
        )
    return list(rows.values())


def _storable(words: str) -> str:
    return words.replace("\x00", "")[:2000]


def digest_of(event: CarrierEvent) -> UUID:
    """What makes two tellings the same event: its time, place and words; the code only where there are no words, since
    carriers add codes to events that they have already told."""
    told = (event.at.isoformat() if event.at else "", event.place, event.text or f"code {event.code}")
    return UUID(bytes=hashlib.blake2b("\x1f".join(told).encode(), digest_size=16).digest())


DUE = text(
    f"""
    WITH due AS (
      SELECT id FROM shipment WHERE next_poll_at <= :now AND tracking_number IS NOT NULL
      ORDER BY next_poll_at LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    , taken AS (UPDATE shipment s SET next_poll_at = {
        NEXT_POLL.format(
            status="s.status", returned="s.returned_at", heard="greatest(s.last_event_at, s.announced_at)"
        )
    }
    FROM due WHERE s.id = due.id RETURNING s.carrier, s.tracking_number, s.order_id)
    SELECT t.carrier, t.tracking_number, coalesce(nullif(o.shipping_address->>'phone', ''), u.phone) AS phone
    FROM taken t LEFT JOIN sales_order o ON o.id = t.order_id LEFT JOIN customer u ON u.id = o.customer_id
    """  # noqa: S608  # only our own words are put in
)


@dataclass(frozen=True)
class Poll:
    carrier: str
    numbers: list[str]
    phones: dict[str, str] = field(default_factory=dict)
    """The customers' telephones by number, where they are known."""


async def due_for_poll(work: Work, limit: int = 200) -> list[Poll]:
    """Parcels to ask after now, by carrier. Taking them sets their next time, so two workers never take the same, and one
    whose question fails is asked after again at its turn."""
    rows = (await work.session.execute(DUE, {"now": work.now, "limit": limit})).all()
    ordered = sorted({(row.carrier, row.tracking_number) for row in rows})
    phones = {(row.carrier, row.tracking_number): row.phone for row in rows if row.phone}
    polls = [
        Poll(carrier, [number for _, number in group])
        for carrier, group in groupby(ordered, key=lambda pair: pair[0])
    ]
    for poll in polls:
        poll.phones.update(
            (number, phones[poll.carrier, number])
            for number in poll.numbers
            if (poll.carrier, number) in phones
        )
    return polls


async def poll_parcels(house: House, limit: int = 200) -> int:
    """Asks after the parcels that are due; no transaction is open meanwhile. A carrier that cannot be asked holds up no
    other. Returns how many changed their status."""
    source = house.port(TrackingSource)
    async with begin(house) as work:
        polls = await due_for_poll(work, limit)
    moved = 0
    for poll in polls:
        try:
            updates = await source.track(poll.carrier, poll.numbers, poll.phones)
        except Exception as failure:
            log.warning("carrier could not be asked", carrier=poll.carrier, error=repr(failure))
            continue
        async with begin(house) as work:
            moved += (await push_tracking(work, updates, source="poll")).moved
    return moved
