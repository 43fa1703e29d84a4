"""Signing in, oneself, and the administration of people, roles, tokens and shops."""

from datetime import datetime, timedelta
from functools import cache
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field, StringConstraints

from aftercare.identity import accounts, roles, sessions, shops, signing_in, tokens, totp
from aftercare.identity.cache import Signed
from aftercare.identity.cookies import Cookie, no_session_cookies, session_cookies
from aftercare.identity.limits import limit
from aftercare.journal import ActorKind, Work, begin
from aftercare.journal.http import ByActor, InHouse, InWork
from aftercare.kit.errors import NotSignedIn
from aftercare.kit.paging import LARGEST_PAGE, Page
from aftercare.settings import Settings

router = APIRouter(tags=["identity"])

Secret = Annotated[str, Field(min_length=1, max_length=200)]
Code = Annotated[str, StringConstraints(strip_whitespace=True, min_length=6, max_length=20)]
Limit = Annotated[int, Query(ge=1, le=LARGEST_PAGE)]
MOST_SHOPS = 1_000
"""The console names all shops of a marketplace: few rounds, small rows."""
MOST_SHOPS_TOLD = 100


def signed_in(request: Request) -> Signed:
    signed = getattr(request.state, "signed", None)
    if not isinstance(signed, Signed):
        raise NotSignedIn()
    return signed


BySigned = Annotated[Signed, Depends(signed_in)]


@cache
def _installed_under_https() -> bool:
    return Settings().base_url.startswith("https:")


def _secure(request: Request) -> bool:
    return request.url.scheme == "https" or _installed_under_https()


def _set(response: Response, cookies: list[Cookie]) -> None:
    for cookie in cookies:
        response.headers.append("set-cookie", cookie.header)


def _address(request: Request) -> str | None:
    return None if request.client is None else request.client.host


async def few_codes(house: InHouse, signed: BySigned) -> None:
    """Whoever found an open browser must not try codes until one fits."""
    await limit(house, f"codes:{signed.account_id}", 10, timedelta(minutes=15))


FewCodes = Annotated[None, Depends(few_codes)]


class SignIn(BaseModel):
    email: Annotated[str, Field(min_length=1, max_length=254)]
    password: Secret
    code: Code | None = Field(default=None, description="Of the authenticator, or a recovery code")


class ShopBrief(BaseModel):
    id: UUID
    code: str
    name: str
    market: str
    locale: str
    time_zone: str
    currency: str


class SessionView(BaseModel):
    """Who is signed in. `shops` are the first hundred by name (`more_shops`: there are others, see /shops)."""

    id: UUID | None
    kind: ActorKind
    name: str
    contact: str | None
    role: str
    permissions: list[str]
    locale: str
    every_shop: bool
    shops: list[ShopBrief]
    more_shops: bool
    customers: list[UUID]
    totp: bool
    session_id: UUID | None
    csrf: str | None
    now: datetime


class PasswordChange(BaseModel):
    present: Secret
    new: Secret


class PasswordByLink(BaseModel):
    token: Annotated[str, Field(min_length=32, max_length=200)]
    password: Secret


class CodeGiven(BaseModel):
    code: Code


class Membership(BaseModel):
    """`shops` null: all of them."""

    role: str
    shops: list[UUID] | None


class Invited(BaseModel):
    account: accounts.AccountView
    link: accounts.PasswordLinkView


class RoleBook(BaseModel):
    """All permissions that there are, and the roles."""

    permissions: list[str]
    roles: list[roles.RoleView]


class RolePermissions(BaseModel):
    permissions: list[str]


class NewToken(BaseModel):
    """`shops` null: all that its maker sees."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
    scopes: Annotated[list[str], Field(min_length=1)]
    shops: list[UUID] | None = None
    expires_at: datetime | None = None


class Storefront(BaseModel):
    """What anybody may know of a shop."""

    id: UUID
    code: str
    name: str
    market: str
    locale: str
    time_zone: str
    currency: str
    support_email: str | None


async def _told(work: Work, signed: Signed) -> SessionView:
    theirs = await shops.list_shops(work, only_active=True, limit=MOST_SHOPS_TOLD)
    actor = signed.actor
    return SessionView(
        id=actor.id,
        kind=actor.kind,
        name=signed.name,
        contact=signed.contact,
        role=actor.role,
        permissions=sorted(actor.permissions),
        locale=actor.locale,
        every_shop=actor.shops is None,
        shops=[ShopBrief.model_validate(shop, from_attributes=True) for shop in theirs.items],
        more_shops=theirs.next is not None,
        customers=sorted(actor.customers),
        totp=signed.totp,
        session_id=signed.session_id,
        csrf=None if signed.session_id is None else sessions.csrf_token(work.house, signed.session_id),
        now=work.now,
    )


@router.post("/session", operation_id="sign_in")
async def open_session(request: Request, response: Response, house: InHouse, given: SignIn) -> SessionView:
    """Signs staff in with a password, and the authenticator's digits where they are asked for."""
    opened = await signing_in.sign_in(
        house,
        email=given.email,
        password=given.password,
        code=given.code,
        address=_address(request),
        device=request.headers.get("user-agent"),
        request_id=getattr(request.state, "request_id", None),
    )
    signed = await sessions.actor_from(house, opened.token, None)
    if signed is None:
        raise NotSignedIn()
    _set(response, session_cookies(opened, secure=_secure(request)))
    async with begin(house, signed.actor) as work:
        return await _told(work, signed)


