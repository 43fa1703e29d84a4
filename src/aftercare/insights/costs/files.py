"""Costs from a file that comes from anywhere: the same sums and the same bridge, without a database.

A CSV with a header, packed or not; needed are `at` (a day, or a moment), `kind`, `amount` (1234.50 or 1.234,50, in units of the currency) and `currency`. What may
stand beside them: `quantity` (else each line counts as one), `case` (which lines belong together; lines without one are of no case),
and any column to cut by: shop, market, channel, claim_kind, reason, product, category, carrier, person … What `lines.csv` of the
API writes can be read.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from aftercare.insights.costs.bridges import CostBridge, Period, bridge_of
from aftercare.kit.csvfile import FileUnreadable, read_rows
from aftercare.kit.money import cents
from aftercare.kit.written import NotUnpacked, unpacked, with_year_first

NEEDED = ("at", "kind", "amount", "currency")
MOST_TROUBLES = 5


@dataclass(frozen=True, slots=True)
class FileLine:
    """`cuts`: the other columns by name."""

    at: date
    kind: str
    amount_cents: int
    currency: str
    quantity: int
    case: str | None
    cuts: dict[str, str]


@dataclass(frozen=True)
class FileSum:
    """`per_case_cents` is of the cases that these lines are of; None without any."""

    currency: str
    value: str
    amount_cents: int
    lines: int
    cases: int
    per_case_cents: float | None


def read_cost_lines(raw: bytes, file: str) -> list[FileLine]:
    """Lines without an amount are left out. Refuses with FileEmpty, ColumnsMissing, FileUnreadable (which names the first lines that
    cannot be read; nothing is taken from such a file)."""
    try:
        plain = unpacked(raw)
    except NotUnpacked as refused:
        raise FileUnreadable(file=file, why=str(refused)) from None
    rows = list(read_rows(plain, file, NEEDED))
    days = with_year_first(row.cells.get("at") for row in rows)
    lines, troubles = [], []
    for row, day in zip(rows, days, strict=True):
        try:
            if row.trouble:
                raise ValueError(row.trouble)
            if row.cells["amount"]:
                lines.append(_line(row.cells | {"at": day or ""}))
        except ValueError as trouble:
            troubles.append(f"line {row.line} {trouble}")
    if troubles:
        raise FileUnreadable(file=file, lines=len(troubles), first=troubles[:MOST_TROUBLES])
    return lines


def _line(cells: dict[str, str]) -> FileLine:
    currency = cells["currency"].upper()
    if not (len(currency) == 3 and currency.isascii() and currency.isalpha()):
        raise ValueError(f"has no currency: {cells['currency']!r}")
    if not cells["kind"]:
        raise ValueError("has no kind")
    quantity = cells.get("quantity", "")
    try:
        at = datetime.fromisoformat(cells["at"]).date()
    except ValueError:
        raise ValueError(f"has no day such as 2026-03-14 or 14.3.2026: {cells['at']!r}") from None
    return FileLine(
        at=at,
        kind=cells["kind"],
        amount_cents=cents(_with_point(cells["amount"]), currency),
        currency=currency,
        quantity=int(quantity) if quantity else 1,
        case=cells.get("case") or None,
        cuts={name: value for name, value in cells.items() if name not in (*NEEDED, "quantity", "case")},
    )


def _with_point(amount: str) -> str:
    """1,234.50 and 1.234,50 as 1234.50. A comma before three digits could be either, and is refused."""
    if re.fullmatch(r"-?(\d{1,3}(\.\d{3})+|\d+),\d{1,2}", amount, re.ASCII):
        return amount.replace(".", "").replace(",", ".")
    if re.fullmatch(r"-?\d{1,3}(,\d{3})+\.\d{1,2}", amount, re.ASCII):
        return amount.replace(",", "")
    return amount


def cut_of(by: str) -> Callable[[FileLine], str]:
    if by == "kind":
        return lambda line: line.kind
    if by == "month":
        return lambda line: f"{line.at:%Y-%m}"
    return lambda line: line.cuts.get(by, "")


def sums(lines: Iterable[FileLine], by: str) -> list[FileSum]:
    """What each value of a cut cost, by currency, dearest first; months in their order."""
    value = cut_of(by)
    found: dict[tuple[str, str], list[FileLine]] = defaultdict(list)
    for line in lines:
        found[line.currency, value(line)].append(line)
    rows = []
    for (currency, name), own in found.items():
        whole, cases = sum(line.amount_cents for line in own), len({line.case for line in own if line.case})
        rows.append(
            FileSum(currency, name, whole, len(own), cases, round(whole / cases, 2) if cases else None)
        )
    return sorted(
        rows, key=lambda row: (row.currency, row.value if by == "month" else -row.amount_cents, row.value)
    )


def period_in(lines: Sequence[FileLine], since: date, until: date, currency: str, by: str) -> Period:
    """The lines of these days (both included) as a bridge compares them. A case is of the segment of its first line."""
    value = cut_of(by)
    own = [line for line in lines if line.currency == currency and since <= line.at <= until]
    segment: dict[str, str] = {}
    for line in own:
        if line.case:
            segment.setdefault(line.case, value(line))
    cells: dict[tuple[str | None, str], tuple[int, int]] = {}
    many: dict[str | None, int] = defaultdict(int)
    for of in segment.values():
        many[of] += 1
    for line in own:
        if line.case:
            key = (segment[line.case], line.kind)
            amount, quantity = cells.get(key, (0, 0))
            cells[key] = (amount + line.amount_cents, quantity + line.quantity)
    return Period(cells, many, sum(line.amount_cents for line in own if not line.case))


def bridges_of(
    lines: Sequence[FileLine], before: tuple[date, date], after: tuple[date, date], by: str
) -> list[CostBridge]:
    """One bridge per currency from the days of the one to those of the other."""
    return [
        bridge_of(currency, period_in(lines, *before, currency, by), period_in(lines, *after, currency, by))
        for currency in sorted({line.currency for line in lines})
    ]
