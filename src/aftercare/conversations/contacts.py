"""Contacts: ways to reach somebody, and whose they are.

A contact gets its customer only on a verified fact, never because a name or an address looks alike: whoever can write a
letter can write any sender on it.
"""

import re
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import select, text

from aftercare.conversations.events import ContactBounced, ContactJoined, ContactSplit
from aftercare.conversations.model import (
    AddressNotPossible,
    Channel,
    Contact,
    ContactJoinedAlready,
    ContactNotFound,
    ContactNotJoined,
    Verified,
)
from aftercare.journal import ActorKind, PermissionMissing, Work
from aftercare.kit import text as words
from aftercare.kit.text import one_line

BY_NUMBER = frozenset({Channel.phone, Channel.sms, Channel.whatsapp})
LONGEST_ADDRESS = 254
LONGEST_NAME = 120


class ContactView(BaseModel):
    id: UUID
    shop_id: UUID
    customer_id: UUID | None
    channel: Channel
    address: str
    account_id: UUID | None
    name: str
    verified_at: datetime | None
    verified_by: Verified | None
    bounced_at: datetime | None
    created_at: datetime


class LikelyCustomer(BaseModel):
    """A customer on file with the same address. Whether it is the same person, people decide."""

    customer_id: UUID
    name: str
    orders: int


def normalised(channel: Channel, address: str, market: str = "CN") -> str:
    """As contacts are kept: mail in small letters, numbers as `+` and digits, all else as it is. Refuses with
    AddressNotPossible."""
    given = one_line(address)
    if channel is Channel.email:
        found = words.email(given)
    elif channel in BY_NUMBER:
        # Short numbers and names of senders are addresses too.
        found = words.phone(given, market) or (given if re.fullmatch(r"\w{3,15}", given) else None)
    else:
        found = given
    if not found or len(found) > LONGEST_ADDRESS:
        raise AddressNotPossible(channel=channel.value)
    return found


FIND = text(
    """
    INSERT INTO contact (id, shop_id, channel, address, account_id, name, created_at)
    SELECT :id, s.id, :channel, :address, :account_id, :name, :now FROM shop s WHERE s.id = :shop_id
    ON CONFLICT (shop_id, channel, address) DO UPDATE SET
      account_id = coalesce(excluded.account_id, contact.account_id),
      name = CASE WHEN excluded.name = '' THEN contact.name ELSE excluded.name END
    RETURNING id
    """
)


async def contact_of(
    work: Work,
    *,
    shop_id: UUID,
    channel: Channel,
    address: str,
    account_id: UUID | None = None,
    name: str = "",
) -> ContactView:
    """The contact with this address, made where there is none, and held until the Work ends, so that two messages of one
    sender are taken one after the other. Refuses with AddressNotPossible."""
    found = await work.session.execute(
        FIND,
        {
            "id": work.new_id(),
            "shop_id": shop_id,
            "channel": channel.value,
            "address": normalised(channel, address),
            "account_id": account_id,
            "name": one_line(name)[:LONGEST_NAME],
            "now": work.now,
        },
    )
    return _view(await work.session.get_one(Contact, found.scalar_one(), populate_existing=True))


async def get_contact(work: Work, contact_id: UUID) -> ContactView:
    """Refuses with ContactNotFound; customers see own ones."""
    return _view(await _row(work, contact_id))


async def contacts_of(work: Work, customer_id: UUID) -> list[ContactView]:
    """The ways to reach a customer. Needs `cases.read`."""
    work.require("cases.read")
    rows = await work.session.scalars(
        select(Contact).where(Contact.customer_id == customer_id).order_by(Contact.created_at, Contact.id)
    )
    return [_view(row) for row in rows]


_AT_HOME = {"+86": "", "+886": "0", "+852": "", "+49": "0", "+44": "0", "+33": "0", "+55": "", "+1": ""}
"""What stands instead of the country code where people write numbers of their own country."""


def spellings(address: str) -> list[str]:
    """An address as shop systems may have written it: a number also without its country."""
    home = [
        begin + address.removeprefix(code) for code, begin in _AT_HOME.items() if address.startswith(code)
    ]
    return [address, *home]


