"""The room's figures, all from PostgreSQL as it is this second."""

from collections.abc import Sequence
from datetime import date, datetime, time
from math import exp
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import text

from aftercare.insights.alarms import what_of
from aftercare.journal import Work
from aftercare.kit.calendars import zone
from aftercare.kit.errors import Invalid

LINES = 8
"""What a wall can show of each kind."""
DAYS_TO_COMPARE = 14
FEWEST_TO_RISE = 4
OTHERS = [
    f"claim.{name}"
    for name in (
        "send_draft", "answer", "answer_part", "dispute", "ship", "transit_back", "transit_out", "confirm", "confirm_offline",
        "book_visit", "evidence",
    )
]  # fmt: skip
"""Clocks on which somebody else must act: that they run out is no promise of ours broken."""
CHANCE = 0.01
"""So unlikely must a number be, were the day like the others, to be called rising."""


class TimeZoneUnknown(Invalid):
    """There is no such time zone."""


Of = Literal["reason", "product", "channel", "topic"]


class Waiting(BaseModel):
    case_id: UUID
    number: str
    shop_id: UUID
    shop: str
    channel: str
    owner: str | None
    waiting_seconds: int


class Late(BaseModel):
    """How the promises of one kind stand: broken now, and running out soon."""

    clock: str
    broken: int
    at_risk: int
    longest_seconds: int | None


class DueNext(BaseModel):
    case_id: UUID | None
    number: str | None
    shop: str
    clock: str
    left_seconds: int


class Rising(BaseModel):
    """`of`: what is counted, by `word`; `label`: how it is called, where it has a name. `usual`: a day's mean, at the same hours."""

    of: Of
    word: str
    label: str | None
    now: int
    usual: float
    times: float | None


class Unusual(BaseModel):
    """An alarm that is not closed; `what` was watched, in words."""

    id: UUID
    shop: str
    what: str
    severity: Literal["notable", "serious", "crisis"]
    since_on: date
    acknowledged: bool


class Free(BaseModel):
    account_id: UUID
    name: str
    cases: int
    capacity: int


class Today(BaseModel):
    """Since midnight where the room stands; `answer_median_seconds` of first answers."""

    opened: int
    solved: int
    claims: int
    refunded: int
    answer_median_seconds: int | None


class Room(BaseModel):
    """`longest_seconds`: who waits longest. `people_working` have come to work, `people_free` of them could take another case."""

    at: datetime
    waiting: int
    longest_seconds: int | None
    median_seconds: int | None
    unowned: int
    longest: list[Waiting]
    late: list[Late]
    broken: int
    at_risk: int
    due_next: list[DueNext]
    rising: list[Rising]
    unusual: list[Unusual]
    free: list[Free]
    people_working: int
    people_free: int
    today: Today


IN_SHOP = "(CAST(:shop AS uuid) IS NULL OR {}.shop_id = :shop)"
WAITS = (
    "c.status IN ('open', 'waiting_shop') AND (c.snoozed_until IS NULL OR c.snoozed_until <= :now)"
    f" AND c.waiting_since IS NOT NULL AND {IN_SHOP.format('c')}"
)

