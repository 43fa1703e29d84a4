"""Erasing and handing out over HTTP: for the customer, and for who answers such requests."""

from datetime import timedelta
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from aftercare.identity import limit
from aftercare.journal import ActorKind
from aftercare.journal.http import ByActor, InHouse, InWork
from aftercare.kit.errors import NotSignedIn
from aftercare.privacy.erasing import Erased, Erasure, erase_customer, erasure_of
from aftercare.privacy.exporting import export_customer

router = APIRouter(tags=["privacy"])

EXPORTS_A_DAY = 10


def _zip(pieces: object) -> StreamingResponse:
    return StreamingResponse(
        pieces,  # type: ignore[arg-type]
        media_type="application/zip",
        headers={
            "Content-Disposition": 'attachment; filename="my-data.zip"',
            "Cache-Control": "private, no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )


@router.get("/my/data.zip", response_class=StreamingResponse, operation_id="export_my_data")
async def export_my_data(house: InHouse, actor: ByActor) -> StreamingResponse:
    """Everything that the shops hold about the signed-in customer, in a zip: to read, as JSON, and the files."""
    if actor.kind is not ActorKind.customer or not actor.customers:
        raise NotSignedIn()
    await limit(house, f"export:{min(actor.customers)}", EXPORTS_A_DAY, timedelta(days=1))
    return _zip(await export_customer(house, actor, sorted(actor.customers)))


@router.get(
    "/customers/{customer_id}/data.zip", response_class=StreamingResponse, operation_id="export_customer_data"
)
async def export_customer_data(house: InHouse, actor: ByActor, customer_id: UUID) -> StreamingResponse:
    """The same for one customer. Needs `customers.privacy`."""
    return _zip(await export_customer(house, actor, [customer_id]))


@router.get("/customers/{customer_id}/erasure")
async def read_erasure(work: InWork, customer_id: UUID) -> Erasure | None:
    """When the customer was erased, and by whom; nothing if not."""
    return await erasure_of(work, customer_id)


@router.post("/customers/{customer_id}/erase")
async def erase(work: InWork, customer_id: UUID) -> Erased:
    """Erases who the customer is and what was said; it cannot be taken back. Needs `customers.privacy`."""
    return await erase_customer(work, customer_id)
