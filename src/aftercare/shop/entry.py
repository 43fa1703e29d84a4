"""Entering as the customer of an order: its number and the e-mail or phone on it, then a code sent there."""

from collections.abc import Sequence
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import select

from aftercare import identity
from aftercare.journal import Work
from aftercare.kit import text as words
from aftercare.shop.intake import number_key
from aftercare.shop.model import Customer, SalesOrder

MOST_SAME_NUMBER = 50
MOST_SAME_CONTACT = 200


class FoundOrder(BaseModel):
    """`contact` is normalised."""

    order_id: UUID
    shop_id: UUID
    customer_id: UUID
    contact: str
    locale: str


async def find_orders(
    work: Work, number: str, contact: str, *, shop_code: str | None = None
) -> list[FoundOrder]:
    """Orders of any shop with this number and this contact, as far as the actor sees shops. A phone number without a
    country's code is read as one of the shop's own market."""
    statement = (
        select(
            SalesOrder.id,
            SalesOrder.shop_id,
            SalesOrder.customer_id,
            Customer.email,
            Customer.phone,
            Customer.locale,
        )
        .join(Customer, Customer.id == SalesOrder.customer_id)
        .where(SalesOrder.number_key == number_key(number))
        .order_by(SalesOrder.placed_at.desc(), SalesOrder.id)
        .limit(MOST_SAME_NUMBER)
    )
    found: list[FoundOrder] = []
    for row in await work.session.execute(statement):
        shop = await identity.get_shop(work, row.shop_id)
        given = words.contact(contact, shop.market)
        if given and given in (row.email, row.phone) and shop_code in (None, shop.code):
            found.append(
                FoundOrder(
                    order_id=row.id,
                    shop_id=row.shop_id,
                    customer_id=row.customer_id,
                    contact=given,
                    locale=row.locale,
                )
            )
    return found


async def customers_with(work: Work, contact: str) -> list[tuple[UUID, UUID]]:
    """(customer, shop) of every customer with this normalised contact: whoever proves it is all of them."""
    column = Customer.email if "@" in contact else Customer.phone
    rows = await work.session.execute(
        select(Customer.id, Customer.shop_id)
        .where(column == contact)
        .order_by(Customer.id)
        .limit(MOST_SAME_CONTACT)
    )
    return [(row.id, row.shop_id) for row in rows]


async def ask_for_entry(
    work: Work, number: str, contact: str, *, shop_code: str | None = None, locale: str | None = None
) -> identity.EntryIssued:
    """Sends a code to the contact if an order of this number has it, and otherwise does and tells the same without
    sending anything. Runs as the system: nobody is signed in yet. Refuses with TooMany."""
    orders = await find_orders(work, number, contact, shop_code=shop_code)
    normal = orders[0].contact if orders else _some_contact(contact)
    people: Sequence[tuple[UUID, UUID]] = await customers_with(work, normal)
    if not orders:
        people = []
    # The shop of the order first: its name and templates are on the message.
    first = [(order.customer_id, order.shop_id) for order in orders]
    people = list(dict.fromkeys([*first, *people]))
    return await identity.issue_entry_code(
        work,
        contact=normal,
        customers=[customer for customer, _ in people],
        shops=list(dict.fromkeys(shop for _, shop in people)),
        locale=locale or (orders[0].locale if orders else "zh-CN"),
    )


def _some_contact(contact: str) -> str:
    return words.contact(contact) or words.one_line(contact).lower()[:254] or "-"