SUMMED = f"""
    SELECT count(*) AS waiting, count(*) FILTER (WHERE c.owner_id IS NULL) AS unowned,
      extract(epoch FROM max(CAST(:now AS timestamptz) - c.waiting_since)) AS longest,
      extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY CAST(:now AS timestamptz) - c.waiting_since)) AS median
    FROM service_case c WHERE {WAITS}
"""  # noqa: S608  # only our own conditions
LONGEST = f"""
    SELECT c.id AS case_id, c.number, c.shop_id, s.name AS shop, c.channel, a.name AS owner,
      CAST(extract(epoch FROM CAST(:now AS timestamptz) - c.waiting_since) AS bigint) AS waiting_seconds
    FROM service_case c JOIN shop s ON s.id = c.shop_id LEFT JOIN account a ON a.id = c.owner_id
    WHERE {WAITS} ORDER BY c.waiting_since, c.id LIMIT :lines
"""  # noqa: S608  # only our own conditions
LATE = f"""
    SELECT k.name AS clock, count(*) FILTER (WHERE k.state = 'fired' OR k.due_at <= :now) AS broken,
      count(*) FILTER (WHERE k.state = 'running' AND k.due_at > :now AND (k.warned_at IS NOT NULL OR k.warn_at <= :now)) AS at_risk,
      CAST(extract(epoch FROM max(CAST(:now AS timestamptz) - k.due_at) FILTER (WHERE k.state = 'fired' OR k.due_at <= :now))
        AS bigint) AS longest_seconds
    FROM clock k WHERE k.settled_at IS NULL AND k.state IN ('running', 'fired') AND NOT k.name = ANY(:others)
      AND {IN_SHOP.format("k")}
    GROUP BY k.name
    HAVING count(*) FILTER (WHERE k.state = 'fired' OR k.due_at <= :now OR k.warned_at IS NOT NULL OR k.warn_at <= :now) > 0
    ORDER BY 2 DESC, 3 DESC, 1
"""  # noqa: S608  # only our own conditions
DUE_NEXT = f"""
    SELECT c.id AS case_id, c.number, s.name AS shop, k.name AS clock,
      CAST(extract(epoch FROM k.due_at - CAST(:now AS timestamptz)) AS bigint) AS left_seconds
    FROM clock k JOIN shop s ON s.id = k.shop_id
    LEFT JOIN claim m ON k.subject_kind = 'claim' AND m.id = k.subject_id
    LEFT JOIN service_case c ON c.id = coalesce(m.case_id, CASE WHEN k.subject_kind IN ('case', 'service_case') THEN k.subject_id END)
    WHERE k.state = 'running' AND k.settled_at IS NULL AND k.due_at > :now AND k.due_at < CAST(:now AS timestamptz) + interval '4 hours'
      AND NOT k.name = ANY(:others)
      AND {IN_SHOP.format("k")}
    ORDER BY k.due_at, k.id LIMIT :lines
"""  # noqa: S608  # only our own conditions
# The last 24 hours, with what happened in each 24 hours before.
COUNTED = """
    SELECT word, min(label) AS label, count(*) FILTER (WHERE at >= CAST(:now AS timestamptz) - interval '1 day') AS now,
      count(*) FILTER (WHERE at < CAST(:now AS timestamptz) - interval '1 day') AS before
    FROM ({of}) x
    WHERE at >= CAST(:now AS timestamptz) - make_interval(days => :days + 1) AND at <= :now
      AND (CAST(:shop AS uuid) IS NULL OR shop_id = :shop)
    GROUP BY word HAVING count(*) FILTER (WHERE at >= CAST(:now AS timestamptz) - interval '1 day') >= :fewest
"""
RISERS: dict[Of, str] = {
    "reason": "SELECT shop_id, reason AS word, CAST(NULL AS text) AS label, applied_at AS at FROM claim",
    "product": """
        SELECT m.shop_id, p.sku AS word, p.title AS label, m.applied_at AS at FROM claim m JOIN claim_line l ON l.claim_id = m.id
        JOIN order_line o ON o.id = l.order_line_id JOIN product p ON p.id = o.product_id
    """,
    "channel": "SELECT shop_id, channel AS word, CAST(NULL AS text) AS label, opened_at AS at FROM service_case",
    "topic": "SELECT shop_id, coalesce(corrected_intent, intent) AS word, CAST(NULL AS text) AS label, at FROM assistant_turn",
}
UNUSUAL = f"""
    SELECT w.id, s.name AS shop, w.series, w.cut, w.label, w.details, w.severity, w.since_on, w.state = 'acknowledged' AS acknowledged
    FROM alarm w JOIN shop s ON s.id = w.shop_id WHERE w.state <> 'closed' AND {IN_SHOP.format("w")}
    ORDER BY array_position(ARRAY['crisis', 'serious', 'notable'], CAST(w.severity AS text)), w.raised_at DESC LIMIT :lines
"""  # noqa: S608  # only our own conditions
PEOPLE = """
    SELECT a.id AS account_id, a.name, w.capacity, count(c.id) AS cases
    FROM member w JOIN account a ON a.id = w.account_id AND a.active
    LEFT JOIN service_case c ON c.owner_id = a.id AND c.status IN ('open', 'waiting_shop', 'waiting_customer')
    WHERE w.working AND EXISTS (SELECT FROM member_shop s WHERE s.account_id = w.account_id
      AND (CAST(:shop AS uuid) IS NULL OR s.shop_id = :shop) AND (CAST(:every AS boolean) OR s.shop_id = ANY(CAST(:shops AS uuid[]))))
    GROUP BY a.id, a.name, w.capacity ORDER BY w.capacity - count(c.id) DESC, a.name
"""
TODAY = f"""
    SELECT
      (SELECT count(*) FROM service_case c WHERE c.opened_at >= :midnight AND {IN_SHOP.format("c")}) AS opened,
      (SELECT count(*) FROM service_case c WHERE c.solved_at >= :midnight AND {IN_SHOP.format("c")}) AS solved,
      (SELECT count(*) FROM claim m WHERE m.applied_at >= :midnight AND {IN_SHOP.format("m")}) AS claims,
      (SELECT count(*) FROM refund r WHERE r.paid_at >= :midnight AND {IN_SHOP.format("r")}) AS refunded,
      (SELECT extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY c.answered_at - c.opened_at)) FROM service_case c
        WHERE c.answered_at >= :midnight AND {IN_SHOP.format("c")}) AS answer_median
"""  # noqa: S608  # only our own conditions


