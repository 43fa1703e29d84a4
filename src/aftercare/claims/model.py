"""The tables of claims, and the refusals that need only a row to be told."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Sequence, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from aftercare.claims.circumstances import Condition, FaultSide, Reason
from aftercare.claims.states import ClaimKind, ClaimState, Remedy, RepairWay, Variant
from aftercare.kit.errors import Invalid, NotAllowed, NotFound, Refusal
from aftercare.kit.tables import Base, Cents, status_type

claim_numbers = Sequence("claim_number", metadata=Base.metadata)


class Claim(Base):
    __tablename__ = "claim"
    __table_args__ = (
        UniqueConstraint("shop_id", "client_key", name="claim_shop_id_client_key_key"),
        CheckConstraint(
            "agreed_cents >= 0 AND requested_cents >= 0", name="money_of_a_claim_is_not_negative"
        ),
        Index("claim_shop_state_idx", "shop_id", "state", "applied_at"),
        Index("claim_customer_idx", "customer_id", "applied_at"),
        Index("claim_case_idx", "case_id"),
        Index("claim_newest_idx", "applied_at", "id"),
        Index("claim_shop_newest_idx", "shop_id", "applied_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    number: Mapped[str] = mapped_column(unique=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("service_case.id"))
    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customer.id"))
    kind: Mapped[ClaimKind] = mapped_column(status_type(ClaimKind, "a_claim_is_of_a_known_kind"))
    state: Mapped[ClaimState] = mapped_column(status_type(ClaimState, "a_claim_is_in_a_known_state"))
    before_dispute: Mapped[ClaimState | None] = mapped_column(
        status_type(ClaimState, "a_dispute_began_in_a_known_state")
    )
    reason: Mapped[Reason] = mapped_column(status_type(Reason, "a_claim_has_a_known_reason"))
    fault_side: Mapped[FaultSide] = mapped_column(status_type(FaultSide, "a_fault_lies_on_a_known_side"))
    condition: Mapped[Condition] = mapped_column(status_type(Condition, "goods_are_in_a_known_condition"))
    description: Mapped[str] = mapped_column(server_default="")
    channel: Mapped[str] = mapped_column(server_default="portal")
    platform: Mapped[str | None]
    """Where the claim is kept, if not here: then only that platform moves it, and its money is not ours to send."""
    before_receipt: Mapped[bool]
    """Whether the order was still in sale (nothing received) when the customer applied."""
    withdrawal: Mapped[bool] = mapped_column(server_default=text("false"))

    in_advance: Mapped[bool] = mapped_column(server_default=text("false"))
    repair_way: Mapped[RepairWay] = mapped_column(
        status_type(RepairWay, "a_repair_happens_in_a_known_way"), server_default="mail_in"
    )
    remedy: Mapped[Remedy | None] = mapped_column(status_type(Remedy, "a_remedy_is_a_known_one"))
    goods_back: Mapped[bool] = mapped_column(server_default=text("false"))
    keep_goods: Mapped[bool] = mapped_column(server_default=text("false"))
    appealed: Mapped[bool] = mapped_column(server_default=text("false"))

    currency: Mapped[str]
    requested_cents: Mapped[Cents]
    agreed_cents: Mapped[Cents]
    fee_cents: Mapped[Cents] = mapped_column(BigInteger, server_default=text("0"))
    freight_cents: Mapped[Cents] = mapped_column(BigInteger, server_default=text("0"))
    """The part of `agreed_cents` that is outward freight."""
    difference_cents: Mapped[Cents] = mapped_column(BigInteger, server_default=text("0"))
    """Exchange: positive, the customer pays so much; negative, so much is refunded."""
    difference_settled_at: Mapped[datetime | None]
    freight_payer: Mapped[str] = mapped_column(server_default="customer")

    edits: Mapped[int] = mapped_column(server_default=text("0"))
    policy: Mapped[str]
    """`id@version` of the shop's policy and the version of the law pack that the application was measured by."""
    law: Mapped[str]
    outcome: Mapped[str]
    explanation: Mapped[list[dict[str, Any]]] = mapped_column(server_default=text("'[]'::jsonb"))
    return_address: Mapped[dict[str, Any] | None]
    rejection: Mapped[str | None]
    override_reason: Mapped[str | None]
    client_key: Mapped[str | None]
    applied_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    moved_at: Mapped[datetime]

    @property
    def variant(self) -> Variant:
        return Variant(
            in_advance=self.in_advance,
            repair_way=self.repair_way,
            remedy=self.remedy,
            goods_back=self.goods_back,
            keep_goods=self.keep_goods,
            appealed=self.appealed,
        )

    @variant.setter
    def variant(self, variant: Variant) -> None:
        self.in_advance, self.repair_way, self.remedy = variant.in_advance, variant.repair_way, variant.remedy
        self.goods_back, self.keep_goods, self.appealed = (
            variant.goods_back,
            variant.keep_goods,
            variant.appealed,
        )


