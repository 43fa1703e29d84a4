"""Claims over HTTP. Each move of the table is `POST /claims/{id}/<move>` and answers with the claim as it is then."""

from collections.abc import Awaitable
from datetime import timedelta
from typing import Annotated, Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field

from aftercare import conversations, identity, shop
from aftercare.claims import (
    applications,
    decisions,
    differences,
    disputes,
    policies,
    refunds,
    returns,
)
from aftercare.claims.applications import Edit, NewClaim
from aftercare.claims.circumstances import Reason
from aftercare.claims.decisions import NewOffer
from aftercare.claims.entitlements import entitlements
from aftercare.claims.handbook import handbook
from aftercare.claims.lists import ClaimFilter, ClaimRow, claim_list, refund_counts, refund_list
from aftercare.claims.model import Claim, PaymentState, RefundState, Withdrawal
from aftercare.claims.options import Option, options
from aftercare.claims.policies import GuestWithdrawal, NewWithdrawal, PolicyView
from aftercare.claims.queries import ClaimPage, EntitlementView, RefundView, claim_page, entitlement_views
from aftercare.claims.returns import Counted, Graded, Shipped, WayBack
from aftercare.claims.rulebook import LawPack, law_pack, market_of
from aftercare.claims.sheets import claims_sheet, refunds_sheet
from aftercare.claims.states import ClaimKind, Remedy
from aftercare.claims.wording import words
from aftercare.journal import ActorKind, Work, begin
from aftercare.journal.http import ByActor, InHouse, InWork, SheetAnswer, sheet_answer
from aftercare.kit.errors import NotSignedIn
from aftercare.kit.paging import LARGEST_PAGE, Page
from aftercare.kit.uploads import MULTIPART, first_file
from aftercare.settings import Settings

router = APIRouter(tags=["claims"])

Limit = Annotated[int, Query(ge=1, le=LARGEST_PAGE)]
Words = Annotated[str, Field(max_length=4_000)]


class LineEntitlements(BaseModel):
    order_line_id: UUID
    kinds: list[EntitlementView]


class WordsGiven(BaseModel):
    words: Words = ""
    file_ids: list[UUID] = Field(default=[], max_length=20)


class CounterOffer(BaseModel):
    """What the customer answers to an offer that is not taken: words, and perhaps another amount."""

    words: Words = ""
    asked_cents: int | None = Field(default=None, ge=0)


NOTHING_INSTEAD = CounterOffer()


class AmountGiven(BaseModel):
    amount_cents: int | None = Field(default=None, ge=0)


class CountGiven(BaseModel):
    counted: list[Counted] | None = None


class GradesGiven(BaseModel):
    graded: list[Graded] = Field(max_length=1_000)
    words: Words = ""
    file_ids: list[UUID] = Field(default=[], max_length=20)


class WaybillGiven(BaseModel):
    carrier: str = Field(default="", max_length=60)
    tracking_number: str = Field(default="", max_length=60)


class RulingGiven(BaseModel):
    words: Words = ""
    remedy: Remedy = Remedy.refund
    amount_cents: int | None = Field(default=None, ge=0)
    keep_goods: bool = False


class TermsGiven(BaseModel):
    words: Words = ""
    kind: ClaimKind | None = None
    amount_cents: int | None = Field(default=None, ge=0)
    keep_goods: bool = False


class VoucherGiven(BaseModel):
    voucher_file_id: UUID | None = None
    words: Words = ""


class MoreTime(BaseModel):
    clock_id: UUID
    hours: int = Field(ge=1, le=24 * 60)
    reason: Words


class UploadedFile(BaseModel):
    id: UUID
    name: str
    media_type: str
    bytes: int


class ShippedAnswer(BaseModel):
    claim: ClaimPage
    shipped: Shipped


class PolicyGiven(BaseModel):
    document: dict[str, Any]


class TryGiven(BaseModel):
    document: dict[str, Any]
    days: int = Field(default=365, ge=1, le=1_100)


class ChangedDecision(BaseModel):
    reference: str
    before: str
    after: str
    cost_difference_cents: int


class TriedPolicy(BaseModel):
    """'With this policy, these claims would have been decided otherwise, at this cost.'"""

    looked_at: int
    changed: list[ChangedDecision]
    cost_difference_cents: int
    fewer_for_people: int


