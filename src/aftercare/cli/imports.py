"""import: orders and claims from elsewhere."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from aftercare.cli.words import console, in_house, progress, settings, table

if TYPE_CHECKING:
    from aftercare.shop import ImportReport

SHOWN = 10
tasks = typer.Typer(help="Take orders and claims in. Importing twice changes nothing.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    app.add_typer(tasks, name="import")


@tasks.command()
def olist(
    folder: Path = typer.Argument(help="The folder with the nine tables.", exists=True, file_okay=False),
    contact_domain: str | None = typer.Option(
        None, help="Give every customer an e-mail address under this domain, so that they can enter."
    ),
    ending: datetime | None = typer.Option(
        None,
        formats=["%Y-%m-%d"],
        help="Move all dates by whole weeks and tell it as it stood on this day.",
    ),
) -> None:
    """The Olist marketplace: sellers become shops."""
    from aftercare.connectors.olist import import_olist

    refusals = settings().home / "refused"
    with progress() as tell:
        report = in_house(
            lambda house: import_olist(
                house,
                folder,
                contact_domain=contact_domain,
                ending=None if ending is None else ending.date(),
                refusals_folder=refusals,
                progress=tell,
            )
        )
    show(report)


@tasks.command()
def orders(
    file: Path = typer.Argument(help="CSV or JSON in the documented form.", exists=True, dir_okay=False),
    shop: str = typer.Option(..., help="Code of the shop that sold."),
    create: bool = typer.Option(False, "--create", help="Make the shop if it is not there."),
    market: str = typer.Option("CN", help="With --create: country whose law holds."),
    currency: str = typer.Option("CNY", help="With --create: the shop's currency."),
    time_zone: str = typer.Option("Asia/Shanghai", help="With --create: the shop's time zone."),
    locale: str = typer.Option("zh-CN", help="With --create: the shop's language."),
) -> None:
    """Orders of one shop from a file."""
    from aftercare.connectors.orders_file import import_orders
    from aftercare.identity import NewShop

    new = (
        NewShop(code=shop, name=shop, market=market, currency=currency, time_zone=time_zone, locale=locale)
        if create
        else None
    )
    refusals = settings().home / "refused"
    with progress() as tell:
        report = in_house(
            lambda house: import_orders(
                house,
                file.read_bytes(),
                file=file.name,
                shop_code=shop,
                create=new,
                refusals_folder=refusals,
                progress=tell,
            )
        )
    show(report)


@tasks.command()
def claims(
    file: Path = typer.Argument(help="CSV or JSON in the documented form.", exists=True, dir_okay=False),
    shop: str = typer.Option(..., help="Code of the shop whose orders they are about."),
) -> None:
    """Claims that another platform keeps, with its codes and deadlines."""
    from aftercare.connectors.claims_file import import_claims

    refusals = settings().home / "refused"
    with progress() as tell:
        report = in_house(
            lambda house: import_claims(
                house,
                file.read_bytes(),
                file=file.name,
                shop_code=shop,
                refusals_folder=refusals,
                progress=tell,
            )
        )
    show(report)


def show(report: ImportReport) -> None:
    """What was read and what became of it; the first refusals, and where all of them are. Ends with 1 if nothing was taken."""
    columns = ["read", "new", "changed", "same", "refused"]
    table(
        "",
        ["table", *columns],
        [[name, *(f"{getattr(count, each):,}" for each in columns)] for name, count in report.counts.items()],
        right=tuple(columns),
    )
    said = console()
    for one in report.refusals[:SHOWN]:
        cell = f", {one.field}" if one.field else ""
        said.print(f"{one.file}, line {one.line}{cell}: {one.reason}", markup=False)
    if report.refused > SHOWN:
        said.print(f"… {report.refused - SHOWN:,} more, all in {report.refusals_file}", markup=False)
    said.print(f"{report.seconds:.1f} s")
    counts = report.counts.values()
    if report.refused and not any(one.new or one.changed or one.same for one in counts):
        raise typer.Exit(1)
