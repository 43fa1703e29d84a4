"""Reading what was bought: one order, lists, search, the page of a customer.

Customers see the orders of the customers that they have proven to be; staff need `orders.read`.
"""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy import func, select, text, tuple_

from aftercare import identity
from aftercare.journal import ActorKind, Work
from aftercare.kit import text as words
from aftercare.kit.errors import NotFound
from aftercare.kit.paging import Page, mark, page, read_mark
from aftercare.shop.intake import number_key
from aftercare.shop.lines import LineView, PaymentView, ProductView, lines_of_orders, payments_of
from aftercare.shop.model import Customer, OrderLine, OrderReview, OrderStatus, Product, SalesOrder


class Columns(BaseModel):
    model_config = ConfigDict(frozen=True, from_attributes=True)


class CustomerView(Columns):
    id: UUID
    shop_id: UUID
    external_id: str
    name: str
    email: str | None
    phone: str | None
    locale: str
    tier: str
    address: dict[str, Any]


class ReviewView(Columns):
    id: UUID
    order_id: UUID
    score: int
    title: str
    body: str
    created_on: date
    answered_at: datetime | None


class OrderView(Columns):
    id: UUID
    shop_id: UUID
    shop_name: str
    number: str
    external_id: str
    source: str
    status: OrderStatus
    currency: str
    placed_at: datetime
    paid_at: datetime | None
    shipped_at: datetime | None
    delivered_at: datetime | None
    promised_at: datetime | None
    cancelled_at: datetime | None
    confirmed_at: datetime | None
    auto_confirm_at: datetime | None
    confirmation_held: bool
    goods_cents: int
    discount_cents: int
    freight_cents: int
    paid_cents: int
    shipping_address: dict[str, Any]
    customer: CustomerView
    lines: list[LineView]
    payments: list[PaymentView]
    reviews: list[ReviewView]


class OrderSummary(Columns):
    """A row of a list. `title` and `image` are of its first line, `lines` how many there are."""

    id: UUID
    shop_id: UUID
    shop_name: str
    number: str
    status: OrderStatus
    currency: str
    placed_at: datetime
    shipped_at: datetime | None
    delivered_at: datetime | None
    promised_at: datetime | None
    paid_cents: int
    customer_id: UUID
    customer_name: str
    title: str
    image: str | None
    lines: int


class CustomerPage(Columns):
    """Everything about one customer that the shop knows. `also` are rows of other shops with the same e-mail or phone, as
    far as the actor sees those shops; `orders` counts and `paid` adds up all of them, by currency."""

    customer: CustomerView
    also: list[CustomerView]
    orders: int
    paid_cents: dict[str, int]
    first_order_at: datetime | None
    last_order_at: datetime | None
    latest: Page[OrderSummary]


def _sees(work: Work, customer_id: UUID) -> bool:
    if work.actor.kind is ActorKind.customer:
        return customer_id in work.actor.customers
    return work.actor.may("orders.read")


async def order_row(work: Work, order_id: UUID, *, lock: bool = False) -> SalesOrder:
    """Refuses with NotFound what is not there or not the actor's to see."""
    statement = select(SalesOrder).where(SalesOrder.id == order_id)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    row = (await work.session.execute(statement)).scalar_one_or_none()
    if row is None or not _sees(work, row.customer_id):
        raise NotFound(order_id=order_id)
    return row


async def order_of_number(work: Work, shop_id: UUID, number: str) -> UUID | None:
    """The shop's newest order of this number. Staff need `orders.read`."""
    if work.actor.kind is not ActorKind.system:
        work.require("orders.read")
    found: UUID | None = await work.session.scalar(
        select(SalesOrder.id)
        .where(SalesOrder.shop_id == shop_id, SalesOrder.number_key == number_key(number))
        .order_by(SalesOrder.placed_at.desc(), SalesOrder.id)
        .limit(1)
    )
    return found


