"""Opening threads, posting, files, drafts, reading."""

import re
from collections.abc import AsyncIterable, Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import nh3
from pydantic import BaseModel
from sqlalchemy import delete, select, text, update
from sqlalchemy.dialects.postgresql import insert

from aftercare.conversations.events import MessagePosted, NoteWritten
from aftercare.conversations.model import (
    LONGEST_BODY,
    MOST_FILES,
    Author,
    Channel,
    ContactNotFound,
    Draft,
    File,
    FileNotFound,
    MessageEmpty,
    MessageKind,
    MessageTooLong,
    NotesAreForStaff,
    Thread,
    ThreadNotFound,
    TooManyFiles,
)
from aftercare.journal import Actor, ActorKind, House, Work, begin
from aftercare.journal.signals import tell_after
from aftercare.kit.files import Files, Stored, safe_name
from aftercare.kit.text import clean

# Pictures in mails are fetched from elsewhere and tell the sender who reads; ours are files.
_TAGS = re.compile(r"<(/?)(?!(?:br|hr|img|p|li|td|tr|col|wbr|input|meta|link)\b)[A-Za-z]", re.IGNORECASE)
LONGEST_HTML = 1_000_000
"""Characters."""
DEEPEST_HTML = 3_000
"""The cleaner takes the square of the depth."""
TAGS = nh3.ALLOWED_TAGS - {"img", "map", "area"}


class OfferedChoice(BaseModel):
    """An answer to press: its words are sent as they stand. `value` tells our own pages what it means; one with a `url` leads
    there."""

    label: str
    value: str
    url: str | None = None


class OfferedSource(BaseModel):
    """What a message rests on; `url` is a path of the portal."""

    title: str
    url: str | None = None


class Offers(BaseModel):
    choices: list[OfferedChoice]
    sources: list[OfferedSource]


class NewMessage(BaseModel):
    """`client_key` is made by who sends: the same key in the same thread is the same message, however often it is sent.
    `case_id` is the case that the thread belongs to; conversations do not know cases, they only pass the id on.

    With a `contact_id` it came or leaves by a channel account: `incoming` words are the customer's, and are told by the system
    or an integration; others are planned to be sent to the contact, with `subject` and `case_number` for who reads them."""

    thread_id: UUID
    case_id: UUID | None = None
    body: str = ""
    html: str | None = None
    kind: MessageKind = MessageKind.message
    channel: Channel = Channel.portal
    file_ids: list[UUID] = []
    client_key: str | None = None
    account_id: UUID | None = None
    contact_id: UUID | None = None
    external_id: str | None = None
    incoming: bool = False
    subject: str = ""
    case_number: str = ""
    offers: Offers | None = None


class Posted(BaseModel):
    """`again` when the same sending had arrived before; then nothing happened this time."""

    message_id: UUID
    again: bool


class FileView(BaseModel):
    id: UUID
    shop_id: UUID
    name: str
    media_type: str
    bytes: int
    sha256: str
    key: str


def author_of(actor: Actor) -> Author:
    return Author(actor.kind.value)


async def open_thread(work: Work, *, shop_id: UUID, customer_id: UUID | None) -> UUID:
    """Whoever calls has shown that the actor may speak for the customer."""
    thread_id = work.new_id()
    await work.session.execute(
        text(
            "INSERT INTO thread (id, shop_id, customer_id, opened_at) VALUES (:id, :shop_id, :customer_id, :now)"
        ),
        {"id": thread_id, "shop_id": shop_id, "customer_id": customer_id, "now": work.now},
    )
    return thread_id


async def get_thread(work: Work, thread_id: UUID) -> Thread:
    """Refuses with ThreadNotFound what the actor may not read."""
    thread = await work.session.get(Thread, thread_id)
    actor = work.actor
    if thread is None or (
        thread.customer_id not in actor.customers
        if actor.kind is ActorKind.customer
        else not actor.may("cases.read")
    ):
        raise ThreadNotFound(thread_id=thread_id)
    return thread


