"""A mail that was kept is worked off: our own ones come back are left alone, bounces mark what bounced, robots open nothing, and
what a person wrote finds its case."""

import asyncio
import re
from collections.abc import AsyncIterator, Collection
from email.parser import BytesHeaderParser
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import text

from aftercare import notices
from aftercare.cases import Incoming, receive
from aftercare.connectors.mail.account import MailSettingsWrong, mail_settings
from aftercare.connectors.mail.charsets import header_text
from aftercare.connectors.mail.outbound import LOOP, own_address
from aftercare.connectors.mail.reading import LARGEST, Attached, Mail, fingerprint, read_mail
from aftercare.connectors.mail.reports import Report, Reported, reported
from aftercare.conversations import (
    LONGEST_BODY,
    Account,
    AccountNotFound,
    AddressNotPossible,
    Channel,
    ChannelPushed,
    Push,
    PushKept,
    SendingState,
    account_of,
    keep_push,
    note_delivery,
    push_worked,
    read_push,
    store_file,
    thread_of_token,
)
from aftercare.journal import SYSTEM, House, Work, after, begin
from aftercare.kit.errors import Invalid
from aftercare.kit.files import Files
from aftercare.kit.text import email as address_of

log = structlog.get_logger()

_TOKEN = re.compile(r"\+([a-z2-7]{39})@")
_OURS = re.compile(r"<(message|notice)\.([0-9a-f]{32})@", re.IGNORECASE)

NOT_KEPT = {
    "zh": "（附件未保存：{names}。这种文件可能有风险，请客户改发图片、PDF、办公文档或压缩包。）",
    "zh-TW": "（附件未儲存：{names}。這種檔案可能有風險，請客戶改傳圖片、PDF、辦公文件或壓縮檔。）",
    "en": "(Attachments not kept: {names}. Such files may do harm; pictures, PDF, office files and archives are taken.)",
}


async def keep_mail(
    work: Work, account_id: UUID, raw: bytes, *, about: dict[str, Any] | None = None
) -> PushKept:
    """Keeps a mail as it came; in the Work that also notes how far the mailbox was read."""
    return await keep_push(work, account_id, raw, sender=sender_of(raw), about=about or {}, largest=LARGEST)


def sender_of(raw: bytes) -> str:
    """Enough of a guess to keep one sender's mails in order."""
    try:
        head = BytesHeaderParser().parsebytes(raw[:65_536])
        found = re.search(r"[^\s<>\"',;]{1,64}@[^\s<>\"',;]{1,190}", header_text(str(head.get("from", ""))))
    except (ValueError, LookupError, TypeError, AttributeError, IndexError):
        return ""
    return (address_of(found[0]) or "") if found else ""


@after(ChannelPushed, in_order_of="sender_id", outside=True, when=lambda fact: fact.kind is Channel.email)
async def take_mail(house: House, fact: ChannelPushed) -> None:
    async with begin(house, SYSTEM) as work:
        push = await read_push(work, fact.push_id)
        if push is None:
            return
        try:
            account = await account_of(work, push.account_id, Channel.email)
        except AccountNotFound:
            await push_worked(work, push.id, "account closed")
            return
        own = await _own_addresses(work)
    mail = await asyncio.to_thread(read_mail, push.body)
    told = await asyncio.to_thread(reported, mail, own)
    if _is_our_own(mail, own):
        async with begin(house, SYSTEM) as work:
            await push_worked(work, push.id, "own")
    elif told is not None and told.what not in (Report.automatic, Report.mass):
        async with begin(house, SYSTEM) as work:
            outcome = await _note_report(work, account, mail, told)
            await push_worked(work, push.id, outcome)
    else:
        await _receive(house, push, account, mail, told, own)


def _is_our_own(mail: Mail, own: Collection[str]) -> bool:
    """Written by us: sent back by a loop, or by a rule that forwards what we send."""
    if own_address(mail.sender) in own and not mail.sender.startswith("mailer-daemon@"):
        return True
    if any(own_address(value) in own for value in mail.headers.get(LOOP.lower(), ())):
        return True
    return bool(
        mail.message_id
        and _OURS.match(mail.message_id)
        and mail.message_id.rpartition("@")[2].rstrip(">") in {one.rpartition("@")[2] for one in own}
    )


async def _own_addresses(work: Work) -> frozenset[str]:
    rows = await work.session.execute(
        text("SELECT address FROM channel_account WHERE kind = 'email' AND active")
    )
    return frozenset(rows.scalars())


# Reports of machines


async def _note_report(work: Work, account: Account, mail: Mail, told: Reported) -> str:
    """What a bounce tells of a mail of ours marks it, its contact, and its address. Only who holds our mail knows its
    Message-ID, and only addresses that we wrote to count: a forged bounce shuts nobody out but the forger."""
    if told.what is not Report.bounced:
        return told.what.value
    known = False
    for name in told.message_ids:
        found = _OURS.match(name)
        if found is None:
            continue
        if found[1].lower() == "message":
            known |= await _bounce_message(work, account, UUID(hex=found[2]), told)
        else:
            known |= await notices.note_bounce(
                work, UUID(hex=found[2]), recipients=told.recipients, said=_said(told)
            )
    if not known:
        known = await _bounce_by_token(work, account, mail, told)
    return "bounce" if known else "bounce of something else"


