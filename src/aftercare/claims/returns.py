"""Goods on their way back: shipped, received, counted, graded; and goods that go out again."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import select

from aftercare import logistics, promises, shop, supply
from aftercare.claims import accounts, model
from aftercare.claims.decisions import keep_freight
from aftercare.claims.events import DispositionDecided
from aftercare.claims.model import Claim, ClaimLine, Disposition, Finding, Grade
from aftercare.claims.money import agreed_for_accepted
from aftercare.claims.parts import counts_units, lines_of, put_evidence
from aftercare.claims.refunds import request_difference
from aftercare.claims.states import ClaimKind, ClaimState, Mover
from aftercare.claims.steps import claim_for, move_for, on_ending, on_entering, start_clock, step
from aftercare.journal import Work
from aftercare.kit.errors import Invalid


class WayBack(BaseModel):
    """How the goods come back: the customer's own parcel, a pick-up at an address on a day, or a drop-off at a store."""

    way: Literal["waybill", "pick_up", "drop_off"] = "waybill"
    carrier: str = Field(default="", max_length=60)
    tracking_number: str = Field(default="", max_length=60)
    store: str = Field(default="", max_length=60)
    pick_up_on: date | None = None
    pick_up_window: str = Field(default="", max_length=40)
    address: dict[str, str] = {}


class WayIncomplete(Invalid):
    """Please say where and when the parcel is to be fetched, or at which store you hand it in."""


class Shipped(BaseModel):
    """`warnings`: what looks odd about the waybill; `drop_off_code`: what to show at the store."""

    warnings: list[str] = []
    drop_off_code: str | None = None


async def ship(work: Work, claim_id: UUID, way: WayBack) -> Shipped:
    """The goods are on their way to the shop. Refuses with WaybillMissing, WayIncomplete, and what logistics refuses."""
    claim = await claim_for(work, claim_id, lock=True)
    move_for(work, claim, "ship")
    order_id = (await lines_of(work, claim.id))[0].order_id
    if way.way == "waybill":
        if not (way.carrier.strip() and way.tracking_number.strip()):
            raise model.WaybillMissing()
        given = await logistics.give_waybill(
            work,
            shop_id=claim.shop_id,
            claim_id=claim.id,
            order_id=order_id,
            carrier=way.carrier,
            number=way.tracking_number,
        )
        shipped = Shipped(warnings=list(given.warnings))
    elif way.way == "pick_up":
        if way.pick_up_on is None or not way.address:
            raise WayIncomplete(missing="pick_up_on" if way.pick_up_on is None else "address")
        await logistics.request_pickup(
            work,
            logistics.NewPickup(
                shop_id=claim.shop_id,
                claim_id=claim.id,
                order_id=order_id,
                wanted_on=way.pick_up_on,
                wanted_window=way.pick_up_window,
                address=dict(way.address),
            ),
        )
        shipped = Shipped()
    else:
        if not way.store.strip():
            raise WayIncomplete(missing="store")
        handed = await logistics.choose_drop_off(
            work, shop_id=claim.shop_id, claim_id=claim.id, store=way.store, order_id=order_id
        )
        shipped = Shipped(drop_off_code=handed.code)
    await step(work, claim, "ship")
    return shipped


class Counted(BaseModel):
    order_line_id: UUID
    quantity: int = Field(ge=0)


async def receive(work: Work, claim_id: UUID, counted: Sequence[Counted] | None = None) -> Claim:
    """The warehouse has the parcel and counts it; without a count, all that was claimed. Partial receipt is a count below."""
    claim = await claim_for(work, claim_id, lock=True)
    move_for(work, claim, "receive")
    await count(work, claim, counted)
    await step(work, claim, "receive")
    return claim


async def count(work: Work, claim: Claim, counted: Sequence[Counted] | None) -> None:
    found = {one.order_line_id: one.quantity for one in counted} if counted is not None else None
    rows = await lines_of(work, claim.id)
    if found is not None and set(found) - {row.order_line_id for row in rows}:
        raise model.QuantityNotPossible(why="a line that was not claimed")
    for row in rows:
        quantity = row.quantity if found is None else found.get(row.order_line_id, 0)
        if quantity > row.quantity:
            raise model.QuantityNotPossible(
                order_line=row.order_line_id, claimed=row.quantity, counted=quantity
            )
        row.received_quantity = quantity
    await work.session.flush()


