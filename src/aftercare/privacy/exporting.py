"""Handing out what is held about a customer (GDPR Art. 15 and 20, PIPL Art. 45): one zip with a page to read, the same as JSON,
and the files themselves."""

import asyncio
import zipfile
from collections.abc import AsyncIterator, Sequence
from pathlib import PurePosixPath
from tempfile import TemporaryFile
from typing import IO, Any
from uuid import UUID

from sqlalchemy import text

from aftercare import __version__
from aftercare.journal import Actor, ActorKind, House, Work, begin
from aftercare.kit.errors import NotFound
from aftercare.kit.files import BytesMissing, Files
from aftercare.kit.json import to_json
from aftercare.privacy.catalogue import CATALOGUE
from aftercare.privacy.erasing import sets_of
from aftercare.privacy.events import CustomerExported
from aftercare.privacy.page import page_of

PIECE = 256 * 1024


async def export_customer(house: House, actor: Actor, customer_ids: Sequence[UUID]) -> AsyncIterator[bytes]:
    """The zip, in pieces. Customers ask for their own; staff need `customers.privacy`. Refuses with NotFound before the first
    piece."""
    told: dict[str, Any] = {}
    zones: dict[str, str] = {}
    files: list[tuple[str, str]] = []
    async with begin(house, actor) as work:
        if actor.kind is not ActorKind.customer:
            work.require("customers.privacy")
        for customer_id in customer_ids:
            shop, zone, data, of_customer = await _told(work, customer_id)
            name = shop if shop not in told else f"{shop}-{customer_id}"
            told[name], zones[name] = data, zone
            files += [(key, f"{name}/{path}") for key, path in of_customer]
    spool = await asyncio.to_thread(TemporaryFile)
    page = await asyncio.to_thread(page_of, told, zones, actor.locale)
    await _pack(house, spool, page, told, files)
    return _pieces(spool)


async def _told(work: Work, customer_id: UUID) -> tuple[str, str, dict[str, Any], list[tuple[str, str]]]:
    row = (
        await work.session.execute(
            text(
                "SELECT c.shop_id, s.code, s.name, s.time_zone FROM customer c JOIN shop s ON s.id = c.shop_id"
                " WHERE c.id = :id"
            ),
            {"id": customer_id},
        )
    ).one_or_none()
    if row is None or (work.actor.kind is ActorKind.customer and customer_id not in work.actor.customers):
        raise NotFound(customer_id=customer_id)
    values = await sets_of(work, customer_id)
    data: dict[str, Any] = {"shop": row.name, "made_at": work.now, "by": f"Aftercare {__version__}"}
    for holding in CATALOGUE:
        if holding.told:
            rows = await work.session.execute(
                text(
                    f"SELECT {', '.join(f't.{column}' for column in holding.told.split())} FROM {holding.table} t"  # noqa: S608
                    f" WHERE ({holding.whose}) AND ({holding.told_of}) ORDER BY 1"
                ),
                values,
            )
            data[holding.table] = [dict(one._mapping) for one in rows]
    found = await work.session.execute(
        text(
            "SELECT id, key, name FROM file t WHERE t.id = ANY(:files)"
            " AND (t.shown_to_customer OR t.uploaded_by_kind = 'customer') ORDER BY uploaded_at, id"
        ),
        values,
    )
    files = [(one.key, f"files/{one.id}-{PurePosixPath(one.name).name}") for one in found]
    work.record(CustomerExported(shop_id=row.shop_id, customer_id=customer_id))
    return row.code, row.time_zone, data, files


async def _pack(
    house: House, spool: IO[bytes], page: str, told: dict[str, Any], files: Sequence[tuple[str, str]]
) -> None:
    with zipfile.ZipFile(spool, "w", zipfile.ZIP_DEFLATED) as packed:
        await asyncio.to_thread(packed.writestr, "index.html", page)
        for name, data in told.items():
            await asyncio.to_thread(packed.writestr, f"{name}/data.json", to_json(data))
        for key, path in files:
            try:
                pieces = await house.port(Files).read(key)
            except BytesMissing:
                continue
            with packed.open(path, "w", force_zip64=True) as target:
                async for piece in pieces:
                    await asyncio.to_thread(target.write, piece)


async def _pieces(spool: IO[bytes]) -> AsyncIterator[bytes]:
    try:
        await asyncio.to_thread(spool.seek, 0)
        while piece := await asyncio.to_thread(spool.read, PIECE):
            yield piece
    finally:
        spool.close()
