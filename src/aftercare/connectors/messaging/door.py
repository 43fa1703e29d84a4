"""The door: who knocks is verified, what it tells is kept, and a reaction works it off.

Each push that is kept is one event, so whatever it causes happens in one Work, once: a message finds its case, a report moves its
sending on, a call adds to its call.
"""

import re
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from uuid import UUID

import structlog
from sqlalchemy import text

from aftercare.cases import Incoming, receive
from aftercare.connectors.messaging.forms import FORMS, form_of
from aftercare.connectors.messaging.outside import Outside
from aftercare.connectors.messaging.shapes import (
    Asked,
    Form,
    FormUnknown,
    GoneForGood,
    Media,
    PushUnreadable,
    Reported,
    Said,
    Taken,
)
from aftercare.conversations import (
    LONGEST_BODY,
    MOST_FILES,
    Account,
    AccountNotFound,
    AddressNotPossible,
    CallEvent,
    ChannelPushed,
    Push,
    account_of,
    keep_push,
    note_account,
    note_call,
    note_delivery,
    push_worked,
    read_push,
    store_file,
)
from aftercare.journal import SYSTEM, House, Work, after, begin
from aftercare.kit.errors import Invalid
from aftercare.kit.files import Files
from aftercare.kit.json import to_json

log = structlog.get_logger()

LARGEST = 1024 * 1024
FILES_WAIT = timedelta(minutes=10)
"""So long a file that cannot be had just now is asked for again before its message goes without it."""
OURS = frozenset(kind for form in FORMS.values() for kind in form.kinds)

NOT_KEPT = {
    "zh": "（附件未保存：{names}。这种文件可能有风险，请客户改发图片、PDF、办公文档或压缩包。）",
    "zh-TW": "（附件未儲存：{names}。這種檔案可能有風險，請客戶改傳圖片、PDF、辦公文件或壓縮檔。）",
    "en": "(Attachments not kept: {names}. Such files may do harm; pictures, PDF, office files and archives are taken.)",
}


async def knock(house: House, form_name: str, account_id: UUID, asked: Asked) -> Taken:
    """Verifies, keeps, and says what to answer. Refuses with FormUnknown, AccountNotFound, SignatureWrong, PushUnreadable."""
    form = FORMS.get(form_name)
    if form is None:
        raise FormUnknown(form=form_name)
    async with begin(house, SYSTEM) as work:
        account = await _account(work, account_id, form)
    taken = form.take(account, asked)
    again = 0
    if taken.events:
        async with begin(house, SYSTEM) as work:
            for event in taken.events:
                kept = await keep_push(
                    work,
                    account.id,
                    event.body,
                    digest=event.digest[:300],
                    sender=event.sender,
                    about={**event.about, "form": form.name},
                    largest=LARGEST,
                )
                again += kept.again
    if taken.answer is not None:
        return taken
    told = {"kept": len(taken.events) - again, "again": again}
    return Taken(taken.events, to_json(told).encode(), "application/json")


async def _account(work: Work, account_id: UUID, form: Form) -> Account:
    account = await account_of(work, account_id)
    if account.kind not in form.kinds or form_of(account) != form.name:
        raise AccountNotFound(account_id=account_id)
    return account


@after(ChannelPushed, in_order_of="sender_id", outside=True, when=lambda fact: fact.kind in OURS)
async def take_push(house: House, fact: ChannelPushed) -> None:
    async with begin(house, SYSTEM) as work:
        push = await read_push(work, fact.push_id)
        if push is None:
            return
        form = FORMS.get(str(push.about.get("form", "")))
        try:
            account = await account_of(work, push.account_id)
        except AccountNotFound:
            form = None
        if form is None:
            await push_worked(work, push.id, "account closed")
            return
    try:
        told = form.read(account, push.body, push.about)
    except (PushUnreadable, ValueError, KeyError, TypeError, AttributeError, IndexError) as broken:
        # Signed, but in a form that the vendor's documentation does not know: it is kept for people, and holds nobody up.
        log.warning("a push was not understood", push=str(push.id), form=form.name, why=repr(broken))
        async with begin(house, SYSTEM) as work:
            await push_worked(work, push.id, "unreadable")
            await note_account(work, account.id, error=f"a push was not understood: {type(broken).__name__}")
        return
    if isinstance(told, Said):
        await _receive(house, push, account, form, told)
        return
    async with begin(house, SYSTEM) as work:
        if await read_push(work, push.id) is None:
            return
        if isinstance(told, Reported):
            outcome = await _report(work, account, told)
        elif isinstance(told, CallEvent):
            await note_call(work, account.id, told)
            outcome = told.happening.value
        else:
            outcome = "nothing for us"
        await push_worked(work, push.id, outcome)