class Graded(BaseModel):
    """So many units of one line, of one grade. `accepted`: the shop takes them; a disposition says what becomes of them."""

    order_line_id: UUID
    quantity: int = Field(ge=1)
    grade: Grade
    accepted: bool = True
    disposition: Disposition | None = None
    words: str = Field(default="", max_length=1_000)


async def inspect(
    work: Work, claim_id: UUID, graded: Sequence[Graded], *, words: str = "", file_ids: Sequence[UUID] = ()
) -> Claim:
    """Grades every received unit and decides: all accepted, some accepted (money goes down with them), or none. Refuses with
    QuantityNotPossible unless the grades cover exactly what was received, with ReasonMissing and ProofMissing where less
    than all is accepted."""
    claim = await claim_for(work, claim_id, lock=True)
    if claim.state is ClaimState.in_transit_back:
        await count(work, claim, None)
        await step(work, claim, "receive")
    if claim.state is ClaimState.received:
        await step(work, claim, "inspect")
    move_for(work, claim, "accept")
    rows = {row.order_line_id: row for row in await lines_of(work, claim.id)}
    await note_findings(work, claim, rows, graded)
    wanted = sum(row.quantity for row in rows.values())
    taken = sum(row.accepted_quantity for row in rows.values())
    if taken < wanted:
        if not words.strip():
            raise model.ReasonMissing()
        if not file_ids and any(not one.accepted for one in graded):
            raise model.ProofMissing()
        await put_evidence(work, claim, file_ids, words.strip())
    if taken == 0:
        await step(work, claim, "refuse_receipt")
    elif taken == wanted:
        await step(work, claim, "accept", amount_cents=claim.agreed_cents)
    else:
        lower(claim, rows.values())
        await step(work, claim, "accept_partly", amount_cents=claim.agreed_cents)
    return claim


async def note_findings(
    work: Work, claim: Claim, rows: dict[UUID, ClaimLine], graded: Sequence[Graded]
) -> None:
    per_line: dict[UUID, int] = {}
    accepted: dict[UUID, int] = {}
    for one in graded:
        per_line[one.order_line_id] = per_line.get(one.order_line_id, 0) + one.quantity
        accepted[one.order_line_id] = accepted.get(one.order_line_id, 0) + (
            one.quantity if one.accepted else 0
        )
    if set(per_line) - set(rows):
        raise model.QuantityNotPossible(why="a line that was not claimed")
    for line_id, row in rows.items():
        if per_line.get(line_id, 0) != row.received_quantity:
            raise model.QuantityNotPossible(
                order_line=line_id, received=row.received_quantity, graded=per_line.get(line_id, 0)
            )
        row.accepted_quantity = accepted.get(line_id, 0)
    for one in graded:
        finding = Finding(
            id=work.new_id(),
            shop_id=claim.shop_id,
            claim_id=claim.id,
            claim_line_id=rows[one.order_line_id].id,
            quantity=one.quantity,
            grade=one.grade,
            accepted=one.accepted,
            disposition=becomes_of(claim.kind, one),
            words=one.words,
            found_by=work.actor.id,
            found_at=work.now,
        )
        work.session.add(finding)
        if finding.disposition is not None:
            work.record(
                DispositionDecided(
                    claim_id=claim.id,
                    finding_id=finding.id,
                    product_id=rows[one.order_line_id].product_id,
                    shop_id=claim.shop_id,
                    quantity=one.quantity,
                    grade=one.grade.value,
                    disposition=finding.disposition.value,
                )
            )
    await work.session.flush()


def becomes_of(kind: ClaimKind, one: Graded) -> Disposition | None:
    """What the warehouse says, or what usually becomes of a grade. What the shop does not take goes back. What it takes to
    repair stays the customer's, and never enters the stock."""
    if one.grade is Grade.missing or (kind is ClaimKind.repair and one.accepted):
        return None
    if one.disposition is not None:
        return one.disposition
    if not one.accepted:
        return Disposition.send_back
    return {
        Grade.as_new: Disposition.restock,
        Grade.opened: Disposition.refurbish,
        Grade.used: Disposition.refurbish,
        Grade.damaged: Disposition.return_to_supplier,
        Grade.wrong_item: Disposition.restock,
    }[one.grade]


