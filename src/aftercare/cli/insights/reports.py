"""insight report and insight webhooks: what is told of the promises, and who outside is told what happens."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import typer

from aftercare.cli.words import aside, console, fail, in_house, settings, spoken, table

if TYPE_CHECKING:
    from aftercare.insights.reports import WholeReport
    from aftercare.journal import House

hooks = typer.Typer(help="Who outside is told what happens.", invoke_without_command=True)
SHOP = typer.Option(None, "--shop", help="Code of a shop. Without: all shops.")
JSON = typer.Option(False, "--json", help="Print JSON.")


def add_to(insight: typer.Typer) -> None:
    insight.command("report")(report)
    insight.add_typer(hooks, name="webhooks")


def report(
    month: str | None = typer.Option(None, help="Of a month: 2026-10."),
    quarter: str | None = typer.Option(None, help="Of a quarter: 2026-Q3."),
    shop: str | None = SHOP,
    public: bool = typer.Option(False, help="As the public is told it."),
    locale: str = typer.Option("zh-CN", help="zh-CN, zh-TW or en.", callback=spoken),
    pdf: Path | None = typer.Option(None, help="Write a PDF here."),
    excel: Path | None = typer.Option(None, help="Write an Excel workbook here."),
    keep: bool = typer.Option(False, help="Keep it as a draft, to be reworded and released in the console."),
    as_json: bool = JSON,
) -> None:
    """The promises of a month or quarter, counted now from facts. Without a period: the reports that there are."""
    if month is None and quarter is None:
        _list(shop, as_json)
        return
    span, since = ("month", _month(month)) if month else ("quarter", _quarter(quarter or ""))
    found = in_house(lambda house: _counted(house, span, since, shop, public, keep))
    from aftercare.insights.reports import OwnFonts, pdf_of, sheet_of, workbook_of

    if pdf is not None:
        pdf.write_bytes(pdf_of(found, locale, OwnFonts(settings().insight.fonts)))
        aside().print(f"{pdf} written")
    if excel is not None:
        excel.write_bytes(workbook_of(found, locale))
        aside().print(f"{excel} written")
    if as_json:
        console().print_json(found.model_dump_json())
        return
    told = sheet_of(found, locale)
    console().print(told["title"], style="bold", markup=False)
    console().print("\n".join(told["summary"]), markup=False)
    table(
        "",
        ["promise", "measure", "value", "interval", "target", "n", "kept"],
        [
            [
                p["title"],
                m["title"],
                m["value"],
                ", ".join(part for part in (m["interval"], m["within"]) if part),
                m["target"],
                m["n"],
                {True: "yes", False: "no"}.get(m["kept"], "–"),
            ]
            for p in told["promises"]
            for m in p["measures"]
        ],
        right=("value", "n"),
    )
    console().print(f"{told['labels']['transparency']}: {told['transparency']['score']}", markup=False)
    if keep:
        aside().print(f"Kept as a draft: {found.id}")


async def _counted(
    house: House, span: str, since: date, shop: str | None, public: bool, keep: bool
) -> WholeReport:
    from aftercare.identity import find_shop
    from aftercare.insights.reports import Audience, NewReport, Span, draft, get_report
    from aftercare.journal import SYSTEM, begin

    found: WholeReport | None = None
    with suppress(NotKept):
        async with begin(house, SYSTEM) as work:
            new = NewReport(
                shop_id=(await find_shop(work, shop)).id if shop else None,
                audience=Audience.public if public else Audience.house,
                span=Span(span),
                since_on=since,
            )
            found = await get_report(work, await draft(work, new))
            if not keep:
                raise NotKept
    if found is None:
        fail("Nothing was counted.")
    return found


class NotKept(Exception):
    """Shown only: nothing of its work stays."""


def _list(shop: str | None, as_json: bool) -> None:
    from aftercare.identity import find_shop
    from aftercare.insights.reports import ReportView, list_reports
    from aftercare.journal import SYSTEM, begin

    async def story(house: House) -> list[ReportView]:
        async with begin(house, SYSTEM) as work:
            shop_id = (await find_shop(work, shop)).id if shop else None
            return await list_reports(work, shop_id=shop_id)

    rows = in_house(story)
    if as_json:
        console().print_json(json.dumps([row.model_dump(mode="json") for row in rows]))
        return
    table(
        "Reports",
        ["number", "for", "shop", "from", "before", "kept", "score", "state"],
        [
            [
                row.number,
                row.audience,
                row.shop,
                row.since_on,
                row.until_on,
                f"{row.kept} / {row.judged}",
                row.score,
                row.state,
            ]
            for row in rows
        ],
        right=("score",),
    )


def _month(text: str | None) -> date:
    try:
        return datetime.strptime(text or "", "%Y-%m").replace(tzinfo=UTC).date()
    except ValueError:
        fail("A month looks like 2026-10.", code=2)


def _quarter(text: str) -> date:
    year, _, number = text.partition("-Q")
    if not (year.isdecimal() and number in ("1", "2", "3", "4")):
        fail("A quarter looks like 2026-Q3.", code=2)
    return date(int(year), int(number) * 3 - 2, 1)


@hooks.callback()
def webhooks(context: typer.Context, as_json: bool = JSON) -> None:
    """Every webhook: whom it tells what, and how it fares."""
    if context.invoked_subcommand is not None:
        return
    from aftercare.journal import SYSTEM, begin
    from aftercare.notices.webhooks import WebhookView, list_webhooks

    async def story(house: House) -> list[WebhookView]:
        async with begin(house, SYSTEM) as work:
            return await list_webhooks(work)

    rows = in_house(story)
    if as_json:
        console().print_json(json.dumps([row.model_dump(mode="json") for row in rows]))
        return
    lines: list[list[Any]] = [
        [
            row.id,
            row.name,
            row.url,
            " ".join(row.facts),
            row.state,
            row.waiting,
            row.failing_since,
            row.last_error,
        ]
        for row in rows
    ]
    table(
        "Webhooks",
        ["id", "name", "address", "facts", "state", "waiting", "failing since", "last error"],
        lines,
        right=("waiting",),
    )


@hooks.command()
def replay(
    webhook: UUID = typer.Argument(help="Its id."),
    since: datetime = typer.Option(
        ..., formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="From when on, in UTC."
    ),
    fact: list[str] | None = typer.Option(
        None, "--fact", help="Only these facts or patterns; repeat for more."
    ),
) -> None:
    """Tells again what had happened since then, under the ids that it had."""
    from aftercare.journal import SYSTEM, begin
    from aftercare.notices import webhooks as hooks_of_house

    async def story(house: House) -> int:
        async with begin(house, SYSTEM) as work:
            return await hooks_of_house.replay(work, webhook, since.replace(tzinfo=UTC), facts=fact or None)

    console().print(f"{in_house(story)} messages are on their way")