async def operations_room(
    work: Work, *, shop_id: UUID | None = None, time_zone: str = "Asia/Shanghai", locale: str = ""
) -> Room:
    """Needs `insights.read`. Refuses with TimeZoneUnknown."""
    work.require("insights.read")
    values: dict[str, Any] = {"now": work.now, "shop": shop_id, "lines": LINES, "others": OTHERS}

    async def rows(sql: str, **more: Any) -> Sequence[Any]:
        return (await work.session.execute(text(sql), values | more)).all()

    (summed,) = await rows(SUMMED)
    (today,) = await rows(TODAY, midnight=_midnight(work.now, time_zone))
    late = [Late.model_validate(row._mapping) for row in await rows(LATE)]
    shops = work.actor.shops
    people = [
        Free.model_validate(row._mapping)
        for row in await rows(PEOPLE, every=shops is None, shops=list(shops or ()))
    ]
    free = [one for one in people if one.cases < one.capacity]
    rising: list[Rising] = []
    for of, counted in RISERS.items():
        found = await rows(COUNTED.format(of=counted), days=DAYS_TO_COMPARE, fewest=FEWEST_TO_RISE)
        rising += [one for row in found if (one := _rising(of, row)) is not None]
    return Room(
        at=work.now,
        waiting=summed.waiting,
        longest_seconds=_whole(summed.longest),
        median_seconds=_whole(summed.median),
        unowned=summed.unowned,
        longest=[Waiting.model_validate(row._mapping) for row in await rows(LONGEST)],
        late=late,
        broken=sum(one.broken for one in late),
        at_risk=sum(one.at_risk for one in late),
        due_next=[DueNext.model_validate(row._mapping) for row in await rows(DUE_NEXT)],
        rising=sorted(rising, key=lambda one: (-(one.now - one.usual), one.word))[:LINES],
        unusual=[
            Unusual.model_validate({**row._mapping, "what": what_of(row, locale or work.actor.locale or "")})
            for row in await rows(UNUSUAL)
        ],
        free=free[:LINES],
        people_working=len(people),
        people_free=len(free),
        today=Today(
            opened=today.opened,
            solved=today.solved,
            claims=today.claims,
            refunded=today.refunded,
            answer_median_seconds=_whole(today.answer_median),
        ),
    )


def _rising(of: Of, row: Any) -> Rising | None:
    usual = row.before / DAYS_TO_COMPARE
    if row.now <= usual or chance_of(row.now, usual) >= CHANCE:
        return None
    return Rising(
        of=of,
        word=row.word,
        label=row.label,
        now=row.now,
        usual=round(usual, 1),
        times=round(row.now / usual, 1) if usual else None,
    )


def chance_of(number: int, usual: float) -> float:
    """How likely so many or more are on a day like the others (Poisson)."""
    # A day without any before says little: half an event is the least that is taken for usual.
    mean = max(usual, 0.5)
    term, below = exp(-mean), 0.0
    for count in range(number):
        below += term
        term *= mean / (count + 1)
    return max(0.0, 1.0 - below)


def _midnight(now: datetime, time_zone: str) -> datetime:
    try:
        place = zone(time_zone)
    except ValueError as unknown:
        raise TimeZoneUnknown(time_zone=time_zone) from unknown
    return datetime.combine(now.astimezone(place).date(), time.min, place)


def _whole(value: Any) -> int | None:
    return None if value is None else round(value)
