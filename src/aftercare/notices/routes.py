"""Notices over HTTP: the customer's own, the desk's list, the shops' templates."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel

from aftercare.journal.http import InWork
from aftercare.kit.paging import LARGEST_PAGE, Page
from aftercare.notices import queries, templates, verbs
from aftercare.notices.model import NoticeState
from aftercare.notices.queries import MyNotices, NoticeShare, NoticeView
from aftercare.notices.templates import NewWords, Preview, TemplateView

router = APIRouter(tags=["notices"])

Limit = Annotated[int, Query(ge=1, le=LARGEST_PAGE)]
After = Annotated[str | None, Query(max_length=400)]
Name = Annotated[str, Query(max_length=60)]


class NewlyRead(BaseModel):
    read: int


class PreviewAsked(BaseModel):
    """Without `words` the built-in ones are shown."""

    template: str
    locale: str
    words: NewWords | None = None
    shop_id: UUID | None = None


@router.get("/my/notices")
async def my_notices(work: InWork, after: After = None, limit: Limit = 50) -> MyNotices:
    """What I was told, newest first."""
    return await queries.my_notices(work, after=after, limit=limit)


@router.post("/my/notices/read")
async def read_all_my_notices(work: InWork) -> NewlyRead:
    return NewlyRead(read=await verbs.mark_read(work))


@router.post("/my/notices/{notice_id}/read")
async def read_my_notice(work: InWork, notice_id: UUID) -> NewlyRead:
    return NewlyRead(read=await verbs.mark_read(work, notice_id))


@router.get("/notices")
async def list_notices(
    work: InWork,
    shop_id: UUID | None = None,
    state: NoticeState | None = None,
    template: Name | None = None,
    customer_id: UUID | None = None,
    claim_id: UUID | None = None,
    case_id: UUID | None = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[NoticeView]:
    """Needs `notices.read`."""
    return await queries.list_notices(
        work,
        shop_id=shop_id,
        state=state,
        template=template,
        customer_id=customer_id,
        claim_id=claim_id,
        case_id=case_id,
        after=after,
        limit=limit,
    )


@router.get("/notices/share")
async def notice_share(
    work: InWork, since: AwareDatetime, until: AwareDatetime, shop_id: UUID | None = None
) -> NoticeShare:
    """The share of right notices, from the journal against the notices. Needs `notices.read`."""
    begins: datetime = since
    return await queries.notice_share(work, begins, until, shop_id=shop_id)


@router.get("/notices/templates")
async def list_notice_templates(work: InWork, shop_id: UUID) -> list[TemplateView]:
    """Needs `notices.read`."""
    return await templates.list_templates(work, shop_id)


@router.post("/notices/templates/preview")
async def preview_notice_template(work: InWork, asked: PreviewAsked) -> Preview:
    """The letter with a made-up claim in it. Needs `notices.read`."""
    return await templates.preview(work, asked.template, asked.locale, asked.words, asked.shop_id)


@router.put("/notices/templates/{shop_id}/{template}/{locale}", status_code=204)
async def set_notice_template(
    work: InWork, shop_id: UUID, template: str, locale: str, words: NewWords
) -> None:
    """Needs `notices.write`."""
    await templates.set_template(work, shop_id, template, locale, words)


@router.delete("/notices/templates/{shop_id}/{template}/{locale}", status_code=204)
async def remove_notice_template(work: InWork, shop_id: UUID, template: str, locale: str) -> None:
    """Back to the built-in words. Needs `notices.write`."""
    await templates.remove_template(work, shop_id, template, locale)


@router.get("/notices/{notice_id}")
async def get_notice(work: InWork, notice_id: UUID) -> NoticeView:
    """Needs `notices.read`."""
    return await queries.get_notice(work, notice_id)


@router.post("/notices/{notice_id}/resend", status_code=204)
async def resend_notice(work: InWork, notice_id: UUID) -> None:
    """Needs `notices.write`."""
    await verbs.resend(work, notice_id)
