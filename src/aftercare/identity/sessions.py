"""Sessions: somebody signed in at one browser, and how each request finds out who that is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy import select, text, update

from aftercare.identity.cache import Signed, forget_who, who
from aftercare.identity.events import SessionClosed, SessionOpened
from aftercare.identity.keys import digest, fresh_token, keyed, same
from aftercare.identity.model import SessionKind, SessionRow
from aftercare.journal import SYSTEM, Actor, ActorKind, House, Work, begin
from aftercare.kit.errors import NotFound, NotSignedIn

IDLE = {SessionKind.staff: timedelta(hours=12), SessionKind.customer: timedelta(days=7)}
LIFETIME = {SessionKind.staff: timedelta(days=7), SessionKind.customer: timedelta(days=30)}
NOTED_EVERY = timedelta(minutes=1)
"""How exactly `seen_at` and `last_used_at` are kept."""
TOKEN_PREFIX = "act_"  # noqa: S105  # a prefix, no secret


@dataclass(frozen=True, slots=True)
class Opened:
    """A session just opened. `token` is told this once; `session_cookies` puts it where it belongs."""

    session_id: UUID
    token: str
    csrf: str
    expires_at: datetime
    seconds: int
    """From now to `expires_at`."""


class SessionInfo(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    device: str | None
    address: str | None
    opened_at: datetime
    seen_at: datetime
    expires_at: datetime
    current: bool


def csrf_token(house: House, session_id: UUID) -> str:
    return keyed(house, "csrf", str(session_id)).hex()


def csrf_is(house: House, session_id: UUID, given: str) -> bool:
    return same(csrf_token(house, session_id), given)


async def open_session(
    work: Work,
    *,
    kind: SessionKind,
    how: str,
    locale: str,
    account_id: UUID | None = None,
    customers: Sequence[UUID] = (),
    shops: Sequence[UUID] = (),
    contact: str | None = None,
    device: str | None = None,
    address: str | None = None,
) -> Opened:
    token = fresh_token()
    row = SessionRow(
        id=work.new_id(),
        token_hash=digest(token),
        kind=kind,
        account_id=account_id,
        customers=[str(customer) for customer in customers],
        shops=[str(shop) for shop in shops],
        contact=contact,
        locale=locale,
        device=device[:300] if device else None,
        address=address,
        opened_at=work.now,
        seen_at=work.now,
        expires_at=work.now + LIFETIME[kind],
    )
    work.session.add(row)
    await work.session.flush()
    work.record(
        SessionOpened(
            session_id=row.id,
            account_id=account_id,
            customers=tuple(customers),
            how=how,
            shop_id=shops[0] if len(shops) == 1 else None,
        )
    )
    lasts = round(LIFETIME[kind].total_seconds())
    return Opened(row.id, token, csrf_token(work.house, row.id), row.expires_at, lasts)


async def open_customer_session(
    work: Work,
    *,
    customers: Sequence[UUID],
    shops: Sequence[UUID],
    contact: str | None,
    locale: str = "zh-CN",
    how: str = "store",
    device: str | None = None,
    address: str | None = None,
) -> Opened:
    """For a customer whose identity somebody we trust has already proven: an entry code, or the store's own sign-in.
    The first of `customers` is the one who acts in the journal."""
    return await open_session(
        work,
        kind=SessionKind.customer,
        how=how,
        locale=locale,
        customers=customers,
        shops=shops,
        contact=contact,
        device=device,
        address=address,
    )


async def list_sessions(work: Work) -> list[SessionInfo]:
    """The actor's own open sessions, last seen first."""
    rows = await work.session.scalars(
        select(SessionRow)
        .where(
            await _own(work),
            SessionRow.closed_at.is_(None),
            SessionRow.expires_at > work.now,
        )
        .order_by(SessionRow.seen_at.desc(), SessionRow.id)
        .limit(100)
    )
    return [
        SessionInfo(
            id=row.id,
            device=row.device,
            address=row.address,
            opened_at=row.opened_at,
            seen_at=row.seen_at,
            expires_at=row.expires_at,
            current=row.id == work.actor.session_id,
        )
        for row in rows
        if row.seen_at + IDLE[row.kind] > work.now
    ]


