"""Entering as a customer; orders and customers over HTTP."""

from datetime import datetime, timedelta
from functools import cache
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field, StringConstraints

from aftercare.identity import limit, redeem_entry_code, session_cookies
from aftercare.journal import SYSTEM, begin
from aftercare.journal.http import ByActor, InHouse, InWork, SheetAnswer, sheet_answer
from aftercare.kit.errors import NotFound
from aftercare.kit.paging import LARGEST_PAGE, Page
from aftercare.settings import Settings
from aftercare.shop import (
    CustomerPage,
    OrderStatus,
    OrderSummary,
    OrderView,
    ProductView,
    ask_for_entry,
    confirm_order,
    customer_view,
    find_products,
    get_order,
    orders_of,
    search_orders,
)
from aftercare.shop.sheets import orders_sheet

router = APIRouter(tags=["orders"])

Mark = Annotated[str | None, Query(max_length=400)]
Limit = Annotated[int, Query(ge=1, le=LARGEST_PAGE)]
Typed = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=254)]

ASKED_AN_HOUR = 60
"""Requests for a code from one address; many people may sit behind it."""


class EntryAsked(BaseModel):
    order_number: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=r"^[^\x00]+$")
    ]
    contact: Typed = Field(description="The e-mail address or telephone number on the order")
    shop: str | None = Field(default=None, max_length=63, description="Code of the shop")
    locale: str | None = Field(default=None, max_length=20, pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")


class EntryTold(BaseModel):
    """Looks the same whether there is such an order or not. If there is, six digits are on their way to the contact."""

    entry_id: UUID
    expires_at: datetime
    resend_at: datetime


class EntryConfirmed(BaseModel):
    entry_id: UUID
    code: Annotated[str, StringConstraints(strip_whitespace=True, min_length=6, max_length=12)]


class Entered(BaseModel):
    """`go_to` is the page of the portal to show next."""

    session_id: UUID
    expires_at: datetime
    csrf: str
    go_to: str


@cache
def _installed_under_https() -> bool:
    return Settings().base_url.startswith("https:")


def _address(request: Request) -> str | None:
    return None if request.client is None else request.client.host


@router.post("/entry", operation_id="ask_for_entry")
async def entry(request: Request, house: InHouse, asked: EntryAsked) -> EntryTold:
    """Asks for a code to enter with as the customer of an order."""
    await limit(house, f"entry:{_address(request)}", ASKED_AN_HOUR, timedelta(hours=1))
    async with begin(house, SYSTEM, request_id=getattr(request.state, "request_id", None)) as work:
        issued = await ask_for_entry(
            work, asked.order_number, asked.contact, shop_code=asked.shop, locale=asked.locale
        )
    return EntryTold(entry_id=issued.entry_code_id, expires_at=issued.expires_at, resend_at=issued.resend_at)


@router.post("/entry/confirm", operation_id="confirm_entry")
async def entry_confirmed(
    request: Request, response: Response, house: InHouse, given: EntryConfirmed
) -> Entered:
    """Opens a session of the customer with the six digits, and sets its cookies."""
    opened = await redeem_entry_code(
        house,
        given.entry_id,
        given.code,
        address=_address(request),
        device=request.headers.get("user-agent"),
        request_id=getattr(request.state, "request_id", None),
    )
    secure = request.url.scheme == "https" or _installed_under_https()
    for cookie in session_cookies(opened, secure=secure):
        response.headers.append("set-cookie", cookie.header)
    return Entered(
        session_id=opened.session_id, expires_at=opened.expires_at, csrf=opened.csrf, go_to="/my/orders"
    )


@router.get("/my/orders")
async def my_orders(
    work: InWork, actor: ByActor, after: Mark = None, limit: Limit = 50
) -> Page[OrderSummary]:
    """The orders of the customer who is signed in, of all shops, newest first."""
    return await orders_of(work, actor.customers, after, limit=limit)


@router.get("/my/orders/{order_id}")
async def my_order(work: InWork, actor: ByActor, order_id: UUID) -> OrderView:
    order = await get_order(work, order_id)
    if order.customer.id not in actor.customers:
        raise NotFound(order_id=order_id)
    return order


@router.post("/my/orders/{order_id}/confirm", status_code=204)
async def confirm_my_order(work: InWork, actor: ByActor, order_id: UUID) -> None:
    """All is well with what was delivered. Harmless when it was confirmed before."""
    if (await get_order(work, order_id)).customer.id not in actor.customers:
        raise NotFound(order_id=order_id)
    await confirm_order(work, order_id)


@router.get("/orders")
async def list_orders(
    work: InWork,
    search: Annotated[str, Query(max_length=500)] = "",
    shop_id: UUID | None = None,
    status: OrderStatus | None = None,
    after: Mark = None,
    limit: Limit = 50,
) -> Page[OrderSummary]:
    """Orders by number, customer, e-mail, phone, sku or title, newest first; for staff."""
    return await search_orders(work, search, shop_id=shop_id, status=status, after=after, limit=limit)


@router.get("/orders.csv", response_class=SheetAnswer)
async def export_orders(
    request: Request,
    house: InHouse,
    actor: ByActor,
    search: Annotated[str, Query(max_length=500)] = "",
    shop_id: UUID | None = None,
    status: OrderStatus | None = None,
) -> SheetAnswer:
    """All orders of the list under the same filter, for a spreadsheet."""
    return await sheet_answer(
        request, house, actor, lambda work: orders_sheet(work, search, shop_id=shop_id, status=status)
    )


@router.get("/orders/{order_id}")
async def show_order(work: InWork, order_id: UUID) -> OrderView:
    return await get_order(work, order_id)


@router.get("/customers/{customer_id}")
async def show_customer(work: InWork, customer_id: UUID) -> CustomerPage:
    """Everything that the shops the actor sees know about a customer; for staff."""
    return await customer_view(work, customer_id)


@router.get("/customers/{customer_id}/orders")
async def orders_of_customer(
    work: InWork, customer_id: UUID, after: Mark = None, limit: Limit = 50
) -> Page[OrderSummary]:
    return await orders_of(work, [customer_id], after, limit=limit)


@router.get("/products")
async def list_products(
    work: InWork,
    shop_id: UUID,
    search: Annotated[str, Query(max_length=200)] = "",
    limit: Limit = 50,
) -> list[ProductView]:
    """What a shop sells, for choosing what to exchange for."""
    return await find_products(work, shop_id, search, limit=limit)
