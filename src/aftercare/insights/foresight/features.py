"""What is known of an order when it was approved, and when it was handed to the carrier. Nothing that was learned later enters.

How long a shop, a route, a region or a carrier usually takes is counted from the orders whose parcels had arrived before that moment.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from aftercare.insights.foresight.history import History, seconds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

Moment = Literal["approved", "handed_over"]
MOMENTS: dict[Moment, str] = {"approved": "approved_at", "handed_over": "handed_over_at"}

REASONS: dict[str, tuple[str, ...]] = {
    "distance": ("distance", "same_region"),
    "parcel": ("weight", "volume", "units", "sellers", "freight", "freight_share"),
    "goods": ("goods", "category_handling", "category_late"),
    "shop": ("shop_late", "shop_orders", "shop_handling", "from_late", "shop_load"),
    "route": ("route_late", "route_transit", "expected_transit"),
    "region": ("to_late", "to_late_lately", "to_transit", "area_transit"),
    "carrier": ("carrier_late", "carrier_transit"),
    "lately": (
        "late_14",
        "late_30",
        "late_60",
        "transit_14",
        "transit_30",
        "transit_60",
        "handling_14",
        "load",
    ),
    "calendar": ("weekday", "hour", "week_sine", "week_cosine", "promised_weekday", "holidays"),
    "payment": ("approval_wait",),
    "handling": ("handle_days", "handling", "handed_late"),
}
"""Why, in words a person understands: features that tell of the same. The promise itself is the reason `promise`."""
REASON_OF = {feature: reason for reason, features in REASONS.items() for feature in features}


def days_between(first: pd.Series[Any], second: pd.Series[Any]) -> Numbers:
    between: Numbers = (seconds(second) - seconds(first)) / 86_400
    return between


@cache
def _holidays(country: str, year: int) -> tuple[float, ...]:
    """Days since 1970 on which the country rests, Sundays aside; none where nobody wrote them down."""
    import holidays

    try:
        known = holidays.country_holidays(country, years=year)
    except NotImplementedError:
        return ()
    return tuple(sorted(float((pd.Timestamp(day) - pd.Timestamp(0)).days) for day in known))


def holidays_between(orders: pd.DataFrame, since: pd.Series[Any], until: pd.Series[Any]) -> Numbers:
    """How many public holidays of the order's country lie between."""
    starts, ends = seconds(since) / 86_400, seconds(until) / 86_400
    counted = np.zeros(len(orders))
    years = range(int(since.dt.year.min()), int(until.dt.year.max()) + 1) if len(orders) else range(0)
    for country in orders.country.unique():
        resting = np.array(sorted(day for year in years for day in _holidays(country, year)))
        own = (orders.country == country).to_numpy()
        counted[own] = np.searchsorted(resting, ends[own]) - np.searchsorted(resting, starts[own])
    return counted


def days_left(orders: pd.DataFrame, moment: Moment) -> Numbers:
    """From the moment to the promised one."""
    return days_between(orders[MOMENTS[moment]], orders.promised_at)


def days_taken(orders: pd.DataFrame, moment: Moment) -> Numbers:
    """From the moment to the delivery; NaN while it is on its way."""
    return days_between(orders[MOMENTS[moment]], orders.delivered_at)


def late(orders: pd.DataFrame) -> Numbers:
    """Delivered after the promised moment: 1 or 0, NaN while nobody knows."""
    known: Numbers = np.where(
        orders.delivered_at.notna(), (orders.delivered_at > orders.promised_at).astype(float), np.nan
    )
    return known


def features(orders: pd.DataFrame, moment: Moment) -> pd.DataFrame:
    """One row for each order, of the moment. Rows without the moment are only there to learn from."""
    at = orders[MOMENTS[moment]]
    made = pd.DataFrame(index=orders.index)
    made["goods"], made["freight"] = np.log1p(orders.goods), np.log1p(orders.freight)
    made["weight"], made["volume"] = np.log1p(orders.weight), np.log1p(orders.volume)
    made["freight_share"] = made.freight - made.goods
    made["units"], made["sellers"] = orders.units, orders.sellers
    made["distance"] = np.log1p(orders.distance)
    made["same_region"] = (orders.from_region == orders.to_region).astype(float)
    weekday = at.dt.dayofweek + at.dt.hour / 24
    made["weekday"], made["hour"] = weekday, at.dt.hour
    made["week_sine"], made["week_cosine"] = np.sin(2 * np.pi * weekday / 7), np.cos(2 * np.pi * weekday / 7)
    made["promised_weekday"] = orders.promised_at.dt.dayofweek
    made["holidays"] = holidays_between(orders, at.fillna(orders.approved_at), orders.promised_at)
    made["approval_wait"] = np.log1p(days_between(orders.placed_at, orders.approved_at).clip(0))
    made["handle_days"] = days_between(orders.approved_at, orders.handle_by)
    _histories(made, orders, at, moment)
    if moment == "handed_over":
        made["handling"] = days_between(orders.approved_at, orders.handed_over_at).clip(0.02, 30)
        made["handed_late"] = days_between(orders.handle_by, orders.handed_over_at)
    return made.astype(float)


