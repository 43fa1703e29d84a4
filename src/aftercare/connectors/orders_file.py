"""Orders from a file: CSV with a row per order line, or JSON. `docs/import.md` tells both forms.

The whole file is read before anything is written, so that what several orders tell about one customer or product is settled
once (the last in the file counts), and importing it again changes nothing.
"""

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from aftercare.identity import NewShop, ShopView, add_shops, find_shop
from aftercare.journal import SYSTEM, Actor, House, begin
from aftercare.kit import money
from aftercare.kit import text as words
from aftercare.kit.csvfile import FileEmpty, FileUnreadable, read_rows
from aftercare.kit.errors import NotFound
from aftercare.kit.json import to_json
from aftercare.shop import (
    CustomerRecord,
    ImportReport,
    LineRecord,
    OrderRecord,
    OrdersImported,
    OrderStatus,
    PaymentRecord,
    ProductRecord,
    Progress,
    ReviewRecord,
    no_progress,
    take_in,
)

SOURCE = "file"
ORDERS_PER_STEP = 2_000
ROWS_PER_STEP = 5_000
MOST_LINES = 1_000
LONGEST_TEXT = 500
LARGEST_QUANTITY = 1_000_000

NEEDED = ("order_number", "placed_at", "title", "quantity", "unit_price")
ORDER_COLUMNS = (
    "external_id", "status", "currency", "placed_at", "paid_at", "shipped_at", "delivered_at", "promised_at",
    "cancelled_at", "discount", "freight", "paid",
)  # fmt: skip
CUSTOMER_COLUMNS = ("id", "name", "email", "phone", "locale", "tier")
ADDRESS_COLUMNS = ("country", "region", "city", "district", "street", "postal_code", "recipient", "phone")
PAYMENT_COLUMNS = ("id", "method", "provider", "reference", "amount", "paid_at", "installments")
LINE_COLUMNS = {
    "line_id": "id", "product_id": "product_id", "sku": "sku", "title": "title", "category": "category",
    "quantity": "quantity", "unit_price": "unit_price", "line_discount": "discount", "line_freight": "freight",
    "line_shipped_at": "shipped_at", "line_delivered_at": "delivered_at", "image": "image",
    "weight_grams": "weight_grams",
}  # fmt: skip
ATTRIBUTE = "attribute."

V = TypeVar("V")


class Bad(Exception):
    def __init__(self, cell: str, reason: str) -> None:
        self.cell, self.reason = cell, reason


@dataclass(slots=True)
class Told:
    """Named values as a file tells them; what cannot be read raises Bad with the name that the file has for it."""

    values: Mapping[str, Any]
    name: Callable[[str], str]
    line: int

    def has(self, key: str) -> bool:
        return self.values.get(key) not in (None, "", [], {})

    def text(self, key: str, *, needed: bool = False, longest: int = LONGEST_TEXT) -> str:
        value = self.values.get(key)
        if isinstance(value, bool | list | dict):
            raise Bad(self.name(key), "is not a text")
        told = "" if value is None else words.one_line(str(value))
        if needed and not told:
            raise Bad(self.name(key), "is empty")
        if len(told) > longest:
            raise Bad(self.name(key), f"is longer than {longest} characters")
        return told

    def cents(self, key: str, currency: str, *, needed: bool = False) -> int | None:
        told = self.text(key, needed=needed, longest=40)
        if not told:
            return None
        try:
            cents = money.cents(told, currency)
        except ValueError as why:
            raise Bad(self.name(key), str(why)) from None
        if cents < 0:
            raise Bad(self.name(key), "is negative")
        return cents

    def whole(self, key: str, least: int, most: int, default: int | None = None) -> int:
        told = self.text(key, needed=default is None, longest=40)
        if not told and default is not None:
            return default
        if not re.fullmatch(r"-?\d{1,15}(\.0+)?", told, re.ASCII):
            raise Bad(self.name(key), "is not a whole number")
        number = int(told.split(".")[0])
        if not least <= number <= most:
            raise Bad(self.name(key), f"is not between {least} and {most}")
        return number

    def at(self, key: str, shop: ShopView) -> datetime | None:
        """Without an offset it is the time of the shop."""
        told = self.text(key, longest=40)
        if not told:
            return None
        try:
            moment = datetime.fromisoformat(_iso(told))
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=shop.zone)
            if not 1990 <= moment.year <= 2200:
                raise Bad(self.name(key), "is not a believable moment")
            return moment.astimezone(UTC)
        except (ValueError, OverflowError):
            raise Bad(self.name(key), "is not a moment like 2026-03-10T12:00:00+08:00") from None

    def part(self, key: str) -> "Told":
        value = self.values.get(key) or {}
        if not isinstance(value, dict):
            raise Bad(self.name(key), "is not an object")
        return Told(value, lambda inner: f"{self.name(key)}.{inner}", self.line)

    def parts(self, key: str) -> list["Told"]:
        value = self.values.get(key) or []
        if not isinstance(value, list) or len(value) > MOST_LINES:
            raise Bad(self.name(key), f"is not a list of at most {MOST_LINES}")
        return [
            Told(each if isinstance(each, dict) else {}, inside(f"{self.name(key)}[{number}]"), self.line)
            for number, each in enumerate(value)
        ]


