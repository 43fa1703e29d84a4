"""mail: accounts of e-mail, tried from the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from aftercare.cli.words import console, fail, in_house

if TYPE_CHECKING:
    from uuid import UUID

    from aftercare.conversations import Account
    from aftercare.journal import House

mails = typer.Typer(help="E-mail.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    app.add_typer(mails, name="mail")


@mails.command("check")
def check(account: str = typer.Argument(help="Address or id of the mail account.")) -> None:
    """Sign in to the servers of a mail account, as reading and sending do, and tell what was found. Nothing is read, sent or
    changed. Exit code 1 if a server cannot be reached or refuses."""

    async def tried(house: House) -> list[str]:
        from aftercare.connectors.mail.boxes import check_account

        return await check_account(house, await _find(house, account))

    try:
        for line in in_house(tried):
            console().print(line, markup=False)
    except OSError as failure:
        fail(str(failure))


async def _find(house: House, named: str) -> UUID:
    from aftercare.conversations import Channel, open_accounts
    from aftercare.journal import begin

    async with begin(house) as work:
        found: list[Account] = [
            one
            for one in await open_accounts(work, Channel.email)
            if named.strip().lower() in (one.address, str(one.id))
        ]
    if not found:
        fail(f"There is no open mail account {named}")
    if len(found) > 1:
        fail(f"Several shops have {named}; name it by its id: " + ", ".join(str(one.id) for one in found))
    return found[0].id
