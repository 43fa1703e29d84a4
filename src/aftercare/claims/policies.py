"""A shop's own policy: drafted, tried on the past, published; and the withdrawal function of the EU."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import func, select

from aftercare import identity, shop
from aftercare.claims import accounts, model
from aftercare.claims.applications import AskedLine, NewClaim, apply
from aftercare.claims.circumstances import Reason
from aftercare.claims.entitlements import POLICY, circumstances, published_policies, rules_of, to_reserve
from aftercare.claims.events import PolicyPublished, WithdrawalStated
from aftercare.claims.model import Claim, ClaimLine, Evidence, Policy, Withdrawal
from aftercare.claims.policy import PastCase, ReplayReport, replay
from aftercare.claims.rulebook import PolicyDocument, default_policy
from aftercare.claims.states import ClaimKind, ClaimState
from aftercare.journal import SYSTEM, Actor, ActorKind, House, Work, begin
from aftercare.kit.errors import Invalid, NotFound
from aftercare.trials import Kind, can_be_tried, refuse_on_trial


class PolicyView(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID | None
    shop_id: UUID
    version: int
    document: dict[str, Any]
    published_at: datetime | None
    saved_at: datetime | None


class PolicyNotFound(NotFound):
    """There is no such version of the policy."""


class PolicyNotReadable(Invalid):
    """The policy has a mistake; nothing was saved."""


async def policies(work: Work, shop_id: UUID) -> list[PolicyView]:
    """Every version, newest first; where the shop has none of its own, the one that comes with the house as version 0."""
    work.require("policies.read")
    await identity.get_shop(work, shop_id)
    rows = (
        await work.session.execute(
            select(Policy).where(Policy.shop_id == shop_id).order_by(Policy.version.desc())
        )
    ).scalars()
    found = [PolicyView.model_validate(row) for row in rows]
    if found:
        return found
    built_in = default_policy().model_dump(mode="json")
    return [
        PolicyView(id=None, shop_id=shop_id, version=0, document=built_in, published_at=None, saved_at=None)
    ]


def read_policy(document: dict[str, Any]) -> PolicyDocument:
    """Refuses with PolicyNotReadable, naming each mistake and where it is."""
    try:
        return PolicyDocument.model_validate(document)
    except ValidationError as mistakes:
        raise PolicyNotReadable(
            errors=[
                {
                    "field": ".".join(str(part) for part in one["loc"]),
                    "reason": one["msg"].removeprefix("Value error, "),
                }
                for one in mistakes.errors()
            ]
        ) from mistakes


async def save_policy(work: Work, shop_id: UUID, document: dict[str, Any]) -> PolicyView:
    """Keeps a draft under the next version number."""
    work.require("policies.write")
    await identity.get_shop(work, shop_id)
    latest = (
        await work.session.execute(select(func.max(Policy.version)).where(Policy.shop_id == shop_id))
    ).scalar_one_or_none()
    version = (latest or 0) + 1
    read = read_policy({**document, "version": version})
    row = Policy(
        id=work.new_id(),
        shop_id=shop_id,
        version=version,
        document=read.model_dump(mode="json"),
        published_at=None,
        saved_by=work.actor.id,
        saved_at=work.now,
    )
    work.session.add(row)
    await work.session.flush()
    return PolicyView.model_validate(row)


async def publish_policy(work: Work, shop_id: UUID, version: int) -> PolicyView:
    """From now on, applications are measured by this version. What was decided before stays as it was.
    Refuses with PolicyNotFound, and with OnTrial while a decision about the policy runs."""
    work.require("policies.write")
    row = (
        await work.session.execute(
            select(Policy).where(Policy.shop_id == shop_id, Policy.version == version).with_for_update()
        )
    ).scalar_one_or_none()
    if row is None:
        raise PolicyNotFound(version=version)
    if row.published_at is None:
        await refuse_on_trial(work, POLICY, shop_id)
        row.published_at = work.now
        published_policies.forget_with(work)
        work.record(PolicyPublished(policy_id=row.id, shop_id=shop_id, version=version))
        await work.session.flush()
    return PolicyView.model_validate(row)


async def _check_variant(work: Work, shop_id: UUID, thing: str, variant: dict[str, Any]) -> None:
    """Needs `policies.write`. Refuses with PolicyNotFound what is no draft."""
    work.require("policies.write")
    version = int(variant["version"])
    draft = await work.session.scalar(
        select(Policy.id).where(
            Policy.shop_id == shop_id, Policy.version == version, Policy.published_at.is_(None)
        )
    )
    if draft is None:
        raise PolicyNotFound(version=version)


async def _adopt_variant(work: Work, shop_id: UUID, thing: str, variant: dict[str, Any]) -> None:
    await publish_policy(work, shop_id, int(variant["version"]))


# An application is measured before it has a case: customers are drawn.
can_be_tried(Kind(POLICY, frozenset({"customer"}), _check_variant, _adopt_variant))


async def try_policy(
    work: Work, shop_id: UUID, document: dict[str, Any], *, days: int = 365, limit: int = 5_000
) -> ReplayReport:
    """How the shop's past applications would have been decided under this policy, and at what cost."""
    work.require("policies.read")
    new = read_policy({"version": 1, **document})
    owner, law, old = await rules_of(work, shop_id)
    rows = (
        await work.session.execute(
            select(Claim, ClaimLine)
            .join(ClaimLine, ClaimLine.claim_id == Claim.id)
            .where(Claim.shop_id == shop_id, Claim.applied_at >= work.now - timedelta(days=days))
            .order_by(Claim.applied_at)
            .limit(limit)
        )
    ).all()
    lines = {
        line.id: line for line in await shop.get_lines(work, [row.ClaimLine.order_line_id for row in rows])
    }
    shown = await evidence_shown(work, {row.Claim.id for row in rows})
    past: list[PastCase] = []
    for claim, asked in rows:
        line = lines.get(asked.order_line_id)
        if line is None:
            continue
        case = circumstances(
            work,
            line,
            owner,
            paid_cents=line.paid_cents * asked.quantity // line.quantity,
            freight_cents=line.freight_cents * asked.quantity // line.quantity,
            quantity=max(asked.quantity, 1),
            reason=claim.reason,
            fault_side=claim.fault_side,
            condition=claim.condition,
            # Of the past only how much was shown is looked up; pictures are by far the most of it.
            evidence_kinds=frozenset({"photo"} if shown.get(claim.id) else ()),
            evidence_count=shown.get(claim.id, 0),
            kind=claim.kind,
            channel=claim.channel,
        ).model_copy(update={"now": claim.applied_at})
        paid_out = asked.agreed_cents if claim.state is ClaimState.refunded else 0
        past.append(PastCase(f"{claim.number}/{line.sku}", case, paid_out))
    return replay(old, new, past, law=law)