class WithdrawalReceipt(BaseModel):
    id: UUID
    claim_id: UUID
    stated_at: str
    consumer_name: str
    contact: str


class Handbook(BaseModel):
    locale: str
    markdown: str


async def shown(work: Work, moved: Awaitable[Claim]) -> ClaimPage:
    claim = await moved
    await work.session.flush()
    return await claim_page(work, claim.id)


@router.get("/orders/{order_id}/entitlements")
async def order_entitlements(
    work: InWork, order_id: UUID, reason: Reason = Reason.no_reason
) -> list[LineEntitlements]:
    """What each line of the order is entitled to, until when, and why."""
    order = await shop.get_order(work, order_id)
    owner = await identity.get_shop(work, order.shop_id)
    today = work.now.astimezone(ZoneInfo(owner.time_zone)).date()
    found = await entitlements(work, [line.id for line in order.lines], reason)
    return [
        LineEntitlements(order_line_id=line_id, kinds=entitlement_views(decision, work.actor.locale, today))
        for line_id, decision in found.items()
    ]


@router.post("/claims/options")
async def claim_options(work: InWork, new: NewClaim) -> list[Option]:
    """What would be possible for these lines and this reason, best first, with the money of each. Files nothing; `kind` of
    the request is not looked at."""
    return await options(work, new)


@router.post("/claims", status_code=201)
async def apply_for_claim(work: InWork, new: NewClaim) -> ClaimPage:
    return await shown(work, applications.apply(work, new))


@router.post("/orders/{order_id}/files", status_code=201, openapi_extra=MULTIPART)
async def upload_evidence(house: InHouse, actor: ByActor, order_id: UUID, request: Request) -> UploadedFile:
    """Photos, videos and documents for a claim on this order; named in `file_ids` afterwards."""
    async with begin(house, actor) as work:
        order = await shop.get_order(work, order_id)
    upload = await first_file(request.headers.get("content-type", ""), request.stream())
    kept = await conversations.store_file(
        house,
        actor,
        upload.pieces,
        name=upload.name,
        shop_id=order.shop_id,
        customer_id=order.customer.id,
        shown=True,
    )
    return UploadedFile(id=kept.id, name=kept.name, media_type=kept.media_type, bytes=kept.bytes)


@router.get("/claims")
async def list_claims(
    work: InWork, wanted: Annotated[ClaimFilter, Query()], after: str | None = None, limit: Limit = 50
) -> Page[ClaimRow]:
    return await claim_list(work, wanted, after=after, limit=limit)


@router.get("/claims.csv", response_class=SheetAnswer)
async def export_claims(
    request: Request, house: InHouse, actor: ByActor, wanted: Annotated[ClaimFilter, Query()]
) -> SheetAnswer:
    """All claims of the list under the same filter, for a spreadsheet."""
    return await sheet_answer(request, house, actor, lambda work: claims_sheet(work, wanted))


@router.get("/claims/{claim_id}")
async def get_claim(work: InWork, claim_id: UUID) -> ClaimPage:
    return await claim_page(work, claim_id)


@router.post("/claims/{claim_id}/edit")
async def edit_claim(work: InWork, claim_id: UUID, change: Edit) -> ClaimPage:
    return await shown(work, applications.edit(work, claim_id, change))


@router.post("/claims/{claim_id}/cancel")
async def cancel_claim(work: InWork, claim_id: UUID) -> ClaimPage:
    return await shown(work, applications.cancel(work, claim_id))


@router.post("/claims/{claim_id}/add_evidence")
async def add_evidence(work: InWork, claim_id: UUID, given: WordsGiven) -> ClaimPage:
    return await shown(work, applications.add_evidence(work, claim_id, given.file_ids, given.words))


@router.post("/claims/{claim_id}/approve")
async def approve_claim(work: InWork, claim_id: UUID, given: AmountGiven) -> ClaimPage:
    return await shown(work, decisions.approve(work, claim_id, amount_cents=given.amount_cents))


@router.post("/claims/{claim_id}/reject")
async def reject_claim(work: InWork, claim_id: UUID, given: WordsGiven) -> ClaimPage:
    return await shown(work, decisions.reject(work, claim_id, words=given.words, file_ids=given.file_ids))


