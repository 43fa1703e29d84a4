"""policy: what decides claims, and what another one would have decided."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from aftercare.cli.words import console, fail, in_house, table

if TYPE_CHECKING:
    from aftercare.claims import ReplayReport
    from aftercare.journal import House

SHOWN = 25
tasks = typer.Typer(help="The policy that decides claims.", no_args_is_help=True)
SHOP = typer.Option(..., help="Code of the shop.")


def add_to(app: typer.Typer) -> None:
    app.add_typer(tasks, name="policy")


@tasks.command()
def show(
    shop: str = SHOP, version: int | None = typer.Option(None, help="Another than the newest published one.")
) -> None:
    """The shop's policy as JSON; with the house's own as version 0 where it has none."""
    from aftercare.claims import policy_versions
    from aftercare.identity import find_shop
    from aftercare.journal import SYSTEM, begin

    async def story(house: House) -> dict[str, Any] | None:
        async with begin(house, SYSTEM) as work:
            found = await policy_versions(work, (await find_shop(work, shop)).id)
        for one in found:
            if one.version == version or (version is None and (one.published_at or one.version == 0)):
                return one.document
        return None

    document = in_house(story)
    if document is None:
        fail("There is no such version.")
    typer.echo(json.dumps(document, ensure_ascii=False, indent=2))


@tasks.command()
def replay(
    file: Path = typer.Argument(help="A policy as TOML or JSON.", exists=True, dir_okay=False),
    shop: str = SHOP,
    days: int = typer.Option(365, min=1, help="How far back."),
) -> None:
    """How past claims would have been decided under this policy, and at what cost. Changes nothing."""
    from aftercare.claims import try_policy
    from aftercare.identity import find_shop
    from aftercare.journal import SYSTEM, begin

    try:
        raw = file.read_text(encoding="utf-8")
        document = json.loads(raw) if raw.lstrip().startswith("{") else tomllib.loads(raw)
    except ValueError as unreadable:
        fail(f"{file}: {unreadable}")

    async def story(house: House) -> tuple[ReplayReport, str]:
        async with begin(house, SYSTEM) as work:
            found = await find_shop(work, shop)
            return await try_policy(work, found.id, document, days=days), found.currency

    report, currency = in_house(story)
    said = console()
    if report.changed:
        table(
            "",
            ["claim", "decided", "would be", "difference"],
            [
                [one.reference, one.before, one.after, f"{one.cost_difference_cents / 100:+,.2f}"]
                for one in report.changed[:SHOWN]
            ],
            right=("difference",),
        )
        if len(report.changed) > SHOWN:
            said.print(f"… {len(report.changed) - SHOWN:,} more")
    said.print(
        f"{report.looked_at:,} claims looked at, {len(report.changed):,} decided otherwise,"
        f" {report.fewer_for_people:+,} fewer for people, {report.cost_difference_cents / 100:+,.2f} {currency}"
    )
