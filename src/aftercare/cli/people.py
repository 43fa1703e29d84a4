"""user, shop, token: who may do what, from the command line, with the rights of the system."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import typer

from aftercare.cli.words import console, fail, in_house, settings, spoken, table

if TYPE_CHECKING:
    from uuid import UUID

    from aftercare.identity import AccountView, PasswordLinkView, ShopView, TokenMade, TokenView
    from aftercare.journal import House, Work

users = typer.Typer(help="Members of staff.", no_args_is_help=True)
shops = typer.Typer(help="Shops.", no_args_is_help=True)
tokens = typer.Typer(help="API tokens: keys of programs.", no_args_is_help=True)

EMAIL = typer.Argument(help="The account's e-mail address.")
OF_SHOP = typer.Option(None, "--shop", help="Code of a shop; repeat for more. Without: all shops.")


def add_to(app: typer.Typer) -> None:
    app.add_typer(users, name="user")
    app.add_typer(shops, name="shop")
    app.add_typer(tokens, name="token")


async def _ids(work: Work, codes: list[str] | None) -> list[UUID] | None:
    from aftercare.identity import find_shop

    return [(await find_shop(work, code)).id for code in codes] if codes else None


def _ask_password() -> str:
    password: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return password


@users.command("create")
def create_user(
    email: str = EMAIL,
    name: str = typer.Option(..., help="As colleagues and customers read it."),
    role: str = typer.Option(
        ..., help="owner, supervisor, agent, warehouse, finance, arbiter, auditor, or one of yours."
    ),
    shop: list[str] | None = OF_SHOP,
    locale: str = typer.Option("zh-CN", help="Language of the desk.", callback=spoken),
    password: bool = typer.Option(
        False, "--password", help="Ask for a password now, instead of making a link."
    ),
) -> None:
    """Add a member of staff; prints the link on which they choose their password."""
    from aftercare.identity import (
        NewAccount,
        check_strength,
        create_account,
        hash_password,
        make_password_link,
    )
    from aftercare.journal import SYSTEM, begin

    secret = _ask_password() if password else None

    async def story(house: House) -> tuple[AccountView, PasswordLinkView | None]:
        hashed = None
        if secret is not None:
            check_strength(secret, name, email)
            hashed = await hash_password(secret)
        async with begin(house, SYSTEM) as work:
            new = NewAccount(
                email=email,
                name=name,
                role=role,
                shops=await _ids(work, shop),
                locale=locale,
            )
            made = await create_account(work, new, password_hash=hashed)
            link = None if hashed else await make_password_link(work, made.id)
        return made, link

    made, link = in_house(story)
    console().print(f"{made.email} can work as {made.role}.", markup=False)
    _show_link(link)


def _show_link(link: PasswordLinkView | None) -> None:
    if link is not None:
        address = f"{settings().base_url.rstrip('/')}/desk/password?token={link.token}"
        console().print(
            f"They choose their password here, until {link.expires_at:%Y-%m-%d %H:%M} UTC:\n{address}",
            markup=False,
        )


@users.command("list")
def list_users(search: str | None = typer.Argument(None, help="Part of a name or address.")) -> None:
    """Members of staff."""
    from aftercare.identity import list_accounts, list_shops
    from aftercare.journal import SYSTEM, begin

    async def story(house: House) -> list[list[object]]:
        rows: list[list[object]] = []
        async with begin(house, SYSTEM) as work:
            codes = {shop.id: shop.code for shop in (await list_shops(work)).items}
            after = None
            while True:
                found = await list_accounts(work, search=search, after=after, limit=200)
                for one in found.items:
                    where = (
                        "all"
                        if one.every_shop
                        else " ".join(codes.get(shop, str(shop)) for shop in one.shops)
                    )
                    state = "left" if not one.active else "invited" if one.invited else "active"
                    rows.append([one.email, one.name, one.role, where, state, "yes" if one.totp else ""])
                after = found.next
                if after is None:
                    return rows

    table("", ["e-mail", "name", "role", "shops", "state", "second factor"], in_house(story))


@users.command("roles")
def roles(
    email: str | None = typer.Argument(None, help="Change this account; without, list the roles."),
    role: str | None = typer.Option(None, help="Its new role."),
    shop: list[str] | None = OF_SHOP,
) -> None:
    """List the roles, or give an account another one."""
    from aftercare.identity import find_account, list_roles, set_memberships
    from aftercare.journal import SYSTEM, begin

    if email is None:

        async def listed(house: House) -> list[list[object]]:
            async with begin(house, SYSTEM) as work:
                return [[one.name, " ".join(one.permissions)] for one in await list_roles(work)]

        table("", ["role", "permissions"], in_house(listed))
        return
    if role is None:
        raise typer.BadParameter("say which role", param_hint="--role")

    async def changed(house: House) -> AccountView:
        async with begin(house, SYSTEM) as work:
            account = await find_account(work, email)
            return await set_memberships(work, account.id, role, await _ids(work, shop))

    made = in_house(changed)
    console().print(f"{made.email} works as {made.role} now.", markup=False)


@users.command("password")
def password(email: str = EMAIL) -> None:
    """Make a link on which somebody chooses a new password."""
    from aftercare.identity import find_account, make_password_link
    from aftercare.journal import SYSTEM, begin

    async def story(house: House) -> PasswordLinkView:
        async with begin(house, SYSTEM) as work:
            return await make_password_link(work, (await find_account(work, email)).id)

    _show_link(in_house(story))


@users.command("disable")
def disable(
    email: str = EMAIL, again: bool = typer.Option(False, "--undo", help="Let them work again.")
) -> None:
    """Close an account: its sessions end at once. What it did stays."""
    from aftercare.identity import deactivate, find_account, reactivate
    from aftercare.journal import SYSTEM, begin

    async def story(house: House) -> AccountView:
        async with begin(house, SYSTEM) as work:
            account = await find_account(work, email)
            return await (reactivate if again else deactivate)(work, account.id)

    made = in_house(story)
    console().print(f"{made.email} {'can work again' if made.active else 'is closed'}.", markup=False)


@shops.command("create")
def create_shop(
    code: str = typer.Argument(help="Short name in addresses: small letters, digits, hyphens."),
    name: str = typer.Option(..., help="As customers read it."),
    market: str = typer.Option("CN", help="Country whose law holds."),
    locale: str = typer.Option("zh-CN", help="Language that customers are written to in."),
    time_zone: str = typer.Option("Asia/Shanghai", help="IANA name."),
    currency: str = typer.Option("CNY", help="ISO code."),
    support_email: str | None = typer.Option(None, help="Where customers can write to."),
) -> None:
    """Add a shop."""
    from aftercare.identity import NewShop, new_shop
    from aftercare.journal import SYSTEM, begin

    new = NewShop(
        code=code,
        name=name,
        market=market,
        locale=locale,
        time_zone=time_zone,
        currency=currency,
        support_email=support_email,
    )

    async def story(house: House) -> ShopView:
        async with begin(house, SYSTEM) as work:
            return await new_shop(work, new)

    console().print(f"Shop {in_house(story).code} is there.", markup=False)


@shops.command("list")
def list_all_shops(search: str | None = typer.Argument(None, help="Part of a name or code.")) -> None:
    """All shops."""
    from aftercare.identity import list_shops
    from aftercare.journal import SYSTEM, begin

    async def story(house: House) -> list[list[object]]:
        rows: list[list[object]] = []
        async with begin(house, SYSTEM) as work:
            after = None
            while True:
                found = await list_shops(work, search=search, after=after)
                rows += [
                    [
                        one.code,
                        one.name,
                        one.market,
                        one.locale,
                        one.currency,
                        one.time_zone,
                        "" if one.active else "closed",
                    ]
                    for one in found.items
                ]
                after = found.next
                if after is None:
                    return rows

    table("", ["code", "name", "market", "locale", "currency", "time zone", ""], in_house(story))


@tokens.command("create")
def make_token(
    name: str = typer.Argument(help="What it is for."),
    scope: list[str] = typer.Option(..., help="A permission, such as orders.import; repeat for more."),
    shop: list[str] | None = OF_SHOP,
    days: int | None = typer.Option(None, min=1, help="Expires after so many days."),
) -> None:
    """Make a token; its secret is printed this once, alone on stdout."""
    from aftercare.identity import create_token
    from aftercare.journal import SYSTEM, begin

    async def story(house: House) -> TokenMade:
        async with begin(house, SYSTEM) as work:
            expires = work.now + timedelta(days=days) if days else None
            return await create_token(work, name, scope, await _ids(work, shop), expires)

    typer.echo(in_house(story).secret)


@tokens.command("list")
def list_all_tokens() -> None:
    """All tokens, newest first."""
    from aftercare.identity import list_tokens
    from aftercare.journal import SYSTEM, begin

    async def story(house: House) -> list[TokenView]:
        async with begin(house, SYSTEM) as work:
            return await list_tokens(work)

    def day(value: object) -> str:
        return f"{value:%Y-%m-%d %H:%M}" if value else ""

    table(
        "",
        ["id", "name", "scopes", "expires", "last used", "revoked"],
        [
            [
                one.id,
                one.name,
                " ".join(one.scopes),
                day(one.expires_at),
                day(one.last_used_at),
                day(one.revoked_at),
            ]
            for one in in_house(story)
        ],
    )


@tokens.command("revoke")
def revoke(token_id: str = typer.Argument(help="As `token list` shows it.")) -> None:
    """Close a token at once."""
    from uuid import UUID

    from aftercare.identity import revoke_token
    from aftercare.journal import SYSTEM, begin

    try:
        known = UUID(token_id)
    except ValueError:
        fail(f"{token_id} is no id of a token", 2)

    async def story(house: House) -> None:
        async with begin(house, SYSTEM) as work:
            await revoke_token(work, known)

    in_house(story)
    console().print("Revoked.")
