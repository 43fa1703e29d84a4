"""API tokens: keys for programs."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy import select

from aftercare.identity.accounts import manageable
from aftercare.identity.cache import forget_who
from aftercare.identity.events import TokenCreated, TokenRevoked
from aftercare.identity.keys import digest, fresh_token
from aftercare.identity.model import ApiToken
from aftercare.identity.roles import known_permissions, may_give
from aftercare.identity.sessions import TOKEN_PREFIX
from aftercare.identity.shops import shops_exist
from aftercare.journal import ActorKind, Work
from aftercare.kit.errors import Invalid, NotAllowed, NotFound


class TokenExpiresInThePast(Invalid):
    """The day on which the token ends must lie ahead."""


class TokenView(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    account_id: UUID | None
    name: str
    scopes: list[str]
    every_shop: bool
    shops: list[UUID]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


class TokenMade(BaseModel):
    """`secret` is told this once."""

    token: TokenView
    secret: str


async def create_token(
    work: Work,
    name: str,
    scopes: Collection[str],
    shops: Collection[UUID] | None,
    expires_at: datetime | None,
) -> TokenMade:
    """For `shops`, or for all that its maker sees when None. It never may more than its maker may at the time of use.
    Refuses with UnknownPermission, PermissionMissing, NotFound (a shop) or TokenExpiresInThePast."""
    if work.actor.kind not in (ActorKind.staff, ActorKind.system):
        raise NotAllowed(needed="staff")
    known = known_permissions(list(scopes))
    may_give(work, frozenset(known))
    if expires_at is not None and expires_at <= work.now:
        raise TokenExpiresInThePast()
    if shops is None:
        shops, every_shop = work.actor.shops or (), work.actor.shops is None
    else:
        every_shop = False
        await shops_exist(work, shops)
    secret = TOKEN_PREFIX + fresh_token()
    row = ApiToken(
        id=work.new_id(),
        account_id=work.actor.id if work.actor.kind is ActorKind.staff else None,
        name=name,
        token_hash=digest(secret),
        scopes=known,
        every_shop=every_shop,
        shops=sorted(str(shop) for shop in shops),
        created_at=work.now,
        expires_at=expires_at,
    )
    work.session.add(row)
    await work.session.flush()
    work.record(TokenCreated(api_token_id=row.id, account_id=row.account_id, scopes=known))
    return TokenMade(token=TokenView.model_validate(row), secret=secret)


async def list_tokens(work: Work) -> list[TokenView]:
    """One's own; all of the group's for who may read users in every shop. Newest first, revoked ones too."""
    if work.actor.kind not in (ActorKind.staff, ActorKind.system):
        raise NotAllowed(needed="staff")
    query = select(ApiToken).order_by(ApiToken.id.desc()).limit(500)
    if not (work.actor.may("users.read") and work.actor.shops is None):
        query = query.where(ApiToken.account_id == work.actor.id)
    return [TokenView.model_validate(row) for row in await work.session.scalars(query)]


async def revoke_token(work: Work, api_token_id: UUID) -> None:
    """One's own, or of somebody one manages (`users.write`). Refuses with NotFound. Twice does no harm."""
    row = await work.session.scalar(select(ApiToken).where(ApiToken.id == api_token_id).with_for_update())
    if row is None or work.actor.kind not in (ActorKind.staff, ActorKind.system):
        raise NotFound(api_token_id=api_token_id)
    if row.account_id is None or row.account_id != work.actor.id:
        if not work.actor.may("users.write") or (row.account_id is None and work.actor.shops is not None):
            raise NotFound(api_token_id=api_token_id)
        if row.account_id is not None:
            await manageable(work, row.account_id)
    if row.revoked_at is None:
        row.revoked_at = work.now
        await work.session.flush()
        forget_who(work, lambda signed: signed.api_token_id == api_token_id)
        work.record(TokenRevoked(api_token_id=row.id, account_id=row.account_id))
