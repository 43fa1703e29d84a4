"""Telephone calls: what the exchange tells of them, what was noted, and whom we owe a call back.

Events come in any order and several times: each adds what it knows, and a call goes forward only: ringing, answered, ended; or
missed, until it turns out that somebody did answer. Whoever called in vain is called back within the promise `call.back`.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Protocol
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import CheckConstraint, ForeignKey, Index, select, text
from sqlalchemy.orm import Mapped, mapped_column

from aftercare.conversations.contacts import contact_of, normalised, note_heard
from aftercare.conversations.model import AccountNotFound, AddressNotPossible, Channel, ChannelAccount
from aftercare.conversations.ports import Account
from aftercare.journal import ActorKind, Fact, PermissionMissing, Work
from aftercare.kit.errors import Invalid, NotFound, Refusal
from aftercare.kit.tables import Base, status_type
from aftercare.kit.text import clean, one_line
from aftercare.promises import start_clock, stop_clock

CALL_BACK = "call.back"
LONGEST_NOTES = 20_000
LONGEST_LINK = 1_000
NOBODY = frozenset(
    {"", "anonymous", "unknown", "restricted", "unavailable", "private", "blocked", "withheld", "+266696687"}
)
"""What exchanges write where the caller shows no number; the digits spell ANONYMOUS."""


class Direction(StrEnum):
    inbound = "inbound"
    outbound = "outbound"


class CallState(StrEnum):
    ringing = "ringing"
    answered = "answered"
    ended = "ended"
    missed = "missed"
    """Nobody answered: of ours when it came in, of theirs when it went out."""


class CallHappening(StrEnum):
    ringing = "ringing"
    answered = "answered"
    ended = "ended"
    missed = "missed"
    recording = "recording"
    voicemail = "voicemail"


class CallBack(StrEnum):
    due = "due"
    done = "done"
    not_needed = "not_needed"


class CallNotFound(NotFound):
    """There is no such call, or it is not yours to see."""


class CallBackNotDue(Refusal):
    """Nobody is owed a call back for this call."""


class NumberHidden(Invalid):
    """Whoever called showed no number."""


class AgentHasNoPhone(Invalid):
    """The account of the exchange knows no telephone of yours; it is set among its `agents`."""


class Call(Base):
    """One call on one account of an exchange."""

    __tablename__ = "call"
    __table_args__ = (
        Index("call_external_idx", "channel_account_id", "external_id", unique=True),
        Index("call_contact_idx", "contact_id", "started_at"),
        Index("call_shop_idx", "shop_id", "started_at"),
        Index("call_back_idx", "shop_id", "started_at", postgresql_where=text("call_back = 'due'")),
        CheckConstraint("state <> 'answered' OR answered_at IS NOT NULL", name="an_answered_call_says_when"),
        CheckConstraint("call_back <> 'done' OR called_back_at IS NOT NULL", name="a_call_back_says_when"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    channel_account_id: Mapped[UUID] = mapped_column(ForeignKey("channel_account.id"))
    external_id: Mapped[str]
    """What the exchange calls it."""
    direction: Mapped[Direction] = mapped_column(status_type(Direction, "a_call_comes_in_or_goes_out"))
    state: Mapped[CallState] = mapped_column(status_type(CallState, "a_call_is_in_a_known_state"))
    contact_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"))
    """None for who shows no number."""
    case_id: Mapped[UUID | None]
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    """Of us: whose telephone rang last, then who answered, or who called."""
    started_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    recording: Mapped[str | None]
    """Where it can be heard."""
    voicemail: Mapped[str | None]
    voicemail_words: Mapped[str]
    """As a machine has heard them, where the exchange does that."""
    notes: Mapped[str]
    call_back: Mapped[CallBack | None] = mapped_column(status_type(CallBack, "a_call_back_is_due_or_not"))
    called_back_at: Mapped[datetime | None]
    called_back_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))


class AboutCall(BaseModel):
    """What all facts about calls are about; ids only, no number and no name."""

    call_id: UUID
    channel_account_id: UUID
    contact_id: UUID | None = None
    customer_id: UUID | None = None
    case_id: UUID | None = None
    account_id: UUID | None = None
    direction: Direction


class CallRinging(AboutCall, Fact):
    """A telephone rings. `account_id`: whose, where the exchange says so."""

    name: ClassVar[str] = "call.ringing"


class CallAnswered(AboutCall, Fact):
    name: ClassVar[str] = "call.answered"


class CallEnded(AboutCall, Fact):
    name: ClassVar[str] = "call.ended"
    seconds: int
    """Of talk."""


class CallMissed(AboutCall, Fact):
    name: ClassVar[str] = "call.missed"


class CallRecorded(AboutCall, Fact):
    """It can be heard: the talk, or what was left on the machine."""

    name: ClassVar[str] = "call.recorded"
    voicemail: bool


class CallBackSettled(AboutCall, Fact):
    """Called back, or it turned out not to be needed."""

    name: ClassVar[str] = "call.back_settled"
    outcome: CallBack


class CallBackOwed(AboutCall, Fact):
    """It was called settled by mistake: the call back is owed as before."""

    name: ClassVar[str] = "call.back_owed"


@dataclass(frozen=True)
class CallEvent:
    """What an exchange tells of a call. `them` is the number outside, `agent` whatever it calls our side: a number, an
    extension, an e-mail. `at` is when it happened."""

    external_id: str
    happening: CallHappening
    direction: Direction
    them: str
    at: datetime
    agent: str = ""
    link: str | None = None
    words: str = ""


class CallView(BaseModel):
    """`number` is None for a caller who shows none; `contact_name` is as the contact is called."""

    id: UUID
    shop_id: UUID
    channel_account_id: UUID
    direction: Direction
    state: CallState
    contact_id: UUID | None
    customer_id: UUID | None
    number: str | None
    contact_name: str
    case_id: UUID | None
    account_id: UUID | None
    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    recording: str | None
    voicemail: str | None
    voicemail_words: str
    notes: str
    call_back: CallBack | None
    call_back_by: datetime | None
    """Until when we promise to call back."""
    called_back_at: datetime | None
    called_back_by: UUID | None


class CallPlacer(Protocol):
    """The port: rings the agent's telephone, then connects it with the number outside. Returns what the exchange calls the call;
    raises NotDelivered, TryLater or OSError."""

    async def place(self, account: Account, *, agent: str, to: str) -> str: ...


# What the exchange tells


async def note_call(work: Work, channel_account_id: UUID, told: CallEvent) -> UUID:
    """Adds an event to its call, the first one making it. For connectors, in a Work of the system. Refuses with
    AccountNotFound."""
    if work.actor.kind is not ActorKind.system:
        raise PermissionMissing(permission="system")
    exchange = await work.session.get(ChannelAccount, channel_account_id)
    if exchange is None or exchange.kind is not Channel.phone:
        raise AccountNotFound(account_id=channel_account_id)
    await work.session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"),
        {"name": f"call {channel_account_id} {told.external_id}"},
    )
    call = await work.session.scalar(
        select(Call).where(
            Call.channel_account_id == channel_account_id, Call.external_id == told.external_id
        )
    )
    at = min(told.at, work.now)
    fresh = call is None
    if call is None:
        call = Call(
            id=work.new_id(),
            shop_id=exchange.shop_id,
            channel_account_id=channel_account_id,
            external_id=told.external_id,
            direction=told.direction,
            state=CallState.ringing,
            contact_id=await _contact(work, exchange, told),
            started_at=at,
            voicemail_words="",
            notes="",
        )
        work.session.add(call)
    elif call.contact_id is None and told.them:
        call.contact_id = await _contact(work, exchange, told)
    call.started_at = min(call.started_at, at)
    agent = await _agent(work, exchange, told.agent)
    if agent is not None and (call.answered_at is None or told.happening is CallHappening.answered):
        call.account_id = agent
    await work.session.flush()
    await _move(work, call, told, at, fresh=fresh)
    return call.id


async def _move(work: Work, call: Call, told: CallEvent, at: datetime, *, fresh: bool) -> None:
    before, happening = call.state, told.happening
    if happening is CallHappening.ringing:
        if before is CallState.ringing:
            # Also when it rings at somebody else: each of them sees who calls.
            work.record(CallRinging(**await _about(work, call)))
        return
    if happening is CallHappening.answered:
        if call.answered_at is not None:
            return
        call.answered_at = at
        call.state = CallState.ended if call.ended_at is not None else CallState.answered
        work.record(CallAnswered(**await _about(work, call)))
        if call.call_back is CallBack.due:
            await _settle(work, call, CallBack.not_needed)
        if call.direction is Direction.outbound and call.contact_id is not None:
            await _called_back(work, call)
    elif happening in (CallHappening.ended, CallHappening.missed):
        if call.ended_at is not None:
            return
        call.ended_at = at
        if call.answered_at is not None:
            call.state = CallState.ended
            seconds = max(0, int((at - call.answered_at).total_seconds()))
            work.record(CallEnded(**await _about(work, call), seconds=seconds))
        else:
            await _miss(work, call)
    else:
        await _record(work, call, told)
        if fresh and happening is CallHappening.voicemail:
            # Whoever talks to the machine reached nobody.
            call.ended_at = at
            await _miss(work, call)


async def _miss(work: Work, call: Call) -> None:
    call.state = CallState.missed
    if call.direction is Direction.inbound and call.contact_id is not None:
        call.call_back = CallBack.due
        await work.session.flush()
        await start_clock(work, shop_id=call.shop_id, subject_kind="call", subject_id=call.id, name=CALL_BACK)
    work.record(CallMissed(**await _about(work, call)))


async def _record(work: Work, call: Call, told: CallEvent) -> None:
    link = one_line(told.link or "")[:LONGEST_LINK] or None
    voicemail = told.happening is CallHappening.voicemail
    known = call.voicemail if voicemail else call.recording
    words = clean(told.words).strip()[:LONGEST_NOTES]
    if link is not None and not link.startswith(("https://", "http://")):
        link = None
    if voicemail:
        call.voicemail = link or call.voicemail
        call.voicemail_words = words or call.voicemail_words
    else:
        call.recording = link or call.recording
    if known is None and (link or words):
        work.record(CallRecorded(**await _about(work, call), voicemail=voicemail))


async def _contact(work: Work, exchange: ChannelAccount, told: CallEvent) -> UUID | None:
    if one_line(told.them).lower() in NOBODY:
        return None
    try:
        contact = await contact_of(
            work,
            shop_id=exchange.shop_id,
            channel=Channel.phone,
            address=told.them,
            account_id=exchange.id,
        )
    except AddressNotPossible:
        return None
    if told.direction is Direction.inbound:
        await note_heard(work, contact.id)
    return contact.id


def agents_of(settings: dict[str, Any]) -> dict[str, str]:
    """The telephones of our people, by their e-mail, as the account of the exchange tells them."""
    given = settings.get("agents")
    return (
        {str(email).lower(): str(phone) for email, phone in given.items()} if isinstance(given, dict) else {}
    )


async def _agent(work: Work, exchange: ChannelAccount, told: str) -> UUID | None:
    """Who of us that is: by e-mail, or by the telephone that the account of the exchange lists."""
    name = one_line(told).lower().removeprefix("client:")
    if not name:
        return None
    emails = [email for email, phone in agents_of(exchange.settings).items() if phone.lower() == name]
    found: UUID | None = await work.session.scalar(
        text(
            "SELECT a.id FROM account a WHERE lower(a.email) = ANY(:emails) AND a.active AND EXISTS (SELECT FROM membership m"
            " WHERE m.account_id = a.id AND (m.shop_id IS NULL OR m.shop_id = :shop_id)) LIMIT 1"
        ),
        {"emails": [name, *emails], "shop_id": exchange.shop_id},
    )
    return found


async def _about(work: Work, call: Call) -> dict[str, Any]:
    customer_id = None
    if call.contact_id is not None:
        customer_id = await work.session.scalar(
            text("SELECT customer_id FROM contact WHERE id = :id"), {"id": call.contact_id}
        )
    return {
        "shop_id": call.shop_id,
        "call_id": call.id,
        "channel_account_id": call.channel_account_id,
        "contact_id": call.contact_id,
        "customer_id": customer_id,
        "case_id": call.case_id,
        "account_id": call.account_id,
        "direction": call.direction,
    }


# Calling back


async def _called_back(work: Work, call: Call) -> None:
    """We have reached this number: whatever call back was owed to it is done."""
    owed = await work.session.scalars(
        select(Call)
        .where(
            Call.contact_id == call.contact_id,
            Call.call_back == CallBack.due,
            Call.started_at <= call.started_at,
        )
        .with_for_update()
    )
    for one in owed:
        await _settle(work, one, CallBack.done, by=call.account_id)


async def _settle(work: Work, call: Call, outcome: CallBack, *, by: UUID | None = None) -> None:
    call.call_back = outcome
    if outcome is CallBack.done:
        call.called_back_at, call.called_back_by = work.now, by
    await work.session.flush()
    await stop_clock(
        work,
        subject_id=call.id,
        name=CALL_BACK,
        outcome="kept" if outcome is CallBack.done else "cancelled",
    )
    work.record(CallBackSettled(**await _about(work, call), outcome=outcome))


async def _owe(work: Work, call: Call) -> None:
    call.call_back, call.called_back_at, call.called_back_by = CallBack.due, None, None
    await work.session.flush()
    await start_clock(
        work,
        shop_id=call.shop_id,
        subject_kind="call",
        subject_id=call.id,
        name=CALL_BACK,
        started_at=call.ended_at or call.started_at,
    )
    work.record(CallBackOwed(**await _about(work, call)))


async def settle_call_back(work: Work, call_id: UUID, outcome: CallBack = CallBack.done) -> CallView:
    """By hand, by who has called back or knows that it is not needed; `due` takes that back, and the promise runs on from when it
    began. Needs `cases.write`. Refuses with CallBackNotDue."""
    work.require("cases.write")
    call = await _row(work, call_id, lock=True)
    if call.call_back is None or (call.call_back is CallBack.due) == (outcome is CallBack.due):
        raise CallBackNotDue(call_id=call_id)
    if outcome is CallBack.due:
        await _owe(work, call)
        return await get_call(work, call_id)
    await _settle(work, call, outcome, by=work.actor.id if work.actor.kind is ActorKind.staff else None)
    return await get_call(work, call_id)


# Calling out


async def plan_call(work: Work, channel_account_id: UUID, number: str) -> tuple[str, str]:
    """The number as the exchange takes it, and the telephone of the acting member of staff. Needs `conversations.write`. Refuses
    with AccountNotFound, AddressNotPossible, AgentHasNoPhone."""
    work.require("conversations.write")
    exchange = await work.session.get(ChannelAccount, channel_account_id)
    if exchange is None or not exchange.active or exchange.kind is not Channel.phone:
        raise AccountNotFound(account_id=channel_account_id)
    to = normalised(Channel.phone, number)
    if not to.startswith("+"):
        raise AddressNotPossible(channel=Channel.phone.value)
    email = await work.session.scalar(
        text("SELECT lower(email) FROM account WHERE id = :id"), {"id": work.actor.id}
    )
    phone = agents_of(exchange.settings).get(str(email or ""))
    if work.actor.kind is not ActorKind.staff or not phone:
        raise AgentHasNoPhone()
    return to, phone


async def exchange_of(work: Work, shop_id: UUID) -> UUID:
    """The shop's exchange by which calls go out: its oldest open telephone account. Refuses with AccountNotFound."""
    found = await work.session.scalar(
        select(ChannelAccount.id)
        .where(
            ChannelAccount.shop_id == shop_id,
            ChannelAccount.kind == Channel.phone,
            ChannelAccount.active,
        )
        .order_by(ChannelAccount.id)
        .limit(1)
    )
    if found is None:
        raise AccountNotFound(shop_id=shop_id)
    return found