@router.post("/claims/{claim_id}/offer")
async def offer_otherwise(work: InWork, claim_id: UUID, given: NewOffer) -> ClaimPage:
    await decisions.offer(work, claim_id, given)
    await work.session.flush()
    return await claim_page(work, claim_id)


@router.post("/claims/{claim_id}/accept_offer")
async def accept_offer(work: InWork, claim_id: UUID) -> ClaimPage:
    return await shown(work, decisions.accept_offer(work, claim_id))


@router.post("/claims/{claim_id}/refuse_offer")
async def refuse_offer(work: InWork, claim_id: UUID, given: CounterOffer = NOTHING_INSTEAD) -> ClaimPage:
    """Another amount is a change of the application, and counted as one."""
    refused = decisions.refuse_offer(work, claim_id, words=given.words)
    if given.asked_cents is None:
        return await shown(work, refused)
    await refused
    return await shown(work, applications.edit(work, claim_id, Edit(asked_cents=given.asked_cents)))


@router.post("/claims/{claim_id}/settle_difference")
async def settle_difference(work: InWork, claim_id: UUID) -> ClaimPage:
    return await shown(work, decisions.settle_difference(work, claim_id))


@router.post("/claims/{claim_id}/ship")
async def ship_return(work: InWork, claim_id: UUID, way: WayBack) -> ShippedAnswer:
    shipped = await returns.ship(work, claim_id, way)
    await work.session.flush()
    return ShippedAnswer(claim=await claim_page(work, claim_id), shipped=shipped)


@router.post("/claims/{claim_id}/receive")
async def receive_return(work: InWork, claim_id: UUID, given: CountGiven) -> ClaimPage:
    return await shown(work, returns.receive(work, claim_id, given.counted))


@router.post("/claims/{claim_id}/inspect")
async def inspect_return(work: InWork, claim_id: UUID, given: GradesGiven) -> ClaimPage:
    return await shown(
        work, returns.inspect(work, claim_id, given.graded, words=given.words, file_ids=given.file_ids)
    )


@router.post("/claims/{claim_id}/agree_to_part")
async def agree_to_part(work: InWork, claim_id: UUID) -> ClaimPage:
    return await shown(work, returns.agree_to_part(work, claim_id))


@router.post("/claims/{claim_id}/refuse_receipt")
async def refuse_receipt(work: InWork, claim_id: UUID, given: WordsGiven) -> ClaimPage:
    return await shown(
        work, returns.refuse_receipt(work, claim_id, words=given.words, file_ids=given.file_ids)
    )


@router.post("/claims/{claim_id}/send_back")
async def send_back(work: InWork, claim_id: UUID, given: WaybillGiven) -> ClaimPage:
    return await shown(
        work,
        returns.send_back(work, claim_id, carrier=given.carrier, tracking_number=given.tracking_number),
    )


@router.post("/claims/{claim_id}/confirm_sent_back")
async def confirm_sent_back(work: InWork, claim_id: UUID) -> ClaimPage:
    return await shown(work, returns.confirm_sent_back(work, claim_id))


@router.post("/claims/{claim_id}/reship")
async def reship(work: InWork, claim_id: UUID, given: WaybillGiven) -> ClaimPage:
    return await shown(
        work, returns.reship(work, claim_id, carrier=given.carrier, tracking_number=given.tracking_number)
    )


@router.post("/claims/{claim_id}/out_of_stock")
async def out_of_stock(work: InWork, claim_id: UUID) -> ClaimPage:
    return await shown(work, returns.out_of_stock(work, claim_id))


@router.post("/claims/{claim_id}/confirm")
async def confirm_receipt(work: InWork, claim_id: UUID) -> ClaimPage:
    return await shown(work, returns.confirm(work, claim_id))


@router.post("/claims/{claim_id}/dispute")
async def open_dispute(work: InWork, claim_id: UUID, given: WordsGiven) -> ClaimPage:
    return await shown(work, disputes.dispute(work, claim_id, words=given.words, file_ids=given.file_ids))


@router.post("/claims/{claim_id}/withdraw_dispute")
async def withdraw_dispute(work: InWork, claim_id: UUID) -> ClaimPage:
    return await shown(work, disputes.withdraw_dispute(work, claim_id))