async def sign_out(work: Work) -> None:
    """Closes the session of this request; without one there is nothing to do."""
    if work.actor.session_id is not None:
        await _close(work, SessionRow.id == work.actor.session_id, "signed_out")


async def revoke_session(work: Work, session_id: UUID) -> None:
    """Closes one of the actor's own sessions. Refuses with NotFound."""
    if not await _close(work, (SessionRow.id == session_id) & await _own(work), "revoked"):
        raise NotFound(session_id=session_id)


async def revoke_other_sessions(work: Work) -> int:
    """Closes all of the actor's own sessions but this one; returns how many."""
    return await _close(work, (SessionRow.id != work.actor.session_id) & await _own(work), "revoked")


async def close_sessions_of(work: Work, account_id: UUID, why: str, *, but: UUID | None = None) -> int:
    condition = SessionRow.account_id == account_id
    forget_who(work, lambda signed: signed.account_id == account_id)
    return await _close(work, condition if but is None else condition & (SessionRow.id != but), why)


async def _own(work: Work) -> Any:
    """Staff own what their account opened; a customer what the same proven contact opened. Refuses with NotSignedIn."""
    if work.actor.kind is ActorKind.staff and work.actor.id is not None:
        return SessionRow.account_id == work.actor.id
    if work.actor.kind is ActorKind.customer and work.actor.session_id is not None:
        contact = await work.session.scalar(
            select(SessionRow.contact).where(SessionRow.id == work.actor.session_id)
        )
        if contact is None:
            return SessionRow.id == work.actor.session_id
        return (SessionRow.contact == contact) & (SessionRow.kind == SessionKind.customer)
    raise NotSignedIn()


async def _close(work: Work, condition: Any, why: str) -> int:
    closed = await work.session.execute(
        update(SessionRow)
        .where(condition, SessionRow.closed_at.is_(None))
        .values(closed_at=work.now)
        .returning(SessionRow.id, SessionRow.account_id)
        .execution_options(synchronize_session=False)
    )
    rows = closed.all()
    gone = {row.id for row in rows}
    if gone:
        forget_who(work, lambda signed: signed.session_id in gone)
    for row in rows:
        work.record(SessionClosed(session_id=row.id, account_id=row.account_id, why=why))
    return len(rows)


SESSION = text(
    """
    SELECT s.id, s.kind, s.customers, s.shops, s.contact, s.locale, s.seen_at, s.expires_at, s.closed_at,
      a.id AS account_id, a.name, a.email, a.locale AS account_locale, a.active,
      a.totp_confirmed_at IS NOT NULL AS totp, m.roles, m.shop_ids, m.permissions
    FROM session s LEFT JOIN account a ON a.id = s.account_id
    LEFT JOIN LATERAL (
      SELECT array_agg(DISTINCT r.name) AS roles, array_agg(m.shop_id) AS shop_ids,
        jsonb_agg(r.permissions) AS permissions
      FROM membership m JOIN role r ON r.name = m.role WHERE m.account_id = a.id
    ) m ON true
    WHERE s.token_hash = :hash
    """
)

API_TOKEN = text(
    """
    SELECT t.id, t.name AS token_name, t.scopes, t.every_shop, t.shops, t.expires_at, t.last_used_at, t.revoked_at,
      t.account_id, a.locale AS account_locale, a.active, m.shop_ids, m.permissions
    FROM api_token t LEFT JOIN account a ON a.id = t.account_id
    LEFT JOIN LATERAL (
      SELECT array_agg(m.shop_id) AS shop_ids, jsonb_agg(r.permissions) AS permissions
      FROM membership m JOIN role r ON r.name = m.role WHERE m.account_id = a.id
    ) m ON true
    WHERE t.token_hash = :hash
    """
)


