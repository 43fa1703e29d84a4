"""Accounts: the people who work here, their role, and the shops they work in."""

from collections.abc import Collection
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, StringConstraints
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import IntegrityError

from aftercare.identity.cache import forget_who
from aftercare.identity.events import (
    AccountChanged,
    AccountCreated,
    AccountDeactivated,
    AccountReactivated,
    MembershipChanged,
)
from aftercare.identity.model import Account, EmailTaken, LastOwner, Membership, PasswordLink
from aftercare.identity.roles import lock_owners, may_give, permissions_of
from aftercare.identity.sessions import close_sessions_of, reach
from aftercare.identity.shops import LocaleName, shops_exist
from aftercare.identity.signing_in import link_for, link_token, normal_email
from aftercare.identity.totp import own_account, remove_totp_of
from aftercare.journal import Work
from aftercare.kit.errors import NotAllowed, NotFound
from aftercare.kit.paging import Page, page, read_mark

Email = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, to_lower=True, max_length=254, pattern=r"^[^@\s]+@[^@\s]+\.?[^@\s]*$"
    ),
]
PersonName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class AccountView(BaseModel):
    """`shops` are those of its shops that the reader sees; `every_shop` means that it works in all of the group."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    email: str
    name: str
    locale: str
    active: bool
    role: str | None
    every_shop: bool
    shops: list[UUID]
    invited: bool
    """No password was set yet."""
    totp: bool
    created_at: datetime


class NewAccount(BaseModel):
    """`shops` None: all of them."""

    email: Email
    name: PersonName
    role: str
    shops: list[UUID] | None
    locale: LocaleName = "zh-CN"


class AccountChange(BaseModel):
    """Only what is given changes."""

    name: PersonName | None = None
    locale: LocaleName | None = None


class PasswordLinkView(BaseModel):
    """Told this once: `token` belongs into the address of the page on which a password is set."""

    id: UUID
    account_id: UUID
    token: str
    expires_at: datetime


async def create_account(work: Work, new: NewAccount, *, password_hash: str | None = None) -> AccountView:
    """Without a password it waits for `make_password_link`. Needs `users.write`, and all that the role allows. Refuses with
    EmailTaken, PermissionMissing, NotFound (role or shop)."""
    work.require("users.write")
    row = Account(
        id=work.new_id(),
        email=normal_email(new.email),
        name=new.name,
        locale=new.locale,
        active=True,
        password_hash=password_hash,
        password_changed_at=work.now if password_hash else None,
        created_at=work.now,
    )
    await _may_place(work, new.role, new.shops)
    try:
        async with work.session.begin_nested():
            work.session.add(row)
    except IntegrityError:
        raise EmailTaken() from None
    await _place(work, row.id, new.role, new.shops)
    work.record(AccountCreated(account_id=row.id, role=new.role))
    return await get_account(work, row.id)


async def get_account(work: Work, account_id: UUID) -> AccountView:
    """Oneself, or with `users.read` whoever works in a shop that one sees. Refuses with NotFound."""
    if work.actor.id != account_id:
        work.require("users.read")
    found = (await work.session.execute(_select("a.id = :id"), {"id": account_id, "fetch": 1})).one_or_none()
    if found is None or not (work.actor.shops is None or found.shop_ids or work.actor.id == account_id):
        raise NotFound(account_id=account_id)
    return await _view(work, found)


async def find_account(work: Work, email: str) -> AccountView:
    """By e-mail address. Refuses with NotFound."""
    account_id = await work.session.scalar(select(Account.id).where(Account.email == normal_email(email)))
    if account_id is None:
        raise NotFound(email=email)
    return await get_account(work, account_id)


async def list_accounts(
    work: Work,
    *,
    search: str | None = None,
    active: bool | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[AccountView]:
    """Whoever works in a shop that the actor sees, by name. Needs `users.read`."""
    work.require("users.read")
    begins = read_mark(after, (str, UUID))
    conditions, values = ["true"], {"fetch": limit + 1}  # type: tuple[list[str], dict[str, Any]]
    if work.actor.shops is not None:
        conditions.append("m.shop_ids IS NOT NULL")
    if search:
        conditions.append("(strpos(lower(a.name), :search) > 0 OR strpos(a.email, :search) > 0)")
        values["search"] = search.lower()
    if active is not None:
        conditions.append("a.active = :active")
        values["active"] = active
    if begins:
        conditions.append("(a.name, a.id) > (:name, :id)")
        values |= {"name": begins[0], "id": begins[1]}
    rows = (await work.session.execute(_select(" AND ".join(conditions)), values)).all()
    kept, following = page(rows, limit, lambda row: (row.name, row.id))
    return Page(items=[await _view(work, row) for row in kept], next=following)


async def names_of(work: Work, accounts: Collection[UUID]) -> dict[UUID, str]:
    """How colleagues are called; whoever is signed in as staff may know."""
    rows = await work.session.execute(select(Account.id, Account.name).where(Account.id.in_(accounts)))
    return {row.id: row.name for row in rows}


async def members_of(work: Work, shop_id: UUID, permission: str) -> list[UUID]:
    """The active accounts that work in the shop (or in all) and may do this, in order of their names."""
    if not work.actor.sees(shop_id):
        raise NotFound(shop_id=shop_id)
    rows = await work.session.execute(
        text(
            """
            SELECT a.id FROM account a WHERE a.active AND EXISTS (
              SELECT FROM account_reach(a.id) m JOIN role r ON r.name = m.role
              WHERE (m.shop_id IS NULL OR m.shop_id = :shop) AND r.permissions ? CAST(:permission AS text))
            ORDER BY a.name, a.id
            """
        ),
        {"shop": shop_id, "permission": permission},
    )
    return [row.id for row in rows]


async def change_account(work: Work, account_id: UUID, change: AccountChange) -> AccountView:
    """Oneself, or somebody one manages."""
    if account_id == work.actor.id:
        row = await own_account(work)
    else:
        row = await manageable(work, account_id)
    given = {
        field: value for field, value in change.model_dump(exclude_unset=True).items() if value is not None
    }
    changed = sorted(field for field, value in given.items() if getattr(row, field) != value)
    for field in changed:
        setattr(row, field, given[field])
    if changed:
        await work.session.flush()
        forget_who(work, lambda signed: signed.account_id == account_id)
        work.record(AccountChanged(account_id=account_id, fields=changed))
    return await get_account(work, account_id)


async def set_memberships(
    work: Work, account_id: UUID, role: str, shops: Collection[UUID] | None
) -> AccountView:
    """One role, in these shops or (None) in all. Needs `users.write`, all that the old and the new role allow, and every shop
    of before and after. Refuses with LastOwner."""
    await manageable(work, account_id)
    await _may_place(work, role, shops)
    before = await get_account(work, account_id)
    wanted = sorted(shops or ())
    if (before.role, before.every_shop, sorted(before.shops)) != (role, shops is None, wanted):
        await lock_owners(work)
        await work.session.execute(delete(Membership).where(Membership.account_id == account_id))
        await _place(work, account_id, role, shops)
        await _somebody_remains(work)
        forget_who(work, lambda signed: signed.account_id == account_id)
        work.record(
            MembershipChanged(account_id=account_id, role=role, every_shop=shops is None, shops=wanted)
        )
    return await get_account(work, account_id)


async def deactivate(work: Work, account_id: UUID) -> AccountView:
    """Closes its sessions, and its tokens open nothing. Needs `users.write`. Refuses with LastOwner."""
    row = await manageable(work, account_id)
    if row.active:
        await lock_owners(work)
        row.active = False
        await work.session.flush()
        await _somebody_remains(work)
        await close_sessions_of(work, account_id, "account_deactivated")
        await work.session.execute(
            update(PasswordLink)
            .where(PasswordLink.account_id == account_id, PasswordLink.used_at.is_(None))
            .values(used_at=work.now)
        )
        work.record(AccountDeactivated(account_id=account_id))
    return await get_account(work, account_id)


async def reactivate(work: Work, account_id: UUID) -> AccountView:
    """Needs `users.write`."""
    row = await manageable(work, account_id)
    if not row.active:
        row.active = True
        await work.session.flush()
        work.record(AccountReactivated(account_id=account_id))
    return await get_account(work, account_id)


async def make_password_link(work: Work, account_id: UUID) -> PasswordLinkView:
    """For an invitation, or when a password was forgotten. Good for three days and once. Needs `users.write`."""
    row = await manageable(work, account_id)
    if not row.active:
        raise NotFound(account_id=account_id)
    link = await link_for(work, account_id)
    return PasswordLinkView(
        id=link.id,
        account_id=account_id,
        token=link_token(work.house, link.id),
        expires_at=link.expires_at,
    )


async def remove_totp(work: Work, account_id: UUID) -> AccountView:
    """For somebody who has lost the telephone and the recovery codes. Needs `users.write`."""
    row = await manageable(work, account_id)
    if row.totp_confirmed_at is not None:
        await remove_totp_of(work, row)
    return await get_account(work, account_id)


async def manageable(work: Work, account_id: UUID) -> Account:
    """The row, locked. Only who sees all the shops that the account works in, and may all that it may, rules over it:
    otherwise a new password for the owner would make anybody the owner. Refuses with NotFound and PermissionMissing."""
    work.require("users.write")
    row = await work.session.scalar(select(Account).where(Account.id == account_id).with_for_update())
    if row is None:
        raise NotFound(account_id=account_id)
    reached = (
        await work.session.execute(text("SELECT role, shop_id FROM account_reach(:id)"), {"id": account_id})
    ).all()
    shops = reach([place.shop_id for place in reached])
    if work.actor.shops is not None:
        if not reached or (shops is not None and not shops & work.actor.shops):
            raise NotFound(account_id=account_id)
        if shops is None or shops - work.actor.shops:
            raise NotAllowed(needed="every shop of the account")
    for role in {place.role for place in reached}:
        may_give(work, await permissions_of(work, role))
    return row


async def _may_place(work: Work, role: str, shops: Collection[UUID] | None) -> None:
    may_give(work, await permissions_of(work, role))
    if shops is None:
        if work.actor.shops is not None:
            raise NotAllowed(needed="every shop")
    else:
        await shops_exist(work, shops)


async def _place(work: Work, account_id: UUID, role: str, shops: Collection[UUID] | None) -> None:
    places: list[UUID | None] = [None] if shops is None else [*dict.fromkeys(shops)]
    work.session.add_all(
        Membership(id=work.new_id(), account_id=account_id, role=role, shop_id=place) for place in places
    )
    await work.session.flush()


async def _somebody_remains(work: Work) -> None:
    left = await work.session.scalar(
        text(
            """
            SELECT EXISTS (SELECT FROM account a, LATERAL account_reach(a.id) m JOIN role r ON r.name = m.role
              WHERE a.active AND m.shop_id IS NULL AND r.permissions ? 'users.write')
            """
        )
    )
    if not left:
        raise LastOwner()


def _select(condition: str) -> Any:
    return text(
        f"""
        SELECT a.id, a.email, a.name, a.locale, a.active, a.password_hash IS NULL AS invited,
          a.totp_confirmed_at IS NOT NULL AS totp, a.created_at, m.shop_ids, m.role
        FROM account a LEFT JOIN LATERAL (
          SELECT array_agg(shop_id ORDER BY shop_id) AS shop_ids, min(role) AS role
          FROM membership WHERE account_id = a.id) m ON true
        WHERE {condition} ORDER BY a.name, a.id LIMIT :fetch
        """  # noqa: S608  # only our own conditions
    )


async def _view(work: Work, row: Any) -> AccountView:
    shops = reach(row.shop_ids)
    return AccountView(
        id=row.id,
        email=row.email,
        name=row.name,
        locale=row.locale,
        active=row.active,
        role=row.role,
        every_shop=shops is None,
        shops=sorted(shops or ()),
        invited=row.invited,
        totp=row.totp,
        created_at=row.created_at,
    )