class ReportTooEarly(OSError):
    """The other side tells what became of a message before we have noted what it is called."""


async def _report(work: Work, account: Account, told: Reported) -> str:
    if await note_delivery(work, account.id, told.external_id, told.state, said=told.said):
        return told.state.value
    being_sent = await work.session.scalar(
        text(
            "SELECT true FROM message_sending WHERE account_id = :id AND state = 'planned' AND attempts > 0 AND error IS NULL"
            " AND next_at > :now LIMIT 1"
        ),
        {"id": account.id, "now": work.now},
    )
    if being_sent:
        raise ReportTooEarly(told.external_id)
    return "report of something else"


async def _receive(house: House, push: Push, account: Account, form: Form, said: Said) -> None:
    kept, refused = await _keep_files(house, push, account, form, said.media)
    async with begin(house, SYSTEM) as work:
        if await read_push(work, push.id) is None:
            return
        try:
            taken = await receive(
                work,
                Incoming(
                    account_id=account.id,
                    address=said.address,
                    name=said.name,
                    body=_body(said.body, refused),
                    html=said.html,
                    file_ids=kept,
                    external_id=said.external_id,
                    thread_token=said.thread_token,
                    references=list(said.references),
                    subject=said.subject,
                    locale=said.locale,
                    order_numbers=list(said.order_numbers),
                    sent_at=said.sent_at,
                    automatic=said.automatic,
                ),
            )
        except AddressNotPossible:
            await push_worked(work, push.id, "no sender")
            return
        await push_worked(work, push.id, "again" if taken.again else "received")


def _body(body: str, refused: Sequence[str]) -> str:
    if not refused:
        return body
    chinese = re.search(r"[\u4e00-\u9fff]", body) or not re.search(r"[A-Za-z]", body)
    traditional = chinese and re.search(r"[們這個請問貨訂單謝]", body)
    words = NOT_KEPT["zh-TW" if traditional else "zh" if chinese else "en"]
    told = words.format(names=", ".join(refused)[:1_000])
    return f"{body[: LONGEST_BODY - len(told) - 4]}\n\n{told}".strip()


async def _keep_files(
    house: House, push: Push, account: Account, form: Form, media: Sequence[Media]
) -> tuple[list[UUID], list[str]]:
    """The ids of what was kept, and the names of what was not. Raises OSError when it is worth asking again."""
    kept: list[UUID] = []
    refused = [one.name for one in media[MOST_FILES:]]
    if Files not in house.ports:
        return kept, [one.name for one in media]
    for one in media[:MOST_FILES]:
        try:
            content = one.data
            if content is None:
                content = await form.fetch(house.port(Outside), account, one)
            stored = await store_file(
                house,
                SYSTEM,
                _once(content),
                name=one.name,
                shop_id=account.shop_id,
                customer_id=None,
                shown=True,
                documents=True,
            )
        except (Invalid, GoneForGood) as failure:
            log.info("a file that came with a message is not kept", push=str(push.id), why=str(failure))
            refused.append(one.name)
        except OSError as failure:
            if await _young(house, push):
                raise
            log.warning(
                "a file that came with a message is not to be had", push=str(push.id), why=str(failure)
            )
            refused.append(one.name)
        else:
            kept.append(stored.id)
    return kept, refused


async def _young(house: House, push: Push) -> bool:
    async with begin(house, SYSTEM) as work:
        return bool(
            await work.session.scalar(
                text("SELECT received_at > :since FROM channel_push WHERE id = :id"),
                {"id": push.id, "since": work.now - FILES_WAIT},
            )
        )


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content
