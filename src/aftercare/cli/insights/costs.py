"""insight cost: what service costs, of this installation or of a CSV of cost lines; bridges, projects, rates, the ledger."""

from __future__ import annotations

import csv
import json
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from aftercare.cli.words import aside, console, fail, in_house, table

if TYPE_CHECKING:
    from aftercare.insights.costs import CostBridge, LeverView
    from aftercare.journal import House

tasks = typer.Typer(
    help="What service costs, and what made it dearer or cheaper.",
    invoke_without_command=True,
)

FILE = typer.Option(
    None,
    "--file",
    exists=True,
    dir_okay=False,
    help="A CSV of cost lines instead of this installation: at, kind, amount, currency; also quantity, case, and columns to cut by.",
)
PERIODS = "2026-08, 2026-Q3, 2026, or 2026-08-01..2026-08-14"
SHOP = typer.Option(None, "--shop", help="Code of a shop. Without: all shops.")
JSON = typer.Option(False, "--json", help="Print JSON.")
CSV = typer.Option(False, "--csv", help="Print CSV.")
SERVICE = typer.Option(
    False, "--service", help="Work and parcels only, without the money and goods that cases are about."
)


def add_to(insight: typer.Typer) -> None:
    insight.add_typer(tasks, name="cost")


@tasks.callback()
def cost(
    context: typer.Context,
    since: str | None = typer.Option(None, help="First day. Without: 30 days before the last."),
    until: str | None = typer.Option(None, help="Last day. Without: today; of a file: all of it."),
    by: str = typer.Option(
        "kind",
        help="kind, month, shop, market, channel, claim_kind, reason, product, category, carrier, agent; of a file any column.",
    ),
    shop: str | None = SHOP,
    service: bool = SERVICE,
    file: Path | None = FILE,
    as_json: bool = JSON,
    as_csv: bool = CSV,
) -> None:
    """Costs by any cut, per case and per order, in each currency."""
    if context.invoked_subcommand is not None:
        return
    rows = _of_file(file, by, since, until) if file else _of_house(by, since, until, shop, service)
    _print(rows, as_json, as_csv, f"Costs by {by}")


def _of_file(file: Path, by: str, since: str | None, until: str | None) -> list[dict[str, Any]]:
    from aftercare.insights.costs import read_cost_lines, sums

    first, last = _day(since) if since else date.min, _day(until) if until else date.max
    lines = [line for line in read_cost_lines(file.read_bytes(), file.name) if first <= line.at <= last]
    if by not in ("kind", "month") and lines and all(by not in line.cuts for line in lines):
        fail(
            f"The file has no column {by}. It has: {', '.join(sorted(lines[0].cuts)) or 'none to cut by'}.", 2
        )
    return [
        {
            "currency": row.currency,
            by: row.value,
            "amount": _money(row.amount_cents, row.currency),
            "lines": row.lines,
            "cases": row.cases,
            "per case": None if row.per_case_cents is None else _money(row.per_case_cents, row.currency),
        }
        for row in sums(lines, by)
    ]


def _of_house(
    by: str, since: str | None, until: str | None, shop: str | None, service: bool
) -> list[dict[str, Any]]:
    from aftercare.insights.costs import CostCut, Which, cut_by, missing_rates
    from aftercare.journal import begin

    if by not in set(CostCut):
        fail(f"Not known: {by}. Known: {', '.join(CostCut)}.", 2)
    last = _day(until) if until else datetime.now(UTC).date()
    first = _day(since) if since else last - timedelta(days=29)

    async def story(house: House) -> tuple[list[dict[str, Any]], int]:
        async with begin(house) as work:
            begins, ends = _moments(first, last)
            which = Which(
                since=begins,
                until=ends,
                shop_id=await _shop(work, shop),
                only="service" if service else "all",
            )
            found = await cut_by(work, which, CostCut(by))
            missing = await missing_rates(work, shop_id=which.shop_id)
        rows = [
            {
                "currency": row.currency,
                by: row.label or row.value or "",
                "amount": _money(row.amount_cents, row.currency),
                "lines": row.lines,
                "cases": row.cases,
                "per case": None if row.per_case_cents is None else _money(row.per_case_cents, row.currency),
                "per order": None
                if row.per_order_cents is None
                else _money(row.per_order_cents, row.currency),
            }
            for row in found
        ]
        return rows, sum(one.lines for one in missing)

    rows, unpriced = in_house(story)
    if unpriced:
        aside().print(
            f"Lines without a rate, which are not in the sums: {unpriced:,}; see `aftercare insight cost rates`"
        )
    return rows