async def note_placed(
    work: Work, channel_account_id: UUID, *, external_id: str, to: str, account_id: UUID, case_id: UUID | None
) -> UUID:
    """The exchange has taken a call out. It may have told more of it already."""
    event = CallEvent(external_id, CallHappening.ringing, Direction.outbound, to, work.now)
    call_id = await note_call(work, channel_account_id, event)
    call = await work.session.get_one(Call, call_id)
    call.account_id, call.case_id = call.account_id or account_id, call.case_id or case_id
    return call_id


# Reading and noting


READ = """
    SELECT k.*, c.customer_id, c.address AS number, coalesce(c.name, '') AS contact_name, p.due_at AS call_back_by
    FROM call k LEFT JOIN contact c ON c.id = k.contact_id
    LEFT JOIN clock p ON p.subject_id = k.id AND p.name = 'call.back' AND p.settled_at IS NULL AND k.call_back = 'due'
"""
READ_ONE = text(f"{READ} WHERE k.id = :id")  # only our own words
READ_MANY = text(
    f"""
    {READ} WHERE (CAST(:shop_id AS uuid) IS NULL OR k.shop_id = :shop_id)
      AND (CAST(:contact_id AS uuid) IS NULL OR k.contact_id = :contact_id)
      AND (CAST(:case_id AS uuid) IS NULL OR k.case_id = :case_id)
      AND (CAST(:customer_id AS uuid) IS NULL OR c.customer_id = :customer_id)
      AND (NOT :owed OR k.call_back = 'due')
      AND (CAST(:before AS timestamptz) IS NULL OR k.started_at < :before)
    ORDER BY CASE WHEN :owed THEN coalesce(p.due_at, k.started_at) END, k.started_at DESC, k.id DESC LIMIT :limit
    """  # only our own words
)


