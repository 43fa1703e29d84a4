"""Who has a case: taken, given, handed over, released."""

from uuid import UUID

from sqlalchemy import text

from aftercare.cases.events import CaseAssigned, CaseReleased, How
from aftercare.cases.model import CaseTakenAlready, OwnerNotFound, ServiceCase
from aftercare.cases.verbs import CaseView, case_to_change, say, view_of
from aftercare.conversations import MessageKind
from aftercare.journal import ActorKind, PermissionMissing, Work


async def take(work: Work, case_id: UUID) -> CaseView:
    """The acting member of staff becomes the owner. Refuses with CaseTakenAlready when somebody else is."""
    case = await case_to_change(work, case_id)
    me = work.actor.id
    if me is None or work.actor.kind is not ActorKind.staff:
        raise OwnerNotFound()
    if case.owner_id is not None and case.owner_id != me:
        raise CaseTakenAlready(owner_id=case.owner_id)
    if case.owner_id is None:
        give(work, case, me, "taken")
    return view_of(case)


async def assign(work: Work, case_id: UUID, account_id: UUID) -> CaseView:
    """Gives the case to somebody, whoever had it. Needs `cases.assign`. Refuses with OwnerNotFound."""
    case = await case_to_change(work, case_id, "cases.assign")
    await _check_owner(work, case.shop_id, account_id)
    if case.owner_id != account_id:
        give(work, case, account_id, "assigned")
    return view_of(case)


async def hand_over(work: Work, case_id: UUID, account_id: UUID, note: str) -> CaseView:
    """The owner passes the case on, with a note that says how it stands."""
    case = await case_to_change(work, case_id)
    if case.owner_id != work.actor.id and not work.actor.may("cases.assign"):
        raise PermissionMissing(permission="cases.assign")
    await _check_owner(work, case.shop_id, account_id)
    if note.strip():
        await say(work, case_id, note, kind=MessageKind.note)
    if case.owner_id != account_id:
        give(work, case, account_id, "handed_over")
    return view_of(case)


async def release(work: Work, case_id: UUID) -> CaseView:
    """Puts the case back into the shared queue, where it stays until somebody takes it."""
    case = await case_to_change(work, case_id)
    if case.owner_id is not None:
        if case.owner_id != work.actor.id and not work.actor.may("cases.assign"):
            raise PermissionMissing(permission="cases.assign")
        work.record(CaseReleased(shop_id=case.shop_id, case_id=case.id, account_id=case.owner_id))
        case.owner_id = case.assigned_at = None
    case.queued = False
    return view_of(case)


def give(work: Work, case: ServiceCase, account_id: UUID, how: How) -> None:
    work.record(
        CaseAssigned(
            shop_id=case.shop_id,
            case_id=case.id,
            account_id=account_id,
            from_account_id=case.owner_id,
            how=how,
        )
    )
    case.owner_id, case.assigned_at, case.queued = account_id, work.now, False


async def _check_owner(work: Work, shop_id: UUID, account_id: UUID) -> None:
    known = await work.session.execute(
        text(
            "SELECT 1 FROM account a WHERE a.id = :id AND a.active AND EXISTS (SELECT FROM membership m"
            " WHERE m.account_id = a.id AND (m.shop_id IS NULL OR m.shop_id = :shop_id))"
        ),
        {"id": account_id, "shop_id": shop_id},
    )
    if known.one_or_none() is None:
        raise OwnerNotFound(account_id=account_id)
