"""What foresight has told: lists for those who act on it, and how good each model is. Nothing is learned or foretold in a request."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import select, text

from aftercare.insights.foresight.model import (
    ForesightModel,
    ForesightWatch,
    Foretells,
    ModelState,
    Silent,
    why_silent,
)
from aftercare.journal import Work
from aftercare.kit.paging import LARGEST_PAGE, Page, page, read_mark

Matter = Literal["orders", "cases", "customers"]
KINDS: dict[Matter, tuple[Foretells, ...]] = {
    "orders": (Foretells.order_approved, Foretells.order_handed_over),
    "cases": (
        Foretells.case_late,
        Foretells.case_reopened,
        Foretells.case_escalated,
        Foretells.case_disputed,
    ),
    "customers": (Foretells.customer_leaves,),
}
WATCHED_DAYS = 90


class WhyView(BaseModel):
    """`effect` on the scale of log-odds; `longer`: by which part it lengthens the expected time, where a time is foretold."""

    reason: str
    effect: float
    longer: float | None


class ChanceView(BaseModel):
    """Something open and what may happen to it. `number` and `title` are the order's or the case's; a customer has neither."""

    foretells: Foretells
    subject_id: UUID
    shop_id: UUID
    chance: float
    usual: float
    why: list[WhyView]
    due_at: datetime | None
    told_at: datetime
    number: str | None
    title: str | None
    case_id: UUID | None
    order_id: UUID | None
    customer_id: UUID | None
    owner_id: UUID | None
    owner_name: str | None
    carrier: str | None


class FailingProduct(BaseModel):
    product_id: UUID
    shop_id: UUID
    sku: str
    title: str
    batch: str
    since: date
    units: int
    failed: int
    rate: float
    low: float
    high: float
    units_before: int
    failed_before: int
    rate_before: float | None
    q: float
    rises: bool


class WatchView(BaseModel):
    on_day: date
    count: int
    chance_drift: float
    ended: int
    brier: float | None
    brier_plain: float | None


class ModelCard(BaseModel):
    """How good the model is that serves, and how it has done since. Without a version nothing is told: `silent` says why, and `scores`
    are those of the newest that was tried, if any was."""

    foretells: Foretells
    version: int | None
    silent: Silent | None
    trained_at: datetime | None
    known_at: datetime | None
    learned_from: int
    happened: int
    scores: dict[str, Any]
    compared: dict[str, Any] | None
    refused_version: int | None
    """The newest version, when it does not serve."""
    drift: dict[str, float]
    watch: list[WatchView]


CHANCES = """
    SELECT f.name AS foretells, f.subject_id, f.shop_id, f.chance, f.usual, f.why, f.due_at, f.told_at,
      coalesce(c.number, o.number) AS number, c.title,
      c.id AS case_id, coalesce(o.id, c.order_id) AS order_id,
      coalesce(o.customer_id, c.customer_id, CASE WHEN f.name = 'customer_leaves' THEN f.subject_id END) AS customer_id,
      c.owner_id, a.name AS owner_name, h.carrier
    FROM foresight_chance f
    LEFT JOIN service_case c ON f.name LIKE 'case_%' AND c.id = f.subject_id
    LEFT JOIN sales_order o ON f.name LIKE 'order_%' AND o.id = f.subject_id
    LEFT JOIN account a ON a.id = c.owner_id
    LEFT JOIN LATERAL (SELECT carrier FROM shipment s WHERE s.order_id = o.id AND s.direction = 'outbound'
      ORDER BY s.announced_at, s.id LIMIT 1) h ON true
    WHERE f.name = ANY (:names) AND (CAST(:shop AS uuid) IS NULL OR f.shop_id = :shop) AND f.chance >= :least
      AND (CAST(:at AS float) IS NULL OR (f.chance, f.subject_id, f.name) < (:at, CAST(:id AS uuid), CAST(:name AS text)))
      AND (c.id IS NULL OR c.status <> 'closed') AND (o.id IS NULL OR o.delivered_at IS NULL)
    ORDER BY f.chance DESC, f.subject_id DESC, f.name DESC LIMIT :fetch