async def evidence_shown(work: Work, claim_ids: Collection[UUID]) -> dict[UUID, int]:
    """How many files the customer had shown, by claim."""
    rows = await work.session.execute(
        select(Evidence.claim_id, func.count())
        .where(Evidence.claim_id.in_(claim_ids), Evidence.side == "customer", Evidence.file_id.is_not(None))
        .group_by(Evidence.claim_id)
    )
    return {row[0]: row[1] for row in rows}


class NewWithdrawal(BaseModel):
    """Directive 2011/83/EU art. 11a: the consumer's name, the contract (here the order), and where the receipt goes. No reason."""

    order_id: UUID
    consumer_name: str = Field(min_length=1, max_length=200)
    contact: str = Field(min_length=3, max_length=320)
    order_line_ids: list[UUID] | None = None


async def withdraw(work: Work, new: NewWithdrawal) -> Withdrawal:
    """The confirmed statement: a return is opened for all that is left of the order, and the receipt goes out with the fact.
    Said twice of the same goods, the first statement stands. Refuses with NothingLeft where all is given back already."""
    order = await shop.get_order(work, new.order_id)
    meant = [line.id for line in order.lines if new.order_line_ids is None or line.id in new.order_line_ids]
    if not meant:
        raise model.LinesDoNotMatch(why="no line of this order")
    lines = await shop.get_lines(work, meant)
    held = await accounts.locked_accounts(work, [to_reserve(line) for line in lines])
    left = {line_id: account.quantity - account.taken_quantity for line_id, account in held.items()}
    chosen = [line for line in lines if left[line.id] > 0]
    if not chosen:
        before = await work.session.scalars(
            select(Withdrawal)
            .where(Withdrawal.order_id == order.id)
            .order_by(Withdrawal.stated_at.desc(), Withdrawal.id.desc())
            .limit(1)
        )
        if (stands := before.one_or_none()) is not None:
            return stands
        raise model.NothingLeft(order=order.id)
    shipped = any(line.shipped_at is not None and line.shipped_at <= work.now for line in chosen)
    claim = await apply(
        work,
        NewClaim(
            kind=ClaimKind.return_refund if shipped else ClaimKind.cancel_unshipped,
            lines=[AskedLine(order_line_id=line.id, quantity=left[line.id]) for line in chosen],
            reason=Reason.no_reason,
            channel="withdrawal",
        ),
        withdrawal=True,
    )
    stated = Withdrawal(
        id=work.new_id(),
        shop_id=claim.shop_id,
        order_id=order.id,
        claim_id=claim.id,
        consumer_name=new.consumer_name.strip(),
        contact=new.contact.strip(),
        stated_at=work.now,
    )
    work.session.add(stated)
    await work.session.flush()
    work.record(
        WithdrawalStated(
            withdrawal_id=stated.id,
            order_id=order.id,
            claim_id=claim.id,
            customer_id=claim.customer_id,
            shop_id=claim.shop_id,
        )
    )
    return stated


