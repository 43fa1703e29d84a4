"""Which pages may frame the chat: the shop's own, as its chat account names them, and ours."""

from aftercare.conversations import chat_account
from aftercare.identity import find_shop
from aftercare.journal import SYSTEM, House, begin
from aftercare.kit.errors import NotFound
from aftercare.kit.http import CONTENT_POLICY

ALONE = b"frame-ancestors 'none'"


async def frame_headers(house: House, shop_code: str) -> list[tuple[bytes, bytes]]:
    """For the page of the chat. Browsers heed `frame-ancestors` and then not X-Frame-Options."""
    origins: tuple[str, ...] = ()
    try:
        async with begin(house, SYSTEM) as work:
            account = await chat_account(work, (await find_shop(work, shop_code)).id)
            origins = () if account is None else account.origins
    except NotFound:
        pass
    ancestors = " ".join(["frame-ancestors 'self'", *origins]).encode()
    return [(b"content-security-policy", CONTENT_POLICY.replace(ALONE, ancestors))]