"""


async def chances(
    work: Work,
    matter: Matter,
    *,
    foretells: Foretells | None = None,
    shop_id: UUID | None = None,
    least: float = 0.0,
    after: str | None = None,
    limit: int = 50,
) -> Page[ChanceView]:
    """The likeliest first. Needs `insights.read`."""
    work.require("insights.read")
    limit = max(1, min(limit, LARGEST_PAGE))
    begins = read_mark(after, (float, UUID, str))
    names = [name.value for name in KINDS[matter] if foretells in (None, name)]
    rows = (
        await work.session.execute(
            text(CHANCES),
            {
                "names": names,
                "shop": shop_id,
                "least": least,
                "fetch": limit + 1,
                "at": begins[0] if begins else None,
                "id": begins[1] if begins else None,
                "name": begins[2] if begins else None,
            },
        )
    ).all()
    kept, following = page(rows, limit, lambda row: (repr(row.chance), row.subject_id, row.foretells))
    return Page(items=[ChanceView.model_validate(dict(row._mapping)) for row in kept], next=following)


async def chances_of(work: Work, subject_id: UUID) -> list[ChanceView]:
    """All that is foretold of one case or order, the likeliest first. Needs `cases.read` or `insights.read`."""
    if not work.actor.may("insights.read"):
        work.require("cases.read")
    rows = await work.session.execute(
        text(
            CHANCES.replace("f.name = ANY (:names)", "f.subject_id = :subject").replace(
                "f.chance >= :least", "true"
            )
        ),
        {"subject": subject_id, "shop": None, "fetch": 10, "at": None, "id": None, "name": None},
    )
    return [ChanceView.model_validate(dict(row._mapping)) for row in rows]


async def failing_products(work: Work, *, shop_id: UUID | None = None) -> list[FailingProduct]:
    """Products and batches with failures of late, the surest rise first. Needs `insights.read`."""
    work.require("insights.read")
    rows = await work.session.execute(
        text(
            """
            SELECT f.product_id, f.shop_id, p.sku, p.title, f.batch, f.since, f.units, f.failed, f.low, f.high, f.units_before,
              f.failed_before, f.q, f.rises, f.failed::float / f.units AS rate,
              CASE WHEN f.units_before > 0 THEN f.failed_before::float / f.units_before END AS rate_before
            FROM foresight_product f JOIN product p ON p.id = f.product_id
            WHERE CAST(:shop AS uuid) IS NULL OR f.shop_id = :shop ORDER BY f.q, f.p LIMIT 100
            """
        ),
        {"shop": shop_id},
    )
    return [FailingProduct.model_validate(dict(row._mapping)) for row in rows]


async def model_cards(work: Work) -> list[ModelCard]:
    """One for each kind. They are of the whole installation and name no shop. Needs `insights.read`."""
    work.require("insights.read")
    rows = (await work.session.scalars(select(ForesightModel).order_by(ForesightModel.version.desc()))).all()
    cards = []
    for name in Foretells:
        own = [row for row in rows if row.name is name]
        serving = next((row for row in own if row.state is ModelState.serving), None)
        refused = own[0] if own and own[0].state is ModelState.refused else None
        tried = serving or refused
        scores = tried.scores if tried else {}
        watch: list[ForesightWatch] = []
        if serving is not None:
            watch = list(
                await work.session.scalars(
                    select(ForesightWatch)
                    .join(ForesightModel, ForesightModel.id == ForesightWatch.model_id)
                    .where(ForesightModel.name == name)
                    .order_by(ForesightWatch.on_day.desc())
                    .limit(WATCHED_DAYS)
                )
            )
        latest = watch[0] if watch else None
        cards.append(
            ModelCard(
                foretells=name,
                version=serving.version if serving else None,
                silent=None if serving else why_silent(scores),
                trained_at=tried.trained_at if tried else None,
                known_at=tried.known_at if tried else None,
                learned_from=tried.learned_from if tried else 0,
                happened=tried.happened if tried else 0,
                scores=scores,
                compared=serving.compared if serving else None,
                refused_version=refused.version if refused else None,
                drift=latest.drift if latest else {},
                watch=[
                    WatchView(
                        on_day=one.on_day,
                        count=one.count,
                        chance_drift=one.chance_drift,
                        ended=one.ended,
                        brier=one.brier,
                        brier_plain=one.brier_plain,
                    )
                    for one in reversed(watch)
                ],
            )
        )
    return cards
