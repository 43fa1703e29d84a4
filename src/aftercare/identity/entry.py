"""Entry codes: customers have no account. They prove that an e-mail or a telephone is theirs, with six digits sent to it.

Whoever asks cannot learn whether there is an order: a code is made, counted and throttled all the same, and only the
customer to whom it would belong gets any."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import select, text, update

from aftercare.identity.events import EntryCodeIssued, EntryRefused
from aftercare.identity.keys import same, six_digits
from aftercare.identity.limits import seconds_until
from aftercare.identity.model import EntryCode, EntryCodeSpent, EntryCodeWrong
from aftercare.identity.sessions import Opened, open_customer_session
from aftercare.journal import SYSTEM, House, Work, begin
from aftercare.kit.errors import NotFound, TooMany

GOOD_FOR = timedelta(minutes=10)
MOST_TRIES = 5
RESENT_AFTER = timedelta(minutes=1)
MOST_AN_HOUR = 6


class EntryIssued(BaseModel):
    """All that whoever asked is told."""

    entry_code_id: UUID
    expires_at: datetime
    resend_at: datetime


class EntryAddressee(BaseModel):
    """To whom a code goes: `contact` is an e-mail address or a telephone number."""

    contact: str
    customers: list[UUID]
    shops: list[UUID]
    locale: str
    expires_at: datetime


async def issue_entry_code(
    work: Work, *, contact: str, customers: Sequence[UUID], shops: Sequence[UUID], locale: str = "zh-CN"
) -> EntryIssued:
    """`contact` as normalised by whoever found the customers; no customers when nothing was found: the answer is the same,
    and the code opens nothing. Refuses with TooMany (`retry_after`): once a minute and six times an hour per contact."""
    contact = contact.strip().lower()
    await work.session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": f"entry_code:{contact}"}
    )
    recent = (
        await work.session.scalars(
            select(EntryCode.created_at)
            .where(EntryCode.contact == contact, EntryCode.created_at > work.now - timedelta(hours=1))
            .order_by(EntryCode.created_at)
        )
    ).all()
    if recent and recent[-1] + RESENT_AFTER > work.now:
        raise TooMany(retry_after=seconds_until(work.now, recent[-1] + RESENT_AFTER))
    if len(recent) >= MOST_AN_HOUR:
        raise TooMany(retry_after=seconds_until(work.now, recent[0] + timedelta(hours=1)))
    row = EntryCode(
        id=work.new_id(),
        contact=contact,
        customers=[str(customer) for customer in customers],
        shops=[str(shop) for shop in shops],
        locale=locale,
        tries=0,
        created_at=work.now,
        expires_at=work.now + GOOD_FOR,
    )
    work.session.add(row)
    await work.session.flush()
    if customers:
        work.record(EntryCodeIssued(entry_code_id=row.id, shop_id=shops[0] if shops else None))
    return EntryIssued(
        entry_code_id=row.id, expires_at=row.expires_at, resend_at=row.created_at + RESENT_AFTER
    )


async def entry_code_text(work: Work, entry_code_id: UUID) -> str:
    """The six digits, for whoever writes to the customer. Refuses with EntryCodeSpent when they open nothing any more."""
    row = await _row(work, entry_code_id)
    if row.redeemed_at is not None or row.expires_at <= work.now:
        raise EntryCodeSpent()
    return _digits(work.house, entry_code_id)


async def entry_addressee(work: Work, entry_code_id: UUID) -> EntryAddressee:
    """Refuses with NotFound."""
    row = await _row(work, entry_code_id)
    return EntryAddressee.model_validate(row, from_attributes=True)


async def redeem_entry_code(
    house: House,
    entry_code_id: UUID,
    code: str,
    *,
    address: str | None = None,
    device: str | None = None,
    request_id: str | None = None,
) -> Opened:
    """A session of the customers that the code was for. Takes the house, since a wrong try must count although it is refused.
    Refuses with EntryCodeSpent (too old, used, tried five times, or unknown) or EntryCodeWrong (`tries_left`)."""
    opened: Opened | None = None
    async with begin(house, SYSTEM, request_id=request_id) as work:
        tried = await work.session.execute(
            update(EntryCode)
            .where(
                EntryCode.id == entry_code_id,
                EntryCode.redeemed_at.is_(None),
                EntryCode.expires_at > work.now,
                EntryCode.tries < MOST_TRIES,
            )
            .values(tries=EntryCode.tries + 1)
            .returning(
                EntryCode.tries, EntryCode.customers, EntryCode.shops, EntryCode.contact, EntryCode.locale
            )
        )
        row = tried.one_or_none()
        right = same(_digits(house, entry_code_id), code.strip())
        if row is not None and right and row.customers:
            await work.session.execute(
                update(EntryCode).where(EntryCode.id == entry_code_id).values(redeemed_at=work.now)
            )
            opened = await open_customer_session(
                work,
                customers=[UUID(customer) for customer in row.customers],
                shops=[UUID(shop) for shop in row.shops],
                contact=row.contact,
                locale=row.locale,
                how="entry_code",
                address=address,
                device=device,
            )
        elif row is not None:
            work.record(EntryRefused(entry_code_id=entry_code_id, reason="wrong_code"))
    if opened is not None:
        return opened
    if row is None:
        raise EntryCodeSpent()
    raise EntryCodeWrong(tries_left=MOST_TRIES - row.tries)


def _digits(house: House, entry_code_id: UUID) -> str:
    return six_digits(house, "entry-code", str(entry_code_id))


async def _row(work: Work, entry_code_id: UUID) -> EntryCode:
    row = await work.session.get(EntryCode, entry_code_id)
    if row is None:
        raise NotFound(entry_code_id=entry_code_id)
    return row
