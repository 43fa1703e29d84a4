"""Signing in with a password, and changing it. Nothing is open in the database while a password is hashed."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from aftercare.identity.events import PasswordChanged, PasswordLinkMade, SignInRefused
from aftercare.identity.keys import keyed, same
from aftercare.identity.limits import (
    FREE_FOR_ACCOUNT,
    FREE_FOR_ADDRESS,
    count_attempt,
    forgive,
    take_back,
)
from aftercare.identity.model import (
    Account,
    PasswordLink,
    PasswordLinkSpent,
    PasswordNotRight,
    SessionKind,
    SignInFailed,
    TotpCodeNeeded,
    TotpCodeWrong,
)
from aftercare.identity.passwords import check_strength, hash_password, needs_rehash, password_is
from aftercare.identity.sessions import Opened, close_sessions_of, open_session
from aftercare.identity.totp import own_account, use_second_factor
from aftercare.journal import SYSTEM, Actor, ActorKind, House, Work, begin
from aftercare.kit.errors import Refusal

LINK_GOOD_FOR = timedelta(days=3)


def normal_email(email: str) -> str:
    return email.strip().lower()


async def sign_in(
    house: House,
    *,
    email: str,
    password: str,
    code: str | None = None,
    address: str | None = None,
    device: str | None = None,
    request_id: str | None = None,
) -> Opened:
    """Refuses with SignInFailed (the same whether or not there is such an account), TotpCodeNeeded, TotpCodeWrong, and with
    TooMany (`retry_after`) while the account or the address has to wait."""
    email = normal_email(email)
    account_key = keyed(house, "attempt:account", email)
    address_key = keyed(house, "attempt:address", address or "")
    async with begin(house, SYSTEM, request_id=request_id) as work:
        await count_attempt(work, account_key, FREE_FOR_ACCOUNT)
        await count_attempt(work, address_key, FREE_FOR_ADDRESS)
        known = (
            await work.session.execute(
                select(Account.id, Account.password_hash, Account.active).where(Account.email == email)
            )
        ).one_or_none()
    stored = known.password_hash if known is not None and known.active else None
    right = await password_is(password, stored)
    fresh_hash = await hash_password(password) if right and stored and needs_rehash(stored) else None
    refusal: Refusal | None = None
    opened: Opened | None = None
    async with begin(house, SYSTEM, request_id=request_id) as work:
        reason, how = None, "password"
        account = None
        if known is not None:
            account = await work.session.scalar(
                select(Account).where(Account.id == known.id).with_for_update()
            )
        if account is None:
            reason, refusal = "unknown_account", SignInFailed()
        elif not account.active:
            reason, refusal = "inactive_account", SignInFailed()
        elif not right or account.password_hash != stored:
            reason, refusal = "wrong_password", SignInFailed()
        elif account.totp_confirmed_at is not None and not code:
            refusal = TotpCodeNeeded()
        elif account.totp_confirmed_at is not None:
            used = await use_second_factor(work, account, code or "")
            if used is None:
                reason, refusal = "wrong_code", TotpCodeWrong()
            else:
                how = used
        if reason is not None:
            work.record(
                SignInRefused(
                    account_id=None if account is None else account.id,
                    address=address_key.hex()[:16] if address else None,
                    reason=reason,
                )
            )
        if refusal is None and account is not None:
            work.actor = _as_staff(account.id)
            if fresh_hash is not None:
                account.password_hash = fresh_hash
            await forgive(work, account_key)
            await take_back(work, address_key)
            opened = await open_session(
                work,
                kind=SessionKind.staff,
                how=how,
                locale=account.locale,
                account_id=account.id,
                device=device,
                address=address,
            )
    if opened is None:
        raise refusal or SignInFailed()
    return opened


async def change_password(house: House, actor: Actor, present: str, new: str) -> None:
    """Closes the person's other sessions. Refuses with PasswordNotRight or PasswordTooWeak. Counts towards the waiting of
    sign-in, since whoever found an open browser could guess here as well."""
    async with begin(house, actor) as work:
        account = await own_account(work)
        key = keyed(house, "attempt:account", account.email)
        await count_attempt(work, key, FREE_FOR_ACCOUNT)
        stored = account.password_hash
        check_strength(new, account.name, account.email)
    if not await password_is(present, stored):
        async with begin(house, actor) as work:
            work.record(SignInRefused(account_id=actor.id, reason="wrong_password"))
        raise PasswordNotRight()
    fresh = await hash_password(new)
    async with begin(house, actor) as work:
        account = await own_account(work)
        if account.password_hash != stored:
            raise PasswordNotRight()
        account.password_hash, account.password_changed_at = fresh, work.now
        await work.session.flush()
        await forgive(work, key)
        await close_sessions_of(work, account.id, "password_changed", but=actor.session_id)
        work.record(PasswordChanged(account_id=account.id, how="owner"))


async def link_for(work: Work, account_id: UUID) -> PasswordLink:
    """A new link; older ones of the account stop working."""
    link = PasswordLink(
        id=work.new_id(), account_id=account_id, created_at=work.now, expires_at=work.now + LINK_GOOD_FOR
    )
    older = await work.session.scalars(
        select(PasswordLink).where(PasswordLink.account_id == account_id, PasswordLink.used_at.is_(None))
    )
    for row in older:
        row.used_at = work.now
    work.session.add(link)
    await work.session.flush()
    work.record(PasswordLinkMade(account_id=account_id, password_link_id=link.id))
    return link


def link_token(house: House, link_id: UUID) -> str:
    return f"{link_id.hex}{keyed(house, 'password-link', str(link_id)).hex()}"


async def set_password(house: House, token: str, new: str, *, request_id: str | None = None) -> None:
    """With a one-time link. All sessions of the account close. Refuses with PasswordLinkSpent or PasswordTooWeak."""
    try:
        link_id = UUID(token[:32])
    except ValueError:
        raise PasswordLinkSpent() from None
    if not same(link_token(house, link_id), token):
        raise PasswordLinkSpent()
    async with begin(house, SYSTEM, request_id=request_id) as work:
        link = await _open_link(work, link_id)
        person = (
            await work.session.execute(
                select(Account.name, Account.email).where(Account.id == link.account_id, Account.active)
            )
        ).one_or_none()
        if person is None:
            raise PasswordLinkSpent()
        check_strength(new, person.name, person.email)
    fresh = await hash_password(new)
    async with begin(house, _as_staff(link.account_id), request_id=request_id) as work:
        link = await _open_link(work, link_id, lock=True)
        account = await work.session.get_one(Account, link.account_id, with_for_update=True)
        link.used_at = work.now
        account.password_hash, account.password_changed_at = fresh, work.now
        await work.session.flush()
        await forgive(work, keyed(house, "attempt:account", account.email))
        await close_sessions_of(work, account.id, "password_changed")
        work.record(PasswordChanged(account_id=account.id, how="link"))


async def _open_link(work: Work, link_id: UUID, *, lock: bool = False) -> PasswordLink:
    query = select(PasswordLink).where(
        PasswordLink.id == link_id, PasswordLink.used_at.is_(None), PasswordLink.expires_at > work.now
    )
    link = await work.session.scalar(query.with_for_update() if lock else query)
    if link is None:
        raise PasswordLinkSpent()
    return link


def _as_staff(account_id: UUID) -> Actor:
    """The person in whose name this happens, before there is a session."""
    return replace(SYSTEM, kind=ActorKind.staff, id=account_id, role="")