@router.post("/claims/{claim_id}/collect_evidence")
async def ask_for_evidence(work: InWork, claim_id: UUID, given: WordsGiven) -> ClaimPage:
    return await shown(work, disputes.ask_for_evidence(work, claim_id, question=given.words))


@router.post("/claims/{claim_id}/judge")
async def judge(work: InWork, claim_id: UUID) -> ClaimPage:
    return await shown(work, disputes.judge(work, claim_id))


@router.post("/claims/{claim_id}/rule_for_customer")
async def rule_for_customer(work: InWork, claim_id: UUID, given: RulingGiven) -> ClaimPage:
    return await shown(
        work,
        disputes.rule_for_customer(
            work,
            claim_id,
            words=given.words,
            remedy=given.remedy,
            amount_cents=given.amount_cents,
            keep_goods=given.keep_goods,
        ),
    )


@router.post("/claims/{claim_id}/rule_for_merchant")
async def rule_for_merchant(work: InWork, claim_id: UUID, given: WordsGiven) -> ClaimPage:
    return await shown(work, disputes.rule_for_merchant(work, claim_id, words=given.words))


@router.post("/claims/{claim_id}/mediate")
async def mediate(work: InWork, claim_id: UUID, given: TermsGiven) -> ClaimPage:
    return await shown(
        work,
        disputes.mediate(
            work,
            claim_id,
            words=given.words,
            amount_cents=given.amount_cents,
            kind=given.kind,
            keep_goods=given.keep_goods,
        ),
    )


@router.post("/claims/{claim_id}/appeal")
async def appeal(work: InWork, claim_id: UUID, given: WordsGiven) -> ClaimPage:
    return await shown(work, disputes.appeal(work, claim_id, words=given.words, file_ids=given.file_ids))


@router.post("/claims/{claim_id}/carry_out")
async def carry_ruling_out(work: InWork, claim_id: UUID) -> ClaimPage:
    """The arbiter carries a ruling out without waiting for an appeal."""
    return await shown(work, disputes.force(work, claim_id))


@router.post("/claims/{claim_id}/extend")
async def extend_deadline(work: InWork, claim_id: UUID, given: MoreTime) -> ClaimPage:
    return await shown(
        work,
        disputes.extend_deadline(
            work, claim_id, given.clock_id, by=timedelta(hours=given.hours), reason=given.reason
        ),
    )


@router.post("/claims/{claim_id}/retry_refund")
async def retry_refund(work: InWork, claim_id: UUID) -> ClaimPage:
    return await shown(work, refunds.retry_refund(work, claim_id))


@router.post("/claims/{claim_id}/to_wallet")
async def refund_to_wallet(work: InWork, claim_id: UUID) -> ClaimPage:
    return await shown(work, refunds.to_wallet(work, claim_id))


@router.post("/claims/{claim_id}/offer_offline")
async def offer_offline(work: InWork, claim_id: UUID, given: VoucherGiven) -> ClaimPage:
    return await shown(
        work,
        refunds.offer_offline(work, claim_id, voucher_file_id=given.voucher_file_id, words=given.words),
    )


@router.post("/claims/{claim_id}/confirm_offline")
async def confirm_offline(work: InWork, claim_id: UUID) -> ClaimPage:
    return await shown(work, refunds.confirm_offline(work, claim_id))


@router.post("/claims/{claim_id}/deny_offline")
async def deny_offline(work: InWork, claim_id: UUID, given: WordsGiven) -> ClaimPage:
    return await shown(work, refunds.deny_offline(work, claim_id, words=given.words))


@router.get("/refunds")
async def list_refunds(
    work: InWork,
    state: Annotated[list[RefundState] | None, Query()] = None,
    shop_id: UUID | None = None,
    after: str | None = None,
    limit: Limit = 50,
) -> Page[RefundView]:
    return await refund_list(work, states=state or [], shop_id=shop_id, after=after, limit=limit)


@router.get("/refunds.csv", response_class=SheetAnswer)
async def export_refunds(
    request: Request,
    house: InHouse,
    actor: ByActor,
    state: Annotated[list[RefundState] | None, Query()] = None,
    shop_id: UUID | None = None,
) -> SheetAnswer:
    """All refunds of the list, for a spreadsheet."""
    return await sheet_answer(
        request, house, actor, lambda work: refunds_sheet(work, states=state or [], shop_id=shop_id)
    )