def inside(path: str) -> Callable[[str], str]:
    return lambda inner: f"{path}.{inner}"


def _iso(told: str) -> str:
    """`2026/3/1 9:05` is how spreadsheets write it."""
    found = re.fullmatch(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[ T](\d{1,2}):(.+))?", told, re.ASCII)
    if found is None:
        return told
    year, month, day, hour, rest = found.groups()
    return f"{year}-{month:0>2}-{day:0>2}" + (f"T{hour:0>2}:{rest}" if hour else "")


@dataclass(slots=True)
class _OrderTold:
    """An order as the file tells it; its lines with what the file calls them."""

    head: Told
    customer: Told
    address: Told
    lines: list[Told]
    payments: list[Told]
    reviews: list[Told] = field(default_factory=list)


@dataclass(slots=True)
class _Gathered:
    customers: dict[str, CustomerRecord] = field(default_factory=dict)
    products: dict[str, ProductRecord] = field(default_factory=dict)
    orders: dict[str, OrderRecord] = field(default_factory=dict)


async def import_orders(
    house: House,
    raw: bytes,
    *,
    file: str,
    shop_code: str,
    create: NewShop | None = None,
    actor: Actor = SYSTEM,
    refusals_folder: Path | None = None,
    progress: Progress = no_progress,
) -> ImportReport:
    """Takes the orders of one shop in; `create` makes the shop if it is not there. Commits in whole steps. Refuses with
    NotFound (no such shop), FileEmpty, ColumnsMissing or FileUnreadable before anything is written."""
    began = time.monotonic()
    # A file that cannot be read at all must not leave a new shop behind.
    is_json = raw.lstrip(b"\xef\xbb\xbf\x00 \t\r\n")[:1] in (b"{", b"[")
    if not raw.strip(b"\xef\xbb\xbf\x00 \t\r\n"):
        raise FileEmpty(file=file)
    told = _from_json(raw, file) if is_json else None
    rows = None if is_json else read_rows(raw, file, NEEDED)
    async with begin(house, actor) as work:
        work.require("orders.import")
        if create is not None:
            shop = (await add_shops(work, [create.model_copy(update={"code": shop_code})]))[shop_code]
        else:
            shop = await find_shop(work, shop_code)
        if not actor.sees(shop.id):
            raise NotFound(code=shop_code)
    with ImportReport("orders", refusals_folder) as report:
        progress("reading", 0, 1)
        orders = _from_csv(rows, file, report) if rows is not None else iter(told or ())
        gathered = _gather(orders, file, shop, report)
        progress("reading", 1, 1)
        await _write(house, actor, shop, gathered, report, progress)
        report.seconds = time.monotonic() - began
    return report


# The two forms


def _from_csv(rows: Iterator[Any], file: str, report: ImportReport) -> Iterator[_OrderTold]:
    groups: dict[str, list[Any]] = {}
    for row in rows:
        report.of("lines").read += 1
        number = words.one_line(row.cells.get("order_number", ""))
        if row.trouble or not number:
            cell, reason = ("", row.trouble) if row.trouble else ("order_number", "is empty")
            report.refuse("lines", file, row.line, cell, reason)
            continue
        groups.setdefault(number, []).append(row)
    for number, own in groups.items():
        report.of("orders").read += 1
        yield from _one_of_csv(number, own, file, report)


