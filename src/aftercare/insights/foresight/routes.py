"""Foresight over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from aftercare.insights.foresight import queries
from aftercare.insights.foresight.model import Foretells
from aftercare.insights.foresight.queries import ChanceView, FailingProduct, Matter, ModelCard
from aftercare.journal.http import InWork
from aftercare.kit.paging import LARGEST_PAGE, Page

router = APIRouter(tags=["foresight"])


@router.get("/insights/foresight/chances/{matter}")
async def list_chances(
    work: InWork,
    matter: Matter,
    foretells: Foretells | None = None,
    shop_id: UUID | None = None,
    least: Annotated[float, Query(ge=0, le=1)] = 0,
    after: Annotated[str | None, Query(max_length=400)] = None,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 50,
) -> Page[ChanceView]:
    """What is open and may go wrong, the likeliest first, with the reasons. Needs `insights.read`."""
    return await queries.chances(
        work, matter, foretells=foretells, shop_id=shop_id, least=least, after=after, limit=limit
    )


@router.get("/insights/foresight/of/{subject_id}")
async def read_chances(work: InWork, subject_id: UUID) -> list[ChanceView]:
    """What is foretold of one case or order. Needs `cases.read` or `insights.read`."""
    return await queries.chances_of(work, subject_id)


@router.get("/insights/foresight/products")
async def list_failing_products(work: InWork, shop_id: UUID | None = None) -> list[FailingProduct]:
    """Products and batches that fail more often than before. Needs `insights.read`."""
    return await queries.failing_products(work, shop_id=shop_id)


@router.get("/insights/foresight/models")
async def list_foresight_models(work: InWork) -> list[ModelCard]:
    """How good each model is, and how it has done since. Needs `insights.read`."""
    return await queries.model_cards(work)