@router.get("/refunds/counts")
async def count_refunds(work: InWork) -> dict[str, int]:
    return await refund_counts(work)


@router.post("/my/withdrawals", status_code=201)
async def withdraw_from_contract(work: InWork, new: NewWithdrawal) -> WithdrawalReceipt:
    """The second step of the withdrawal function: the confirmed statement. The receipt goes out by mail as well."""
    return receipt(await policies.withdraw(work, new))


class DifferencePayable(BaseModel):
    """`address` is a page to open, or (weixin:…) a code to show; None once it is paid."""

    state: PaymentState
    provider: str
    address: str | None
    amount_cents: int
    currency: str


@router.post("/my/claims/{claim_id}/pay-difference")
async def pay_difference(house: InHouse, actor: ByActor, claim_id: UUID) -> DifferencePayable:
    """Begins the payment of what an exchange costs more; asked again, the same payment goes on."""
    if actor.kind is not ActorKind.customer:
        raise NotSignedIn()
    back = f"{Settings().base_url.rstrip('/')}/my/claims/{claim_id}"
    payment = await differences.pay_difference(house, actor, claim_id, return_url=back)
    return DifferencePayable(
        state=payment.state,
        provider=payment.provider,
        address=payment.address,
        amount_cents=payment.amount_cents,
        currency=payment.currency,
    )


STATEMENTS_AN_HOUR = 20


@router.post("/withdrawals", status_code=201)
async def withdraw_as_guest(
    request: Request, house: InHouse, new: GuestWithdrawal
) -> list[WithdrawalReceipt]:
    """The same for guests, who name the order and their e-mail or phone; one receipt for each shop of the order."""
    address = request.client.host if request.client else ""
    await identity.limit(house, f"withdrawal:{address}", STATEMENTS_AN_HOUR, timedelta(hours=1))
    return [receipt(one) for one in await policies.withdraw_as_guest(house, new)]


def receipt(stated: Withdrawal) -> WithdrawalReceipt:
    return WithdrawalReceipt(
        id=stated.id,
        claim_id=stated.claim_id,
        stated_at=stated.stated_at.isoformat(),
        consumer_name=stated.consumer_name,
        contact=stated.contact,
    )


@router.get("/shops/{shop_id}/policies")
async def list_policies_of_shop(work: InWork, shop_id: UUID) -> list[PolicyView]:
    return await policies.policies(work, shop_id)


@router.post("/shops/{shop_id}/policies", status_code=201)
async def save_policy(work: InWork, shop_id: UUID, given: PolicyGiven) -> PolicyView:
    return await policies.save_policy(work, shop_id, given.document)


@router.post("/shops/{shop_id}/policies/{version}/publish")
async def publish_policy(work: InWork, shop_id: UUID, version: int) -> PolicyView:
    return await policies.publish_policy(work, shop_id, version)


@router.post("/shops/{shop_id}/policies/try")
async def try_policy(work: InWork, shop_id: UUID, given: TryGiven) -> TriedPolicy:
    report = await policies.try_policy(work, shop_id, given.document, days=given.days)
    return TriedPolicy(
        looked_at=report.looked_at,
        changed=[
            ChangedDecision(
                reference=one.reference,
                before=one.before.value,
                after=one.after.value,
                cost_difference_cents=one.cost_difference_cents,
            )
            for one in report.changed[:500]
        ],
        cost_difference_cents=report.cost_difference_cents,
        fewer_for_people=report.fewer_for_people,
    )


@router.get("/handbook")
async def read_handbook(locale: Literal["zh-CN", "zh-TW", "en"] = "zh-CN") -> Handbook:
    """Each kind of claim, step by step, from the same table that moves it."""
    return Handbook(locale=locale, markdown=handbook(locale))


@router.get("/handbook/words")
async def read_words(locale: Literal["zh-CN", "zh-TW", "en"] = "zh-CN") -> dict[str, str]:
    """What kinds, states, reasons, moves and rules are called."""
    return words(locale)


@router.get("/laws/{country}")
async def read_law(country: Annotated[str, Path(pattern=r"^[A-Z]{2}$")]) -> LawPack:
    """The law pack that holds for shops of this country (ISO 3166), with its sources."""
    return law_pack(market_of(country))