def _histories(made: pd.DataFrame, orders: pd.DataFrame, at: pd.Series[Any], moment: Moment) -> None:
    arrived, sent = orders.delivered_at, orders.handed_over_at
    was_late = late(orders)
    transit = np.log(days_between(sent, arrived).clip(0.1, 60))
    handling = np.log(days_between(orders.approved_at, sent).clip(0.02, 30))
    every = pd.Series("", index=orders.index)

    lateness, transits, handlings = (
        History(every, arrived, was_late),
        History(every, arrived, transit),
        History(every, sent, handling),
    )
    usual_late = lateness.mean(every, at, 0.08, 20)
    usual_transit = transits.mean(every, at, 2.0, 10)
    usual_handling = handlings.mean(every, at, 0.7, 10)
    for days in (14, 30, 60):
        made[f"late_{days}"] = lateness.mean(every, at, usual_late, 10, days)
        made[f"transit_{days}"] = transits.mean(every, at, usual_transit, 10, days) - usual_transit
    made["handling_14"] = handlings.mean(every, at, usual_handling, 10, 14) - usual_handling

    shops = History(orders.shop_id, arrived, was_late)
    made["shop_late"] = shops.mean(orders.shop_id, at, usual_late, 8)
    made["shop_orders"] = np.log1p(shops.before(orders.shop_id, at)[0])
    made["shop_handling"] = History(orders.shop_id, sent, handling).mean(
        orders.shop_id, at, usual_handling, 3
    )
    made["category_handling"] = History(orders.category, sent, handling).mean(
        orders.category, at, usual_handling, 10
    )
    made["category_late"] = History(orders.category, arrived, was_late).mean(
        orders.category, at, usual_late, 20
    )
    made["from_late"] = History(orders.from_region, arrived, was_late).mean(
        orders.from_region, at, usual_late, 20
    )

    ends = History(orders.to_region, arrived, was_late)
    made["to_late"] = ends.mean(orders.to_region, at, usual_late, 20)
    made["to_late_lately"] = ends.mean(orders.to_region, at, usual_late, 10, 60)
    made["to_transit"] = History(orders.to_region, arrived, transit).mean(
        orders.to_region, at, usual_transit, 10
    )
    made["area_transit"] = History(orders.to_area, arrived, transit).mean(
        orders.to_area, at, made.to_transit.to_numpy(), 8
    )
    routes = orders.from_region + ">" + orders.to_region
    made["route_late"] = History(routes, arrived, was_late).mean(routes, at, made.to_late.to_numpy(), 10)
    made["route_transit"] = History(routes, arrived, transit).mean(routes, at, made.to_transit.to_numpy(), 8)
    made["expected_transit"] = made.route_transit + made.area_transit - made.to_transit + made.transit_30
    if moment == "handed_over" and orders.carrier.nunique() > 1:
        made["carrier_late"] = History(orders.carrier, arrived, was_late).mean(
            orders.carrier, at, usual_late, 10, 60
        )
        made["carrier_transit"] = History(orders.carrier, arrived, transit).mean(
            orders.carrier, at, usual_transit, 8, 30
        )

    ones = np.ones(len(orders))
    bought = History(every, orders.approved_at, ones)
    week, weeks = bought.before(every, at, 7)[0], bought.before(every, at, 60)[0]
    made["load"] = np.log((week / 7 + 0.2) / (weeks / 60 + 0.2))
    of_shop = History(orders.shop_id, orders.approved_at, ones)
    made["shop_load"] = np.log1p(of_shop.before(orders.shop_id, at, 7)[0])
