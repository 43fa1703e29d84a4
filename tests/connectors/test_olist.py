"""The Olist set: all nine tables, to the cent, once."""

import csv
import shutil
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from aftercare.connectors.olist import FILES, ZONE, OlistFilesMissing, import_olist
from aftercare.journal import SYSTEM, House, begin
from aftercare.kit.csvfile import ColumnsMissing
from aftercare.kit.money import cents
from aftercare.shop import Count, OrderStatus, Refused, find_orders, get_order

TABLES = {name: file for name, (file, _) in FILES.items()}


def cut(source: Path, target: Path, orders: int = 60) -> Path:
    """The first orders of the set, the ones of several sellers among them, with all that belongs to them."""
    target.mkdir()
    rows = {}
    for name, file in TABLES.items():
        with (source / file).open(encoding="utf-8-sig", newline="") as opened:
            rows[name] = list(csv.DictReader(opened))
    sellers: dict[str, set[str]] = {}
    for item in rows["order_items"]:
        sellers.setdefault(item["order_id"], set()).add(item["seller_id"])
    several = [order for order, own in sellers.items() if len(own) > 1][:5]
    none = [row["order_id"] for row in rows["orders"] if row["order_id"] not in sellers][:3]
    chosen = {*[row["order_id"] for row in rows["orders"][:orders]], *several, *none}
    rows["orders"] = [row for row in rows["orders"] if row["order_id"] in chosen]
    for name in ("order_items", "payments", "reviews"):
        rows[name] = [row for row in rows[name] if row["order_id"] in chosen]
    buyers = {row["customer_id"] for row in rows["orders"]}
    rows["customers"] = [row for row in rows["customers"] if row["customer_id"] in buyers]
    for name, key in (("products", "product_id"), ("sellers", "seller_id")):
        used = {row[key] for row in rows["order_items"]}
        rows[name] = [row for row in rows[name] if row[key] in used]
    rows["geolocation"] = rows["geolocation"][:200]
    for name, file in TABLES.items():
        with (target / file).open("w", encoding="utf-8", newline="") as opened:
            writer = csv.DictWriter(opened, list(rows[name][0]))
            writer.writeheader()
            writer.writerows(rows[name])
    return target


@pytest.fixture
def folder(shared_data: Path, tmp_path: Path) -> Path:
    return cut(shared_data / "orders_olist", tmp_path / "olist")


def edit(folder: Path, table: str, old: str, new: str) -> None:
    file = folder / TABLES[table]
    content = file.read_bytes()
    assert old.encode() in content
    file.write_bytes(content.replace(old.encode(), new.encode(), 1))


def read(folder: Path, table: str) -> list[dict[str, str]]:
    with (folder / TABLES[table]).open(encoding="utf-8-sig", newline="") as opened:
        return list(csv.DictReader(opened))


async def test_twice_changes_nothing_and_money_agrees_to_the_cent(house: House, folder: Path) -> None:
    first = await import_olist(house, folder, contact_domain="example.test")
    assert first.refusals == []
    assert first.counts["order_items"] == Count(
        read=len(read(folder, "order_items")), new=len(read(folder, "order_items"))
    )
    again = await import_olist(house, folder, contact_domain="example.test")
    assert all(count.new == count.changed == count.refused == 0 for count in again.counts.values())
    paid: Counter[str] = Counter()
    for row in read(folder, "payments"):
        paid[row["order_id"]] += cents(row["payment_value"], "BRL")
    async with begin(house, SYSTEM) as work:
        rows = await work.session.execute(
            text(
                "SELECT o.number, sum(p.amount_cents)::bigint AS paid FROM sales_order o JOIN payment p ON p.order_id = o.id"
                " GROUP BY o.number"
            )
        )
        assert {row.number: row.paid for row in rows} == dict(paid)
        wrong = await work.session.scalar(
            text(
                "SELECT count(*) FROM sales_order o WHERE paid_cents < freight_cents + (SELECT coalesce(sum(paid_cents), 0)"
                " FROM order_line WHERE order_id = o.id) AND paid_at IS NOT NULL"
            )
        )
        assert wrong == 0
        facts = await work.session.execute(text("SELECT name, count(*) AS n FROM fact GROUP BY name"))
        counted = {row.name: row.n for row in facts}
    assert counted["order.imported"] == first.counts["orders"].new
    assert "order.changed" not in counted


