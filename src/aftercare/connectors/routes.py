"""What the outside world sends: pushes of stores, files of orders."""

from functools import cache
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, File, Header, Request, UploadFile
from pydantic import BaseModel, StringConstraints

from aftercare.connectors import shopify
from aftercare.connectors.messaging.routes import router as messaging_router
from aftercare.connectors.orders_file import import_orders
from aftercare.connectors.payments.routes import router as payments_router
from aftercare.identity import find_shop, get_shop
from aftercare.journal import begin
from aftercare.journal.http import ByActor, InHouse
from aftercare.kit.errors import Refusal
from aftercare.kit.http import whole_body
from aftercare.settings import Settings
from aftercare.shop import ImportReport

router = APIRouter(tags=["connectors"])
router.include_router(payments_router)
router.include_router(messaging_router)

LARGEST_PUSH = 2 * 1024 * 1024
LARGEST_FILE = 20 * 1024 * 1024
MOST_REFUSALS_TOLD = 200

ShopCode = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]


class TooLarge(Refusal):
    """This is larger than what can be taken in at once."""

    status = 413


class PushTaken(BaseModel):
    """`new` is false for a push that was taken in before, or that tells nothing we keep."""

    new: bool


class TableCount(BaseModel):
    table: str
    read: int
    new: int
    changed: int
    same: int
    refused: int


class RowRefused(BaseModel):
    file: str
    line: int
    field: str
    reason: str


class ImportTold(BaseModel):
    """`refusals` are the first two hundred of `refused`."""

    counts: list[TableCount]
    refused: int
    refusals: list[RowRefused]
    seconds: float


@cache
def _house_secret() -> str | None:
    secret = Settings().shopify.webhook_secret
    return None if secret is None else secret.get_secret_value()


@router.post("/webhooks/shopify/{shop_code}")
async def take_shopify_push(
    request: Request,
    house: InHouse,
    shop_code: ShopCode,
    x_shopify_topic: Annotated[str, Header(max_length=100)] = "",
    x_shopify_hmac_sha256: Annotated[str, Header(max_length=200)] = "",
    x_shopify_webhook_id: Annotated[str | None, Header(max_length=200)] = None,
) -> PushTaken:
    """Orders, refunds and fulfilments of a Shopify store, signed with the shop's secret (the shop's setting
    `shopify_webhook_secret`, or the installation's)."""
    raw = await whole_body(request, LARGEST_PUSH, TooLarge)
    async with begin(house) as work:
        shop = await find_shop(work, shop_code)
    secret = shop.settings.get("shopify_webhook_secret") or _house_secret()
    if not secret or not shopify.signed_by(str(secret), raw, x_shopify_hmac_sha256):
        raise shopify.SignatureNotRight()
    new = await shopify.take_push(
        house,
        shop,
        topic=x_shopify_topic,
        event_id=x_shopify_webhook_id,
        raw=raw,
        request_id=getattr(request.state, "request_id", None),
    )
    return PushTaken(new=new)


@router.post("/orders/import", operation_id="import_orders_file")
async def import_file(
    house: InHouse, actor: ByActor, shop_id: UUID, file: Annotated[UploadFile, File()]
) -> ImportTold:
    """Orders of a shop from a CSV or JSON file, in the form that the import page of the handbook tells."""
    async with begin(house, actor) as work:
        work.require("orders.import")
        shop = await get_shop(work, shop_id)
    raw = await file.read(LARGEST_FILE + 1)
    if len(raw) > LARGEST_FILE:
        raise TooLarge(largest_bytes=LARGEST_FILE)
    report = await import_orders(
        house, raw, file=(file.filename or "upload")[:200], shop_code=shop.code, actor=actor
    )
    return _told(report)


def _told(report: ImportReport) -> ImportTold:
    return ImportTold(
        counts=[
            TableCount(
                table=table,
                read=count.read,
                new=count.new,
                changed=count.changed,
                same=count.same,
                refused=count.refused,
            )
            for table, count in report.counts.items()
        ],
        refused=report.refused,
        refusals=[
            RowRefused(file=each.file, line=each.line, field=each.field, reason=each.reason)
            for each in report.refusals[:MOST_REFUSALS_TOLD]
        ],
        seconds=round(report.seconds, 3),
    )
