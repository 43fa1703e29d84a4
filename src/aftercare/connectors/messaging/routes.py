"""The one address at which vendors of telephone, SMS and messaging tell us things."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response

from aftercare.connectors.messaging.door import LARGEST, knock
from aftercare.connectors.messaging.outside import Outside
from aftercare.connectors.messaging.shapes import Asked
from aftercare.conversations import PushTooLarge
from aftercare.journal import House
from aftercare.journal.http import InHouse
from aftercare.kit.http import whole_body

router = APIRouter(tags=["webhooks"])

FormName = Annotated[str, Path(pattern=r"^[a-z]{2,20}$")]


@router.post("/connect/{form}/{account_id}")
async def take_channel_push(request: Request, house: InHouse, form: FormName, account_id: UUID) -> Response:
    """What a vendor tells of a channel account: verified, kept once, answered as the vendor expects, and worked off afterwards."""
    return await _answer(request, house, form, account_id)


@router.get("/connect/{form}/{account_id}")
async def prove_channel_address(
    request: Request, house: InHouse, form: FormName, account_id: UUID
) -> Response:
    """Vendors ask so whether the address is ours, when it is entered there."""
    return await _answer(request, house, form, account_id)


async def _answer(request: Request, house: House, form: str, account_id: UUID) -> Response:
    body = await whole_body(request, LARGEST, PushTooLarge)
    asked = Asked(
        method=request.method,
        urls=_urls(request, house),
        query=dict(request.query_params),
        headers=dict(request.headers),
        body=body,
        now=house.clock(),
    )
    taken = await knock(house, form, account_id, asked)
    return Response(taken.answer, media_type=taken.media_type)


def _urls(request: Request, house: House) -> list[str]:
    """The public address first: before a proxy we may be known under another name than behind it."""
    outside = house.ports.get(Outside)
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    public = [outside.public_url.rstrip("/") + path] if isinstance(outside, Outside) else []
    return list(dict.fromkeys([*public, str(request.url)]))
