"""Who hears of a case at the desk: followers, colleagues named in notes, and what each has not read yet."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import delete, text
from sqlalchemy.dialects.postgresql import insert

from aftercare import identity
from aftercare.cases.events import (
    CaseEscalated,
    CaseFollowed,
    CaseMentioned,
    CaseSolved,
    CaseUnfollowed,
    DeskTold,
)
from aftercare.cases.model import CaseFollower, DeskKind, DeskNotice, OwnerNotFound, Step
from aftercare.cases.verbs import case_row, say
from aftercare.conversations import Author, MessageKind, MessagePosted, Posted
from aftercare.journal import ActorKind, Fact, Work, after
from aftercare.kit.paging import LARGEST_PAGE, Page, page, read_mark


class FollowerView(BaseModel):
    account_id: UUID
    name: str
    since: datetime


class DeskNoticeView(BaseModel):
    """`by`: who did it, where that was a colleague."""

    id: UUID
    kind: DeskKind
    case_id: UUID
    number: str
    title: str
    by: str | None
    words: str
    told_at: datetime
    read_at: datetime | None


class Unread(BaseModel):
    unread: int


def _me(work: Work) -> UUID:
    work.require("cases.read")
    if work.actor.kind is not ActorKind.staff or work.actor.id is None:
        raise OwnerNotFound()
    return work.actor.id


async def follow(work: Work, case_id: UUID) -> None:
    """The acting member of staff hears of the case from now on. Twice is once. Refuses with CaseNotFound."""
    case = await case_row(work, case_id)
    await follow_all(work, [(case.shop_id, case_id, _me(work))])


async def follow_all(work: Work, who: Collection[tuple[UUID, UUID, UUID]]) -> None:
    """Shop, case and account of each who hears of a case from now on."""
    if not who:
        return
    new = await work.session.execute(
        insert(CaseFollower)
        .values(
            [
                {"case_id": case_id, "account_id": account_id, "shop_id": shop_id, "since": work.now}
                for shop_id, case_id, account_id in sorted(set(who))
            ]
        )
        .on_conflict_do_nothing()
        .returning(CaseFollower.shop_id, CaseFollower.case_id, CaseFollower.account_id)
    )
    for shop_id, case_id, account_id in new:
        work.record(CaseFollowed(shop_id=shop_id, case_id=case_id, account_id=account_id))


async def unfollow(work: Work, case_id: UUID) -> None:
    """Refuses with CaseNotFound."""
    case = await case_row(work, case_id)
    gone = await work.session.execute(
        delete(CaseFollower)
        .where(CaseFollower.case_id == case_id, CaseFollower.account_id == _me(work))
        .returning(CaseFollower.account_id)
    )
    for account_id in gone.scalars():
        work.record(CaseUnfollowed(shop_id=case.shop_id, case_id=case_id, account_id=account_id))


async def followers_of(work: Work, case_id: UUID) -> list[FollowerView]:
    """Refuses with CaseNotFound."""
    work.require("cases.read")
    await case_row(work, case_id)
    rows = await work.session.execute(
        text(
            "SELECT f.account_id, a.name, f.since FROM case_follower f JOIN account a ON a.id = f.account_id"
            " WHERE f.case_id = :id ORDER BY a.name, a.id"
        ),
        {"id": case_id},
    )
    return [FollowerView.model_validate(row, from_attributes=True) for row in rows]


def named_in(body: str, colleagues: dict[UUID, str]) -> set[UUID]:
    """Whom the words name with an @. The longest name that fits counts; of two colleagues of one name both."""
    low = body.casefold().replace("＠", "@")
    found: set[UUID] = set()
    for part in low.split("@")[1:]:
        fitting = [name for name in colleagues.values() if name and part.startswith(name.casefold())]
        if fitting:
            longest = max(fitting, key=len)
            found |= {account for account, name in colleagues.items() if name == longest}
    return found


async def write_note(
    work: Work, case_id: UUID, body: str, *, file_ids: Sequence[UUID] = (), client_key: str | None = None
) -> Posted:
    """A note for colleagues; those whom it names with an @ follow the case and are told at the desk. Refuses with
    CaseNotFound."""
    posted = await say(work, case_id, body, kind=MessageKind.note, file_ids=file_ids, client_key=client_key)
    if posted.again or not ("@" in body or "＠" in body):
        return posted
    case = await case_row(work, case_id)
    reachable = await identity.members_of(work, case.shop_id, "cases.read")
    accounts = named_in(body, await identity.names_of(work, reachable)) - {work.actor.id}
    await follow_all(work, [(case.shop_id, case_id, account_id) for account_id in accounts])
    for account_id in sorted(accounts):
        work.record(
            CaseMentioned(
                shop_id=case.shop_id, case_id=case_id, account_id=account_id, message_id=posted.message_id
            )
        )
    by = work.actor.id if work.actor.kind is ActorKind.staff else None
    await tell_all(
        work,
        [
            Telling(
                case.shop_id, case_id, DeskKind.mentioned, account_id, message_id=posted.message_id, by=by
            )
            for account_id in sorted(accounts)
        ],
    )
    return posted


@dataclass(frozen=True, slots=True)
class Telling:
    """`because`: the fact that it follows from, where a reaction follows from many. `by`: the colleague whose doing it is."""

    shop_id: UUID | None
    case_id: UUID
    kind: DeskKind
    account_id: UUID
    because: Fact | None = None
    message_id: UUID | None = None
    by: UUID | None = None


async def tell_all(work: Work, tellings: Sequence[Telling]) -> None:
    """At the desk of each. Whoever calls knows that they may see the cases."""
    if not tellings:
        return
    rows = [
        {
            "id": work.new_id(),
            "account_id": one.account_id,
            "shop_id": one.shop_id,
            "case_id": one.case_id,
            "kind": one.kind,
            "by_id": one.by,
            "message_id": one.message_id,
            "told_at": work.now,
        }
        for one in tellings
    ]
    await work.session.execute(insert(DeskNotice), rows)
    for row, one in zip(rows, tellings, strict=True):
        work.record(
            DeskTold(
                shop_id=one.shop_id,
                account_id=one.account_id,
                case_id=one.case_id,
                desk_notice_id=row["id"],
                kind=one.kind,
            ),
            because=one.because,
        )


FOLLOWING = text("SELECT case_id, account_id FROM case_follower WHERE case_id = ANY(:cases)")


async def following(work: Work, cases: Collection[UUID]) -> dict[UUID, set[UUID]]:
    """By case, where anybody follows it."""
    found: dict[UUID, set[UUID]] = {}
    if cases:
        for row in await work.session.execute(FOLLOWING, {"cases": list(cases)}):
            found.setdefault(row.case_id, set()).add(row.account_id)
    return found


Heard = MessagePosted | CaseSolved | CaseEscalated
KINDS: dict[type[Fact], DeskKind] = {
    MessagePosted: DeskKind.replied,
    CaseSolved: DeskKind.solved,
    CaseEscalated: DeskKind.escalated,
}


def _worth_telling(fact: Heard) -> bool:
    if isinstance(fact, MessagePosted):
        return fact.author_kind is Author.customer and fact.case_id is not None
    return not isinstance(fact, CaseEscalated) or fact.step is Step.broken


@after(
    MessagePosted, CaseSolved, CaseEscalated, in_order_of="case_id", when=_worth_telling, in_batches_of=500
)
async def tell_followers(work: Work, facts: Sequence[Heard]) -> None:
    """Whoever did it is not told of it."""
    followers = await following(work, {fact.case_id for fact in facts if fact.case_id is not None})
    tellings: list[Telling] = []
    for fact in facts:
        if fact.case_id is None or fact.case_id not in followers:
            continue
        accounts = followers[fact.case_id]
        if isinstance(fact, CaseSolved):
            accounts = accounts - {fact.account_id} if fact.account_id else accounts
        tellings += [
            Telling(
                fact.shop_id,
                fact.case_id,
                KINDS[type(fact)],
                account_id,
                fact,
                fact.message_id if isinstance(fact, MessagePosted) else None,
            )
            for account_id in sorted(accounts)
        ]
    await tell_all(work, tellings)


NOTICES = text(
    """
    SELECT n.id, n.kind, n.case_id, c.number, c.title, a.name AS by, coalesce(left(m.body, 140), '') AS words, n.told_at, n.read_at
    FROM desk_notice n JOIN service_case c ON c.id = n.case_id
    LEFT JOIN account a ON a.id = n.by_id LEFT JOIN message m ON m.id = n.message_id
    WHERE n.account_id = :me AND (CAST(:at AS timestamptz) IS NULL OR (n.told_at, n.id) < (:at, CAST(:id AS uuid)))
    ORDER BY n.told_at DESC, n.id DESC LIMIT :limit
    """
)


async def desk_notices(work: Work, *, after: str | None = None, limit: int = 30) -> Page[DeskNoticeView]:
    """One's own, the newest first."""
    told_at, last = read_mark(after, (datetime, UUID)) or (None, None)
    limit = min(limit, LARGEST_PAGE)
    rows = await work.session.execute(
        NOTICES, {"me": _me(work), "at": told_at, "id": last, "limit": limit + 1}
    )
    found = [DeskNoticeView.model_validate(row, from_attributes=True) for row in rows]
    items, following = page(found, limit, lambda one: (one.told_at, one.id))
    return Page(items=items, next=following)


async def unread(work: Work) -> Unread:
    count = await work.session.scalar(
        text("SELECT count(*) FROM desk_notice WHERE account_id = :me AND read_at IS NULL"), {"me": _me(work)}
    )
    return Unread(unread=count or 0)


async def read_notices(work: Work, notices: Sequence[UUID] | None = None) -> None:
    """These, or all of one's own."""
    await work.session.execute(
        text(
            "UPDATE desk_notice SET read_at = :now WHERE account_id = :me AND read_at IS NULL"
            " AND (CAST(:ids AS uuid[]) IS NULL OR id = ANY(:ids))"
        ),
        {"now": work.now, "me": _me(work), "ids": None if notices is None else list(notices)},
    )
