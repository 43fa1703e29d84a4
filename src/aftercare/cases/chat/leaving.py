"""What a visitor leaves behind where nobody is there to answer."""

from datetime import timedelta

from sqlalchemy import text

from aftercare import identity
from aftercare.cases.chat.verbs import LONGEST_CHAT, TALKS_AN_HOUR, chat_account
from aftercare.cases.model import LONGEST_TITLE
from aftercare.cases.opening import NewCase, open_case
from aftercare.conversations import (
    LONGEST_BODY,
    Channel,
    MessageEmpty,
    NewMessage,
    Visitor,
    contact_of,
    open_accounts,
    post,
)
from aftercare.journal import SYSTEM, House, begin
from aftercare.kit import text as words
from aftercare.kit.text import clean, one_line

LEFT = {
    "zh-CN": "〔离线留言〕{name} {contact}",
    "zh-TW": "〔離線留言〕{name} {contact}",
    "en": "[Message left while nobody was there] {name} {contact}",
}


class Unreachable(MessageEmpty):
    """Please give an e-mail address or a telephone number at which we can answer."""


async def leave_words(
    house: House,
    visitor: Visitor,
    *,
    name: str,
    contact: str,
    body: str,
    key: str,
    locale: str,
    address: str = "",
) -> None:
    """A case with the words, which is answered at the contact that was given. Anybody can write any contact: it shows nothing
    about who it is, and opens no matter of the customer whose it may be. Refuses with Unreachable, MessageEmpty, TooMany."""
    await identity.limit(house, f"chat:{address}", TALKS_AN_HOUR, timedelta(hours=1))
    body = clean(body).strip()[:LONGEST_CHAT]
    if not body:
        raise MessageEmpty()
    async with begin(house, SYSTEM) as work:
        place = await identity.get_shop(work, visitor.shop_id)
        normal = words.contact(contact, place.market)
        if not normal:
            raise Unreachable()
        chat = await chat_account(work, visitor)
        channel = Channel.email if "@" in normal else Channel.sms
        accounts = [one for one in await open_accounts(work, channel) if one.shop_id == visitor.shop_id]
        account_id = accounts[0].id if accounts else chat.id
        external_id = f"left:{visitor.address}:{key}"
        await work.session.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": external_id}
        )
        known = await work.session.scalar(
            text("SELECT true FROM message WHERE account_id = :account_id AND external_id = :external_id"),
            {"account_id": account_id, "external_id": external_id},
        )
        if known:
            return
        found = await contact_of(
            work,
            shop_id=visitor.shop_id,
            channel=channel if accounts else Channel.chat,
            address=normal if accounts else visitor.address,
            account_id=account_id,
            name=name,
        )
        case = await open_case(
            work,
            NewCase(
                shop_id=visitor.shop_id,
                title=one_line(body)[:60][:LONGEST_TITLE],
                channel=Channel.chat,
                locale=locale,
                expects_answer=False,
            ),
        )
        line = LEFT.get(locale, LEFT["en"]).format(name=one_line(name)[:80], contact=normal)
        await post(
            work,
            NewMessage(
                thread_id=case.thread_id,
                case_id=case.id,
                body=f"{line}\n{body}"[:LONGEST_BODY],
                channel=Channel.chat,
                account_id=account_id,
                contact_id=found.id,
                external_id=external_id,
                incoming=True,
            ),
        )
