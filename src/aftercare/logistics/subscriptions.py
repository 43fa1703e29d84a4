"""Numbers told to whoever pushes where parcels are: each once, until it is taken or refused for good.

What waits is a column of the parcel (`subscribe_at`), set with its number in the same transaction. Taking it sets the next time, so
two workers never tell the same number, and what one that died has begun is begun again.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Literal

import structlog
from prometheus_client import Counter
from sqlalchemy import text

from aftercare.journal import House, begin
from aftercare.logistics.ports import AccountRefused, NumberRefused, TrackingSubscriptions
from aftercare.logistics.tracking import POLL_SUBSCRIBED, SILENT_FOR_GOOD

log = structlog.get_logger()

AT_ONCE = 4
ACCOUNT_PAUSE = timedelta(minutes=15)
"""Until somebody has put the account right, each further question is in vain."""
LONGEST_PAUSE = timedelta(hours=6)

Became = Literal["subscribed", "number_refused", "account_refused", "no_answer"]

SUBSCRIPTIONS = Counter(
    "aftercare_tracking_subscriptions_total",
    "Numbers told to who pushes where parcels are: subscribed, number_refused, account_refused, no_answer",
    ["became"],
)

# What is over, or silent for good, is asked for no more. `known`: the number is watched for another shop of this house already,
# and what is pushed of it is told to all whose parcel it is.
DUE = text(
    f"""
    WITH due AS (
      SELECT id FROM shipment WHERE subscribe_at <= :now ORDER BY subscribe_at LIMIT :limit FOR UPDATE SKIP LOCKED
    ), taken AS (
      UPDATE shipment s SET subscribe_attempts = subscribe_attempts + 1,
        subscribe_at = CASE WHEN s.status NOT IN ('delivered', 'cancelled') AND s.returned_at IS NULL AND NOT s.settled_by_staff
            AND greatest(s.last_event_at, s.announced_at) > CAST(:now AS timestamptz) - interval '{SILENT_FOR_GOOD.days} days'
          THEN CAST(:now AS timestamptz) + least(interval '1 minute' * power(4, least(subscribe_attempts, 6)),
            CAST(:longest AS interval)) END
      FROM due WHERE s.id = due.id
      RETURNING s.id, s.carrier, s.tracking_number, s.shop_id, s.order_id, s.subscribe_at
    )
    SELECT t.id, t.carrier, t.tracking_number AS number, p.code AS shop_code,
      coalesce(nullif(o.shipping_address->>'phone', ''), u.phone) AS phone,
      EXISTS (SELECT FROM shipment k WHERE k.tracking_number = t.tracking_number AND k.carrier = t.carrier AND k.id <> t.id
        AND k.subscribed_at IS NOT NULL) AS known
    FROM taken t JOIN shop p ON p.id = t.shop_id
    LEFT JOIN sales_order o ON o.id = t.order_id LEFT JOIN customer u ON u.id = o.customer_id
    WHERE t.subscribe_at IS NOT NULL ORDER BY t.id
    """  # noqa: S608  # only our own words are put in
)

# Not of a parcel whose number was corrected, or that has arrived, while we asked.
NOTE = text(
    """
    UPDATE shipment SET subscription_said = left(:said, 200),
      subscribed_at = CASE WHEN :became = 'subscribed' THEN CAST(:now AS timestamptz) END,
      subscribe_at = CASE :became WHEN 'no_answer' THEN subscribe_at WHEN 'account_refused' THEN CAST(:pause_until AS timestamptz) END,
      next_poll_at = CASE WHEN :became = 'subscribed' AND next_poll_at IS NOT NULL
        THEN greatest(next_poll_at, CAST(:poll_again AS timestamptz)) ELSE next_poll_at END
    WHERE id = ANY(:ids) AND carrier = :carrier AND tracking_number = :number AND subscribe_at IS NOT NULL
    """
)


async def subscribe_parcels(house: House, limit: int = 500) -> int:
    """Tells the numbers that are due; no transaction is open meanwhile. Returns how many were taken. Never raises for what the
    other side says: that stands with the parcel."""
    subscriptions = house.port(TrackingSubscriptions)
    async with begin(house) as work:
        rows = (
            await work.session.execute(DUE, {"now": work.now, "limit": limit, "longest": LONGEST_PAUSE})
        ).all()
    parcels: dict[tuple[str, str], list[Any]] = {}
    for row in rows:
        parcels.setdefault((row.carrier, row.number), []).append(row)
    waybills, taken = list(parcels.values()), 0
    for start in range(0, len(waybills), AT_ONCE):
        asked = waybills[start : start + AT_ONCE]
        answers = await asyncio.gather(*(_ask(subscriptions, same[0]) for same in asked))
        refused = next((said for became, said in answers if became == "account_refused"), None)
        if refused is not None:
            log.error("numbers are not taken until the account is put right", said=refused)
            rest = waybills[start + AT_ONCE :]
            asked, answers = asked + rest, answers + [("account_refused", refused)] * len(rest)
        await _note(house, asked, answers)
        taken += sum(became == "subscribed" for became, _ in answers)
        if refused is not None:
            break
    return taken


async def _ask(subscriptions: TrackingSubscriptions, parcel: Any) -> tuple[Became, str | None]:
    if parcel.known:
        return "subscribed", None
    became: Became = "subscribed"
    said = None
    try:
        await subscriptions.subscribe(
            parcel.carrier, parcel.number, shop_code=parcel.shop_code, phone=parcel.phone
        )
    except NumberRefused as refused:
        became, said = "number_refused", str(refused)
    except AccountRefused as refused:
        became, said = "account_refused", str(refused)
    except Exception as failure:
        log.warning("number not told", carrier=parcel.carrier, error=repr(failure))
        became, said = "no_answer", f"{type(failure).__name__}: {failure}"
    SUBSCRIPTIONS.labels(became).inc()
    return became, said


async def _note(
    house: House, asked: Sequence[Sequence[Any]], answers: Sequence[tuple[Became, str | None]]
) -> None:
    async with begin(house) as work:
        for same, (became, said) in zip(asked, answers, strict=True):
            await work.session.execute(
                NOTE,
                {
                    "ids": [parcel.id for parcel in same],
                    "carrier": same[0].carrier,
                    "number": same[0].number,
                    "became": became,
                    "said": said,
                    "now": work.now,
                    "pause_until": work.now + ACCOUNT_PAUSE,
                    "poll_again": work.now + POLL_SUBSCRIBED,
                },
            )