async def test_the_set_is_told_as_it_stood_on_a_day(house: House, folder: Path) -> None:
    told = {row["order_id"]: row for row in read(folder, "orders")}
    ending = date(2026, 11, 22)
    last = max(
        datetime.fromisoformat(row["order_purchase_timestamp"]).date()
        for row in told.values()
        if row["order_delivered_customer_date"]
    )
    later = (ending - last) // timedelta(weeks=1) * timedelta(weeks=1)

    def moved(cell: str) -> datetime | None:
        """None: not yet, or never."""
        moment = datetime.fromisoformat(cell).replace(tzinfo=ZONE) + later if cell else None
        return moment if moment and moment.date() <= ending else None

    report = await import_olist(house, folder, ending=ending)
    assert report.refusals == []
    again = await import_olist(house, folder, ending=ending)
    assert all(count.new == count.changed == 0 for count in again.counts.values())
    async with begin(house, SYSTEM) as work:
        rows = (
            await work.session.execute(
                text(
                    "SELECT o.number, o.status, o.placed_at, o.shipped_at, o.delivered_at, v.created_on FROM sales_order o"
                    " LEFT JOIN order_review v ON v.order_id = o.id"
                )
            )
        ).all()
    assert {row.number for row in rows} == {
        key for key, row in told.items() if moved(row["order_purchase_timestamp"])
    }
    reviews = {(row["order_id"], row["review_creation_date"][:10]) for row in read(folder, "reviews")}
    for row in rows:
        cells = told[row.number]
        assert row.placed_at == moved(cells["order_purchase_timestamp"])
        assert row.shipped_at == moved(cells["order_delivered_carrier_date"])
        assert row.delivered_at == moved(cells["order_delivered_customer_date"])
        if row.status != OrderStatus.cancelled:
            assert (row.status == OrderStatus.delivered) == (row.delivered_at is not None)
        if row.created_on is not None:
            assert row.created_on <= ending
            assert (row.number, str(row.created_on - later)) in reviews
    # Some are on their way on that day.
    assert any(row.status == OrderStatus.shipped for row in rows)


async def test_sellers_are_shops_and_a_basket_of_several_is_split(house: House, folder: Path) -> None:
    await import_olist(house, folder, contact_domain="example.test")
    sellers: dict[str, set[str]] = {}
    for item in read(folder, "order_items"):
        sellers.setdefault(item["order_id"], set()).add(item["seller_id"])
    order_id, own = next((order, own) for order, own in sellers.items() if len(own) > 1)
    told = next(row for row in read(folder, "orders") if row["order_id"] == order_id)
    buyer = next(row for row in read(folder, "customers") if row["customer_id"] == told["customer_id"])
    async with begin(house, SYSTEM) as work:
        found = await find_orders(work, order_id, f"{buyer['customer_unique_id']}@example.test")
        assert len(found) == len({each.shop_id for each in found}) == len(own)
        codes = await work.session.scalars(
            text("SELECT code FROM shop WHERE id = ANY(:ids)"), {"ids": [each.shop_id for each in found]}
        )
        assert set(codes) == own
        order = await get_order(work, found[0].order_id)
    assert order.shipping_address["postal_code"] == buyer["customer_zip_code_prefix"]
    placed = datetime.fromisoformat(told["order_purchase_timestamp"])
    # São Paulo was three hours behind, two in its summer.
    assert (order.placed_at - placed.replace(tzinfo=UTC)).total_seconds() in (3 * 3600, 2 * 3600)


