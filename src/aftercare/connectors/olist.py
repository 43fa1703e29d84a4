"""The public Olist set: a Brazilian marketplace in nine CSV files.

Its sellers become shops. An order that several sellers filled becomes one order in each of their shops under the same
number, and its payments are divided between them to the cent. Orders without any item, whose seller nobody knows, belong to
the marketplace's own shop `olist`, and so do products that nobody sold. The set has no names, e-mails or product titles:
names and titles are made from ids and categories, and `contact_domain` gives every customer an address to enter with.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import partial
from pathlib import Path
from typing import TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from aftercare.identity import NewShop, ShopView, add_shops, list_shops
from aftercare.journal import SYSTEM, House, Work, begin
from aftercare.kit import money
from aftercare.kit.csvfile import Row, read_rows
from aftercare.kit.errors import Invalid
from aftercare.shop import (
    CustomerRecord,
    ImportReport,
    LineRecord,
    OrderRecord,
    OrdersImported,
    OrderStatus,
    PaymentRecord,
    PostalAreaRecord,
    ProductRecord,
    Progress,
    ReviewRecord,
    no_progress,
    put_category_names,
    put_postal_areas,
    take_in,
)

MARKETPLACE = "olist"
CURRENCY = "BRL"
ZONE = ZoneInfo("America/Sao_Paulo")
ORDERS_PER_STEP = 2_000
# Westernmost, southernmost, easternmost and northernmost points, islands included.
BRAZIL = (-74.0, -33.8, -28.8, 5.3)

FILES = {
    "sellers": ("olist_sellers_dataset.csv", ("seller_id", "seller_zip_code_prefix", "seller_city", "seller_state")),
    "customers": (
        "olist_customers_dataset.csv",
        ("customer_id", "customer_unique_id", "customer_zip_code_prefix", "customer_city", "customer_state"),
    ),
    "categories": (
        "product_category_name_translation.csv",
        ("product_category_name", "product_category_name_english"),
    ),
    "products": (
        "olist_products_dataset.csv",
        (
            "product_id", "product_category_name", "product_photos_qty", "product_weight_g", "product_length_cm",
            "product_height_cm", "product_width_cm",
        ),
    ),
    "orders": (
        "olist_orders_dataset.csv",
        (
            "order_id", "customer_id", "order_status", "order_purchase_timestamp", "order_approved_at",
            "order_delivered_carrier_date", "order_delivered_customer_date", "order_estimated_delivery_date",
        ),
    ),
    "order_items": (
        "olist_order_items_dataset.csv",
        ("order_id", "order_item_id", "product_id", "seller_id", "shipping_limit_date", "price", "freight_value"),
    ),
    "payments": (
        "olist_order_payments_dataset.csv",
        ("order_id", "payment_sequential", "payment_type", "payment_installments", "payment_value"),
    ),
    "reviews": (
        "olist_order_reviews_dataset.csv",
        (
            "review_id", "order_id", "review_score", "review_comment_title", "review_comment_message",
            "review_creation_date", "review_answer_timestamp",
        ),
    ),
    "geolocation": (
        "olist_geolocation_dataset.csv",
        (
            "geolocation_zip_code_prefix", "geolocation_lat", "geolocation_lng", "geolocation_city",
            "geolocation_state",
        ),
    ),
}  # fmt: skip

STATUSES = {
    "created": OrderStatus.awaiting_payment,
    "approved": OrderStatus.paid,
    "invoiced": OrderStatus.paid,
    "processing": OrderStatus.paid,
    "shipped": OrderStatus.shipped,
    "delivered": OrderStatus.delivered,
    "canceled": OrderStatus.cancelled,
    "unavailable": OrderStatus.cancelled,
}


class OlistFilesMissing(Invalid):
    """The folder lacks files of the Olist set; nothing was taken in."""


V = TypeVar("V")


class _Bad(Exception):
    def __init__(self, cell: str, reason: str) -> None:
        self.cell, self.reason = cell, reason


@dataclass(slots=True)
class _Cells:
    """A row whose cells are read strictly; what cannot be read raises _Bad with its column and the reason."""

    row: Row

    def text(self, column: str) -> str:
        return self.row.cells[column]

    def key(self, column: str) -> str:
        if not (value := self.row.cells[column]):
            raise _Bad(column, "is empty")
        if len(value) > 200:
            raise _Bad(column, "is longer than 200 characters")
        return value

    def _read(self, column: str, make: Callable[[str], V], reason: str) -> V:
        try:
            return make(self.row.cells[column])
        except (ValueError, InvalidOperation):
            raise _Bad(column, reason) from None

    def cents(self, column: str) -> int:
        try:
            cents = money.cents(self.key(column), CURRENCY)
        except ValueError as why:
            raise _Bad(column, str(why)) from None
        if cents < 0:
            raise _Bad(column, "is negative")
        return cents

    def whole(self, column: str, least: int, most: int) -> int:
        number = self._read(column, int, "is not a whole number")
        if not least <= number <= most:
            raise _Bad(column, f"is not between {least} and {most}")
        return number

    def size(self, column: str, factor: int) -> int | None:
        if not self.row.cells[column]:
            return None
        size = self._read(column, lambda cell: int(Decimal(cell) * factor), "is not a number")
        if not 0 <= size < 10**9:
            raise _Bad(column, "is not a size")
        return size

    def at(self, column: str) -> datetime | None:
        """The set tells the time of São Paulo."""
        if not self.row.cells[column]:
            return None
        moment = self._read(column, datetime.fromisoformat, "is not a moment like 2018-08-17 12:15:10")
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=ZONE)
        if not 1990 <= moment.year <= 2200:
            raise _Bad(column, "is not a believable moment")
        return moment.astimezone(UTC)

    def day(self, column: str) -> date:
        return self._read(
            column, lambda cell: datetime.fromisoformat(cell).date(), "is not a day like 2018-08-17"
        )

    def degrees(self, column: str, least: float, most: float) -> float:
        number = self._read(column, float, "is not a number")
        if not least <= number <= most:
            raise _Bad(column, "lies outside Brazil")
        return number


@dataclass(slots=True)
class _Set:
    """What was read of the files and not refused, by its keys."""

    report: ImportReport
    sellers: dict[str, dict[str, str]] = field(default_factory=dict)
    categories: dict[str, str] = field(default_factory=dict)
    products: dict[str, "_Product"] = field(default_factory=dict)
    customers: dict[str, tuple[str, dict[str, str]]] = field(default_factory=dict)
    homes: dict[str, dict[str, str]] = field(default_factory=dict)
    orders: dict[str, "_Order"] = field(default_factory=dict)


@dataclass(slots=True)
class _Product:
    category: str
    title: str
    weight_grams: int | None
    length_mm: int | None
    height_mm: int | None
    width_mm: int | None
    photos: int


@dataclass(slots=True)
class _Item:
    seller: str
    product: str
    price_cents: int
    freight_cents: int
    number: int


@dataclass(slots=True)
class _Order:
    line: int
    customer: str
    status: str
    placed_at: datetime
    approved_at: datetime | None
    shipped_at: datetime | None
    delivered_at: datetime | None
    promised_at: datetime | None
    items: list[_Item] = field(default_factory=list)
    items_refused: int = 0
    payments: list[PaymentRecord] = field(default_factory=list)
    reviews: list[ReviewRecord] = field(default_factory=list)


async def import_olist(
    house: House,
    folder: Path,
    *,
    contact_domain: str | None = None,
    ending: date | None = None,
    refusals_folder: Path | None = None,
    progress: Progress = no_progress,
) -> ImportReport:
    """Commits in whole steps; what a broken run has taken in stays and is 'same' in the next. With `ending`, every moment
    is moved by the same whole weeks, so that the last order that was delivered was placed on that day or in the week before,
    and all is told as it stood at the end of that day. Refuses with OlistFilesMissing, FileEmpty or ColumnsMissing before anything is written."""
    began = time.monotonic()
    missing = [name for name, _ in FILES.values() if not (folder / name).is_file()]
    if missing:
        raise OlistFilesMissing(folder=str(folder), files=missing)
    with ImportReport("olist", refusals_folder) as report:
        tables = {
            table: read_rows((folder / name).read_bytes(), name, columns)
            for table, (name, columns) in FILES.items()
        }
        whole = _read_all(tables, report, progress)
        if ending is not None:
            _move(whole, ending)
        areas = _areas(tables["geolocation"], report)
        await _write(house, whole, areas, contact_domain, progress)
        report.seconds = time.monotonic() - began
    return report


def _rows(table: str, rows: Iterator[Row], report: ImportReport, take: Callable[[_Cells], object]) -> None:
    """Gives every readable row to `take`, which raises _Bad for what it refuses."""
    file = FILES[table][0]
    count = report.of(table)
    for row in rows:
        count.read += 1
        if row.trouble:
            report.refuse(table, file, row.line, "", row.trouble)
            continue
        try:
            take(_Cells(row))
        except _Bad as bad:
            report.refuse(table, file, row.line, bad.cell, bad.reason)


def _read_all(tables: dict[str, Iterator[Row]], report: ImportReport, progress: Progress) -> _Set:
    read = _Set(report)
    readers: list[tuple[str, Callable[[_Set, _Cells], None]]] = [
        ("sellers", _take_seller),
        ("categories", _take_category),
        ("products", _take_product),
        ("customers", _take_customer),
        ("orders", _take_order),
        ("order_items", _item_taker()),
        ("payments", _payment_taker()),
        ("reviews", _review_taker()),
    ]
    for done, (table, take) in enumerate(readers):
        progress("reading", done, len(readers))
        _rows(table, tables[table], report, partial(take, read))
    # An order that lost all of its items would land in the wrong shop.
    for order_id in [key for key, order in read.orders.items() if order.items_refused and not order.items]:
        order = read.orders.pop(order_id)
        report.refuse("orders", FILES["orders"][0], order.line, "", "all of its items were refused")
        for table, parts in (("payments", order.payments), ("reviews", order.reviews)):
            for _ in parts:
                report.refuse(table, FILES[table][0], 0, "order_id", f"order {order_id} was refused")
    progress("reading", len(readers), len(readers))
    return read


def _move(read: _Set, ending: date) -> None:
    """By whole weeks of the clock on the wall: weekdays and hours stay what they were, and series keep their seasons. What lies
    after the day has not happened yet."""
    last = max(
        (order.placed_at.astimezone(ZONE).date() for order in read.orders.values() if order.delivered_at),
        default=ending,
    )
    later = timedelta(weeks=(ending - last).days // 7)
    end = datetime.combine(ending + timedelta(days=1), datetime.min.time(), ZONE)

    def by_the_wall(moment: datetime) -> datetime:
        return (moment.astimezone(ZONE) + later).astimezone(UTC)

    def moved(moment: datetime | None) -> datetime | None:
        return None if moment is None or by_the_wall(moment) >= end else by_the_wall(moment)

    for key, order in list(read.orders.items()):
        order.placed_at = by_the_wall(order.placed_at)
        if order.placed_at >= end:
            del read.orders[key]
            continue
        if order.approved_at and not moved(order.approved_at):
            order.payments = []
        order.approved_at = moved(order.approved_at)
        order.shipped_at = moved(order.shipped_at)
        order.delivered_at = moved(order.delivered_at)
        order.promised_at = order.promised_at and by_the_wall(order.promised_at)
        order.status = _standing(order)
        order.payments = [replace(paid, paid_at=order.approved_at) for paid in order.payments]
        order.reviews = [
            replace(review, created_on=review.created_on + later, answered_at=moved(review.answered_at))
            for review in order.reviews
            if review.created_on + later <= ending
        ]


def _standing(order: _Order) -> str:
    """As far as its moments tell that it came."""
    if STATUSES[order.status] == OrderStatus.cancelled:
        return order.status
    if order.delivered_at:
        return "delivered"
    if order.shipped_at:
        return "shipped"
    return "approved" if order.approved_at else "created"


def _place(cells: _Cells, prefix: str) -> dict[str, str]:
    return {
        "country": "BR",
        "postal_code": cells.text(f"{prefix}_zip_code_prefix"),
        "city": cells.text(f"{prefix}_city"),
        "region": cells.text(f"{prefix}_state"),
    }


def _new_key(known: Container[str], key: str, cell: str) -> None:
    if key in known:
        raise _Bad(cell, f"{key} stands in the file twice")


def _take_seller(read: _Set, cells: _Cells) -> None:
    key = cells.key("seller_id")
    _new_key(read.sellers, key, "seller_id")
    if not key.isascii() or not key.isalnum() or not key.islower() or len(key) > 50:
        raise _Bad("seller_id", "is not small letters and digits")
    read.sellers[key] = _place(cells, "seller")


def _take_category(read: _Set, cells: _Cells) -> None:
    key = cells.key("product_category_name")
    _new_key(read.categories, key, "product_category_name")
    read.categories[key] = cells.key("product_category_name_english")


def _take_product(read: _Set, cells: _Cells) -> None:
    key = cells.key("product_id")
    _new_key(read.products, key, "product_id")
    told = cells.text("product_category_name")
    # Two categories have no translation, and some products no category.
    category = read.categories.get(told, told)
    title = category.replace("_", " ").capitalize() or "Product"
    read.products[key] = _Product(
        category,
        f"{title} {key[:8]}",
        cells.size("product_weight_g", 1),
        cells.size("product_length_cm", 10),
        cells.size("product_height_cm", 10),
        cells.size("product_width_cm", 10),
        cells.size("product_photos_qty", 1) or 0,
    )


def _take_customer(read: _Set, cells: _Cells) -> None:
    key = cells.key("customer_id")
    _new_key(read.customers, key, "customer_id")
    person, place = cells.key("customer_unique_id"), _place(cells, "customer")
    read.customers[key] = (person, place)
    read.homes.setdefault(person, place)


def _take_order(read: _Set, cells: _Cells) -> None:
    key = cells.key("order_id")
    _new_key(read.orders, key, "order_id")
    customer = cells.key("customer_id")
    if customer not in read.customers:
        raise _Bad("customer_id", f"{customer} is not in {FILES['customers'][0]} or was refused there")
    status = cells.text("order_status")
    if status not in STATUSES:
        raise _Bad("order_status", f"is none of {', '.join(STATUSES)}")
    placed_at = cells.at("order_purchase_timestamp")
    if placed_at is None:
        raise _Bad("order_purchase_timestamp", "is empty")
    read.orders[key] = _Order(
        cells.row.line,
        customer,
        status,
        placed_at,
        cells.at("order_approved_at"),
        cells.at("order_delivered_carrier_date"),
        cells.at("order_delivered_customer_date"),
        cells.at("order_estimated_delivery_date"),
    )


def _order_of(read: _Set, cells: _Cells) -> _Order:
    key = cells.key("order_id")
    order = read.orders.get(key)
    if order is None:
        raise _Bad("order_id", f"{key} is not in {FILES['orders'][0]} or was refused there")
    return order


def _item_taker() -> Callable[[_Set, _Cells], None]:
    seen: set[tuple[str, int]] = set()

    def take(read: _Set, cells: _Cells) -> None:
        order = _order_of(read, cells)
        try:
            number = cells.whole("order_item_id", 1, 10_000)
            seller, product = cells.key("seller_id"), cells.key("product_id")
            if (cells.text("order_id"), number) in seen:
                raise _Bad("order_item_id", f"{number} of this order stands in the file twice")
            if seller not in read.sellers:
                raise _Bad("seller_id", f"{seller} is not in {FILES['sellers'][0]} or was refused there")
            if product not in read.products:
                raise _Bad("product_id", f"{product} is not in {FILES['products'][0]} or was refused there")
            item = _Item(seller, product, cells.cents("price"), cells.cents("freight_value"), number)
        except _Bad:
            order.items_refused += 1
            raise
        seen.add((cells.text("order_id"), number))
        order.items.append(item)

    return take


def _payment_taker() -> Callable[[_Set, _Cells], None]:
    seen: set[tuple[str, int]] = set()

    def take(read: _Set, cells: _Cells) -> None:
        order = _order_of(read, cells)
        number = cells.whole("payment_sequential", 1, 10_000)
        key = (cells.text("order_id"), number)
        if key in seen:
            raise _Bad("payment_sequential", f"{number} of this order stands in the file twice")
        payment = PaymentRecord(
            external_id=str(number),
            method=cells.text("payment_type"),
            amount_cents=cells.cents("payment_value"),
            provider="olist",
            provider_ref=f"{key[0]}-{number}",
            installments=max(1, cells.whole("payment_installments", 0, 1_000)),
            paid_at=order.approved_at,
        )
        seen.add(key)
        order.payments.append(payment)

    return take


def _review_taker() -> Callable[[_Set, _Cells], None]:
    seen: set[tuple[str, str]] = set()

    def take(read: _Set, cells: _Cells) -> None:
        # One review may be of several orders.
        order = _order_of(read, cells)
        key = (cells.key("review_id"), cells.text("order_id"))
        if key in seen:
            raise _Bad("review_id", f"{key[0]} of this order stands in the file twice")
        review = ReviewRecord(
            external_id=key[0],
            score=cells.whole("review_score", 1, 5),
            title=cells.text("review_comment_title"),
            body=cells.text("review_comment_message"),
            created_on=cells.day("review_creation_date"),
            answered_at=cells.at("review_answer_timestamp"),
        )
        seen.add(key)
        order.reviews.append(review)

    return take


def _areas(rows: Iterator[Row], report: ImportReport) -> list[PostalAreaRecord]:
    """The mean of the points of each postal prefix; the town is the one named most often."""
    west, south, east, north = BRAZIL
    sums: dict[str, list[float]] = {}
    towns: dict[str, dict[tuple[str, str], int]] = defaultdict(lambda: defaultdict(int))

    def take(cells: _Cells) -> None:
        prefix = cells.key("geolocation_zip_code_prefix")
        latitude = cells.degrees("geolocation_lat", south, north)
        longitude = cells.degrees("geolocation_lng", west, east)
        total = sums.setdefault(prefix, [0.0, 0.0, 0])
        total[0] += latitude
        total[1] += longitude
        total[2] += 1
        towns[prefix][cells.text("geolocation_city"), cells.text("geolocation_state")] += 1

    _rows("geolocation", rows, report, take)
    areas: list[PostalAreaRecord] = []
    for prefix, (latitude, longitude, points) in sums.items():
        city, state = min(towns[prefix], key=lambda town: (-towns[prefix][town], town))
        areas.append(
            PostalAreaRecord(
                country="BR",
                prefix=prefix,
                latitude=round(latitude / points, 6),
                longitude=round(longitude / points, 6),
                city=city,
                state=state,
                points=int(points),
            )
        )
    return areas


# Writing


async def _write(
    house: House,
    read: _Set,
    areas: Sequence[PostalAreaRecord],
    contact_domain: str | None,
    progress: Progress,
) -> None:
    report = read.report
    progress("products", 0, 1)
    async with begin(house, SYSTEM) as work:
        shops = await _open_shops(work, read)
        report.of("geolocation").add(await put_postal_areas(work, areas))
        report.of("categories").add(await put_category_names(work, MARKETPLACE, read.categories))
        report.take(await take_in(work, products=_product_records(read, shops)), products="products")
    progress("products", 1, 1)

    views = {view.id: view for view in shops.values()}
    told: set[tuple[UUID, str]] = set()
    order_ids = list(read.orders)
    for start in range(0, len(order_ids), ORDERS_PER_STEP):
        progress("orders", start, len(order_ids))
        orders: list[OrderRecord] = []
        buyers: list[CustomerRecord] = []
        for order_id in order_ids[start : start + ORDERS_PER_STEP]:
            order = read.orders[order_id]
            person, place = read.customers[order.customer]
            for record in _parts(order_id, order, person, place, read, shops):
                orders.append(record)
                # The set does not say which address of a person is newer: the first in the file stands for all.
                if (record.shop_id, person) not in told:
                    told.add((record.shop_id, person))
                    buyers.append(_buyer(record.shop_id, person, read.homes[person], contact_domain))
        async with begin(house, SYSTEM) as work:
            taken = await take_in(work, customers=buyers, orders=orders, shops=views)
        report.take(
            taken,
            customers="customers",
            orders="orders",
            lines="order_items",
            payments="payments",
            reviews="reviews",
        )
    progress("orders", len(order_ids), len(order_ids))
    async with begin(house, SYSTEM) as work:
        count = report.of("orders")
        work.record(
            OrdersImported(
                source=MARKETPLACE,
                new=count.new,
                changed=count.changed,
                same=count.same,
                refused=report.refused,
            )
        )


async def _open_shops(work: Work, read: _Set) -> dict[str, ShopView]:
    """The shops by seller; the marketplace's own under the empty name. A shop that is there already stays as it is: its
    people may have changed it."""

    def shop(code: str, name: str, place: dict[str, str]) -> NewShop:
        return NewShop(
            code=code,
            name=name,
            market="BR",
            locale="en",
            time_zone=ZONE.key,
            currency=CURRENCY,
            return_address=place,
        )

    news = [shop(MARKETPLACE, "Olist", {})] + [
        shop(seller, f"{place['city'].title() or 'Seller'} {seller[:6]}", place)
        for seller, place in read.sellers.items()
    ]
    known: set[str] = set()
    after: str | None = None
    while True:
        page = await list_shops(work, after=after)
        known.update(view.code for view in page.items)
        after = page.next
        if after is None:
            break
    views = await add_shops(work, news)
    count = read.report.of("sellers")
    count.new = sum(1 for new in news[1:] if new.code not in known)
    count.same = len(news) - 1 - count.new
    return {"": views[MARKETPLACE]} | {seller: views[seller] for seller in read.sellers}


def _product_records(read: _Set, shops: dict[str, ShopView]) -> list[ProductRecord]:
    """A product once for every seller who sold it."""
    sold: dict[tuple[str, str], int] = {}
    for order in read.orders.values():
        for item in order.items:
            sold.setdefault((item.seller, item.product), item.price_cents)
    for product in read.products.keys() - {product for _, product in sold}:
        sold["", product] = -1
    return [
        ProductRecord(
            shop_id=shops[seller].id,
            external_id=product,
            sku=product[:12],
            title=told.title,
            currency=CURRENCY,
            category=told.category,
            price_cents=price if price >= 0 else None,
            weight_grams=told.weight_grams,
            length_mm=told.length_mm,
            width_mm=told.width_mm,
            height_mm=told.height_mm,
            attributes={"photos": told.photos},
        )
        for (seller, product), price in sold.items()
        for told in (read.products[product],)
    ]


def _buyer(shop_id: UUID, person: str, place: dict[str, str], contact_domain: str | None) -> CustomerRecord:
    return CustomerRecord(
        shop_id=shop_id,
        external_id=person,
        name=f"Customer {person[:6]}",
        email=f"{person}@{contact_domain}" if contact_domain else None,
        locale="en",
        address=place,
    )


def _parts(
    order_id: str,
    order: _Order,
    person: str,
    place: dict[str, str],
    read: _Set,
    shops: dict[str, ShopView],
) -> list[OrderRecord]:
    """The order as each of its sellers has it. When more or less came in than the goods and freight cost (interest on
    instalments, or rounding), the difference is shared in proportion."""
    items: dict[str, list[_Item]] = {}
    for item in sorted(order.items, key=lambda item: item.number):
        items.setdefault(item.seller, []).append(item)
    sellers = list(items) or [""]
    totals = [
        sum(item.price_cents + item.freight_cents for item in items.get(seller, [])) for seller in sellers
    ]
    came_in = sum(payment.amount_cents for payment in order.payments)
    wanted = [
        total + part for total, part in zip(totals, money.share(came_in - sum(totals), totals), strict=True)
    ]
    divided = money.allot([payment.amount_cents for payment in order.payments], wanted)
    status = STATUSES[order.status]
    return [
        OrderRecord(
            shop_id=shops[seller].id,
            source=MARKETPLACE,
            external_id=order_id,
            number=order_id,
            customer=person,
            status=status,
            currency=CURRENCY,
            placed_at=order.placed_at,
            paid_at=order.approved_at,
            paid_cents=wanted[index] if order.approved_at else 0,
            shipped_at=order.shipped_at,
            delivered_at=order.delivered_at,
            promised_at=order.promised_at,
            # The set does not say when an order was cancelled.
            cancelled_at=None,
            shipping_address=place,
            raw={"status": order.status, "customer_id": order.customer, "sellers": len(sellers)},
            lines=tuple(
                LineRecord(
                    external_id=str(item.number),
                    product=item.product,
                    sku=item.product[:12],
                    title=read.products[item.product].title,
                    category=read.products[item.product].category,
                    quantity=1,
                    unit_price_cents=item.price_cents,
                    freight_cents=item.freight_cents,
                )
                for item in items.get(seller, [])
            ),
            payments=tuple(
                replace(payment, amount_cents=row[index])
                for payment, row in zip(order.payments, divided, strict=True)
                if row[index] or len(sellers) == 1
            ),
            # A review is of the whole order; it is told once, in the shop that comes first.
            reviews=tuple(order.reviews) if index == 0 else (),
        )
        for index, seller in enumerate(sellers)
    ]