def reach(shop_ids: Sequence[UUID | None] | None) -> frozenset[UUID] | None:
    """The shops of some memberships; None is every shop."""
    if shop_ids and None in shop_ids:
        return None
    return frozenset(shop for shop in shop_ids or () if shop is not None)


def shared_permissions(sets: Sequence[Sequence[str]] | None) -> frozenset[str]:
    """An actor has one set of permissions for all its shops: were there two roles, only what both allow."""
    return frozenset.intersection(*(frozenset(one) for one in sets)) if sets else frozenset()


async def actor_from(house: House, session_token: str | None, bearer: str | None) -> Signed | None:
    """Who shows this cookie or this bearer token (which comes first); None when it opens nothing any more.

    What is found is remembered for up to ten seconds: that long a revocation in another process may take."""
    shown = bearer or session_token
    if not shown or len(shown) > 200:
        return None
    key = (bearer is not None, digest(shown))
    known = who.get(house, key)
    if known is None:
        async with begin(house, SYSTEM) as work:
            known = await (_by_token(work, key[1]) if bearer else _by_session(work, key[1]))
        if known is not None:
            who.put(house, key, known)
    return known if known is not None and house.clock() < known.good_until else None


async def _by_session(work: Work, token_hash: bytes) -> Signed | None:
    row = (await work.session.execute(SESSION, {"hash": token_hash})).one_or_none()
    if row is None or row.closed_at is not None:
        return None
    kind = SessionKind(row.kind)
    good_until = min(row.expires_at, row.seen_at + IDLE[kind])
    if work.now >= good_until or (kind is SessionKind.staff and not row.active):
        return None
    if work.now - row.seen_at >= NOTED_EVERY:
        await work.session.execute(
            text("UPDATE session SET seen_at = :now WHERE id = :id AND seen_at < :now"),
            {"now": work.now, "id": row.id},
        )
    # It may have been idle until just now, and is not any more.
    good_until = min(row.expires_at, work.now + IDLE[kind])
    if kind is SessionKind.customer:
        customers = [UUID(customer) for customer in row.customers]
        actor = Actor(
            kind=ActorKind.customer,
            id=customers[0] if customers else None,
            shops=frozenset(UUID(shop) for shop in row.shops),
            customers=frozenset(customers),
            role="customer",
            locale=row.locale,
            session_id=row.id,
        )
        return Signed(actor, row.contact or "", row.contact, False, None, row.id, None, good_until)
    actor = Actor(
        kind=ActorKind.staff,
        id=row.account_id,
        shops=reach(row.shop_ids),
        permissions=shared_permissions(row.permissions),
        role=" ".join(row.roles or ()),
        locale=row.account_locale,
        session_id=row.id,
    )
    return Signed(actor, row.name, row.email, row.totp, row.account_id, row.id, None, good_until)


async def _by_token(work: Work, token_hash: bytes) -> Signed | None:
    row = (await work.session.execute(API_TOKEN, {"hash": token_hash})).one_or_none()
    if row is None or row.revoked_at is not None:
        return None
    if row.expires_at is not None and work.now >= row.expires_at:
        return None
    shops = None if row.every_shop else frozenset(UUID(shop) for shop in row.shops)
    permissions = frozenset(row.scopes)
    if row.account_id is not None:
        if not row.active:
            return None
        theirs = reach(row.shop_ids)
        shops = shops if theirs is None else theirs if shops is None else shops & theirs
        permissions &= shared_permissions(row.permissions)
    if row.last_used_at is None or work.now - row.last_used_at >= NOTED_EVERY:
        await work.session.execute(
            text(
                "UPDATE api_token SET last_used_at = :now WHERE id = :id"
                " AND (last_used_at IS NULL OR last_used_at < :now)"
            ),
            {"now": work.now, "id": row.id},
        )
    actor = Actor(
        kind=ActorKind.integration,
        id=row.id,
        shops=shops,
        permissions=permissions,
        role="token",
        locale=row.account_locale or "zh-CN",
    )
    good_until = row.expires_at or work.now + timedelta(days=1)
    return Signed(actor, row.token_name, None, False, row.account_id, None, row.id, good_until)
