"""Staff with a browser's session, as in life but without typing a password."""

from collections.abc import Sequence
from uuid import UUID

from aftercare import identity
from aftercare.identity import CSRF_COOKIE, SESSION_COOKIE, NewAccount
from aftercare.identity.model import SessionKind
from aftercare.identity.sessions import open_session
from aftercare.journal import SYSTEM, House, begin
from tests.identity.people import cheap_hash


async def staff_headers(house: House, role: str, shops: Sequence[UUID] | None) -> dict[str, str]:
    """What their browser would send."""
    async with begin(house, SYSTEM) as work:
        await identity.seed_roles(work)
        account = await identity.create_account(
            work,
            NewAccount(
                email=f"{role}@example.com",
                name=role,
                role=role,
                shops=list(shops) if shops is not None else None,
            ),
            password_hash=cheap_hash(),
        )
        opened = await open_session(
            work, kind=SessionKind.staff, how="test", locale="zh-CN", account_id=account.id
        )
    cookies = f"{SESSION_COOKIE}={opened.token}; {CSRF_COOKIE}={opened.csrf}"
    return {"Cookie": cookies, "X-CSRF-Token": opened.csrf}
