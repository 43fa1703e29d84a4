"""What a decision looks at: one order line, its dates, the request and who asks, as they were at one instant."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt, field_validator

from aftercare.claims.states import ClaimKind


class Reason(StrEnum):
    no_reason = "no_reason"
    wrong_size = "wrong_size"
    defective = "defective"
    damaged = "damaged"
    wrong_item = "wrong_item"
    missing_item = "missing_item"
    not_as_described = "not_as_described"
    counterfeit = "counterfeit"
    not_received = "not_received"
    late = "late"
    recalled = "recalled"
    price_dropped = "price_dropped"
    agreed_with_shop = "agreed_with_shop"
    other = "other"


class FaultSide(StrEnum):
    customer = "customer"
    shop = "shop"
    carrier = "carrier"
    nobody = "nobody"
    unknown = "unknown"


class Condition(StrEnum):
    unopened = "unopened"
    as_new = "as_new"
    used = "used"
    damaged = "damaged"
    unknown = "unknown"


FAULT_OF: dict[Reason, FaultSide] = {
    **dict.fromkeys([Reason.no_reason, Reason.wrong_size, Reason.price_dropped], FaultSide.nobody),
    **dict.fromkeys([Reason.defective, Reason.wrong_item, Reason.missing_item], FaultSide.shop),
    **dict.fromkeys([Reason.not_as_described, Reason.counterfeit, Reason.recalled], FaultSide.shop),
    **dict.fromkeys([Reason.damaged, Reason.not_received, Reason.late], FaultSide.carrier),
    **dict.fromkeys([Reason.agreed_with_shop, Reason.other], FaultSide.unknown),
}


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LineFacts(_Frozen):
    """`price_cents` per unit as listed; `paid_cents` for the asked units after discounts: the cap of a refund,
    from `money.refundable`. `freight_cents`: the outward freight that may still come back."""

    price_cents: NonNegativeInt = 0
    discount_cents: NonNegativeInt = 0
    paid_cents: NonNegativeInt = 0
    freight_cents: NonNegativeInt = 0
    serial: bool = False
    custom_made: bool = False
    perishable: bool = False
    digital: bool = False
    digital_started: bool = False
    periodical: bool = False
    hygiene_sealed: bool = False
    hygiene_seal_broken: bool = False
    final_sale: bool = False
    unsuitable_confirmed: bool = Field(
        default=False, description="By nature unfit for return, and the customer confirmed that when buying."
    )
    covered_by_repair_guarantee: bool = Field(default=False, description="On the state's list of 三包 goods.")
    durable: bool = True
    under_warranty_months: NonNegativeInt = 12
    repairs_done: NonNegativeInt = 0
    longest_repair_days: NonNegativeInt = 0


class Dates(_Frozen):
    """Instants; the market's time zone makes days of them. `defect_evident`: when a hidden defect showed."""

    paid: AwareDatetime | None = None
    shipped: AwareDatetime | None = None
    delivered: AwareDatetime | None = None
    defect_evident: AwareDatetime | None = None


class Standing(_Frozen):
    """`abuse_score` from 0 (none) to 100."""

    tier: str = "none"
    past_claims: NonNegativeInt = 0
    abuse_score: int = Field(default=0, ge=0, le=100)


class PolicyInput(_Frozen):
    market: str
    shop: str = ""
    channel: str = ""
    category: str = ""
    line: LineFacts = LineFacts()
    dates: Dates = Dates()
    reason: Reason = Reason.no_reason
    fault_side: FaultSide = FaultSide.unknown
    condition: Condition = Condition.unknown
    evidence_kinds: frozenset[str] = frozenset()
    evidence_count: NonNegativeInt = 0
    quantity: PositiveInt = 1
    customer: Standing = Standing()
    kind_asked: ClaimKind | None = None
    asked_cents: NonNegativeInt | None = None
    informed_of_withdrawal: bool = True
    now: AwareDatetime
    time_zone: str

    @field_validator("time_zone")
    @classmethod
    def _is_a_time_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError) as unknown:
            raise ValueError(f"no such time zone: {name}") from unknown
        return name

    def today(self) -> date:
        return self.day_of(self.now)

    def day_of(self, instant: datetime) -> date:
        return instant.astimezone(ZoneInfo(self.time_zone)).date()


Fact = bool | int | str | frozenset[str] | None
# What a rule may ask about, and the type of the answer. A shop edits rules over these words only.
FIELDS: dict[str, type] = {
    **dict.fromkeys(
        ["market", "shop", "channel", "category", "reason", "fault_side", "condition", "tier"], str
    ),
    **dict.fromkeys(["price_cents", "discount_cents", "paid_cents", "asked_cents", "quantity"], int),
    **dict.fromkeys(
        ["evidence_count", "past_claims", "abuse_score", "repairs_done", "longest_repair_days"], int
    ),
    **dict.fromkeys(["under_warranty_months"], int),
    **dict.fromkeys(
        ["serial", "custom_made", "perishable", "digital", "digital_started", "periodical"], bool
    ),
    **dict.fromkeys(["hygiene_sealed", "hygiene_seal_broken", "final_sale", "unsuitable_confirmed"], bool),
    **dict.fromkeys(["covered_by_repair_guarantee", "durable", "informed_of_withdrawal"], bool),
    **dict.fromkeys(["shipped", "delivered", "defect_was_hidden"], bool),
    "evidence_kinds": frozenset,
}


def facts_of(case: PolicyInput) -> dict[str, Fact]:
    """The case as the flat words of FIELDS. A parcel counts as shipped or delivered only once `now` is there."""

    def happened(instant: datetime | None) -> bool:
        return instant is not None and instant <= case.now

    line, dates = case.line.model_dump(), case.dates
    return {
        **{name: line[name] for name in FIELDS if name in line},
        "market": case.market,
        "shop": case.shop,
        "channel": case.channel,
        "category": case.category,
        "reason": case.reason.value,
        "fault_side": case.fault_side.value,
        "condition": case.condition.value,
        "tier": case.customer.tier,
        "past_claims": case.customer.past_claims,
        "abuse_score": case.customer.abuse_score,
        "asked_cents": case.asked_cents,
        "quantity": case.quantity,
        "evidence_count": case.evidence_count,
        "evidence_kinds": case.evidence_kinds,
        "informed_of_withdrawal": case.informed_of_withdrawal,
        "shipped": happened(dates.shipped) or happened(dates.delivered),
        "delivered": happened(dates.delivered),
        "defect_was_hidden": happened(dates.defect_evident),
    }
