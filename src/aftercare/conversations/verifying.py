"""Who enters with a code that was sent to an address has shown that the address is theirs."""

from sqlalchemy import text

from aftercare.conversations.contacts import contact_of, join_contact
from aftercare.conversations.model import AddressNotPossible, Channel, Verified
from aftercare.identity import SessionOpened
from aftercare.journal import Work, after

# Where two customers of a shop have one address, the code does not say which of them it was.
ENTERED = text(
    """
    SELECT c.shop_id, min(c.id::text)::uuid AS customer_id, s.contact FROM session s
    JOIN customer c ON c.id = ANY(CAST(:customers AS uuid[])) AND (c.email = s.contact OR c.phone = s.contact)
    WHERE s.id = :id AND s.contact IS NOT NULL
    GROUP BY c.shop_id, s.contact HAVING count(*) = 1
    """
)


@after(SessionOpened, when=lambda fact: fact.how == "entry_code" and bool(fact.customers))
async def know_the_address(work: Work, fact: SessionOpened) -> None:
    """From now on what comes from there is this customer's. A contact that staff gave to another stays there."""
    rows = await work.session.execute(ENTERED, {"id": fact.session_id, "customers": list(fact.customers)})
    for row in rows.all():
        channel = Channel.email if "@" in row.contact else Channel.sms
        try:
            contact = await contact_of(work, shop_id=row.shop_id, channel=channel, address=row.contact)
        except AddressNotPossible:
            continue
        if contact.customer_id is None:
            await join_contact(work, contact.id, row.customer_id, Verified.code)