# One statement on the hot path. The message goes in first; only if it is new does anything else move. The thread is held
# before the message gets its position: in one thread, positions are in the order of commits, and whoever reads on from one
# misses nothing.
_POST = """
    WITH t AS (
      SELECT id, shop_id, customer_id, CAST(:author_kind AS varchar) AS author, CAST(:kind AS varchar) AS said FROM thread
      WHERE id = :thread_id AND (:is_staff OR customer_id = ANY(CAST(:customers AS uuid[]))) FOR NO KEY UPDATE
    ), m AS (
      INSERT INTO message (id, shop_id, thread_id, author_kind, author_id, kind, channel, body, html, sent_at, client_key,
        account_id, contact_id, external_id, offers)
      SELECT :id, shop_id, id, author, CASE author WHEN 'customer' THEN customer_id ELSE :author_id END, said, :channel, :body, :html, :now, :client_key, :account_id, :contact_id, :external_id,
        CAST(:offers AS jsonb) FROM t
      ON CONFLICT (thread_id, client_key) WHERE client_key IS NOT NULL DO NOTHING RETURNING id
    ), u AS (
      UPDATE thread SET last_message_at = CASE WHEN t.said = 'note' THEN last_message_at ELSE :now END,
        customer_read_at = CASE WHEN t.author = 'customer' THEN :now ELSE customer_read_at END,
        shop_read_at = CASE WHEN t.author = 'staff' THEN :now ELSE shop_read_at END
      FROM m, t WHERE thread.id = :thread_id
    ) {files}
    SELECT t.shop_id, t.customer_id, (SELECT id FROM m) AS posted, {counted} AS files FROM t
"""
# Whoever posts a file has uploaded it, for this customer; what staff send becomes visible to the customer.
_WITH_FILES = """
    , f AS (
      UPDATE file SET shown_to_customer = shown_to_customer OR t.said = 'message'
      FROM m, t WHERE file.id = ANY(CAST(:files AS uuid[])) AND file.shop_id = t.shop_id
        AND file.customer_id IS NOT DISTINCT FROM t.customer_id
        AND (:is_staff OR (file.uploaded_by_kind = 'customer' AND file.customer_id = ANY(CAST(:customers AS uuid[]))))
      RETURNING file.id
    ), mf AS (
      INSERT INTO message_file (message_id, position, file_id, shop_id)
      SELECT m.id, given.position, f.id, t.shop_id
      FROM m, t, unnest(CAST(:files AS uuid[])) WITH ORDINALITY AS given(id, position) JOIN f ON f.id = given.id
    )
"""
POST = _POST.format(files="", counted="0")
POST_WITH_FILES = _POST.format(files=_WITH_FILES, counted="(SELECT count(*) FROM f)")


async def post(work: Work, new: NewMessage, *, message_id: UUID | None = None) -> Posted:
    """Says something in a thread; `message_id` from `work.new_id()` where the caller must know it before. Refuses with ThreadNotFound, MessageEmpty, MessageTooLong, NotesAreForStaff,
    FileNotFound."""
    actor = work.actor
    is_staff = actor.kind is not ActorKind.customer
    if is_staff:
        work.require("conversations.write")
    elif new.kind is MessageKind.note:
        raise NotesAreForStaff()
    body = clean(new.body).strip()
    if not body and not new.file_ids:
        raise MessageEmpty()
    if len(body) > LONGEST_BODY:
        raise MessageTooLong(most=LONGEST_BODY, length=len(body))
    if len(new.file_ids) > MOST_FILES:
        raise TooManyFiles(most=MOST_FILES)
    author = author_of(actor)
    if new.incoming:
        if actor.kind not in (ActorKind.system, ActorKind.integration):
            raise NotesAreForStaff()
        author = Author.customer
    message_id = message_id or work.new_id()
    file_ids = list(dict.fromkeys(new.file_ids))
    values: dict[str, Any] = {
        "id": message_id,
        "thread_id": new.thread_id,
        "is_staff": is_staff,
        "customers": list(actor.customers),
        "author_kind": author.value,
        "author_id": actor.id,
        "kind": new.kind.value,
        "channel": new.channel.value,
        "body": body,
        "html": safe_html(new.html),
        "now": work.now,
        "client_key": new.client_key,
        "account_id": new.account_id,
        "contact_id": new.contact_id,
        "external_id": new.external_id,
        "offers": None if new.offers is None else new.offers.model_dump_json(),
    }
    if file_ids:
        values["files"] = file_ids
    row = await work.row(POST_WITH_FILES if new.file_ids else POST, values)
    if row is None:
        raise ThreadNotFound(thread_id=new.thread_id)
    if row.posted is None:
        earlier = await work.session.execute(
            text("SELECT id FROM message WHERE thread_id = :thread_id AND client_key = :client_key"),
            {"thread_id": new.thread_id, "client_key": new.client_key},
        )
        return Posted(message_id=earlier.scalar_one(), again=True)
    if new.file_ids and row.files != len(file_ids):
        raise FileNotFound(file_ids=[str(file_id) for file_id in new.file_ids])
    if new.contact_id is not None and not new.incoming and new.kind is MessageKind.message:
        await plan_sending(work, message_id, new)
    about = {
        "shop_id": row.shop_id,
        "thread_id": new.thread_id,
        "message_id": message_id,
        "case_id": new.case_id,
    }
    work.record(
        NoteWritten(**about)
        if new.kind is MessageKind.note
        else MessagePosted(
            **about,
            customer_id=row.customer_id,
            author_kind=author,
            channel=new.channel,
            contact_id=new.contact_id,
        )
    )
    return Posted(message_id=message_id, again=False)