async def test_orders_of_nobody_belong_to_the_marketplace(house: House, folder: Path) -> None:
    await import_olist(house, folder)
    sold = {row["order_id"] for row in read(folder, "order_items")}
    nobodys = [row["order_id"] for row in read(folder, "orders") if row["order_id"] not in sold]
    async with begin(house, SYSTEM) as work:
        numbers = await work.session.scalars(
            text("SELECT number FROM sales_order WHERE shop_id = (SELECT id FROM shop WHERE code = 'olist')")
        )
        assert sorted(numbers) == sorted(nobodys)
        city = text("SELECT city FROM postal_area WHERE country = 'BR' AND prefix = '01012'")
        assert await work.session.scalar(city) == "sao paulo"


async def test_a_changed_row_is_written_and_named(house: House, folder: Path) -> None:
    await import_olist(house, folder)
    row = next(row for row in read(folder, "orders") if row["order_status"] == "shipped")
    edit(folder, "orders", f"{row['customer_id']},shipped", f"{row['customer_id']},delivered")
    report = await import_olist(house, folder)
    assert report.counts["orders"].changed == 1
    async with begin(house, SYSTEM) as work:
        fields = await work.session.scalar(
            text("SELECT data->'fields' FROM fact WHERE name = 'order.changed'")
        )
        status = await work.session.scalar(
            text("SELECT status FROM sales_order WHERE number = :number"), {"number": row["order_id"]}
        )
    assert (sorted(fields), status) == (["raw", "status"], OrderStatus.delivered)


async def test_bad_rows_are_told_and_stop_nothing(house: House, folder: Path) -> None:
    items = read(folder, "order_items")
    counted = Counter(item["order_id"] for item in items)
    single = next(item for item in items if counted[item["order_id"]] == 1)
    edit(
        folder, "order_items",
        f"{single['order_id']},{single['order_item_id']},{single['product_id']}",
        f"{single['order_id']},{single['order_item_id']},nothing",
    )  # fmt: skip
    orders = read(folder, "orders")
    other = next(row for row in orders if row["order_id"] != single["order_id"])
    edit(folder, "orders", other["order_purchase_timestamp"], "yesterday")
    report = await import_olist(house, folder)
    line = next(n for n, row in enumerate(orders, 2) if row is other)
    assert report.refusals[0] == Refused(
        TABLES["orders"], line, "order_purchase_timestamp", "is not a moment like 2018-08-17 12:15:10"
    )
    told = {(each.file, each.field, each.reason) for each in report.refusals}
    assert (
        TABLES["order_items"], "product_id", f"nothing is not in {TABLES['products']} or was refused there",
    ) in told  # fmt: skip
    assert (TABLES["orders"], "", "all of its items were refused") in told
    assert report.counts["orders"].refused == 2
    async with begin(house, SYSTEM) as work:
        there = await work.session.scalar(text("SELECT count(DISTINCT number) FROM sales_order"))
    assert there == len(orders) - 2


async def test_a_folder_without_its_files_or_columns_is_refused(house: House, folder: Path) -> None:
    edit(folder, "orders", "order_status", "state")
    with pytest.raises(ColumnsMissing):
        await import_olist(house, folder)
    (folder / TABLES["reviews"]).unlink()
    with pytest.raises(OlistFilesMissing) as missing:
        await import_olist(house, folder)
    assert missing.value.data["files"] == [TABLES["reviews"]]
    async with begin(house, SYSTEM) as work:
        assert await work.session.scalar(text("SELECT count(*) FROM shop")) == 0
    shutil.rmtree(folder)


@pytest.mark.slow
async def test_the_whole_set_comes_in_and_every_row_is_accounted_for(
    own_house: House, shared_data: Path
) -> None:
    report = await import_olist(own_house, shared_data / "orders_olist", contact_domain="example.test")
    assert {table: (count.read, count.new, count.refused) for table, count in report.counts.items()} == {
        "sellers": (1610, 1610, 0),
        "categories": (71, 71, 0),
        "products": (5460, 5566, 0),
        "customers": (8135, 8164, 0),
        "orders": (8135, 8208, 0),
        "order_items": (8365, 8365, 0),
        "payments": (8924, 8997, 0),
        "reviews": (8225, 8225, 0),
        "geolocation": (45928, 5816, 2),
    }
