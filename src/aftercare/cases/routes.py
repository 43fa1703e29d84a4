"""Cases over HTTP: the desk's queues and pages, and the customer's own matters."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import AfterValidator, AwareDatetime, BaseModel, Field

from aftercare.cases import followers, meant, opening, owners, queries, verbs, views
from aftercare.cases.answers import answer
from aftercare.cases.arrivals import contacts_of_case
from aftercare.cases.calls import routes as calls_routes
from aftercare.cases.chat import routes as chat_routes
from aftercare.cases.desk import routes as desk_routes
from aftercare.cases.escalation import routes as escalation_routes
from aftercare.cases.merging import MoveView, merge, moves_of, split, undo_move
from aftercare.cases.model import Closing, Priority, Stage, Status
from aftercare.cases.opening import NewCase
from aftercare.cases.queries import CasePage, Counts, Filters, Language, LinkView, QueueItem, Sort, View, Word
from aftercare.cases.sheets import cases_sheet
from aftercare.cases.solutions import (
    Beside,
    SolvedAs,
    apply_solution,
    reject_solution,
    solutions_beside,
    solve_as,
)
from aftercare.cases.undoing import undo_ending
from aftercare.cases.verbs import CaseView
from aftercare.cases.views import NewView, ViewView
from aftercare.conversations import (
    Author,
    Channel,
    ContactView,
    MessageFileView,
    MessageKind,
    MessageView,
    Offers,
    Posted,
    answered_at_once,
    drop_draft,
    keep_draft,
    mark_read,
    messages,
    store_file,
)
from aftercare.journal import ActorKind, Entry, Work, begin
from aftercare.journal.http import ByActor, InHouse, InWork, SheetAnswer, sheet_answer
from aftercare.kit.errors import NotSignedIn
from aftercare.kit.http import PlainJSON
from aftercare.kit.paging import LARGEST_PAGE, Page
from aftercare.kit.text import clean, one_line
from aftercare.kit.uploads import MULTIPART, first_file
from aftercare.knowledge import SolutionView
from aftercare.promises import ClockView

router = APIRouter(tags=["cases"])
router.include_router(calls_routes.router)
router.include_router(chat_routes.router)
router.include_router(desk_routes.router)
router.include_router(escalation_routes.router)

Limit = Annotated[int, Query(ge=1, le=LARGEST_PAGE)]
After = Annotated[str | None, Query(max_length=400)]
Words = Annotated[str, Field(max_length=200), AfterValidator(one_line)]
Text = Annotated[str, AfterValidator(clean)]
Key = Annotated[str, Field(min_length=8, max_length=80, pattern=r"^[A-Za-z0-9._:-]+$")]


class CaseOpening(BaseModel):
    shop_id: UUID
    title: Text
    customer_id: UUID | None = None
    order_id: UUID | None = None
    channel: Channel = Channel.phone
    locale: Annotated[str, Field(pattern=r"^[a-z]{2}(-[A-Z]{2})?$")] = "zh-CN"
    priority: Priority = Priority.normal
    skill: Word | None = None
    tags: list[Word] = []
    body: Text = ""


class Saying(BaseModel):
    """`key` is made by who sends; the same key again is the same message."""

    body: Text = ""
    html: Text | None = None
    file_ids: list[UUID] = []
    key: Key | None = None
    channel: Channel | None = None
    contact_id: UUID | None = None
    """To whom it leaves; by itself it leaves by the way on which the customer wrote last."""
    template_id: UUID | None = None
    """The answer text that it began as."""
    override: Annotated[str, Field(max_length=1_000), AfterValidator(clean)] = ""
    """Why it is sent although its wording would be held back."""


class Noting(BaseModel):
    body: Text
    file_ids: list[UUID] = []
    key: Key | None = None


class Colleague(BaseModel):
    account_id: UUID


class HandOver(BaseModel):
    account_id: UUID
    note: Text = ""


class StageWish(BaseModel):
    stage: Stage
    reason: Text = ""


class PriorityWish(BaseModel):
    priority: Priority


class Tags(BaseModel):
    tags: list[Word]


class Snooze(BaseModel):
    until: Annotated[AwareDatetime, Field(le=datetime(2100, 1, 1, tzinfo=UTC))] | None


class ClosingWish(BaseModel):
    closing: Closing


class Stood(BaseModel):
    status: Status


class MergeWish(BaseModel):
    into_case_id: UUID


class SplitWish(BaseModel):
    message_ids: Annotated[list[UUID], Field(min_length=1, max_length=500)]
    title: Words


class DraftWish(BaseModel):
    body: Text
    kind: MessageKind = MessageKind.message


@router.get("/cases", response_model=Page[QueueItem])
async def list_cases(
    work: InWork,
    view: View = View.active,
    shop_id: UUID | None = None,
    status: Status | None = None,
    stage: Stage | None = None,
    priority: Priority | None = None,
    channel: Channel | None = None,
    tag: Annotated[Word | None, Query()] = None,
    linked: Annotated[Word | None, Query(description="claim, shipment, repair …")] = None,
    skill: Annotated[Word | None, Query(description="What the owner must know")] = None,
    language: Annotated[Language | None, Query(description="A locale, zh-TW, or a language, en")] = None,
    owner_id: UUID | None = None,
    customer_id: UUID | None = None,
    order_id: UUID | None = None,
    q: Annotated[Words | None, Query(description="Words, names, numbers, their beginnings")] = None,
    sort: Sort | None = None,
    after: After = None,
    limit: Limit = 25,
) -> PlainJSON:
    """One page of a queue, the most pressing first."""
    filters = Filters(
        view=view,
        shop_id=shop_id,
        status=status,
        stage=stage,
        priority=priority,
        channel=channel,
        tag=tag.casefold() if tag else None,
        linked=linked or None,
        skill=skill or None,
        language=language,
        owner_id=owner_id,
        customer_id=customer_id,
        order_id=order_id,
        words=q or None,
        sort=sort,
    )
    items, following = await queries.queue(work, filters, after=after, limit=limit)
    return PlainJSON({"items": items, "next": following})


@router.get("/cases.csv", response_class=SheetAnswer)
async def export_cases(
    request: Request, house: InHouse, actor: ByActor, filters: Annotated[Filters, Query()]
) -> SheetAnswer:
    """All cases of a queue under the same filter, for a spreadsheet."""
    return await sheet_answer(request, house, actor, lambda work: cases_sheet(work, filters))


class Meant(BaseModel):
    words: str | None


@router.get("/cases/meant")
async def what_was_meant(work: InWork, q: Annotated[Words, Query()]) -> Meant:
    """What a search that finds nothing may have meant, with slips of the finger put right; null when nothing near it is
    known, or when it does find something."""
    return Meant(words=await meant.what_was_meant(work, q))


@router.get("/cases/counts")
async def count_cases(work: InWork, shop_id: UUID | None = None) -> Counts:
    return await queries.counts(work, shop_id)


@router.get("/cases/views")
async def list_views(work: InWork) -> list[ViewView]:
    return await views.my_views(work)


@router.post("/cases/views", status_code=201)
async def keep_view(work: InWork, new: NewView) -> ViewView:
    return await views.save_view(work, new)


@router.put("/cases/views/{view_id}")
async def change_view(work: InWork, view_id: UUID, new: NewView) -> ViewView:
    return await views.save_view(work, new, view_id)


@router.delete("/cases/views/{view_id}", status_code=204)
async def forget_view(work: InWork, view_id: UUID) -> None:
    await views.forget_view(work, view_id)


@router.post("/cases", status_code=201)
async def open_case(work: InWork, new: CaseOpening) -> CaseView:
    """For staff: the customer called, or wrote elsewhere. `body` becomes a note."""
    _staff(work)
    return await opening.open_case(work, NewCase.model_validate(new.model_dump()))


@router.get("/cases/{case_id}")
async def read_case(work: InWork, case_id: UUID) -> CasePage:
    """Everything that the page of one case shows, in one call."""
    _staff(work)
    return await queries.case_page(work, case_id)


@router.get("/cases/{case_id}/messages")
async def list_messages(
    work: InWork, case_id: UUID, before: After = None, limit: Limit = 50
) -> Page[MessageView]:
    _staff(work)
    case = await verbs.get_case(work, case_id)
    return await messages(work, case.thread_id, before=before, limit=limit)


@router.post("/cases/{case_id}/messages", status_code=201)
async def post_message(work: InWork, case_id: UUID, new: Saying) -> Posted:
    _staff(work)
    posted = await answer(
        work,
        case_id,
        new.body,
        html=new.html,
        file_ids=new.file_ids,
        client_key=new.key,
        channel=new.channel,
        contact_id=new.contact_id,
        template_id=new.template_id,
        override=new.override,
    )
    await _forget_draft(work, case_id)
    return posted


@router.post("/cases/{case_id}/notes", status_code=201)
async def write_note(work: InWork, case_id: UUID, new: Noting) -> Posted:
    """For colleagues; the customer never sees it."""
    _staff(work)
    posted = await followers.write_note(work, case_id, new.body, file_ids=new.file_ids, client_key=new.key)
    await _forget_draft(work, case_id)
    return posted


async def _forget_draft(work: Work, case_id: UUID) -> None:
    """What was said is no longer begun."""
    if work.actor.kind is ActorKind.staff and work.actor.id is not None:
        await drop_draft(work, (await verbs.get_case(work, case_id)).thread_id)


@router.post("/cases/{case_id}/read", status_code=204)
async def mark_case_read(work: InWork, case_id: UUID) -> None:
    _staff(work)
    await mark_read(work, (await verbs.get_case(work, case_id)).thread_id)


@router.put("/cases/{case_id}/draft", status_code=204)
async def write_draft(work: InWork, case_id: UUID, draft: DraftWish) -> None:
    """Keeps what one has begun to write; an empty body forgets it."""
    _staff(work)
    await keep_draft(work, (await verbs.get_case(work, case_id)).thread_id, draft.body, draft.kind)


@router.post("/cases/{case_id}/files", status_code=201, openapi_extra=MULTIPART)
async def upload_file(house: InHouse, actor: ByActor, case_id: UUID, request: Request) -> MessageFileView:
    """Pictures, films and PDF; send its id with the message that it belongs to."""
    async with begin(house, actor) as work:
        case = await verbs.get_case(work, case_id)
        if actor.kind is not ActorKind.customer:
            work.require("conversations.write")
    upload = await first_file(request.headers.get("content-type", ""), request.stream())
    file = await store_file(
        house, actor, upload.pieces, name=upload.name, shop_id=case.shop_id, customer_id=case.customer_id
    )
    return MessageFileView.model_validate(file, from_attributes=True)


@router.post("/cases/{case_id}/take")
async def take_case(work: InWork, case_id: UUID) -> CaseView:
    return await owners.take(work, case_id)


@router.post("/cases/{case_id}/assign")
async def assign_case(work: InWork, case_id: UUID, to: Colleague) -> CaseView:
    return await owners.assign(work, case_id, to.account_id)


@router.post("/cases/{case_id}/hand-over")
async def hand_over_case(work: InWork, case_id: UUID, to: HandOver) -> CaseView:
    return await owners.hand_over(work, case_id, to.account_id, to.note)


@router.post("/cases/{case_id}/release")
async def release_case(work: InWork, case_id: UUID) -> CaseView:
    return await owners.release(work, case_id)


@router.put("/cases/{case_id}/stage")
async def set_case_stage(work: InWork, case_id: UUID, wish: StageWish) -> CaseView:
    return await verbs.set_stage(work, case_id, wish.stage, wish.reason)


@router.put("/cases/{case_id}/priority")
async def set_case_priority(work: InWork, case_id: UUID, wish: PriorityWish) -> CaseView:
    return await verbs.set_priority(work, case_id, wish.priority)


@router.put("/cases/{case_id}/tags")
async def set_case_tags(work: InWork, case_id: UUID, wish: Tags) -> CaseView:
    return await verbs.set_tags(work, case_id, wish.tags)


@router.put("/cases/{case_id}/snooze")
async def snooze_case(work: InWork, case_id: UUID, wish: Snooze) -> CaseView:
    return await verbs.snooze(work, case_id, wish.until)


@router.post("/cases/{case_id}/solve")
async def solve_case(work: InWork, case_id: UUID, unanswered: bool = False) -> CaseView:
    """`unanswered`: what the customer wrote last, a thank-you, needs no answer."""
    return await verbs.solve(work, case_id, unanswered=unanswered)


@router.post("/cases/{case_id}/close")
async def close_case(work: InWork, case_id: UUID, wish: ClosingWish) -> CaseView:
    _staff(work)
    return await verbs.close_case(work, case_id, wish.closing)


@router.post("/cases/{case_id}/reopen")
async def reopen_case(work: InWork, case_id: UUID) -> CaseView:
    _staff(work)
    return await verbs.reopen(work, case_id)


@router.post("/cases/{case_id}/undo-ending")
async def take_back_ending(work: InWork, case_id: UUID, stood: Stood) -> CaseView:
    """It was solved or closed by mistake moments ago: it stands again with the status that it had."""
    _staff(work)
    return await undo_ending(work, case_id, stood.status)


@router.get("/cases/{case_id}/timeline")
async def read_case_timeline(
    work: InWork, case_id: UUID, after: After = None, limit: Limit = 100
) -> Page[Entry]:
    _staff(work)
    return await queries.case_timeline(work, case_id, after=after, limit=limit)


# The customer's own matters


class MyCase(BaseModel):
    id: UUID
    shop_id: UUID
    number: str
    title: str
    status: Status
    stage: Stage
    order_id: UUID | None
    opened_at: datetime
    last_message_at: datetime
    closed_at: datetime | None


class MyMessage(BaseModel):
    id: UUID
    author_kind: Author
    author_name: str | None
    body: str
    html: str | None
    sent_at: datetime
    seen: bool
    files: list[MessageFileView]
    offers: Offers | None


class MyCasePage(BaseModel):
    """`clocks` are what we promised; `actions` what can be done now."""

    case: MyCase
    links: list[LinkView]
    clocks: list[ClockView]
    messages: list[MyMessage]
    before: str | None
    actions: list[str]


class MyOpening(BaseModel):
    shop_id: UUID
    customer_id: UUID
    order_id: UUID | None = None
    title: Text
    body: Text
    key: Key | None = None


class MySaying(BaseModel):
    body: Text = ""
    file_ids: list[UUID] = []
    key: Key | None = None


class MyClosing(BaseModel):
    closing: Closing


async def _my_case(work: InWork, case_id: UUID) -> UUID:
    """By whatever id the customer has it; one that was merged goes on in another."""
    _customer(work)
    return await verbs.goes_on_in(work, case_id=case_id) or case_id


MyCaseId = Annotated[UUID, Depends(_my_case)]


@router.get("/my/cases")
async def list_my_cases(work: InWork) -> list[MyCase]:
    """The open ones first."""
    _customer(work)
    found = await queries.cases_of(work, sorted(work.actor.customers))
    return [MyCase.model_validate(case, from_attributes=True) for case in found]


@router.post("/my/cases", status_code=201)
async def open_my_case(work: InWork, new: MyOpening) -> MyCase:
    _customer(work)
    case = await opening.open_case(
        work,
        NewCase(
            shop_id=new.shop_id,
            customer_id=new.customer_id,
            order_id=new.order_id,
            title=new.title,
            body=new.body,
            locale=work.actor.locale,
            client_key=new.key,
            find_owner=not await answered_at_once(work, new.shop_id, Channel.portal),
        ),
    )
    return MyCase.model_validate(case, from_attributes=True)


@router.get("/my/cases/{case_id}")
async def read_my_case(work: InWork, case_id: MyCaseId) -> MyCasePage:
    page = await queries.case_page(work, case_id)
    return MyCasePage(
        case=MyCase.model_validate(page.case, from_attributes=True),
        links=page.links,
        clocks=page.clocks,
        messages=[MyMessage.model_validate(said, from_attributes=True) for said in page.messages],
        before=page.before,
        actions=page.actions,
    )


@router.get("/my/cases/{case_id}/messages")
async def list_my_messages(
    work: InWork, case_id: MyCaseId, before: After = None, limit: Limit = 50
) -> Page[MyMessage]:
    case = await verbs.get_case(work, case_id)
    said = await messages(work, case.thread_id, before=before, limit=limit)
    return Page(
        items=[MyMessage.model_validate(one, from_attributes=True) for one in said.items], next=said.next
    )


@router.post("/my/cases/{case_id}/messages", status_code=201)
async def post_my_message(work: InWork, case_id: MyCaseId, new: MySaying) -> Posted:
    return await verbs.say(work, case_id, new.body, file_ids=new.file_ids, client_key=new.key)


@router.post("/my/cases/{case_id}/files", status_code=201, openapi_extra=MULTIPART)
async def upload_my_file(house: InHouse, actor: ByActor, case_id: UUID, request: Request) -> MessageFileView:
    return await upload_file(house, actor, case_id, request)


@router.post("/my/cases/{case_id}/read", status_code=204)
async def mark_my_case_read(work: InWork, case_id: MyCaseId) -> None:
    await mark_read(work, (await verbs.get_case(work, case_id)).thread_id)


@router.post("/my/cases/{case_id}/close")
async def close_my_case(work: InWork, case_id: MyCaseId, wish: MyClosing) -> MyCase:
    """It is settled, or I take it back."""
    case = await verbs.close_case(work, case_id, wish.closing)
    return MyCase.model_validate(case, from_attributes=True)


@router.get("/my/cases/{case_id}/timeline")
async def read_my_case_timeline(
    work: InWork, case_id: MyCaseId, after: After = None, limit: Limit = 100
) -> Page[Entry]:
    return await queries.case_timeline(work, case_id, after=after, limit=limit)


@router.post("/cases/{case_id}/merge")
async def merge_case(work: InWork, case_id: UUID, wish: MergeWish) -> MoveView:
    """What was said in it goes on in the other case; this one is closed as a duplicate. Needs `cases.write`."""
    return await merge(work, case_id, wish.into_case_id)


@router.post("/cases/{case_id}/split", status_code=201)
async def split_case(work: InWork, case_id: UUID, wish: SplitWish) -> MoveView:
    """These messages become a case of their own. Needs `cases.write`."""
    return await split(work, case_id, wish.message_ids, wish.title)


@router.get("/cases/{case_id}/moves")
async def list_case_moves(work: InWork, case_id: UUID) -> list[MoveView]:
    """Mergings and splittings, newest first. Needs `cases.read`."""
    return await moves_of(work, case_id)


@router.post("/case-moves/{case_move_id}/undo")
async def undo_case_move(work: InWork, case_move_id: UUID) -> MoveView:
    """Takes a merging or splitting back. Needs `cases.write`."""
    return await undo_move(work, case_move_id)


@router.get("/cases/{case_id}/contacts")
async def list_case_contacts(work: InWork, case_id: UUID) -> list[ContactView]:
    """The ways on which something can leave from this case; that of the customer's last message first. Needs `cases.read`."""
    return await contacts_of_case(work, case_id)