def _one_of_csv(number: str, rows: list[Any], file: str, report: ImportReport) -> Iterator[_OrderTold]:
    """What belongs to the order may stand on any of its rows, and must not differ where it stands twice."""
    head: dict[str, str] = {}
    lines: list[Told] = []
    for row in rows:
        own = {
            column: value
            for column, value in row.cells.items()
            if value and column not in LINE_COLUMNS and not column.startswith(ATTRIBUTE)
        }
        differing = next((column for column, value in own.items() if head.get(column, value) != value), None)
        if differing:
            report.refuse("lines", file, row.line, differing, "differs from another line of the same order")
            continue
        head |= own
        values: dict[str, Any] = {inner: row.cells.get(column) for column, inner in LINE_COLUMNS.items()}
        values["attributes"] = {
            column.removeprefix(ATTRIBUTE): _scalar(value)
            for column, value in row.cells.items()
            if column.startswith(ATTRIBUTE) and value
        }
        columns = {inner: column for column, inner in LINE_COLUMNS.items()}
        lines.append(Told(values, lambda inner, columns=columns: columns.get(inner, inner), row.line))  # type: ignore[misc]
    if not lines:
        return
    line = lines[0].line

    def group(prefix: str, columns: Sequence[str]) -> Told:
        return Told({key: head.get(prefix + key) for key in columns}, lambda key: prefix + key, line)

    payment = group("payment_", PAYMENT_COLUMNS)
    yield _OrderTold(
        head=Told(
            {"number": number} | {key: head.get(key) for key in ORDER_COLUMNS},
            lambda key: "order_number" if key == "number" else key,
            line,
        ),
        customer=group("customer_", CUSTOMER_COLUMNS),
        address=group("shipping_", ADDRESS_COLUMNS),
        lines=lines,
        payments=[payment] if payment.has("amount") else [],
    )


def _scalar(told: str) -> Any:
    return {"true": True, "yes": True, "false": False, "no": False}.get(
        told.lower(), int(told) if re.fullmatch(r"\d{1,9}", told, re.ASCII) else told
    )


def _from_json(raw: bytes, file: str) -> list[_OrderTold]:
    told: list[_OrderTold] = []
    for number, (order, line) in enumerate(read_json(raw, file, "orders")):
        head = Told(order if isinstance(order, dict) else {}, inside(f"orders[{number}]"), line)
        told.append(_OrderTold(head, head, head, [], []))
    return told


def read_json(raw: bytes, file: str, key: str) -> list[tuple[Any, int]]:
    """The elements of a list, or of the list under `key` of an object, each with the line on which it begins. Refuses with
    FileUnreadable."""
    content = words.decode(raw)[0].replace("\x00", "")
    try:
        whole = _cleaned(json.loads(content, parse_float=Decimal, parse_constant=_no_number))
    except (ValueError, RecursionError) as broken:
        line = getattr(broken, "lineno", 1)
        raise FileUnreadable(file=file, line=line, reason=getattr(broken, "msg", str(broken))) from None
    elements = whole.get(key) if isinstance(whole, dict) else whole
    if not isinstance(elements, list):
        raise FileUnreadable(file=file, line=1, reason=f'is neither a list nor an object with a list "{key}"')
    lines = _lines_of_elements(content, key if isinstance(whole, dict) else None, len(elements))
    return list(zip(elements, lines, strict=True))


def _no_number(told: str) -> Any:
    raise ValueError(f"{told} is no number")


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return words.clean(value)
    if isinstance(value, list):
        return [_cleaned(each) for each in value]
    if isinstance(value, dict):
        return {words.clean(key): _cleaned(each) for key, each in value.items()}
    return value


def _lines_of_elements(content: str, key: str | None, count: int) -> list[int]:
    """The line on which each element begins."""
    decoder = json.JSONDecoder()
    opening = re.search(rf'"{key}"\s*:\s*\[' if key else r"\[", content)
    at, line, seen = (opening.end() if opening else 0), 1, 0
    lines: list[int] = []
    for _ in range(count):
        gap = re.compile(r"[\s,]*").match(content, at)
        at = gap.end() if gap else at
        line += content.count("\n", seen, at)
        seen = at
        lines.append(line)
        try:
            _, at = decoder.raw_decode(content, at)
        except ValueError:
            break
    return lines + [line] * (count - len(lines))


# From what was told to records


def _gather(orders: Iterator[_OrderTold], file: str, shop: ShopView, report: ImportReport) -> _Gathered:
    gathered = _Gathered()
    for told in orders:
        is_json = told.customer is told.head
        try:
            if is_json:
                report.of("orders").read += 1
                head = told.head
                if not head.values:
                    raise Bad(head.name("").rstrip("."), "is not an object")
                told = _OrderTold(
                    head,
                    head.part("customer"),
                    head.part("shipping_address"),
                    head.parts("lines"),
                    head.parts("payments"),
                    head.parts("reviews"),
                )
                report.of("lines").read += len(told.lines)
            _one(told, file, shop, report, gathered)
        except Bad as bad:
            report.refuse("orders", file, told.head.line, bad.cell, bad.reason)
            report.of("lines").refused += len(told.lines)
    return gathered