@tasks.command()
def bridge(
    before: str = typer.Argument(help=f"The first period: {PERIODS}."),
    after: str = typer.Argument(help="The second period."),
    by: str = typer.Option(
        "claim_kind", help="What the mix is of: claim_kind, shop, market, channel, reason, category …"
    ),
    shop: str | None = SHOP,
    service: bool = SERVICE,
    file: Path | None = FILE,
    as_json: bool = JSON,
) -> None:
    """Why the second period cost more or less than the first: volume, mix, efficiency, rate; they sum to the difference, to the cent."""
    then, now = _period(before), _period(after)
    found = _bridges_of_file(file, then, now, by) if file else _bridges_of_house(then, now, by, shop, service)
    if as_json:
        typer.echo(json.dumps([one.model_dump(mode="json") for one in found], ensure_ascii=False, indent=1))
        return
    for one in found:
        rows: list[list[Any]] = [
            [f"{before} ({one.before_cases:,} cases)", _money(one.before_cents, one.currency)],
            *[
                [name, _signed(cents, one.currency)]
                for name, cents in (
                    ("volume", one.volume_cents),
                    ("mix", one.mix_cents),
                    ("efficiency", one.efficiency_cents),
                    ("rate", one.rate_cents),
                    ("of no case", one.loose_cents),
                )
                if cents or name != "of no case"
            ],
            [f"{after} ({one.after_cases:,} cases)", _money(one.after_cents, one.currency)],
        ]
        table(
            f"{one.currency}: {_signed(one.after_cents - one.before_cents, one.currency)}",
            ["", "amount"],
            rows,
            right=("amount",),
        )
        drivers = [
            [one_.effect, one_.segment or "–", one_.kind, _signed(one_.cents, one.currency)]
            for one_ in one.drivers
        ]
        if drivers:
            table("What moved most", ["effect", by, "kind", "amount"], drivers, right=("amount",))


def _bridges_of_file(
    file: Path, then: tuple[date, date], now: tuple[date, date], by: str
) -> list[CostBridge]:
    from aftercare.insights.costs import bridges_of, read_cost_lines

    return bridges_of(read_cost_lines(file.read_bytes(), file.name), then, now, by)


def _bridges_of_house(
    then: tuple[date, date], now: tuple[date, date], by: str, shop: str | None, service: bool
) -> list[CostBridge]:
    from aftercare.insights import costs
    from aftercare.insights.costs import BRIDGE_CUTS, CostCut, Which
    from aftercare.journal import begin

    if by not in BRIDGE_CUTS:
        fail(f"Not known: {by}. Known: {', '.join(sorted(BRIDGE_CUTS))}.", 2)

    async def story(house: House) -> list[CostBridge]:
        async with begin(house) as work:
            shop_id = await _shop(work, shop)
            periods = [
                Which(
                    since=_moments(*days)[0],
                    until=_moments(*days)[1],
                    shop_id=shop_id,
                    only="service" if service else "all",
                )
                for days in (then, now)
            ]
            return await costs.bridge(work, periods[0], periods[1], CostCut(by))

    return in_house(story)


@tasks.command()
def levers(as_json: bool = JSON) -> None:
    """Projects: what they changed, cost and saved."""
    from aftercare.insights import costs
    from aftercare.journal import begin

    async def story(house: House) -> list[LeverView]:
        async with begin(house) as work:
            return await costs.levers(work)

    found = in_house(story)
    if as_json:
        typer.echo(json.dumps([one.model_dump(mode="json") for one in found], ensure_ascii=False, indent=1))
        return
    rows = []
    for one in found:
        change, back = one.change, one.returned
        rows.append(
            [
                one.name,
                one.started_on,
                "not enough"
                if change.change_cents is None
                else f"{_signed(change.change_cents, one.currency)} ({_signed(change.low_cents or 0, one.currency)} … {_signed(change.high_cents or 0, one.currency)})",
                _money(back.spent_cents, one.currency),
                "–" if back.saved_cents is None else _money(back.saved_cents, one.currency),
                "–" if back.roi is None else f"{back.roi:.0%}",
                _paid_back(one),
            ]
        )
    table("", ["project", "since", "per case (95 %)", "spent", "saved", "return", "paid back"], rows)


