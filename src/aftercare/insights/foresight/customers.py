"""Customers about to leave: those of whom, going by their rhythm and by what went wrong, no further order is likely.

Somebody who bought at least twice is looked at every thirty days; they have left when no order follows within `HORIZON` days.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sqlalchemy import text

from aftercare.insights.foresight.glances import Glances
from aftercare.insights.foresight.history import History, seconds
from aftercare.journal import Work

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

HORIZON = 90
EVERY = 30
LOOKED_AT_FOR = 180
"""Days after an order in which a customer is looked at; who was silent for longer has left already."""
MOST = 200_000
REASONS: dict[str, tuple[str, ...]] = {
    "silence": ("recency", "recency_by_gap"),
    "rhythm": ("orders", "gap", "known_for"),
    "spending": ("spent",),
    "late_orders": ("late_share",),
    "claims": ("claims", "refused"),
    "rating": ("worst_score",),
    "calendar": ("month_sine", "month_cosine"),
}
REASON_OF = {feature: reason for reason, features in REASONS.items() for feature in features}

ORDERS = """
    SELECT o.id, o.shop_id, o.customer_id, o.placed_at, o.paid_cents, o.delivered_at, o.promised_at FROM sales_order o
    WHERE o.placed_at >= :since AND o.paid_at IS NOT NULL AND o.status <> 'cancelled' ORDER BY o.placed_at DESC LIMIT :most
"""
CLAIMS = "SELECT customer_id, applied_at, outcome FROM claim WHERE applied_at >= :since"
SCORES = """
    SELECT o.customer_id, v.created_on, v.score FROM order_review v JOIN sales_order o ON o.id = v.order_id
    WHERE v.created_on >= CAST(:since AS date)
"""


async def customer_glances(work: Work, since: datetime) -> Glances:
    """Needs `insights.read`."""
    work.require("insights.read")

    async def rows(sql: str, *moments: str) -> pd.DataFrame:
        found = await work.session.execute(
            text(sql), {"since": since, "most": MOST} if ":most" in sql else {"since": since}
        )
        frame = pd.DataFrame(found.all(), columns=list(found.keys()))
        for moment in moments:
            frame[moment] = pd.to_datetime(frame[moment], utc=True).astype("datetime64[ns, UTC]")
        for column in ("id", "shop_id", "customer_id"):
            if column in frame:
                frame[column] = frame[column].astype(str)
        return frame

    orders = await rows(ORDERS, "placed_at", "delivered_at", "promised_at")
    claims = await rows(CLAIMS, "applied_at")
    scores = await rows(SCORES, "created_on")
    return glances_of(orders, claims, scores, work.now)


def glances_of(orders: pd.DataFrame, claims: pd.DataFrame, scores: pd.DataFrame, now: datetime) -> Glances:
    ones = np.ones(len(orders))
    who = orders.customer_id
    bought = History(who, orders.placed_at, ones)
    end = pd.Timestamp(now).as_unit("ns")
    first = orders.placed_at.min() if len(orders) else end
    people = orders.groupby("customer_id").agg(shop=("shop_id", "first")).reset_index()
    looks = [
        people.assign(at=at, is_now=at == end)
        for at in pd.date_range(end, first + pd.Timedelta(days=60), freq=f"-{EVERY}D")
    ]
    look = pd.concat(looks) if looks else people.assign(at=end, is_now=True)
    look["at"] = look["at"].astype("datetime64[ns, UTC]")
    look = look.sort_values(["at", "customer_id"], kind="stable").reset_index(drop=True)
    count = bought.before(look.customer_id, look["at"])[0]
    lately = bought.before(look.customer_id, look["at"], LOOKED_AT_FOR)[0]
    kept = (count >= 2) & (lately > 0)
    look, count = look[kept].reset_index(drop=True), count[kept]
    at, whose = look["at"], look.customer_id
    until = at + pd.Timedelta(days=HORIZON)
    comes = bought.before(whose, until)[0] - count > 0
    over = (until <= end).to_numpy()
    happened: Numbers = np.where(over, (~comes).astype(float), np.nan)

    made = pd.DataFrame(index=look.index)
    spots = pd.DataFrame({"who": whose, "at": at, "row": look.index}).sort_values("at")
    last = pd.merge_asof(
        spots,
        pd.DataFrame({"who": who, "was": orders.placed_at}).sort_values("was"),
        left_on="at",
        right_on="was",
        by="who",
        allow_exact_matches=False,
    ).set_index("row")
    begun = orders.groupby("customer_id").placed_at.min().reindex(whose).set_axis(look.index)
    silence = (seconds(at) - seconds(last.was.reindex(look.index))) / 86_400
    known_for = (seconds(at) - seconds(begun)) / 86_400
    gap = (known_for - silence) / np.maximum(count - 1, 1)
    made["recency"], made["gap"], made["known_for"] = np.log1p(silence), np.log1p(gap), known_for
    made["recency_by_gap"] = np.log((silence + 5) / (gap + 5))
    made["orders"] = np.log1p(count)
    made["spent"] = np.log1p(
        History(who, orders.placed_at, orders.paid_cents.to_numpy(float)).before(whose, at)[1] / count
    )
    late = (orders.delivered_at > orders.promised_at).to_numpy(float)
    made["late_share"] = History(who, orders.delivered_at, late).mean(whose, at, 0.05, 1)
    made["claims"] = History(claims.customer_id, claims.applied_at, np.ones(len(claims))).before(whose, at)[0]
    refused = claims[claims.outcome.isin(["rejected", "refused"])]
    made["refused"] = History(refused.customer_id, refused.applied_at, np.ones(len(refused))).before(
        whose, at
    )[0]
    bad = scores[scores.score <= 2]
    made["worst_score"] = History(bad.customer_id, bad.created_on, np.ones(len(bad))).before(whose, at)[0]
    angle = 2 * np.pi * at.dt.dayofyear / 365
    made["month_sine"], made["month_cosine"] = np.sin(angle), np.cos(angle)
    about = pd.DataFrame({"subject": whose, "shop": look.shop, "at": at, "is_now": look.is_now})
    return Glances(made.astype(float), about, happened, until, REASON_OF)