PLAN = text(
    """
    INSERT INTO message_sending (message_id, shop_id, thread_id, case_id, contact_id, account_id, subject, case_number,
      next_at, planned_at)
    SELECT CAST(:message_id AS uuid), c.shop_id, t.id, CAST(:case_id AS uuid), c.id, a.id, CAST(:subject AS text),
      CAST(:case_number AS text), CAST(:now AS timestamptz), CAST(:now AS timestamptz)
    FROM contact c JOIN thread t ON t.id = :thread_id AND t.shop_id = c.shop_id
    JOIN channel_account a ON a.id = :account_id AND a.shop_id = c.shop_id
    WHERE c.id = :contact_id
    """
)


async def plan_sending(work: Work, message_id: UUID, new: NewMessage) -> None:
    """In the transaction of the message; a reaction sends it. Refuses with ContactNotFound."""
    planned: Any = await work.session.execute(
        PLAN,
        {
            "message_id": message_id,
            "thread_id": new.thread_id,
            "case_id": new.case_id,
            "contact_id": new.contact_id,
            "account_id": new.account_id,
            "subject": new.subject,
            "case_number": new.case_number,
            "now": work.now,
        },
    )
    if planned.rowcount != 1:
        raise ContactNotFound(contact_id=new.contact_id)


def safe_html(html: str | None) -> str | None:
    """Without scripts, styles, forms and pictures from elsewhere; links open apart and tell nobody where from. None for what is
    too large or nested too deeply to be cleaned in good time; the plain words stand for it."""
    if not html or len(html) > LONGEST_HTML or _depth(html) > DEEPEST_HTML:
        return None
    return nh3.clean(
        clean(html),
        tags=TAGS,
        link_rel="noopener noreferrer nofollow",
        url_schemes={"https", "http", "mailto"},
    )


def _depth(html: str) -> int:
    """How many elements may lie within each other at most: those that are opened and not closed, wherever they are."""
    deepest = depth = 0
    for found in _TAGS.finditer(html):
        depth = max(0, depth - 1) if found[1] else depth + 1
        deepest = max(deepest, depth)
    return deepest


async def keep_file(
    work: Work,
    stored: Stored,
    *,
    name: str,
    shop_id: UUID,
    customer_id: UUID | None,
    shown: bool | None = None,
) -> FileView:
    """The row of an upload whose bytes are kept already. What a customer uploads the customer sees; what staff upload is
    shown once it is posted in a message, unless `shown` says so at once. Whoever calls has shown that the actor may
    speak in the matter."""
    actor = work.actor
    file = File(
        id=work.new_id(),
        shop_id=shop_id,
        customer_id=customer_id,
        shown_to_customer=actor.kind is ActorKind.customer if shown is None else shown,
        name=safe_name(name, stored.media_type),
        media_type=stored.media_type,
        bytes=stored.bytes,
        sha256=stored.sha256,
        key=stored.key,
        uploaded_by_kind=author_of(actor),
        uploaded_by_id=actor.id,
        uploaded_at=work.now,
    )
    work.session.add(file)
    await work.session.flush()
    return file_view(file)