async def get_order(work: Work, order_id: UUID) -> OrderView:
    row = await order_row(work, order_id)
    customer = await work.session.get_one(Customer, row.customer_id)
    reviews = await work.session.scalars(
        select(OrderReview)
        .where(OrderReview.order_id == order_id)
        .order_by(OrderReview.created_on, OrderReview.id)
    )
    names = ("customer", "lines", "payments", "reviews", "shop_name", "confirmation_held")
    return OrderView(
        **{name: getattr(row, name) for name in OrderView.model_fields if name not in names},
        shop_name=(await identity.get_shop(work, row.shop_id)).name,
        confirmation_held=row.confirmation_held_at is not None,
        customer=CustomerView.model_validate(customer),
        lines=await lines_of_orders(work, [order_id]),
        payments=await payments_of(work, order_id),
        reviews=[ReviewView.model_validate(review) for review in reviews],
    )


async def find_products(work: Work, shop_id: UUID, search: str = "", *, limit: int = 50) -> list[ProductView]:
    """Products of a shop whose title or sku holds the text, by title."""
    statement = select(Product).where(Product.shop_id == shop_id).order_by(Product.title, Product.id)
    if wanted := words.one_line(search):
        statement = statement.where(
            Product.title.icontains(wanted, autoescape=True)
            | Product.sku.istartswith(wanted, autoescape=True)
        )
    return [ProductView.model_validate(row) for row in await work.session.scalars(statement.limit(limit))]


async def get_customer(work: Work, customer_id: UUID) -> CustomerView:
    """Staff need `orders.read`. Refuses with NotFound."""
    row = await work.session.get(Customer, customer_id)
    if row is None or not _sees(work, customer_id):
        raise NotFound(customer_id=customer_id)
    return CustomerView.model_validate(row)


# Lists


def _summaries() -> Any:
    first = (
        select(
            func.count().over().label("lines"),
            OrderLine.title,
            Product.image,
        )
        .outerjoin(Product, Product.id == OrderLine.product_id)
        .where(OrderLine.order_id == SalesOrder.id)
        .order_by(OrderLine.position, OrderLine.id)
        .limit(1)
        .lateral("first_line")
    )
    return (
        select(
            SalesOrder.id,
            SalesOrder.shop_id,
            SalesOrder.number,
            SalesOrder.status,
            SalesOrder.currency,
            SalesOrder.placed_at,
            SalesOrder.shipped_at,
            SalesOrder.delivered_at,
            SalesOrder.promised_at,
            SalesOrder.paid_cents,
            SalesOrder.customer_id,
            Customer.name.label("customer_name"),
            func.coalesce(first.c.title, "").label("title"),
            first.c.image,
            func.coalesce(first.c.lines, 0).label("lines"),
        )
        .join(Customer, Customer.id == SalesOrder.customer_id)
        .outerjoin(first, text("true"))
        .order_by(SalesOrder.placed_at.desc(), SalesOrder.id.desc())
    )


async def _listed(work: Work, rows: Sequence[Any]) -> list[OrderSummary]:
    names = {
        shop_id: (await identity.get_shop(work, shop_id)).name for shop_id in {row.shop_id for row in rows}
    }
    return [OrderSummary.model_validate({**row._mapping, "shop_name": names[row.shop_id]}) for row in rows]


async def orders_of(
    work: Work, customers: Collection[UUID], after: str | None = None, *, limit: int = 50
) -> Page[OrderSummary]:
    """Newest first. A customer gets only those of his own among them; staff need `orders.read`."""
    wanted = set(customers)
    if work.actor.kind is ActorKind.customer:
        wanted &= work.actor.customers
    else:
        work.require("orders.read")
    begins = read_mark(after, (datetime, UUID))
    if not wanted:
        return Page(items=[], next=None)
    statement = _summaries().where(SalesOrder.customer_id.in_(wanted)).limit(limit + 1)
    if begins:
        statement = statement.where(tuple_(SalesOrder.placed_at, SalesOrder.id) < tuple_(*begins))
    rows, following = page(
        (await work.session.execute(statement)).all(), limit, lambda row: (row.placed_at, row.id)
    )
    return Page(items=await _listed(work, rows), next=following)