@router.get("/session", operation_id="read_session")
async def read_session(work: InWork, signed: BySigned) -> SessionView:
    """Who is signed in, what they may, and the shops they see."""
    return await _told(work, signed)


@router.get("/me", operation_id="who_am_i")
async def who_am_i(work: InWork, signed: BySigned) -> SessionView:
    """The same as /session, for programs with a token too."""
    return await _told(work, signed)


@router.delete("/session", operation_id="sign_out", status_code=204)
async def sign_out(request: Request, response: Response, work: InWork) -> None:
    await sessions.sign_out(work)
    _set(response, no_session_cookies(secure=_secure(request)))


@router.get("/sessions", operation_id="list_sessions")
async def list_sessions(work: InWork) -> list[sessions.SessionInfo]:
    """One's own open sessions."""
    return await sessions.list_sessions(work)


@router.delete("/sessions/{session_id}", operation_id="revoke_session", status_code=204)
async def revoke_session(work: InWork, session_id: UUID) -> None:
    await sessions.revoke_session(work, session_id)


@router.delete("/sessions", operation_id="revoke_other_sessions", status_code=204)
async def revoke_other_sessions(work: InWork, signed: BySigned) -> None:
    """Closes all of one's own sessions but this one."""
    await sessions.revoke_other_sessions(work)


@router.patch("/me", operation_id="change_me")
async def change_me(work: InWork, signed: BySigned, change: accounts.AccountChange) -> accounts.AccountView:
    if signed.account_id is None:
        raise NotSignedIn()
    return await accounts.change_account(work, signed.account_id, change)


@router.post("/me/password", operation_id="change_password", status_code=204)
async def change_password(house: InHouse, actor: ByActor, change: PasswordChange) -> None:
    """Closes one's other sessions."""
    await signing_in.change_password(house, actor, change.present, change.new)


@router.post("/password-links/confirm", operation_id="set_password", status_code=204)
async def set_password(request: Request, house: InHouse, given: PasswordByLink) -> None:
    """Sets a password with the one-time link of an invitation or a reset."""
    await limit(house, f"password-link:{_address(request)}", 30, timedelta(minutes=15))
    await signing_in.set_password(
        house, given.token, given.password, request_id=getattr(request.state, "request_id", None)
    )


@router.post("/me/totp", operation_id="enrol_totp")
async def enrol_totp(work: InWork) -> totp.TotpEnrolment:
    """Begins with a second factor; it is asked for once it is confirmed."""
    return await totp.enrol_totp(work)


@router.post("/me/totp/confirm", operation_id="confirm_totp")
async def confirm_totp(few: FewCodes, work: InWork, given: CodeGiven) -> totp.RecoveryCodes:
    return await totp.confirm_totp(work, given.code)


@router.post("/me/totp/disable", operation_id="disable_totp", status_code=204)
async def disable_totp(few: FewCodes, work: InWork, given: CodeGiven) -> None:
    await totp.disable_totp(work, given.code)


@router.post("/me/totp/recovery-codes", operation_id="new_recovery_codes")
async def new_recovery_codes(few: FewCodes, work: InWork, given: CodeGiven) -> totp.RecoveryCodes:
    """Ten new ones; the old stop working."""
    return await totp.new_recovery_codes(work, given.code)


@router.get("/users", operation_id="list_users")
async def list_users(
    work: InWork,
    search: Annotated[str | None, Query(max_length=100)] = None,
    active: bool | None = None,
    after: str | None = None,
    limit: Limit = 50,
) -> Page[accounts.AccountView]:
    return await accounts.list_accounts(work, search=search, active=active, after=after, limit=limit)


@router.post("/users", operation_id="invite_user", status_code=201)
async def invite_user(work: InWork, new: accounts.NewAccount) -> Invited:
    """Makes the account and the link with which its owner sets a password."""
    account = await accounts.create_account(work, new)
    return Invited(account=account, link=await accounts.make_password_link(work, account.id))


@router.get("/users/{account_id}", operation_id="read_user")
async def read_user(work: InWork, account_id: UUID) -> accounts.AccountView:
    return await accounts.get_account(work, account_id)