async def _bounce_message(work: Work, account: Account, message_id: UUID, told: Reported) -> bool:
    row = (
        await work.session.execute(
            text(
                "SELECT s.external_id, s.account_id, c.address FROM message_sending s JOIN contact c ON c.id = s.contact_id"
                " WHERE s.message_id = :id AND s.shop_id = :shop_id"
            ),
            {"id": message_id, "shop_id": account.shop_id},
        )
    ).one_or_none()
    if row is None or row.external_id is None or (told.recipients and row.address not in told.recipients):
        return False
    return await note_delivery(work, row.account_id, row.external_id, SendingState.bounced, said=_said(told))


async def _bounce_by_token(work: Work, account: Account, mail: Mail, told: Reported) -> bool:
    """A bounce without the mail that bounced, but sent to the address of its thread."""
    token = _token_of(mail)
    thread_id = thread_of_token(work.house.secret, token) if token else None
    if thread_id is None or not told.recipients:
        return False
    row = (
        await work.session.execute(
            text(
                "SELECT s.external_id, s.account_id FROM message_sending s JOIN contact c ON c.id = s.contact_id"
                " WHERE s.thread_id = :thread_id AND s.shop_id = :shop_id AND s.state = 'sent' AND s.external_id IS NOT NULL"
                " AND c.address = ANY(:recipients) ORDER BY s.position DESC LIMIT 1"
            ),
            {
                "thread_id": thread_id,
                "shop_id": account.shop_id,
                "recipients": list(told.recipients),
            },
        )
    ).one_or_none()
    if row is None:
        return False
    return await note_delivery(work, row.account_id, row.external_id, SendingState.bounced, said=_said(told))


def _said(told: Reported) -> str:
    return f"{told.status} {told.said}".strip()


# What people wrote


async def _receive(
    house: House, push: Push, account: Account, mail: Mail, told: Reported | None, own: frozenset[str]
) -> None:
    try:
        given = mail_settings(account)
        mass_opens = given.mass_opens
    except MailSettingsWrong:
        mass_opens = False
    automatic = told is not None and not (told.what is Report.mass and mass_opens)
    file_ids, refused = ([], []) if automatic else await _keep_files(house, account, mail)
    incoming = Incoming(
        account_id=account.id,
        address=mail.sender,
        name=mail.sender_name,
        body=_body(mail, refused),
        html=mail.html,
        file_ids=file_ids,
        external_id=mail.message_id or f"<{push.id.hex}@without.id>",
        thread_token=_token_of(mail),
        references=[one for one in mail.references if one != mail.message_id],
        subject=mail.subject,
        sent_at=mail.sent_at,
        automatic=automatic,
    )
    async with begin(house, SYSTEM) as work:
        if await read_push(work, push.id) is None:
            return
        try:
            taken = await receive(work, incoming)
            if taken.again and not await _same_words(work, taken.message_id, incoming):
                # Somebody's program gives all its mails one Message-ID.
                named = f"{incoming.external_id}#{fingerprint(mail)}"
                taken = await receive(work, incoming.model_copy(update={"external_id": named}))
        except AddressNotPossible:
            await push_worked(work, push.id, "no sender")
            return
        outcome = "again" if taken.again else "automatic" if automatic else "received"
        await push_worked(work, push.id, outcome)


async def _same_words(work: Work, message_id: UUID | None, incoming: Incoming) -> bool:
    body = await work.session.scalar(text("SELECT body FROM message WHERE id = :id"), {"id": message_id})
    said = incoming.body.strip() or " ".join(incoming.subject.split())
    kept = str(body or "").rstrip("…")
    return bool(body) and (kept in said or said in kept)


def _token_of(mail: Mail) -> str | None:
    for address in mail.recipients:
        found = _TOKEN.search(address)
        if found:
            return found[1]
    return None


def _body(mail: Mail, refused: list[str]) -> str:
    body = mail.text
    if refused:
        chinese = re.search(r"[\u4e00-\u9fff]", body + mail.subject)
        traditional = chinese and re.search(r"[們這個請問貨訂單謝]", body + mail.subject)
        words = NOT_KEPT["zh-TW" if traditional else "zh" if chinese else "en"]
        told = words.format(names=", ".join(refused)[:1_000])
        body = f"{body[: LONGEST_BODY - len(told) - 4]}\n\n{told}".strip()
    return body


async def _keep_files(house: House, account: Account, mail: Mail) -> tuple[list[UUID], list[str]]:
    """The ids of what was kept, and the names of what was not: of a type that nobody should open, empty or too large."""
    kept: list[UUID] = []
    refused = list(mail.left_out)
    if Files not in house.ports:
        return kept, [*refused, *(file.name for file in mail.files)]
    for file in mail.files:
        try:
            stored = await store_file(
                house,
                SYSTEM,
                _once(file),
                name=file.name,
                shop_id=account.shop_id,
                customer_id=None,
                shown=True,
                documents=True,
            )
        except Invalid:
            refused.append(file.name)
        else:
            kept.append(stored.id)
    return kept, refused


async def _once(file: Attached) -> AsyncIterator[bytes]:
    yield file.content