async def get_call(work: Work, call_id: UUID) -> CallView:
    """Needs `cases.read`. Refuses with CallNotFound."""
    work.require("cases.read")
    await work.session.flush()
    row = (await work.session.execute(READ_ONE, {"id": call_id})).one_or_none()
    if row is None:
        raise CallNotFound(call_id=call_id)
    return CallView.model_validate(dict(row._mapping))


async def list_calls(
    work: Work,
    *,
    shop_id: UUID | None = None,
    contact_id: UUID | None = None,
    customer_id: UUID | None = None,
    case_id: UUID | None = None,
    owed: bool = False,
    before: datetime | None = None,
    limit: int = 50,
) -> list[CallView]:
    """The newest first; those whose call back is `owed` by when it is promised. Needs `cases.read`."""
    work.require("cases.read")
    await work.session.flush()
    rows = await work.session.execute(
        READ_MANY,
        {
            "shop_id": shop_id,
            "contact_id": contact_id,
            "customer_id": customer_id,
            "case_id": case_id,
            "owed": owed,
            "before": before,
            "limit": limit,
        },
    )
    return [CallView.model_validate(dict(row._mapping)) for row in rows]


async def note_on_call(work: Work, call_id: UUID, notes: str) -> None:
    """Adds what was said to the call's notes. Needs `conversations.write`."""
    work.require("conversations.write")
    call = await _row(work, call_id, lock=True)
    call.notes = "\n".join(one for one in (call.notes, clean(notes).strip()) if one)[-LONGEST_NOTES:]


async def put_call_into(work: Work, call_id: UUID, case_id: UUID | None) -> None:
    """For cases, which know whether it fits."""
    call = await _row(work, call_id, lock=True)
    call.case_id = case_id


async def _row(work: Work, call_id: UUID, *, lock: bool = False) -> Call:
    work.require("cases.read")
    await work.session.flush()
    row = await work.session.get(Call, call_id, with_for_update=lock or None, populate_existing=lock)
    if row is None:
        raise CallNotFound(call_id=call_id)
    return row