@router.get("/cases/{case_id}/solutions")
async def solutions_of_case(work: InWork, case_id: UUID) -> Beside:
    """The three likeliest solutions of earlier cases with their success rates. Needs `cases.read` and `knowledge.read`."""
    _staff(work)
    return await solutions_beside(work, case_id)


@router.post("/cases/{case_id}/solutions", status_code=201)
async def solve_case_as(work: InWork, case_id: UUID, how: SolvedAs) -> SolutionView:
    """Solves the case, and keeps how for others. Needs `cases.write`."""
    _staff(work)
    return await solve_as(work, case_id, how)


@router.post("/cases/{case_id}/solutions/{solution_id}/apply", status_code=204)
async def apply_solution_to_case(work: InWork, case_id: UUID, solution_id: UUID) -> None:
    """It is what is done here; whether it held is counted. Needs `cases.write`."""
    _staff(work)
    await apply_solution(work, case_id, solution_id)


@router.post("/cases/{case_id}/solutions/{solution_id}/reject", status_code=204)
async def reject_solution_for_case(work: InWork, case_id: UUID, solution_id: UUID) -> None:
    """It does not fit here. Needs `cases.write`."""
    _staff(work)
    await reject_solution(work, case_id, solution_id)


def _staff(work: Work) -> None:
    """A customer has the routes under /my."""
    if work.actor.kind is ActorKind.customer:
        work.require("cases.read")


def _customer(work: Work) -> None:
    if work.actor.kind is not ActorKind.customer or not work.actor.customers:
        raise NotSignedIn()