FOUND = text(
    "SELECT id, placed_at FROM search_sales_orders(CAST(:query AS tsquery), :before, :before_id, :most, :shop, :status)"
)


async def search_orders(
    work: Work,
    search: str = "",
    *,
    shop_id: UUID | None = None,
    status: OrderStatus | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[OrderSummary]:
    """Orders whose number, lines, or customer's name, e-mail or phone hold all words of the text, or any of them if none
    holds all; codes and numbers match by their beginning. Without a text all orders. Newest first. Needs `orders.read`."""
    work.require("orders.read")
    begins = read_mark(after, (datetime, UUID, bool))
    at, order_id, every = begins or (None, None, True)
    if not words.one_line(search):
        statement = _summaries().limit(limit + 1)
        if begins:
            statement = statement.where(tuple_(SalesOrder.placed_at, SalesOrder.id) < tuple_(at, order_id))
        if shop_id is not None:
            statement = statement.where(SalesOrder.shop_id == shop_id)
        if status is not None:
            statement = statement.where(SalesOrder.status == status)
        rows, following = page(
            (await work.session.execute(statement)).all(), limit, lambda row: (row.placed_at, row.id, True)
        )
        return Page(items=await _listed(work, rows), next=following)
    found: Sequence[Any] = []
    for whole in (True, False) if begins is None else (every,):
        every = whole
        query = words.tsquery(search[:500], every=whole)
        if query is None:
            return Page(items=[], next=None)
        found = (
            await work.session.execute(
                FOUND,
                {
                    "query": query,
                    "before": at,
                    "before_id": order_id,
                    "most": limit + 1,
                    "shop": shop_id,
                    "status": status and status.value,
                },
            )
        ).all()
        if found:
            break
    kept = [row.id for row in found[:limit]]
    if not kept:
        return Page(items=[], next=None)
    chosen = (await work.session.execute(_summaries().where(SalesOrder.id.in_(kept)))).all()
    return Page(
        items=await _listed(work, chosen),
        next=mark(found[limit - 1].placed_at, found[limit - 1].id, every) if len(found) > limit else None,
    )


async def customer_view(work: Work, customer_id: UUID) -> CustomerPage:
    """Needs `orders.read`. Refuses with NotFound."""
    work.require("orders.read")
    row = await work.session.get(Customer, customer_id)
    if row is None:
        raise NotFound(customer_id=customer_id)
    also: list[CustomerView] = []
    contacts = [
        getattr(Customer, name) == value
        for name, value in (("email", row.email), ("phone", row.phone))
        if value
    ]
    for contact in contacts:
        others = await work.session.scalars(
            select(Customer).where(contact, Customer.id != customer_id).order_by(Customer.id).limit(100)
        )
        known = {view.id for view in also}
        also += [CustomerView.model_validate(other) for other in others if other.id not in known]
    everybody = [customer_id, *(view.id for view in also)]
    sums = (
        await work.session.execute(
            select(
                SalesOrder.currency,
                func.count().label("orders"),
                func.sum(SalesOrder.paid_cents).label("paid"),
                func.min(SalesOrder.placed_at).label("first"),
                func.max(SalesOrder.placed_at).label("last"),
            )
            .where(SalesOrder.customer_id.in_(everybody))
            .group_by(SalesOrder.currency)
            .order_by(SalesOrder.currency)
        )
    ).all()
    return CustomerPage(
        customer=CustomerView.model_validate(row),
        also=also,
        orders=sum(each.orders for each in sums),
        paid_cents={each.currency: int(each.paid) for each in sums},
        first_order_at=min((each.first for each in sums), default=None),
        last_order_at=max((each.last for each in sums), default=None),
        latest=await orders_of(work, everybody, limit=20),
    )