def _one(told: _OrderTold, file: str, shop: ShopView, report: ImportReport, gathered: _Gathered) -> None:
    head = told.head
    number = head.text("number", needed=True, longest=100)
    key = head.text("external_id", longest=200) or number
    if key in gathered.orders:
        raise Bad(
            head.name("external_id" if head.has("external_id") else "number"),
            f"{key} stands in the file twice",
        )
    currency = head.text("currency", longest=3).upper() or shop.currency
    if not money.is_currency(currency):
        raise Bad(head.name("currency"), "is not a currency like CNY")
    placed_at = head.at("placed_at", shop)
    if placed_at is None:
        raise Bad(head.name("placed_at"), "is empty")
    paid_at, shipped_at, delivered_at, promised_at, cancelled_at = (
        head.at(name, shop)
        for name in ("paid_at", "shipped_at", "delivered_at", "promised_at", "cancelled_at")
    )
    status = _status(head, paid_at, shipped_at, delivered_at, cancelled_at)
    customer = _customer(told.customer, told.address, shop)
    products: dict[str, ProductRecord] = {}
    lines: dict[str, LineRecord] = {}
    for position, line in enumerate(told.lines, 1):
        try:
            record, product = _line(line, position, lines, currency, shop)
        except Bad as bad:
            report.refuse("lines", file, line.line, bad.cell, bad.reason)
            continue
        lines[record.external_id] = record
        if product is not None:
            products[product.external_id] = product
    if not lines:
        report.refuse(
            "orders", file, head.line, head.name("").rstrip("."), "has no line that could be taken in"
        )
        return
    payments: dict[str, PaymentRecord] = {}
    for position, each in enumerate(told.payments, 1):
        payment = _payment(each, position, currency, paid_at, shop)
        if payment.external_id in payments:
            raise Bad(each.name("id"), f"{payment.external_id} stands in the order twice")
        payments[payment.external_id] = payment
    order = OrderRecord(
        shop_id=shop.id,
        source=SOURCE,
        external_id=key,
        number=number,
        customer=customer.external_id,
        status=status,
        currency=currency,
        placed_at=placed_at,
        lines=tuple(lines.values()),
        payments=tuple(payments.values()),
        reviews=tuple(_review(each, position) for position, each in enumerate(told.reviews, 1)),
        discount_cents=head.cents("discount", currency) or 0,
        freight_cents=head.cents("freight", currency) or 0,
        paid_cents=head.cents("paid", currency),
        paid_at=paid_at,
        shipped_at=shipped_at,
        delivered_at=delivered_at,
        promised_at=promised_at,
        cancelled_at=cancelled_at,
        shipping_address=_address(told.address),
    )
    goods = sum(line.unit_price_cents * line.quantity - line.discount_cents for line in order.lines)
    if order.discount_cents > goods:
        raise Bad(head.name("discount"), "is more than the goods cost")
    gathered.orders[key] = order
    gathered.customers[customer.external_id] = customer
    gathered.products |= products


def _status(
    head: Told,
    paid_at: datetime | None,
    shipped_at: datetime | None,
    delivered_at: datetime | None,
    cancelled_at: datetime | None,
) -> OrderStatus:
    told = head.text("status").lower()
    if told:
        if told not in list(OrderStatus):
            raise Bad(head.name("status"), f"is none of {', '.join(OrderStatus)}")
        return OrderStatus(told)
    if cancelled_at:
        return OrderStatus.cancelled
    if delivered_at:
        return OrderStatus.delivered
    if shipped_at:
        return OrderStatus.shipped
    return OrderStatus.paid if paid_at else OrderStatus.awaiting_payment


def _address(told: Told) -> dict[str, Any]:
    return {key: value for key in ADDRESS_COLUMNS if (value := told.text(key))}


def _customer(told: Told, address: Told, shop: ShopView) -> CustomerRecord:
    email = phone = None
    if told.has("email") and (email := words.email(told.text("email"))) is None:
        raise Bad(told.name("email"), "is not an e-mail address")
    if told.has("phone") and (phone := words.phone(told.text("phone"), shop.market)) is None:
        raise Bad(told.name("phone"), "is not a telephone number")
    key = told.text("id", longest=200) or email or phone
    if not key:
        raise Bad(told.name("id"), "is empty, and so are e-mail and phone")
    return CustomerRecord(
        shop_id=shop.id,
        external_id=key,
        name=told.text("name", longest=200) or address.text("recipient", longest=200) or key,
        email=email,
        phone=phone,
        locale=told.text("locale", longest=20) or shop.locale,
        tier=told.text("tier", longest=50),
        address=_address(address),
    )