class WithdrawalView(BaseModel):
    """A statement as it was made, for its receipt."""

    id: UUID
    shop_id: UUID
    order_id: UUID
    claim_id: UUID
    consumer_name: str
    contact: str
    stated_at: datetime


async def stated_withdrawal(work: Work, withdrawal_id: UUID) -> WithdrawalView:
    """Whoever calls has shown that the actor may see it. Refuses with NotFound."""
    row = await work.session.get(Withdrawal, withdrawal_id)
    if row is None:
        raise NotFound(withdrawal=withdrawal_id)
    return WithdrawalView.model_validate(row, from_attributes=True)


class GuestWithdrawal(BaseModel):
    """What art. 11a asks of somebody who is not signed in: name, the contract, and where the receipt goes."""

    order_number: str = Field(min_length=1, max_length=100)
    contact: str = Field(min_length=3, max_length=320)
    consumer_name: str = Field(min_length=1, max_length=200)


class ContractNotRecognised(NotFound):
    """No order has this number together with this e-mail or phone; please look at your order confirmation."""


async def withdraw_as_guest(house: House, new: GuestWithdrawal) -> list[Withdrawal]:
    """The statement of a guest, without a code: the law wants no hurdle. Number and contact together name the contract, and
    the receipt goes to the contact on the order, whoever asked. Refuses with ContractNotRecognised."""
    async with begin(house, SYSTEM) as work:
        found = await shop.find_orders(work, new.order_number, new.contact)
    if not found:
        raise ContractNotRecognised()
    stated: list[Withdrawal] = []
    for one in found:
        buyer = Actor(
            kind=ActorKind.customer,
            id=one.customer_id,
            shops=frozenset({one.shop_id}),
            customers=frozenset({one.customer_id}),
            locale=one.locale,
        )
        async with begin(house, buyer) as work:
            stated.append(
                await withdraw(
                    work,
                    NewWithdrawal(
                        order_id=one.order_id, consumer_name=new.consumer_name, contact=one.contact
                    ),
                )
            )
    return stated