@tasks.command("rates")
def show_rates(as_json: bool = JSON) -> None:
    """Rates that hold now, and what has none."""
    from aftercare.insights import costs
    from aftercare.insights.costs import CostRateView, MissingCostRate
    from aftercare.journal import begin

    async def story(house: House) -> tuple[list[CostRateView], list[MissingCostRate]]:
        async with begin(house) as work:
            return await costs.rates(work), await costs.missing_rates(work)

    found, missing = in_house(story)
    if as_json:
        told = {
            name: [one.model_dump(mode="json") for one in part]
            for name, part in (("rates", found), ("missing", missing))
        }
        typer.echo(json.dumps(told, ensure_ascii=False, indent=1))
        return
    now = datetime.now(UTC)
    rows = [
        [
            one.kind,
            one.part,
            one.amount,
            one.unit,
            one.currency,
            f"{one.valid_from:%Y-%m-%d}",
            one.shop_id or "",
            f"{one.lines:,}",
        ]
        for one in found
        if one.valid_from <= now and (one.valid_until is None or one.valid_until > now)
    ]
    table(
        "",
        ["kind", "part", "minor units", "per", "currency", "since", "shop", "lines"],
        rows,
        right=("minor units", "lines"),
    )
    if missing:
        rows = [[one.kind, one.part, one.currency, f"{one.quantity:,}", f"{one.lines:,}"] for one in missing]
        table(
            "Counted, but without a rate",
            ["kind", "part", "currency", "quantity", "lines"],
            rows,
            right=("quantity", "lines"),
        )


@tasks.command()
def ledger(
    rebuild: bool = typer.Option(
        False,
        "--rebuild",
        help="Read the whole journal again and add the lines that are missing; those that are there stay.",
    ),
) -> None:
    """Write the lines of what is new in the journal, here and now; the worker does it every few seconds."""
    from aftercare.insights import costs

    with aside().status("Reading the journal …"):
        done = in_house(costs.read_again if rebuild else costs.keep_ledger)
    console().print(f"{done.read:,} facts read, {done.lines:,} lines written.")


# What the commands share


def _print(rows: list[dict[str, Any]], as_json: bool, as_csv: bool, title: str) -> None:
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
    elif as_csv:
        writer = csv.DictWriter(
            sys.stdout, list(rows[0]) if rows else ["currency", "amount"], lineterminator="\n"
        )
        writer.writeheader()
        writer.writerows(rows)
    elif rows:
        names = list(rows[0])
        table(title, names, [[row[name] for name in names] for row in rows], right=tuple(names[2:]))
    else:
        console().print("No costs in this period.")


def _money(cents: float, currency: str) -> str:
    from aftercare.kit.money import digits

    places = digits(currency)
    return f"{cents / 10**places:.{places}f}"


def _paid_back(one: LeverView) -> str:
    """Only of what surely changed: where the interval holds zero, a day would be a guess."""
    low, high, back = one.change.low_cents, one.change.high_cents, one.returned
    if low is not None and high is not None and low <= 0 <= high:
        return "not sure yet"
    if back.paid_back_on is None:
        return "–"
    return f"{back.paid_back_on}{' expected' if back.paid_back_expected else ''}"


def _signed(cents: float, currency: str) -> str:
    return f"{'+' if cents > 0 else ''}{_money(cents, currency)}"


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        fail(f"Not a day like 2026-08-31: {text}", 2)


def _period(text: str) -> tuple[date, date]:
    """Its first and last day."""
    if ".." in text:
        first, _, last = text.partition("..")
        return _day(first), _day(last)
    try:
        if len(text) == 4:
            return date(int(text), 1, 1), date(int(text), 12, 31)
        year, rest = int(text[:4]), text[5:]
        quarter = rest.upper().startswith("Q")
        month = (int(rest[1:]) - 1) * 3 + 1 if quarter else int(rest)
        after = month + (3 if quarter else 1)
        return date(year, month, 1), date(year + (after > 12), (after - 1) % 12 + 1, 1) - timedelta(days=1)
    except ValueError:
        fail(f"Not a period like {PERIODS}: {text}", 2)


def _moments(first: date, last: date) -> tuple[datetime, datetime]:
    from aftercare.insights.costs import whole_days

    return whole_days(first, last, "Asia/Shanghai")


async def _shop(work: Any, code: str | None) -> Any:
    from aftercare.identity import find_shop

    return (await find_shop(work, code)).id if code else None