def lower(claim: Claim, rows: Iterable[ClaimLine]) -> None:
    """The agreed amount follows the units that were accepted; it only ever goes down."""
    goods = 0
    for row in rows:
        row.agreed_cents = agreed_for_accepted(row.agreed_cents, row.quantity, row.accepted_quantity)
        goods += row.agreed_cents
    claim.agreed_cents = min(claim.agreed_cents, goods + claim.freight_cents)


async def agree_to_part(work: Work, claim_id: UUID) -> Claim:
    claim = await claim_for(work, claim_id, lock=True)
    await step(work, claim, "agree_to_part")
    return claim


async def receive_by_clock(work: Work, claim: Claim) -> None:
    """The shop had its ten days: all counts as received and accepted."""
    rows = await lines_of(work, claim.id)
    for row in rows:
        row.received_quantity = row.accepted_quantity = row.quantity
    await work.session.flush()
    await step(work, claim, "receive_by_clock", mover=Mover.system, rule="claim.receive")


async def refuse_receipt(work: Work, claim_id: UUID, *, words: str, file_ids: Sequence[UUID]) -> Claim:
    """Refuses the whole parcel. Refuses with ReasonMissing or ProofMissing."""
    claim = await claim_for(work, claim_id, lock=True)
    move_for(work, claim, "refuse_receipt")
    if not words.strip():
        raise model.ReasonMissing()
    if not file_ids:
        raise model.ProofMissing()
    await put_evidence(work, claim, file_ids, words.strip())
    claim.rejection = words.strip()
    await step(work, claim, "refuse_receipt")
    return claim


async def send_out(
    work: Work, claim: Claim, direction: logistics.Direction, carrier: str, tracking_number: str
) -> None:
    if not (carrier.strip() and tracking_number.strip()):
        raise model.WaybillMissing()
    await logistics.give_waybill(
        work,
        shop_id=claim.shop_id,
        claim_id=claim.id,
        order_id=(await lines_of(work, claim.id))[0].order_id,
        carrier=carrier,
        number=tracking_number,
        direction=direction,
    )


async def send_back(work: Work, claim_id: UUID, *, carrier: str, tracking_number: str) -> Claim:
    """What the shop does not take goes back to the customer."""
    claim = await claim_for(work, claim_id, lock=True)
    move_for(work, claim, "send_back")
    await send_out(work, claim, logistics.Direction.send_back, carrier, tracking_number)
    await supply.ship_send_back(work, claim.id)
    await step(work, claim, "send_back")
    return claim


async def confirm_sent_back(work: Work, claim_id: UUID) -> Claim:
    claim = await claim_for(work, claim_id, lock=True)
    await step(work, claim, "confirm_sent_back")
    return claim


@on_entering(ClaimState.awaiting_reship)
async def reserve_new_goods(work: Work, claim: Claim) -> None:
    """Stock is set aside if there is some; what is short is found when the parcel is packed."""
    for row in await lines_of(work, claim.id):
        if row.new_product_id is None or not row.quantity:
            continue
        # Refused, the stock holds what it held: nothing is to be undone.
        with suppress(supply.OutOfStock):
            await supply.reserve_stock(work, row.new_product_id, row.quantity, claim.id)


async def reship(work: Work, claim_id: UUID, *, carrier: str, tracking_number: str) -> Claim:
    """The new goods leave. Refuses with DifferenceNotSettled while the customer owes the difference."""
    claim = await claim_for(work, claim_id, lock=True)
    move_for(work, claim, "reship")
    if (
        claim.kind is ClaimKind.exchange
        and claim.difference_cents > 0
        and claim.difference_settled_at is None
    ):
        raise model.DifferenceNotSettled(amount_cents=claim.difference_cents, currency=claim.currency)
    await send_out(work, claim, logistics.Direction.reship, carrier, tracking_number)
    await supply.ship_reservation(work, claim.id)
    await step(work, claim, "reship")
    if claim.kind is ClaimKind.exchange and claim.difference_cents < 0:
        await request_difference(work, claim)
    return claim