async def store_file(
    house: House,
    actor: Actor,
    source: AsyncIterable[bytes],
    *,
    name: str,
    shop_id: UUID,
    customer_id: UUID | None,
    shown: bool | None = None,
    documents: bool = False,
) -> FileView:
    """Keeps the bytes and then the row, so that no transaction is open while a slow telephone uploads. `documents`: office files,
    archives, texts are taken as well, to be saved and not shown."""
    stored = await house.port(Files).put(source, name if documents else None)
    async with begin(house, actor) as work:
        return await keep_file(work, stored, name=name, shop_id=shop_id, customer_id=customer_id, shown=shown)


async def open_file(work: Work, file_id: UUID) -> FileView:
    """The file, if the actor may see it: a customer what is shown in own matters, staff what lies in their shops. Read its
    bytes with `house.port(Files).read(view.key)`."""
    return (await files(work, [file_id]))[file_id]


async def files(work: Work, file_ids: Collection[UUID]) -> dict[UUID, FileView]:
    """As `open_file`, many in one statement; refuses if the actor may not see one of them."""
    if not file_ids:
        return {}
    actor = work.actor
    rows = await work.session.scalars(select(File).where(File.id.in_(file_ids)))
    found = {
        file.id: file_view(file)
        for file in rows
        if (
            file.shown_to_customer and file.customer_id in actor.customers
            if actor.kind is ActorKind.customer
            else actor.may("cases.read")
        )
    }
    for file_id in file_ids:
        if file_id not in found:
            raise FileNotFound(file_id=file_id)
    return found


async def show_files(work: Work, file_ids: Sequence[UUID]) -> None:
    """From now on the customer in whose matter they were uploaded sees them."""
    await work.session.execute(update(File).where(File.id.in_(file_ids)).values(shown_to_customer=True))


def file_view(file: File) -> FileView:
    return FileView.model_validate(file, from_attributes=True)


async def give_files(work: Work, file_ids: Collection[UUID], customer_id: UUID | None) -> None:
    """What a connector kept before it was known whose it is; they are posted next."""
    if file_ids:
        await work.session.execute(
            update(File)
            .where(
                File.id.in_(file_ids),
                File.customer_id.is_(None),
                File.uploaded_by_kind.in_((Author.system, Author.integration)),
            )
            .values(customer_id=customer_id, uploaded_by_kind=Author.customer)
        )


async def mark_read(work: Work, thread_id: UUID) -> None:
    """Everything up to now has been seen by the actor's side."""
    thread = await get_thread(work, thread_id)
    if work.actor.kind is ActorKind.customer:
        thread.customer_read_at = work.now
    elif work.actor.kind is ActorKind.staff:
        thread.shop_read_at = work.now
        tell_after(work, "chat.passing", [str(thread_id), "read", {"at": work.now.isoformat()}])


class DraftView(BaseModel):
    body: str
    kind: MessageKind
    updated_at: datetime


async def keep_draft(work: Work, thread_id: UUID, body: str, kind: MessageKind) -> None:
    """Keeps what the acting member of staff has begun to write; an empty body forgets it."""
    thread = await get_thread(work, thread_id)
    account_id = _account(work)
    body = clean(body)
    if len(body) > LONGEST_BODY:
        raise MessageTooLong(most=LONGEST_BODY, length=len(body))
    if not body.strip():
        await drop_draft(work, thread_id)
        return
    row = {"account_id": account_id, "thread_id": thread_id, "shop_id": thread.shop_id, "kind": kind, "body": body,
           "updated_at": work.now}  # fmt: skip
    changed = {name: row[name] for name in ("kind", "body", "updated_at")}
    await work.session.execute(
        insert(Draft)
        .values(row)
        .on_conflict_do_update(index_elements=["account_id", "thread_id"], set_=changed)
    )


async def drop_draft(work: Work, thread_id: UUID) -> None:
    await work.session.execute(
        delete(Draft).where(Draft.account_id == _account(work), Draft.thread_id == thread_id)
    )


def _account(work: Work) -> UUID:
    if work.actor.kind is not ActorKind.staff or work.actor.id is None:
        raise NotesAreForStaff()
    return work.actor.id