@router.patch("/users/{account_id}", operation_id="change_user")
async def change_user(work: InWork, account_id: UUID, change: accounts.AccountChange) -> accounts.AccountView:
    return await accounts.change_account(work, account_id, change)


@router.put("/users/{account_id}/membership", operation_id="set_membership")
async def set_membership(work: InWork, account_id: UUID, given: Membership) -> accounts.AccountView:
    """One role, in some shops or in all."""
    return await accounts.set_memberships(work, account_id, given.role, given.shops)


@router.post("/users/{account_id}/deactivate", operation_id="deactivate_user")
async def deactivate_user(work: InWork, account_id: UUID) -> accounts.AccountView:
    return await accounts.deactivate(work, account_id)


@router.post("/users/{account_id}/reactivate", operation_id="reactivate_user")
async def reactivate_user(work: InWork, account_id: UUID) -> accounts.AccountView:
    return await accounts.reactivate(work, account_id)


@router.post("/users/{account_id}/password-link", operation_id="make_password_link", status_code=201)
async def make_password_link(work: InWork, account_id: UUID) -> accounts.PasswordLinkView:
    """For somebody who has forgotten the password; older links of theirs stop working."""
    return await accounts.make_password_link(work, account_id)


@router.post("/users/{account_id}/totp/remove", operation_id="remove_user_totp")
async def remove_user_totp(work: InWork, account_id: UUID) -> accounts.AccountView:
    """For somebody who has lost the telephone and the recovery codes."""
    return await accounts.remove_totp(work, account_id)


@router.get("/roles", operation_id="list_roles")
async def list_roles(work: InWork) -> RoleBook:
    return RoleBook(permissions=list(roles.PERMISSIONS), roles=await roles.list_roles(work))


@router.post("/roles", operation_id="new_role", status_code=201)
async def new_role(work: InWork, new: roles.NewRole) -> roles.RoleView:
    return await roles.new_role(work, new)


@router.put("/roles/{name}", operation_id="change_role")
async def change_role(work: InWork, name: str, given: RolePermissions) -> roles.RoleView:
    return await roles.change_role(work, name, given.permissions)


@router.delete("/roles/{name}", operation_id="remove_role", status_code=204)
async def remove_role(work: InWork, name: str) -> None:
    await roles.remove_role(work, name)


@router.get("/tokens", operation_id="list_tokens")
async def list_tokens(work: InWork) -> list[tokens.TokenView]:
    return await tokens.list_tokens(work)


@router.post("/tokens", operation_id="create_token", status_code=201)
async def create_token(work: InWork, new: NewToken) -> tokens.TokenMade:
    """The secret is told this once."""
    return await tokens.create_token(work, new.name, new.scopes, new.shops, new.expires_at)


@router.delete("/tokens/{api_token_id}", operation_id="revoke_token", status_code=204)
async def revoke_token(work: InWork, api_token_id: UUID) -> None:
    await tokens.revoke_token(work, api_token_id)


@router.get("/shops", operation_id="list_shops")
async def list_shops(
    work: InWork,
    search: Annotated[str | None, Query(max_length=100)] = None,
    after: str | None = None,
    limit: Annotated[int, Query(ge=1, le=MOST_SHOPS)] = 50,
) -> Page[shops.ShopView]:
    """The shops that one sees, by name; secrets among their settings only for who may set them."""
    work.require("shops.read")
    found = await shops.list_shops(work, search=search, after=after, limit=limit)
    return found.model_copy(update={"items": [_shown(work, shop) for shop in found.items]})


def _shown(work: Work, shop: shops.ShopView) -> shops.ShopView:
    if work.actor.may("shops.write"):
        return shop
    told = {name: value for name, value in shop.settings.items() if not name.endswith("_secret")}
    return shop.model_copy(update={"settings": told})


@router.post("/shops", operation_id="new_shop", status_code=201)
async def new_shop(work: InWork, new: shops.NewShop) -> shops.ShopView:
    return await shops.new_shop(work, new)


@router.get("/shops/{shop_id}", operation_id="read_shop")
async def read_shop(work: InWork, shop_id: UUID) -> shops.ShopView:
    work.require("shops.read")
    return _shown(work, await shops.get_shop(work, shop_id))


@router.patch("/shops/{shop_id}", operation_id="change_shop")
async def change_shop(work: InWork, shop_id: UUID, change: shops.ShopChange) -> shops.ShopView:
    return await shops.change_shop(work, shop_id, change)


@router.get("/storefronts/{code}", operation_id="read_storefront")
async def read_storefront(work: InWork, code: str) -> Storefront:
    """What the portal shows of a shop before anybody has entered."""
    return Storefront.model_validate(await shops.find_shop(work, code), from_attributes=True)
