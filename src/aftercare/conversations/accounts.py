"""Channel accounts: the shop's mailboxes, numbers, bots and apps. Their secrets are written, never read back by people."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError

from aftercare import identity
from aftercare.conversations.contacts import normalised
from aftercare.conversations.events import ChannelAdded, ChannelChanged
from aftercare.conversations.model import (
    AccountNotFound,
    AccountTaken,
    Channel,
    ChannelAccount,
    SettingsNotPossible,
)
from aftercare.conversations.ports import Account, ChannelChecks
from aftercare.journal import ActorKind, House, PermissionMissing, Work
from aftercare.kit.json import to_json
from aftercare.kit.seals import opened, sealed
from aftercare.kit.text import clean, one_line

MOST_SETTINGS = 20_000
"""Characters."""
LONGEST_ERROR = 500
PURPOSE = "channel account secrets"
LONGEST_NAME = 200


class NewAccount(BaseModel):
    """`settings` are no secret and are shown; `secrets` are sealed and never shown again."""

    shop_id: UUID
    kind: Channel
    name: str
    address: str
    settings: dict[str, Any] = {}
    secrets: dict[str, str] = {}


class AccountChange(BaseModel):
    """What is None stays. Secrets are replaced one by one; an empty one is forgotten."""

    name: str | None = None
    address: str | None = None
    settings: dict[str, Any] | None = None
    secrets: dict[str, str] | None = None
    active: bool | None = None


class ChannelAccountView(BaseModel):
    """`secret_names`: which secrets are set, without what they are."""

    id: UUID
    shop_id: UUID
    kind: Channel
    name: str
    address: str
    settings: dict[str, Any]
    secret_names: list[str]
    active: bool
    created_at: datetime
    last_seen_at: datetime | None
    last_error: str | None


async def add_account(work: Work, new: NewAccount) -> ChannelAccountView:
    """Needs `shops.write`. Refuses with AddressNotPossible, AccountTaken, SettingsNotPossible."""
    work.require("shops.write")
    await identity.get_shop(work, new.shop_id)
    account_id = work.new_id()
    row = ChannelAccount(
        id=account_id,
        shop_id=new.shop_id,
        kind=new.kind,
        name=one_line(new.name)[:LONGEST_NAME] or new.address[:LONGEST_NAME],
        address=normalised(new.kind, new.address),
        settings=_understood(work.house, new.kind, new.settings),
        secrets=_seal(work.house, account_id, _good(new.secrets)),
        marks={},
        active=True,
        created_at=work.now,
    )
    work.session.add(row)
    await _flush(work, row)
    work.record(ChannelAdded(shop_id=row.shop_id, channel_account_id=row.id, kind=row.kind))
    return _view(work.house, row)


async def change_account(work: Work, account_id: UUID, change: AccountChange) -> ChannelAccountView:
    """Needs `shops.write`. Refuses as `add_account` does, and with AccountNotFound."""
    row = await _row(work, account_id, lock=True)
    if change.name is not None:
        row.name = one_line(change.name)[:LONGEST_NAME] or row.name
    if change.address is not None:
        row.address = normalised(row.kind, change.address)
    if change.settings is not None:
        row.settings = _understood(work.house, row.kind, change.settings)
    if change.secrets is not None:
        kept = {**_secrets(work.house, row), **_good(change.secrets)}
        row.secrets = _seal(work.house, row.id, {name: value for name, value in kept.items() if value})
    if change.active is not None:
        row.active = change.active
    row.last_error = None
    await _flush(work, row)
    work.record(
        ChannelChanged(shop_id=row.shop_id, channel_account_id=row.id, kind=row.kind, active=row.active)
    )
    return _view(work.house, row)


async def list_accounts(work: Work, shop_id: UUID | None = None) -> list[ChannelAccountView]:
    """Needs `shops.write`, as everything here."""
    work.require("shops.write")
    wanted = select(ChannelAccount).order_by(
        ChannelAccount.active.desc(), ChannelAccount.kind, ChannelAccount.name
    )
    if shop_id is not None:
        wanted = wanted.where(ChannelAccount.shop_id == shop_id)
    return [_view(work.house, row) for row in await work.session.scalars(wanted)]


async def read_account(work: Work, account_id: UUID) -> ChannelAccountView:
    return _view(work.house, await _row(work, account_id))


async def account_of(work: Work, account_id: UUID, kind: Channel | None = None) -> Account:
    """With its secrets, for connectors: only the system may. Refuses with AccountNotFound one that is closed or of another
    kind."""
    _only_the_system(work)
    row = await work.session.get(ChannelAccount, account_id)
    if row is None or not row.active or (kind is not None and row.kind is not kind):
        raise AccountNotFound(account_id=account_id)
    return account(work.house, row)


async def open_accounts(work: Work, kind: Channel) -> list[Account]:
    """All that are open of a kind, with their secrets, for connectors: only the system may."""
    _only_the_system(work)
    rows = await work.session.scalars(
        select(ChannelAccount)
        .where(ChannelAccount.kind == kind, ChannelAccount.active)
        .order_by(ChannelAccount.id)
    )
    return [account(work.house, row) for row in rows]


async def note_account(work: Work, account_id: UUID, *, error: str | None) -> None:
    """The other side was heard of just now, or could not be reached and why. No secrets in `error`."""
    values: dict[str, Any] = {"last_error": clean(error)[:LONGEST_ERROR] if error else None}
    if error is None:
        values["last_seen_at"] = work.now
    await work.session.execute(update(ChannelAccount).where(ChannelAccount.id == account_id).values(**values))


async def set_mark(work: Work, account_id: UUID, name: str, mark: Mapping[str, Any]) -> None:
    """How far a connector has read, under a name of its own."""
    await work.session.execute(
        text(
            "UPDATE channel_account SET marks = marks || jsonb_build_object(CAST(:name AS text), CAST(:mark AS jsonb))"
            " WHERE id = :id"
        ),
        {"id": account_id, "name": name, "mark": to_json(dict(mark))},
    )


def account(house: House, row: ChannelAccount) -> Account:
    return Account(
        id=row.id,
        shop_id=row.shop_id,
        kind=row.kind,
        name=row.name,
        address=row.address,
        settings=row.settings,
        secrets=_secrets(house, row),
        marks=row.marks,
    )


def _only_the_system(work: Work) -> None:
    if work.actor.kind is not ActorKind.system:
        raise PermissionMissing(permission="system")


async def _row(work: Work, account_id: UUID, *, lock: bool = False) -> ChannelAccount:
    work.require("shops.write")
    row = await work.session.get(ChannelAccount, account_id, with_for_update=lock or None)
    if row is None:
        raise AccountNotFound(account_id=account_id)
    return row


async def _flush(work: Work, row: ChannelAccount) -> None:
    try:
        async with work.session.begin_nested():
            await work.session.flush()
    except IntegrityError as clash:
        if "channel_account_address_idx" not in str(clash.orig):
            raise
        raise AccountTaken(kind=row.kind.value, address=row.address) from clash


def _understood(house: House, kind: Channel, settings: dict[str, Any]) -> dict[str, Any]:
    good = _good(settings)
    if ChannelChecks in house.ports and (wrong := house.port(ChannelChecks).not_understood(kind, good)):
        raise SettingsNotPossible(where=wrong)
    return good


def _good(given: dict[str, Any]) -> dict[str, Any]:
    if len(to_json(given)) > MOST_SETTINGS:
        raise SettingsNotPossible(most=MOST_SETTINGS)
    return given


def _seal(house: House, account_id: UUID, secrets: dict[str, str]) -> bytes:
    return sealed(house.secret, PURPOSE, json.dumps(secrets).encode(), of=account_id.bytes)


def _secrets(house: House, row: ChannelAccount) -> dict[str, str]:
    return dict(json.loads(opened(house.secret, PURPOSE, row.secrets, of=row.id.bytes)))


def _view(house: House, row: ChannelAccount) -> ChannelAccountView:
    return ChannelAccountView(
        id=row.id,
        shop_id=row.shop_id,
        kind=row.kind,
        name=row.name,
        address=row.address,
        settings=row.settings,
        secret_names=sorted(_secrets(house, row)),
        active=row.active,
        created_at=row.created_at,
        last_seen_at=row.last_seen_at,
        last_error=row.last_error,
    )