class ClaimLine(Base):
    """So many units of one order line. `*_cents` are of all these units, without freight."""

    __tablename__ = "claim_line"
    __table_args__ = (
        CheckConstraint("quantity >= 0 AND received_quantity >= 0", name="a_claim_line_counts_from_zero"),
        CheckConstraint("accepted_quantity <= received_quantity", name="only_received_units_are_accepted"),
        CheckConstraint("received_quantity <= quantity", name="no_more_comes_back_than_was_claimed"),
        CheckConstraint(
            "agreed_cents BETWEEN 0 AND reserved_cents", name="no_more_is_agreed_than_was_reserved"
        ),
        Index("claim_line_claim_idx", "claim_id"),
        Index("claim_line_order_line_idx", "order_line_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    claim_id: Mapped[UUID] = mapped_column(ForeignKey("claim.id"))
    order_id: Mapped[UUID] = mapped_column(ForeignKey("sales_order.id"))
    order_line_id: Mapped[UUID] = mapped_column(ForeignKey("order_line.id"))
    product_id: Mapped[UUID | None] = mapped_column(ForeignKey("product.id"))
    quantity: Mapped[int]
    requested_cents: Mapped[Cents]
    reserved_cents: Mapped[Cents]
    """What this claim holds of the line's account; released, down to what was refunded, when the claim ends."""
    agreed_cents: Mapped[Cents]
    received_quantity: Mapped[int] = mapped_column(server_default=text("0"))
    accepted_quantity: Mapped[int] = mapped_column(server_default=text("0"))
    new_product_id: Mapped[UUID | None] = mapped_column(ForeignKey("product.id"))
    new_price_cents: Mapped[Cents | None] = mapped_column(BigInteger)


class LineAccount(Base):
    """How much of one order line is already given back or promised. The CHECKs are what no race can get round."""

    __tablename__ = "line_account"
    __table_args__ = (
        CheckConstraint(
            "taken_cents BETWEEN 0 AND paid_cents", name="a_line_gives_back_at_most_what_was_paid"
        ),
        CheckConstraint(
            "taken_quantity BETWEEN 0 AND quantity", name="a_line_gives_back_at_most_what_was_bought"
        ),
    )

    order_line_id: Mapped[UUID] = mapped_column(ForeignKey("order_line.id"), primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    paid_cents: Mapped[Cents]
    quantity: Mapped[int]
    taken_cents: Mapped[Cents] = mapped_column(BigInteger, server_default=text("0"))
    taken_quantity: Mapped[int] = mapped_column(server_default=text("0"))
    elsewhere_cents: Mapped[Cents] = mapped_column(BigInteger, server_default=text("0"))
    """What the store's own system gave back without us; it is not there to be given back again."""
    elsewhere_quantity: Mapped[int] = mapped_column(server_default=text("0"))


class FreightAccount(Base):
    """How much of an order's outward freight is already given back or promised."""

    __tablename__ = "freight_account"
    __table_args__ = (
        CheckConstraint("taken_cents BETWEEN 0 AND paid_cents", name="freight_comes_back_at_most_once"),
    )

    order_id: Mapped[UUID] = mapped_column(ForeignKey("sales_order.id"), primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    paid_cents: Mapped[Cents]
    taken_cents: Mapped[Cents] = mapped_column(BigInteger, server_default=text("0"))


class ClaimFreight(Base):
    """The outward freight of one order that a claim brings back."""

    __tablename__ = "claim_freight"

    claim_id: Mapped[UUID] = mapped_column(ForeignKey("claim.id"), primary_key=True)
    order_id: Mapped[UUID] = mapped_column(ForeignKey("sales_order.id"), primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    cents: Mapped[Cents]


class Evidence(Base):
    __tablename__ = "claim_evidence"
    __table_args__ = (
        Index("claim_evidence_claim_idx", "claim_id"),
        Index("claim_evidence_file_idx", "file_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    claim_id: Mapped[UUID] = mapped_column(ForeignKey("claim.id"))
    file_id: Mapped[UUID | None] = mapped_column(ForeignKey("file.id"))
    side: Mapped[str]
    """customer or shop"""
    words: Mapped[str] = mapped_column(server_default="")
    added_by: Mapped[UUID | None]
    added_at: Mapped[datetime]


class OfferState(StrEnum):
    open = "open"
    accepted = "accepted"
    refused = "refused"


class Offer(Base):
    """What the shop proposes instead: another kind, another amount, proof asked for, or to withdraw the claim."""

    __tablename__ = "claim_offer"
    __table_args__ = (
        Index("claim_offer_one_is_open", "claim_id", unique=True, postgresql_where=text("state = 'open'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    claim_id: Mapped[UUID] = mapped_column(ForeignKey("claim.id"))
    state: Mapped[OfferState] = mapped_column(status_type(OfferState, "an_offer_is_open_or_answered"))
    asks: Mapped[str]
    """other_kind, other_amount, proof, cancel"""
    kind: Mapped[ClaimKind | None] = mapped_column(status_type(ClaimKind, "an_offer_is_of_a_known_kind"))
    amount_cents: Mapped[Cents | None] = mapped_column(BigInteger)
    keep_goods: Mapped[bool] = mapped_column(server_default=text("false"))
    words: Mapped[str] = mapped_column(server_default="")
    made_by: Mapped[UUID | None]
    made_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]


class Grade(StrEnum):
    as_new = "as_new"
    opened = "opened"
    used = "used"
    damaged = "damaged"
    wrong_item = "wrong_item"
    missing = "missing"


class Disposition(StrEnum):
    restock = "restock"
    refurbish = "refurbish"
    return_to_supplier = "return_to_supplier"
    recycle = "recycle"
    donate = "donate"
    scrap = "scrap"
    send_back = "send_back"


class Finding(Base):
    """What the warehouse found: so many received units of one grade, and what becomes of them."""

    __tablename__ = "claim_finding"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="a_finding_is_about_at_least_one_unit"),
        Index("claim_finding_claim_idx", "claim_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    claim_id: Mapped[UUID] = mapped_column(ForeignKey("claim.id"))
    claim_line_id: Mapped[UUID] = mapped_column(ForeignKey("claim_line.id"))
    quantity: Mapped[int]
    grade: Mapped[Grade] = mapped_column(status_type(Grade, "a_grade_is_a_known_one"))
    accepted: Mapped[bool]
    disposition: Mapped[Disposition | None] = mapped_column(
        status_type(Disposition, "a_disposition_is_a_known_one")
    )
    words: Mapped[str] = mapped_column(server_default="")
    found_by: Mapped[UUID | None]
    found_at: Mapped[datetime]


class RefundState(StrEnum):
    requested = "requested"
    sending = "sending"
    pending = "pending"
    paid = "paid"
    failed = "failed"
    offline_offered = "offline_offered"


class Refund(Base):
    """Money of one order on its way back, under one key for its whole life."""

    __tablename__ = "refund"
    __table_args__ = (
        CheckConstraint("amount_cents > 0", name="a_refund_pays_something"),
        CheckConstraint("(state = 'paid') = (paid_at IS NOT NULL)", name="a_paid_refund_says_when"),
        UniqueConstraint("claim_id", "payment_id", name="a_claim_refunds_a_payment_once"),
        Index("refund_state_idx", "shop_id", "state", "requested_at"),
        Index("refund_voucher_idx", "voucher_file_id", postgresql_where=text("voucher_file_id IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    claim_id: Mapped[UUID] = mapped_column(ForeignKey("claim.id"))
    order_id: Mapped[UUID] = mapped_column(ForeignKey("sales_order.id"))
    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customer.id"))
    payment_id: Mapped[UUID | None] = mapped_column(ForeignKey("payment.id"))
    provider: Mapped[str]
    """The gateway, or `wallet`, or `offline`."""
    provider_ref: Mapped[str | None]
    """The gateway's name of the original payment."""
    amount_cents: Mapped[Cents]
    currency: Mapped[str]
    key: Mapped[str] = mapped_column(unique=True)
    state: Mapped[RefundState] = mapped_column(status_type(RefundState, "a_refund_is_in_a_known_state"))
    gateway_reference: Mapped[str | None]
    failure: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    failures: Mapped[int] = mapped_column(server_default=text("0"))
    voucher_file_id: Mapped[UUID | None] = mapped_column(ForeignKey("file.id"))
    requested_at: Mapped[datetime]
    asked_at: Mapped[datetime | None]
    paid_at: Mapped[datetime | None]


class PaymentState(StrEnum):
    asked = "asked"
    started = "started"
    paid = "paid"
    failed = "failed"
    left = "left"
    """Another payment took its place; if it is paid after all, it is given back."""
    given_back = "given_back"


class DifferencePayment(Base):
    """A customer's payment of what the new goods of an exchange cost more."""

    __tablename__ = "difference_payment"
    __table_args__ = (
        CheckConstraint("amount_cents > 0", name="a_difference_is_something_to_pay"),
        Index(
            "difference_payment_one_is_under_way",
            "claim_id",
            unique=True,
            postgresql_where=text("state IN ('asked', 'started')"),
        ),
        Index("difference_payment_claim_idx", "claim_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    claim_id: Mapped[UUID] = mapped_column(ForeignKey("claim.id"))
    provider: Mapped[str]
    key: Mapped[str] = mapped_column(unique=True)
    amount_cents: Mapped[Cents]
    currency: Mapped[str]
    state: Mapped[PaymentState] = mapped_column(status_type(PaymentState, "a_payment_is_in_a_known_state"))
    address: Mapped[str | None]
    gateway_reference: Mapped[str | None]
    begun_at: Mapped[datetime]
    asked_at: Mapped[datetime | None]
    """When the gateway was last asked what became of it."""
    paid_at: Mapped[datetime | None]
    refund_id: Mapped[UUID | None] = mapped_column(ForeignKey("refund.id"))


class WalletEntry(Base):
    """Store credit: each refund enters it at most once."""

    __tablename__ = "wallet_entry"
    __table_args__ = (Index("wallet_entry_customer_idx", "customer_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customer.id"))
    refund_id: Mapped[UUID] = mapped_column(ForeignKey("refund.id"), unique=True)
    amount_cents: Mapped[Cents]
    currency: Mapped[str]
    entered_at: Mapped[datetime]


class Dispute(Base):
    __tablename__ = "claim_dispute"
    __table_args__ = (
        Index(
            "claim_dispute_one_is_open", "claim_id", unique=True, postgresql_where=text("ended_at IS NULL")
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    claim_id: Mapped[UUID] = mapped_column(ForeignKey("claim.id"))
    words: Mapped[str]
    question: Mapped[str | None]
    ruling: Mapped[str | None]
    """customer, merchant, mediated"""
    ruling_words: Mapped[str | None]
    ruled_by: Mapped[UUID | None]
    ruled_at: Mapped[datetime | None]
    appeal_words: Mapped[str | None]
    opened_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class ForeignClaim(Base):
    """A claim that is kept on another platform, as that told it last. Without a claim of ours where its code was never one
    that we know."""

    __tablename__ = "foreign_claim"
    __table_args__ = (
        UniqueConstraint("shop_id", "source", "external_id", name="a_foreign_claim_is_known_once"),
        Index("foreign_claim_claim_idx", "claim_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    source: Mapped[str]
    external_id: Mapped[str]
    claim_id: Mapped[UUID | None] = mapped_column(ForeignKey("claim.id"))
    code: Mapped[str]
    deadline_at: Mapped[datetime | None]
    """When the platform says that the wait ends; holidays may move it, so theirs goes before our clock's."""
    told: Mapped[dict[str, Any]]
    taken_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class Policy(Base):
    """A version of a shop's own policy. The newest published one decides; drafts are tried out, on the past or on some
    customers."""

    __tablename__ = "claim_policy"
    __table_args__ = (UniqueConstraint("shop_id", "version", name="claim_policy_shop_id_version_key"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    version: Mapped[int]
    document: Mapped[dict[str, Any]]
    published_at: Mapped[datetime | None]
    saved_by: Mapped[UUID | None]
    saved_at: Mapped[datetime]


class Withdrawal(Base):
    """A statement made with the EU's withdrawal function. It stands, with its time, whatever becomes of the claim."""

    __tablename__ = "withdrawal"
    __table_args__ = (Index("withdrawal_order_idx", "order_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    order_id: Mapped[UUID] = mapped_column(ForeignKey("sales_order.id"))
    claim_id: Mapped[UUID] = mapped_column(ForeignKey("claim.id"))
    consumer_name: Mapped[str]
    contact: Mapped[str]
    stated_at: Mapped[datetime]


class ClaimNotFound(NotFound):
    """There is no such claim, or it is not yours to see."""


class MoveNotPossible(Refusal):
    """This step is not possible where the claim stands now."""


class KeptElsewhere(Refusal):
    """This claim is kept on the platform where it was bought; please take the step there."""


class NotEntitled(Refusal):
    """This is not open for these goods."""


class NothingLeft(Refusal):
    """For these goods no more can be claimed than was bought and paid for."""


class LinesDoNotMatch(Invalid):
    """The goods of one claim must be of one shop, one customer and one currency."""


class QuantityNotPossible(Invalid):
    """This quantity does not fit what was bought, claimed or received."""


class AmountNotPossible(Invalid):
    """This amount does not fit what was paid or agreed."""


class ReasonMissing(Invalid):
    """Please say why."""


class ProofMissing(Invalid):
    """Please add proof: a photo, a video or a document."""


class ReturnAddressMissing(Refusal):
    """The shop has no return address; add one before a return is approved."""


class WaybillMissing(Invalid):
    """Please give the carrier and the tracking number."""


class DifferenceNotSettled(Refusal):
    """The price difference has to be paid before the new goods leave."""


class OfferNotPossible(Invalid):
    """This offer does not fit the claim."""


class PriceMissing(Invalid):
    """As far as we know the price has not fallen: please say what it costs now, or how much you ask for."""


class NewProductMissing(Invalid):
    """Please say which product you would like instead."""


class NotYourMove(NotAllowed):
    """This step is not yours to take."""


class OwnDecisionForbidden(NotAllowed):
    """Only staff may override a policy, and they must say why."""