async def likely_customers(work: Work, contact_id: UUID) -> list[LikelyCustomer]:
    """Needs `cases.read`."""
    work.require("cases.read")
    row = await _row(work, contact_id)
    found = await work.session.execute(
        text(
            "SELECT c.id AS customer_id, c.name, (SELECT count(*) FROM sales_order o WHERE o.customer_id = c.id) AS orders"
            " FROM customer c WHERE c.shop_id = :shop_id AND (c.email = :address OR c.phone = ANY(:spellings))"
            " ORDER BY orders DESC, c.id LIMIT 20"
        ),
        {"shop_id": row.shop_id, "address": row.address, "spellings": spellings(row.address)},
    )
    return [LikelyCustomer.model_validate(each._mapping) for each in found]


async def join_contact(work: Work, contact_id: UUID, customer_id: UUID, how: Verified) -> ContactView:
    """The contact is this customer's. By hand it needs `cases.write`; what was verified is told by the system, or by the
    customer who is signed in. Refuses with ContactJoinedAlready (another customer's), ContactNotFound."""
    actor = work.actor
    if how is Verified.hand:
        work.require("cases.write")
    elif actor.kind is not ActorKind.system and customer_id not in actor.customers:
        raise PermissionMissing(permission="system")
    row = await _row(work, contact_id, lock=True, whose=actor.kind is not ActorKind.customer)
    if row.customer_id == customer_id:
        return _view(row)
    if row.customer_id is not None:
        raise ContactJoinedAlready(customer_id=row.customer_id)
    of_shop = await work.session.scalar(
        text("SELECT true FROM customer WHERE id = :id AND shop_id = :shop_id"),
        {"id": customer_id, "shop_id": row.shop_id},
    )
    if not of_shop:
        raise ContactNotFound(customer_id=customer_id)
    row.customer_id, row.verified_at, row.verified_by = customer_id, work.now, how
    await work.session.flush()
    work.record(ContactJoined(shop_id=row.shop_id, contact_id=row.id, customer_id=customer_id, how=how))
    # Cases follow at once, so that what comes next in the same Work finds them joined.
    await work.write_facts()
    return _view(row)


async def split_contact(work: Work, contact_id: UUID) -> ContactView:
    """Takes a joining back, with the cases that were the customer's only through it. Needs `cases.write`. Refuses with
    ContactNotJoined."""
    work.require("cases.write")
    row = await _row(work, contact_id, lock=True)
    if row.customer_id is None:
        raise ContactNotJoined(contact_id=contact_id)
    before = row.customer_id
    row.customer_id = row.verified_at = row.verified_by = None
    await work.session.flush()
    work.record(ContactSplit(shop_id=row.shop_id, contact_id=row.id, customer_id=before))
    await work.write_facts()
    return _view(row)


async def note_bounced(work: Work, contact_id: UUID) -> None:
    """Nothing arrives there any more; said once."""
    row = await work.session.get(Contact, contact_id, with_for_update=True)
    if row is None or row.bounced_at is not None:
        return
    row.bounced_at = work.now
    work.record(ContactBounced(shop_id=row.shop_id, contact_id=row.id, customer_id=row.customer_id))


async def note_heard(work: Work, contact_id: UUID) -> None:
    """It wrote: whatever bounced before, it is alive."""
    await work.session.execute(
        text("UPDATE contact SET bounced_at = NULL WHERE id = :id AND bounced_at IS NOT NULL"),
        {"id": contact_id},
    )


async def _row(work: Work, contact_id: UUID, *, lock: bool = False, whose: bool = True) -> Contact:
    """`whose`: whether the actor's right to see it is asked here."""
    row = await work.session.get(Contact, contact_id, with_for_update=lock or None, populate_existing=lock)
    actor = work.actor
    seen = actor.may("cases.read") or (row is not None and row.customer_id in actor.customers)
    if row is None or (whose and not seen):
        raise ContactNotFound(contact_id=contact_id)
    return row


def _view(row: Contact) -> ContactView:
    return ContactView.model_validate(row, from_attributes=True)
