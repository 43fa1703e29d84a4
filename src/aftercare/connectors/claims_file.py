"""Claims of another platform from a file: CSV with a row per line of a claim, or JSON. `docs/import.md` tells both forms."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from aftercare.claims import Mirrored, MirroredClaim, mirror
from aftercare.connectors.orders_file import Bad, Told, inside, read_json
from aftercare.identity import ShopView, find_shop
from aftercare.journal import SYSTEM, Actor, House, begin
from aftercare.kit.csvfile import FileEmpty, Row, read_rows
from aftercare.kit.errors import NotFound, Refusal
from aftercare.shop import ImportReport, Progress, no_progress

NEEDED = ("source", "external_id", "order_number", "kind", "code", "applied_at")
CLAIM = (*NEEDED, "reason", "description", "amount", "currency", "deadline_at")
CLAIMS_A_STEP = 50


async def import_claims(
    house: House,
    raw: bytes,
    *,
    file: str,
    shop_code: str,
    actor: Actor = SYSTEM,
    refusals_folder: Path | None = None,
    progress: Progress = no_progress,
) -> ImportReport:
    """Mirrors the claims of one shop, each in a step of its own: a bad one stops nothing. Codes that nobody knows are kept,
    change nothing and are reported under `codes`. Refuses with NotFound, FileEmpty, ColumnsMissing or FileUnreadable."""
    began = time.monotonic()
    if not raw.strip(b"\xef\xbb\xbf\x00 \t\r\n"):
        raise FileEmpty(file=file)
    is_json = raw.lstrip(b"\xef\xbb\xbf\x00 \t\r\n")[:1] in (b"{", b"[")
    async with begin(house, actor) as work:
        work.require("orders.import")
        shop = await find_shop(work, shop_code)
        if not actor.sees(shop.id):
            raise NotFound(code=shop_code)
    with ImportReport("claims", refusals_folder) as report:
        elements = list(
            _from_json(raw, file) if is_json else _from_csv(read_rows(raw, file, NEEDED), file, report)
        )
        for done, (head, lines) in enumerate(elements):
            if done % CLAIMS_A_STEP == 0:
                progress("claims", done, len(elements))
            report.of("claims").read += 1
            try:
                told = _claim(head, lines, shop)
                async with begin(house, actor) as work:
                    became = await mirror(work, shop.id, told)
            except Bad as bad:
                report.refuse("claims", file, head.line, bad.cell, bad.reason)
            except Refusal as refusal:
                why = ", ".join(f"{name} {value}" for name, value in refusal.data.items())
                report.refuse(
                    "claims", file, head.line, "", f"{refusal.title} ({why})" if why else refusal.title
                )
            else:
                _count(report, file, head, told, became)
        progress("claims", len(elements), len(elements))
        report.seconds = time.monotonic() - began
    return report


def _count(report: ImportReport, file: str, head: Told, told: MirroredClaim, became: Mirrored) -> None:
    claims = report.of("claims")
    setattr(claims, became.became, getattr(claims, became.became) + 1)
    if not became.known:
        report.of("codes").read += 1
        reason = (
            f"{told.code} is no code of {told.source} that is known here; kept, and nothing was changed by it"
        )
        report.refuse("codes", file, head.line, head.name("code"), reason)


def _from_csv(rows: Iterator[Row], file: str, report: ImportReport) -> Iterator[tuple[Told, list[Told]]]:
    """Rows of one platform and id are one claim; what belongs to the claim may stand on any of them."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if row.trouble:
            report.of("claims").read += 1
            report.refuse("claims", file, row.line, "", row.trouble)
            continue
        groups.setdefault((row.cells.get("source", ""), row.cells.get("external_id", "")), []).append(row)
    for own in groups.values():
        head: dict[str, Any] = {}
        for row in own:
            for name in CLAIM:
                head[name] = head.get(name) or row.cells.get(name)
        lines = [
            Told({"sku": row.cells.get("sku"), "quantity": row.cells.get("quantity")}, str, row.line)
            for row in own
            if row.cells.get("sku")
        ]
        yield Told(head, str, own[0].line), lines


def _from_json(raw: bytes, file: str) -> Iterator[tuple[Told, list[Told]]]:
    for number, (element, line) in enumerate(read_json(raw, file, "claims")):
        head = Told(element if isinstance(element, dict) else {}, inside(f"claims[{number}]"), line)
        yield head, []


def _claim(head: Told, lines: list[Told], shop: ShopView) -> MirroredClaim:
    """Raises Bad, naming the cell."""
    for name in NEEDED:
        head.text(name, needed=True)
    currency = head.text("currency", longest=3).upper() or shop.currency
    given = [
        {"sku": line.text("sku", needed=True), "quantity": line.whole("quantity", 1, 1_000_000, 1)}
        for line in lines or head.parts("lines")
    ]
    told = {
        **{name: head.text(name) for name in ("source", "external_id", "order_number", "kind", "code")},
        "reason": head.text("reason") or "other",
        "description": head.text("description", longest=4_000),
        "amount_cents": head.cents("amount", currency),
        "applied_at": head.at("applied_at", shop),
        "deadline_at": head.at("deadline_at", shop),
        "lines": given,
    }
    try:
        return MirroredClaim.model_validate(told)
    except ValidationError as wrong:
        first = wrong.errors()[0]
        raise Bad(head.name(str(first["loc"][0])), first["msg"]) from None