def _line(
    told: Told, position: int, known: Mapping[str, LineRecord], currency: str, shop: ShopView
) -> tuple[LineRecord, ProductRecord | None]:
    sku = told.text("sku", longest=100)
    product = told.text("product_id", longest=200) or sku or None
    if told.has("id"):
        key = told.text("id", longest=200)
        if key in known:
            raise Bad(told.name("id"), f"{key} stands in the order twice")
    else:
        # By what it is, not by where it stands: a row that is mended later must not push the others on.
        key = product or f"line-{position}"
        key = key if key not in known else f"{key}#{position}"
    quantity = told.whole("quantity", 1, LARGEST_QUANTITY)
    price = told.cents("unit_price", currency, needed=True) or 0
    discount = told.cents("discount", currency) or 0
    if price * quantity > money.LARGEST_CENTS:
        raise Bad(told.name("unit_price"), "is too large")
    if discount > price * quantity:
        raise Bad(told.name("discount"), "is more than the line costs")
    attributes = dict(told.part("attributes").values)
    if len(to_json(attributes)) > 10_000:
        raise Bad(told.name("attributes"), "is too long")
    record = LineRecord(
        external_id=key,
        product=product,
        sku=sku,
        title=told.text("title", needed=True),
        quantity=quantity,
        unit_price_cents=price,
        discount_cents=discount,
        freight_cents=told.cents("freight", currency) or 0,
        category=told.text("category", longest=200),
        shipped_at=told.at("shipped_at", shop),
        delivered_at=told.at("delivered_at", shop),
        attributes=attributes,
    )
    if product is None:
        return record, None
    return record, ProductRecord(
        shop_id=shop.id,
        external_id=product,
        sku=sku or product[:100],
        title=record.title,
        currency=currency,
        category=record.category,
        price_cents=price,
        weight_grams=told.whole("weight_grams", 0, 10**8, 0) or None,
        image=told.text("image", longest=2_000) or None,
        attributes=attributes,
    )


def _payment(
    told: Told, position: int, currency: str, paid_at: datetime | None, shop: ShopView
) -> PaymentRecord:
    return PaymentRecord(
        external_id=told.text("id", longest=200) or told.text("reference", longest=200) or str(position),
        method=told.text("method", longest=50),
        amount_cents=told.cents("amount", currency, needed=True) or 0,
        provider=told.text("provider", longest=50),
        provider_ref=told.text("reference", longest=200),
        installments=told.whole("installments", 1, 1_000, 1),
        paid_at=told.at("paid_at", shop) or paid_at,
    )


def _review(told: Told, position: int) -> ReviewRecord:
    try:
        created_on = date.fromisoformat(told.text("created_on", needed=True)[:10])
    except ValueError:
        raise Bad(told.name("created_on"), "is not a day like 2026-03-10") from None
    return ReviewRecord(
        external_id=told.text("id", longest=200) or str(position),
        score=told.whole("score", 1, 5),
        title=told.text("title"),
        body=told.text("body", longest=10_000),
        created_on=created_on,
    )


async def _write(
    house: House, actor: Actor, shop: ShopView, gathered: _Gathered, report: ImportReport, progress: Progress
) -> None:
    # Nobody is taken in whose orders were all refused.
    customers, products = list(gathered.customers.values()), list(gathered.products.values())
    for start in range(0, max(len(customers), len(products)), ROWS_PER_STEP):
        async with begin(house, actor) as work:
            taken = await take_in(
                work,
                customers=customers[start : start + ROWS_PER_STEP],
                products=products[start : start + ROWS_PER_STEP],
            )
        report.take(taken, customers="customers", products="products")
    orders = list(gathered.orders.values())
    known: dict[UUID, ShopView] = {shop.id: shop}
    for start in range(0, len(orders), ORDERS_PER_STEP):
        progress("orders", start, len(orders))
        async with begin(house, actor) as work:
            taken = await take_in(work, orders=orders[start : start + ORDERS_PER_STEP], shops=known)
        report.take(taken, orders="orders", lines="lines", payments="payments", reviews="reviews")
    progress("orders", len(orders), len(orders))
    async with begin(house, actor) as work:
        count = report.of("orders")
        work.record(
            OrdersImported(
                shop_id=shop.id,
                source=SOURCE,
                new=count.new,
                changed=count.changed,
                same=count.same,
                refused=report.refused,
            )
        )
