"""Orders as foresight sees them: one row each, from a database of ours or from a folder in the form of the Olist set.

Of places only regions, the first digits of a postal code and a distance are kept; of people nothing but an id.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aftercare.journal import Work
from aftercare.kit.errors import Invalid

if TYPE_CHECKING:
    import pandas as pd

MOMENTS = ("placed_at", "approved_at", "handed_over_at", "handle_by", "promised_at", "delivered_at")
COLUMNS = (
    "id", "shop_id", "country", *MOMENTS, "goods", "freight", "weight", "volume", "units", "sellers", "category",
    "carrier", "from_region", "to_region", "to_area", "distance",
)  # fmt: skip
MOST = 200_000
"""Orders that are learned from, the newest."""
EARTH_KM = 6371.0

OLIST = {
    "orders": "olist_orders_dataset.csv",
    "items": "olist_order_items_dataset.csv",
    "products": "olist_products_dataset.csv",
    "sellers": "olist_sellers_dataset.csv",
    "customers": "olist_customers_dataset.csv",
    "places": "olist_geolocation_dataset.csv",
}


class OrderFilesMissing(Invalid):
    """The folder lacks files of the Olist form, or they have other columns."""


def distance_km(
    from_lat: pd.Series[Any], from_lon: pd.Series[Any], to_lat: pd.Series[Any], to_lon: pd.Series[Any]
) -> pd.Series[Any]:
    """As the crow flies."""
    import numpy as np

    one, other = np.radians(from_lat.astype(float)), np.radians(to_lat.astype(float))
    across = np.radians(to_lon.astype(float) - from_lon.astype(float)) / 2
    half = np.sin((other - one) / 2) ** 2 + np.cos(one) * np.cos(other) * np.sin(across) ** 2
    far: pd.Series[Any] = 2 * EARTH_KM * np.arcsin(np.sqrt(half))
    return far


def from_olist(folder: Path) -> pd.DataFrame:
    """The orders of a folder in Olist form that have an item. The geolocation file may be missing: then no distances are known.
    Refuses with OrderFilesMissing."""
    import pandas as pd

    missing = [name for table, name in OLIST.items() if table != "places" and not (folder / name).is_file()]
    if missing:
        raise OrderFilesMissing(folder=str(folder), files=missing)

    def table(name: str, *moments: str) -> pd.DataFrame:
        codes = {
            "seller_zip_code_prefix": str,
            "customer_zip_code_prefix": str,
            "geolocation_zip_code_prefix": str,
        }
        rows = pd.read_csv(folder / OLIST[name], dtype=codes)
        for moment in moments:
            rows[moment] = pd.to_datetime(rows[moment], utc=True, errors="coerce")
        return rows

    try:
        items = (
            table("items", "shipping_limit_date")
            .merge(table("products"), on="product_id", how="left")
            .merge(table("sellers"), on="seller_id", how="left")
            .sort_values(["order_id", "order_item_id"])
        )
        items["volume"] = items.product_length_cm * items.product_height_cm * items.product_width_cm / 1000
        whole = items.groupby("order_id").agg(
            shop_id=("seller_id", "first"),
            sellers=("seller_id", "nunique"),
            goods=("price", "sum"),
            freight=("freight_value", "sum"),
            weight=("product_weight_g", "sum"),
            volume=("volume", "sum"),
            units=("price", "size"),
            category=("product_category_name", "first"),
            handle_by=("shipping_limit_date", "max"),
            from_region=("seller_state", "first"),
            from_postcode=("seller_zip_code_prefix", "first"),
        )
        orders = table(
            "orders",
            "order_purchase_timestamp",
            "order_approved_at",
            "order_delivered_carrier_date",
            "order_delivered_customer_date",
            "order_estimated_delivery_date",
        ).merge(whole, left_on="order_id", right_index=True)
        orders = orders.merge(table("customers"), on="customer_id", how="left").rename(
            columns={
                "order_id": "id",
                "order_purchase_timestamp": "placed_at",
                "order_approved_at": "approved_at",
                "order_delivered_carrier_date": "handed_over_at",
                "order_delivered_customer_date": "delivered_at",
                "order_estimated_delivery_date": "promised_at",
                "customer_state": "to_region",
                "customer_zip_code_prefix": "to_postcode",
            }
        )
        orders["distance"] = float("nan")
        if (folder / OLIST["places"]).is_file():
            places = table("places").groupby("geolocation_zip_code_prefix")[
                ["geolocation_lat", "geolocation_lng"]
            ]
            middle = places.mean()
            starts = middle.reindex(orders.from_postcode).set_axis(orders.index)
            ends = middle.reindex(orders.to_postcode).set_axis(orders.index)
            orders["distance"] = distance_km(
                starts.geolocation_lat, starts.geolocation_lng, ends.geolocation_lat, ends.geolocation_lng
            )
    except (KeyError, AttributeError, ValueError) as why:
        raise OrderFilesMissing(folder=str(folder), why=str(why)[:200]) from None
    orders["to_area"] = orders.to_postcode.str[:2]
    orders["country"] = "BR"
    orders["carrier"] = ""
    return tidy(orders)


def tidy(rows: pd.DataFrame) -> pd.DataFrame:
    """Just the columns of orders, in the order in which they were approved; unapproved ones are left out."""
    import pandas as pd

    rows = rows[[*COLUMNS]].copy()
    for column in MOMENTS:
        rows[column] = pd.to_datetime(rows[column], utc=True).astype("datetime64[ns, UTC]")
    for column in ("goods", "freight", "weight", "volume", "units", "sellers", "distance"):
        rows[column] = pd.to_numeric(rows[column]).astype(float)
    for column in ("id", "shop_id", "country", "category", "carrier", "from_region", "to_region", "to_area"):
        rows[column] = rows[column].fillna("").astype(str)
    rows = rows[rows.approved_at.notna()]
    return rows.sort_values(["approved_at", "id"], kind="stable").reset_index(drop=True)


# A postal area is found by the longest known beginning of the code, of five characters down to two.
OURS = """
    WITH told AS (
      SELECT o.id, o.shop_id, o.placed_at, o.paid_at, o.shipped_at, o.promised_at, o.delivered_at, o.goods_cents, o.freight_cents,
        coalesce(o.shipping_address->>'country', s.market) AS country,
        coalesce(s.return_address->>'region', s.return_address->>'state', s.return_address->>'province') AS from_region,
        replace(upper(coalesce(s.return_address->>'postal_code', '')), ' ', '') AS from_code,
        coalesce(s.return_address->>'country', s.market) AS from_country,
        coalesce(o.shipping_address->>'region', o.shipping_address->>'state', o.shipping_address->>'province') AS to_region,
        replace(upper(coalesce(o.shipping_address->>'postal_code', '')), ' ', '') AS to_code
      FROM sales_order o JOIN shop s ON s.id = o.shop_id
      WHERE o.paid_at IS NOT NULL AND o.promised_at IS NOT NULL AND o.cancelled_at IS NULL AND o.status <> 'cancelled'
        AND o.placed_at >= :since
      ORDER BY o.placed_at DESC LIMIT :most
    ), goods AS (
      SELECT l.order_id, sum(l.quantity) AS units, min(l.category) AS category,
        sum(l.quantity * p.weight_grams) AS weight,
        sum(l.quantity * p.length_mm::float * p.width_mm * p.height_mm / 1e6) AS volume
      FROM order_line l JOIN told t ON t.id = l.order_id LEFT JOIN product p ON p.id = l.product_id GROUP BY 1
    ), sent AS (
      SELECT DISTINCT ON (h.order_id) h.order_id, h.carrier FROM shipment h JOIN told t ON t.id = h.order_id
      WHERE h.direction = 'outbound' ORDER BY h.order_id, h.announced_at, h.id
    )
    SELECT t.id, t.shop_id, t.country, t.placed_at, t.paid_at AS approved_at, t.shipped_at AS handed_over_at,
      NULL::timestamptz AS handle_by, t.promised_at, t.delivered_at, t.goods_cents / 100.0 AS goods, t.freight_cents / 100.0 AS freight,
      g.weight, g.volume, coalesce(g.units, 1) AS units, 1 AS sellers, g.category, h.carrier, t.from_region, t.to_region,
      left(t.to_code, 2) AS to_area, f.latitude AS from_lat, f.longitude AS from_lon, d.latitude AS to_lat, d.longitude AS to_lon
    FROM told t LEFT JOIN goods g ON g.order_id = t.id LEFT JOIN sent h ON h.order_id = t.id
    LEFT JOIN LATERAL (SELECT latitude, longitude FROM postal_area a WHERE a.country = t.from_country
      AND a.prefix = ANY (ARRAY[left(t.from_code, 5), left(t.from_code, 4), left(t.from_code, 3), left(t.from_code, 2)])
      ORDER BY length(a.prefix) DESC LIMIT 1) f ON true
    LEFT JOIN LATERAL (SELECT latitude, longitude FROM postal_area a WHERE a.country = t.country
      AND a.prefix = ANY (ARRAY[left(t.to_code, 5), left(t.to_code, 4), left(t.to_code, 3), left(t.to_code, 2)])
      ORDER BY length(a.prefix) DESC LIMIT 1) d ON true
"""


async def from_database(work: Work, since: datetime, most: int = MOST) -> pd.DataFrame:
    """The orders placed since then that were paid for and promised, as far as the work sees. Needs `insights.read`."""
    import pandas as pd
    from sqlalchemy import text

    work.require("insights.read")
    rows = await work.session.execute(text(OURS), {"since": since, "most": most})
    frame = pd.DataFrame(rows.all(), columns=list(rows.keys()))
    frame["distance"] = distance_km(frame.from_lat, frame.from_lon, frame.to_lat, frame.to_lon)
    return tidy(frame)