async def out_of_stock(work: Work, claim_id: UUID) -> Claim:
    """The new goods cannot be had: the money goes back instead."""
    claim = await claim_for(work, claim_id, lock=True)
    move_for(work, claim, "out_of_stock")
    await give_money_instead(work, claim)
    await step(work, claim, "out_of_stock")
    return claim


async def give_money_instead(work: Work, claim: Claim) -> None:
    """Claims that carried goods only get the lines' money, as far as it is left, before they become refunds."""
    rows = await lines_of(work, claim.id)
    found = {line.id: line for line in await shop.get_lines(work, [row.order_line_id for row in rows])}
    for row in rows:
        if row.reserved_cents == 0:
            line = found[row.order_line_id]
            worth = line.paid_cents * row.quantity // line.quantity
            await accounts.take(work, row.order_line_id, worth, 0)
            row.requested_cents = row.reserved_cents = worth
        row.agreed_cents = row.reserved_cents
    claim.difference_cents = 0
    claim.agreed_cents = sum(row.agreed_cents for row in rows) + claim.freight_cents
    claim.requested_cents = max(claim.requested_cents, claim.agreed_cents)
    await supply.release_reservation(work, claim.id)
    await work.session.flush()


async def confirm(work: Work, claim_id: UUID) -> Claim:
    """The customer has the new goods."""
    claim = await claim_for(work, claim_id, lock=True)
    await step(work, claim, "confirm")
    return claim


@on_ending
async def settle_accounts(work: Work, claim: Claim) -> None:
    """When a claim ends, it gives back all that it holds beyond what was truly refunded."""
    refunded = claim.state is ClaimState.refunded
    cheaper = (
        -claim.difference_cents if claim.state is ClaimState.completed and claim.difference_cents < 0 else 0
    )
    rows = await lines_of(work, claim.id)
    for row in rows:
        keeps_cents = row.agreed_cents if refunded else min(cheaper, row.reserved_cents)
        cheaper -= 0 if refunded else keeps_cents
        keeps_units = 0
        if refunded and counts_units(claim.kind):
            keeps_units = row.accepted_quantity if claim.goods_back else row.quantity
        held_units = row.quantity if counts_units(claim.kind) else 0
        await accounts.take(
            work, row.order_line_id, keeps_cents - row.reserved_cents, keeps_units - held_units
        )
        row.reserved_cents = keeps_cents
        row.agreed_cents = min(row.agreed_cents, keeps_cents)
    if not refunded:
        await keep_freight(work, claim, 0)
    await promises.stop_clocks(work, claim.id, outcome="cancelled")
    await supply.release_reservation(work, claim.id)
    for order_id in sorted({row.order_id for row in rows}):
        await shop.release_confirmation(work, order_id, claim.id)


async def start_receive_clock(work: Work, claim_id: UUID) -> None:
    """The carrier says that the parcel was signed for; twice is once, and late is nothing."""
    claim = (
        await work.session.execute(select(Claim).where(Claim.id == claim_id).with_for_update())
    ).scalar_one_or_none()
    if (
        claim is not None
        and claim.platform is None
        and claim.state
        in (
            ClaimState.in_transit_back,
            ClaimState.received,
            ClaimState.inspecting,
        )
    ):
        await promises.stop_clocks(work, claim.id, ["claim.transit_back"])
        await start_clock(work, claim, "receive", unless_running=True)


async def parcel_arrived(work: Work, claim_id: UUID, direction: str) -> None:
    """What a delivered parcel means for its claim."""
    if direction == "return":
        await start_receive_clock(work, claim_id)
        return
    claim = (
        await work.session.execute(select(Claim).where(Claim.id == claim_id).with_for_update())
    ).scalar_one_or_none()
    if claim is None or claim.platform is not None:
        return
    if direction == "reship" and claim.state is ClaimState.reshipped:
        await promises.stop_clocks(work, claim.id, ["claim.transit_out"])
        await start_clock(work, claim, "confirm", unless_running=True)
    elif direction == "send_back" and claim.state is ClaimState.sending_back:
        await step(work, claim, "confirm_sent_back", mover=Mover.system)
