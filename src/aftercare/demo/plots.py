"""The plots: how matters of customers go, from an application to its end. Each is told by its actors' own verbs."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any, TypeAlias

from aftercare import cases, claims
from aftercare.cases import Closing
from aftercare.cases import Stage as CaseStage
from aftercare.claims import (
    ClaimKind,
    ClaimState,
    Counted,
    Grade,
    Graded,
    NewOffer,
    Reason,
    Remedy,
    RepairWay,
)
from aftercare.demo.purchases import Purchase
from aftercare.demo.scene import Telling
from aftercare.demo.telling import Step, Story
from aftercare.kit.errors import Refusal

Prepare: TypeAlias = Callable[[Purchase, Random], None]
CN = ("qinghe-home", "sulu-wear", "shanye-food")
DURABLE = ("qinghe-home", "sulu-wear", "qinghe-europe")
K, R, S = ClaimKind, Reason, ClaimState
FAULTS = (R.defective, R.damaged, R.wrong_item, R.not_as_described)
PHOTO_OF = {
    R.defective: "dent",
    R.damaged: "crack",
    R.wrong_item: "label",
    R.missing_item: "empty",
    R.not_as_described: "stain",
}


@dataclass(frozen=True)
class Plot:
    """`weight`: how often among a thousand; at least once. `prepare` changes how the order itself goes."""

    name: str
    tell: Callable[[Telling], Story]
    weight: int
    shops: tuple[str, ...] = CN
    prepare: Prepare | None = None
    fits: Callable[[Purchase], bool] = lambda purchase: True
    only_recent: bool = False


PLOTS: list[Plot] = []


def plot(
    weight: int, *shops: str, **more: Any
) -> Callable[[Callable[[Telling], Story]], Callable[[Telling], Story]]:
    def register(tell: Callable[[Telling], Story]) -> Callable[[Telling], Story]:
        PLOTS.append(Plot(tell.__name__, tell, weight, shops or CN, **more))
        return tell

    return register


# How orders go for some plots


def ships_late(purchase: Purchase, rng: Random) -> None:
    purchase.shipped_at = purchase.placed_at + timedelta(hours=rng.uniform(80, 110))
    purchase.delivered_at = purchase.shipped_at + timedelta(hours=60)


def never_ships(purchase: Purchase, rng: Random) -> None:
    purchase.cancelled_at = purchase.placed_at + timedelta(hours=rng.uniform(60, 70))
    purchase.shipped_at = purchase.delivered_at = None


def gets_lost(purchase: Purchase, rng: Random) -> None:
    purchase.delivered_at, purchase.lost = None, True


def is_refused(purchase: Purchase, rng: Random) -> None:
    purchase.delivered_at = None


def comes_late(purchase: Purchase, rng: Random) -> None:
    purchase.shipped_at = purchase.placed_at + timedelta(hours=rng.uniform(40, 60))
    purchase.delivered_at = purchase.promised_at + timedelta(hours=rng.uniform(20, 44))


def whim(word: str, also: Prepare | None = None) -> Prepare:
    def prepare(purchase: Purchase, rng: Random) -> None:
        purchase.whim = word
        if also is not None:
            also(purchase, rng)

    return prepare


def worth(least: int = 0, most: int = 10**9) -> Callable[[Purchase], bool]:
    """The first line's price."""
    return lambda purchase: least <= purchase.goods[0][0].price_cents * purchase.goods[0][1] <= most


def several(purchase: Purchase) -> bool:
    return purchase.goods[0][1] >= 2


def not_fresh(purchase: Purchase) -> bool:
    return purchase.goods[0][0].trait in ("", "sanbao")


def guaranteed(purchase: Purchase) -> bool:
    return purchase.goods[0][0].trait == "sanbao"


# Parts that many plots share


def begins(t: Telling, fewest_hours: float = 26, most_hours: float = 110) -> None:
    """Some time after delivery, when the shop system has told of it."""
    delivered = t.purchase.delivered_at
    t.now = delivered if delivered is not None else t.purchase.placed_at
    t.later(fewest_hours, most_hours)


def fault(t: Telling) -> Reason:
    return t.rng.choice(FAULTS)


def hears(t: Telling, key: str = "agent_hello") -> Story:
    """The agent answers, usually in time, now and then too late."""
    t.later(0.1, 0.8) if t.maybe(0.88) else t.later(2, 9)
    t.at_desk()
    yield from t.says(t.staff("agent"), key)


def chat(t: Telling, ask: str = "ask_progress", answer: str = "agent_progress") -> Story:
    t.awake()
    yield from t.says(t.buyer, ask)
    yield from hears(t, answer)


def is_approved(t: Telling, *, chats: float = 0.35) -> Story:
    """Where the policy left it to people, an agent looks, and agrees."""
    if t.state is not S.pending_merchant:
        return
    if t.maybe(chats):
        yield from hears(t)
    if t.maybe(0.2):
        yield from t.says(t.staff("agent"), "note")
    t.later(1, 20)
    t.at_desk()
    yield from t.move(t.staff("agent"), claims.approve)


def is_inspected(t: Telling, *, grade: Grade = Grade.as_new) -> Story:
    """The warehouse takes it in, in a day or two."""
    t.later(2, 40)
    t.at_desk()
    hands = t.staff("warehouse")
    yield from t.move(hands, claims.receive)
    t.later(0.1, 5)
    t.at_desk()
    graded = [
        Graded(order_line_id=line, quantity=many, grade=grade)
        for line, (_, many) in zip(t.line_ids()[:1], t.purchase.goods, strict=False)
    ]
    yield from t.move(hands, claims.inspect, graded=graded)


def ends_well(t: Telling) -> Story:
    """Thanks, and sometimes a look back by the agent; the case is closed for a reason."""
    t.later(3, 30)
    t.awake()
    if t.maybe(0.3):
        yield from t.says(t.buyer, "say_thanks")
        yield from hears(t, "agent_done")
    case_id = t.case_id
    if case_id is None or not t.maybe(0.45):
        return
    t.later(20, 60)
    t.awake()
    try:
        yield from t.step(
            t.buyer, lambda work: cases.close_case(work, case_id, Closing.confirmed), settled=True
        )
    except Refusal:
        return


def comes_back(t: Telling, *, way: str = "waybill", grade: Grade = Grade.as_new) -> Story:
    t.later(4, 60)
    yield from t.sends_back(way=way)
    if t.maybe(0.25):
        t.later(2, 10)
        yield from chat(t)
    yield from is_inspected(t, grade=grade)


# Returns for money


@plot(150, "sulu-wear", "qinghe-home", fits=not_fresh)
def returned_and_refunded(t: Telling) -> Story:
    begins(t)
    yield from t.apply(K.return_refund, R.no_reason)
    yield from is_approved(t)
    if t.maybe(0.4):
        yield from hears(t, "agent_return")
    yield from comes_back(t, grade=t.rng.choice((Grade.as_new, Grade.as_new, Grade.opened)))
    yield from ends_well(t)


@plot(80, fits=not_fresh)
def faulty_and_returned(t: Telling) -> Story:
    begins(t)
    reason = fault(t)
    yield from t.apply(K.return_refund, reason, photo=PHOTO_OF[reason])
    yield from is_approved(t, chats=0.6)
    grade = {R.damaged: Grade.damaged, R.wrong_item: Grade.wrong_item}.get(reason, Grade.used)
    yield from comes_back(t, grade=grade)
    yield from ends_well(t)


@plot(45, "sulu-wear", "qinghe-home", fits=not_fresh)
def fetched_at_the_door(t: Telling) -> Story:
    begins(t)
    yield from t.apply(K.return_refund, R.no_reason)
    yield from is_approved(t)
    yield from comes_back(t, way="pick_up")
    yield from ends_well(t)


@plot(30, "sulu-wear", "qinghe-home", fits=not_fresh)
def handed_in_at_a_store(t: Telling) -> Story:
    begins(t)
    yield from t.apply(K.return_refund, R.no_reason)
    yield from is_approved(t)
    yield from comes_back(t, way="drop_off")
    yield from ends_well(t)


@plot(22, fits=not_fresh, prepare=whim("late"))
def paid_late_by_the_gateway(t: Telling) -> Story:
    begins(t)
    yield from t.apply(K.return_refund, R.no_reason)
    yield from is_approved(t)
    yield from comes_back(t)
    t.later(5, 20)
    yield from chat(t, "ask_money")


@plot(20, fits=not_fresh, prepare=whim("short"))
def refund_failed_and_was_retried(t: Telling) -> Story:
    begins(t)
    yield from t.apply(K.return_refund, R.no_reason)
    yield from is_approved(t)
    yield from comes_back(t)
    t.later(7, 16)
    yield from t.look()
    t.at_desk()
    if t.state is S.refund_failed:
        yield from t.move(t.staff("finance"), claims.retry_refund)
    yield from ends_well(t)


@plot(10, fits=not_fresh, prepare=whim("never"))
def refund_went_into_the_wallet(t: Telling) -> Story:
    begins(t)
    yield from t.apply(K.return_refund, R.no_reason)
    yield from is_approved(t)
    yield from comes_back(t)
    t.later(7, 16)
    yield from t.look()
    t.at_desk()
    if t.state is S.refund_failed:
        yield from t.move(t.staff("finance"), claims.to_wallet)


@plot(9, fits=not_fresh, prepare=whim("never"))
def refund_was_paid_by_hand(t: Telling) -> Story:
    begins(t)
    yield from t.apply(K.return_refund, R.no_reason)
    yield from is_approved(t)
    yield from comes_back(t)
    t.later(7, 16)
    yield from t.look()
    if t.state is not S.refund_failed:
        return
    t.at_desk()

    async def pay(work: Any) -> Any:
        voucher = await t.keep_photos(work, "voucher", 1)
        return await claims.offer_offline(work, t.claim, voucher_file_id=voucher[0])

    yield from t.step(t.staff("finance"), pay)
    t.later(8, 70)
    t.awake()
    yield from t.move(t.buyer, claims.confirm_offline)


@plot(28, "sulu-wear", "shanye-food", fits=several)
def less_came_back(t: Telling) -> Story:
    begins(t)
    yield from t.apply(K.return_refund, R.wrong_item, photo="label")
    yield from is_approved(t)
    t.later(6, 60)
    yield from t.sends_back()
    t.later(2, 30)
    t.at_desk()
    hands, line, bought = t.staff("warehouse"), t.line_ids()[0], t.purchase.goods[0][1]
    yield from t.move(hands, claims.receive, counted=[Counted(order_line_id=line, quantity=bought - 1)])
    t.later(0.2, 3)
    yield from t.move(
        hands,
        claims.inspect,
        graded=[Graded(order_line_id=line, quantity=bought - 1, grade=Grade.opened)],
        words=t.words("inspect_short"),
    )
    if t.maybe(0.6):
        t.later(3, 30)
        t.awake()
        yield from t.move(t.buyer, claims.agree_to_part)


def is_turned_away(t: Telling) -> Story:
    begins(t)
    yield from t.apply(K.return_refund, R.defective, photo="dent")
    yield from is_approved(t)
    t.later(6, 60)
    yield from t.sends_back()
    t.later(3, 30)
    t.at_desk()
    yield from t.move(t.staff("warehouse"), claims.receive)

    async def refuse(work: Any) -> Any:
        files = await t.keep_photos(work, "stain", 2)
        return await claims.refuse_receipt(work, t.claim, words=t.words("refuse_receipt"), file_ids=files)

    t.later(0.5, 4)
    t.at_desk()
    yield from t.step(t.staff("agent"), refuse)


@plot(14, fits=not_fresh)
def turned_away_and_sent_back(t: Telling) -> Story:
    yield from is_turned_away(t)
    t.later(4, 24)
    t.at_desk()
    carrier, number = t.number()
    yield from t.move(t.staff("agent"), claims.send_back, carrier=carrier, tracking_number=number)
    yield from t.parcel(carrier, number)
    t.later(3, 20)
    yield from t.look()
    if t.state is S.sending_back:
        t.awake()
        yield from t.move(t.buyer, claims.confirm_sent_back)


@plot(6, fits=not_fresh)
def turned_away_and_forgotten(t: Telling) -> Story:
    yield from is_turned_away(t)


@plot(30, fits=not_fresh)
def never_sent_back(t: Telling) -> Story:
    begins(t)
    yield from t.apply(K.return_refund, R.no_reason)
    yield from is_approved(t)
    if t.maybe(0.5):
        yield from hears(t, "agent_return")


@plot(40, fits=not_fresh)
def thought_better_of_it(t: Telling) -> Story:
    begins(t)
    yield from t.apply(K.return_refund, R.no_reason)
    t.later(1, 30)
    t.awake()
    yield from t.move(t.buyer, claims.cancel)


@plot(14, fits=lambda p: not_fresh(p) and worth(50_100)(p))
def shop_was_silent(t: Telling) -> Story:
    """Nobody decides in time: the clock does."""
    begins(t)
    yield from t.apply(K.return_refund, R.no_reason)
    t.later(20, 30)
    yield from t.says(t.buyer, "ask_progress")
    t.later(30, 40)
    yield from t.look()
    yield from comes_back(t)


@plot(10, fits=not_fresh)
def warehouse_was_silent(t: Telling) -> Story:
    """Nobody counts in time: ten days after the signature all counts as accepted."""
    begins(t)
    yield from t.apply(K.return_refund, R.no_reason)
    yield from is_approved(t)
    t.later(6, 60)
    yield from t.sends_back()
    t.later(90, 120)
    yield from chat(t)


@plot(12, fits=not_fresh)
def told_by_telephone(t: Telling) -> Story:
    """An agent files it for the customer, after the window, and says why."""
    begins(t, 24 * 17, 24 * 24)
    t.at_desk()
    yield from t.apply(
        K.return_refund,
        R.defective,
        by=t.staff("agent"),
        channel="phone",
        override_reason="老客户，电话确认质量问题，破例受理",
    )
    yield from is_approved(t)
    yield from comes_back(t, grade=Grade.damaged)
    yield from ends_well(t)


# Money without goods


@plot(85, prepare=never_ships)
def cancelled_before_shipping(t: Telling) -> Story:
    t.now = t.purchase.placed_at
    t.later(26, 40)
    yield from t.apply(K.cancel_unshipped, R.no_reason, lines=3)


@plot(14, prepare=whim("unreachable", never_ships))
def cancelled_while_the_gateway_was_away(t: Telling) -> Story:
    t.now = t.purchase.placed_at
    t.later(26, 40)
    yield from t.apply(K.cancel_unshipped, R.no_reason, lines=3)


@plot(60, "shanye-food", fits=worth(0, 6000))
def spoilt_and_refunded_at_once(t: Telling) -> Story:
    begins(t, 26, 50)
    yield from t.apply(K.refund_only, R.damaged, photo="stain")
    yield from is_approved(t)
    yield from ends_well(t)


@plot(55, "shanye-food", "sulu-wear")
def refunded_without_return(t: Telling) -> Story:
    begins(t, 26, 70)
    reason = t.rng.choice((R.damaged, R.not_as_described, R.missing_item))
    yield from t.apply(K.refund_only, reason, photo=PHOTO_OF[reason])
    yield from is_approved(t, chats=0.7)
    yield from ends_well(t)


@plot(25, prepare=gets_lost)
def parcel_was_lost(t: Telling) -> Story:
    shipped = t.purchase.shipped_at
    assert shipped is not None  # noqa: S101 - lost parcels were sent
    t.now = shipped + timedelta(days=7)
    t.later(26, 70)
    yield from t.apply(K.refund_only, R.not_received, lines=3)
    yield from is_approved(t, chats=0.8)
    yield from ends_well(t)


@plot(45, "shanye-food", "sulu-wear", "qinghe-home", fits=worth(8_000))
def settled_for_a_part(t: Telling) -> Story:
    begins(t)
    reason = t.rng.choice((R.damaged, R.not_as_described))
    yield from t.apply(K.refund_only, reason, photo=PHOTO_OF[reason])
    if t.state is not S.pending_merchant:
        return
    yield from is_offered(t)
    t.later(1, 30)
    t.awake()
    yield from t.move(t.buyer, claims.accept_offer)
    yield from ends_well(t)


def is_offered(t: Telling) -> Story:
    t.later(1, 20)
    t.at_desk()
    price = t.purchase.goods[0][0].price_cents
    amount = max(500, price * t.rng.choice((15, 20, 30)) // 100 // 100 * 100)
    words = t.words("offer", amount=t.money(amount))
    new = NewOffer(asks="other_amount", amount_cents=amount, keep_goods=True, words=words)
    yield from t.step(t.staff("agent"), lambda work: claims.offer(work, t.claim, new))


@plot(18, "shanye-food", "sulu-wear", "qinghe-home", fits=worth(8_000))
def wanted_all_of_it(t: Telling) -> Story:
    begins(t)
    yield from t.apply(K.refund_only, R.damaged, photo="crack")
    if t.state is not S.pending_merchant:
        return
    yield from is_offered(t)
    t.later(1, 20)
    t.awake()
    yield from t.move(t.buyer, claims.refuse_offer)
    t.later(2, 20)
    t.at_desk()
    yield from t.move(t.staff("agent"), claims.approve)


@plot(12, fits=worth(8_000))
def said_nothing_to_the_offer(t: Telling) -> Story:
    begins(t)
    yield from t.apply(K.refund_only, R.not_as_described, photo="stain")
    if t.state is not S.pending_merchant:
        return
    yield from is_offered(t)
    t.later(60, 66)
    yield from t.look()
    t.at_desk()
    if t.state is S.pending_merchant:
        yield from t.move(t.staff("agent"), claims.approve)


@plot(16, fits=worth(8_000))
def was_asked_for_a_photo(t: Telling) -> Story:
    begins(t)
    yield from t.apply(K.refund_only, R.damaged)
    if t.state is not S.pending_merchant:
        return
    t.later(1, 9)
    t.at_desk()
    words = t.words("ask_proof")
    yield from t.step(
        t.staff("agent"), lambda work: claims.offer(work, t.claim, NewOffer(asks="proof", words=words))
    )
    t.later(2, 20)
    t.awake()

    async def shows(work: Any) -> Any:
        return await claims.add_evidence(work, t.claim, await t.keep_photos(work, "crack", 2))

    yield from t.step(t.buyer, shows)
    yield from t.move(t.buyer, claims.refuse_offer)
    t.later(1, 12)
    t.at_desk()
    yield from t.move(t.staff("agent"), claims.approve)


@plot(24, prepare=comes_late)
def compensated_for_being_late(t: Telling) -> Story:
    begins(t, 24, 30)
    yield from t.apply(K.compensation, R.late, quantity=0, asked_cents=t.rng.choice((500, 1000, 2000)))
    t.later(2, 30)
    t.at_desk()
    if t.state is S.pending_merchant:
        yield from t.move(t.staff("supervisor"), claims.approve)
    yield from ends_well(t)


@plot(18, "sulu-wear", "qinghe-home")
def price_dropped(t: Telling) -> Story:
    begins(t, 26, 40)
    yield from t.apply(
        K.compensation, R.price_dropped, quantity=0, asked_cents=t.rng.choice((1000, 2000, 3000))
    )
    t.later(2, 60)
    t.at_desk()
    if t.state is S.pending_merchant:
        yield from t.move(t.staff("supervisor"), claims.approve)


# Goods again


@plot(70, "sulu-wear", fits=lambda p: p.goods[0][0].trait == "")
def other_size(t: Telling) -> Story:
    begins(t)
    yield from is_exchanged(t, dearer=None)


@plot(22, "sulu-wear", "qinghe-home", fits=lambda p: not_fresh(p) and worth(0, 49_000)(p))
def exchanged_for_something_dearer(t: Telling) -> Story:
    begins(t)
    yield from is_exchanged(t, dearer=True)


@plot(14, "sulu-wear", "qinghe-home", fits=lambda p: not_fresh(p) and worth(25_000, 49_000)(p))
def exchanged_for_something_cheaper(t: Telling) -> Story:
    begins(t)
    yield from is_exchanged(t, dearer=False)


def is_exchanged(t: Telling, *, dearer: bool | None, in_advance: bool = False) -> Story:
    other = t.stage.world.other_goods(t.purchase.goods[0][0], t.rng, dearer=dearer)
    reason = R.wrong_size if t.shop == "sulu-wear" else R.defective
    photo = "dent" if reason is R.defective else None
    yield from t.apply(
        K.exchange,
        reason,
        photo=photo,
        quantity=1,
        new_goods=t.stage.products[t.shop, other.sku],
        in_advance=in_advance,
    )
    yield from is_approved(t)
    if in_advance:
        yield from pays_the_difference(t)
        yield from is_sent_anew(t)
        if t.state is S.awaiting_return:
            yield from comes_back_one(t)
        return
    yield from comes_back_one(t)
    if dearer is not False:
        yield from pays_the_difference(t)
    yield from is_sent_anew(t)
    yield from ends_well(t)


def pays_the_difference(t: Telling) -> Story:
    """Also of the same article there may be one: what a coupon had taken off the first."""
    t.later(1, 12)
    t.at_desk()
    yield from t.move(t.staff("finance"), claims.settle_difference)


def comes_back_one(t: Telling) -> Story:
    t.later(4, 50)
    yield from t.sends_back()
    t.later(2, 30)
    t.at_desk()
    graded = [Graded(order_line_id=t.line_ids()[0], quantity=1, grade=Grade.as_new)]
    yield from t.move(t.staff("warehouse"), claims.inspect, graded=graded)


def is_sent_anew(t: Telling, *, confirms: float = 0.6, late: bool = False) -> Story:
    if t.state is not S.awaiting_reship:
        return
    t.later(2, 24)
    t.at_desk()
    carrier, number = t.number()
    yield from t.move(t.staff("warehouse"), claims.reship, carrier=carrier, tracking_number=number)
    yield from t.parcel(carrier, number, late=late)
    if t.maybe(confirms):
        t.later(7, 60)
        t.awake()
        yield from t.look()
        yield from may_confirm(t)


def may_confirm(t: Telling) -> Story:
    if t.state is S.reshipped:
        yield from t.move(t.buyer, claims.confirm)


@plot(10, "sulu-wear", fits=lambda p: p.goods[0][0].trait == "")
def exchanged_in_advance(t: Telling) -> Story:
    begins(t)
    yield from is_exchanged(t, dearer=None, in_advance=True)


@plot(10, "sulu-wear", fits=lambda p: p.goods[0][0].trait == "")
def other_size_was_sold_out(t: Telling) -> Story:
    begins(t)
    other = t.stage.world.other_goods(t.purchase.goods[0][0], t.rng, dearer=None)
    yield from t.apply(K.exchange, R.wrong_size, quantity=1, new_goods=t.stage.products[t.shop, other.sku])
    yield from is_approved(t)
    yield from comes_back_one(t)
    t.later(3, 20)
    t.at_desk()
    yield from t.move(t.staff("warehouse"), claims.out_of_stock)


@plot(50, "shanye-food", "qinghe-home", "sulu-wear")
def missing_and_sent_after(t: Telling) -> Story:
    begins(t, 26, 60)
    yield from t.apply(K.resend, R.missing_item, photo="empty", quantity=1)
    yield from is_approved(t)
    if t.maybe(0.5):
        yield from hears(t, "agent_resend")
    yield from is_sent_anew(t, late=t.maybe(0.2))


@plot(24, prepare=is_refused)
def parcel_was_refused(t: Telling) -> Story:
    shipped = t.purchase.shipped_at
    assert shipped is not None  # noqa: S101 - refused parcels were sent
    t.now = shipped
    t.later(30, 60)
    yield from t.apply(K.refuse_parcel, R.no_reason, lines=3)
    yield from is_approved(t)
    t.later(2, 24)
    t.at_desk()
    if t.state is not S.awaiting_return:
        return
    carrier, number = t.number()
    way = claims.WayBack(way="waybill", carrier=carrier, tracking_number=number)
    yield from t.move(t.staff("agent"), claims.ship, way=way)
    yield from t.parcel(carrier, number)
    t.later(3, 30)
    t.at_desk()
    graded = [
        Graded(order_line_id=line, quantity=many, grade=Grade.as_new)
        for line, (_, many) in zip(t.line_ids(), t.purchase.goods, strict=True)
    ]
    yield from t.move(t.staff("warehouse"), claims.inspect, graded=graded)


@plot(18, "qinghe-home", fits=lambda p: p.goods[0][0].sku in ("QH-AF55", "QH-KT17", "QH-L18", "QH-HU30"))
def recalled(t: Telling) -> Story:
    begins(t, 24 * 20, 24 * 40)
    yield from t.apply(K.recall, R.recalled)
    if t.state is S.awaiting_return:
        yield from comes_back(t, grade=Grade.used)


# Repair, as far as its own stories go


@plot(14, "qinghe-home", fits=guaranteed, only_recent=True)
def sent_in_for_repair(t: Telling) -> Story:
    begins(t, 30, 100)
    yield from t.apply(K.repair, R.defective, photo="dent", repair_way=RepairWay.mail_in)
    yield from is_approved(t)
    yield from comes_back(t, grade=Grade.damaged)


@plot(10, "qinghe-home", fits=guaranteed, only_recent=True)
def technician_wanted(t: Telling) -> Story:
    begins(t, 30, 100)
    yield from t.apply(K.repair, R.defective, photo="dent", repair_way=RepairWay.on_site)
    yield from is_approved(t)


@plot(10, "qinghe-home", fits=guaranteed)
def worked_again(t: Telling) -> Story:
    begins(t, 30, 100)
    yield from t.apply(K.repair, R.defective, photo="dent", repair_way=RepairWay.on_site)
    yield from is_approved(t)
    t.later(6, 30)
    t.awake()
    yield from t.move(t.buyer, claims.cancel)


# Refusals and disputes


def is_rejected(t: Telling, kind: ClaimKind = K.refund_only) -> Story:
    begins(t)
    yield from t.apply(kind, R.not_as_described, photo="stain")
    if t.state is not S.pending_merchant:
        return
    yield from hears(t)
    t.later(2, 24)
    t.at_desk()

    async def reject(work: Any) -> Any:
        files = await t.keep_photos(work, "stain", 1)
        return await claims.reject(work, t.claim, words=t.words("reject"), file_ids=files)

    yield from t.step(t.staff("agent"), reject)


@plot(24, fits=worth(8_000))
def rejected_and_left(t: Telling) -> Story:
    yield from is_rejected(t)


@plot(20, fits=worth(8_000))
def rejected_and_sent_again(t: Telling) -> Story:
    yield from is_rejected(t)
    if t.state is not S.rejected:
        return
    t.later(5, 60)
    t.awake()

    async def edits(work: Any) -> Any:
        files = await t.keep_photos(work, "label", 2)
        return await claims.edit(work, t.claim, claims.Edit(description=t.words("damaged"), file_ids=files))

    yield from t.step(t.buyer, edits)
    yield from is_approved(t)


def is_disputed(t: Telling) -> Story:
    yield from is_rejected(t)
    if t.state is not S.rejected:
        return
    t.later(4, 80)
    t.awake()

    async def disputes(work: Any) -> Any:
        files = await t.keep_photos(work, "crack", 1)
        return await claims.dispute(work, t.claim, words=t.words("dispute"), file_ids=files)

    yield from t.step(t.buyer, disputes)
    t.later(3, 20)
    t.at_desk()
    yield from t.move(t.staff("arbiter"), claims.ask_for_evidence, question=t.words("question"))
    t.later(5, 30)
    t.awake()

    async def shows(work: Any) -> Any:
        return await claims.add_evidence(
            work, t.claim, await t.keep_photos(work, "label", 2), t.words("damaged")
        )

    yield from t.step(t.buyer, shows)
    if t.maybe(0.6):
        t.at_desk()

        async def answers(work: Any) -> Any:
            return await claims.add_evidence(
                work, t.claim, await t.keep_photos(work, "stain", 1), t.words("reject")
            )

        yield from t.step(t.staff("agent"), answers)
    t.later(2, 12)
    t.at_desk()
    yield from t.move(t.staff("arbiter"), claims.judge)


@plot(16, fits=worth(8_000))
def ruled_for_the_customer(t: Telling) -> Story:
    yield from is_disputed(t)
    if t.state is not S.judging:
        return
    t.later(4, 40)
    t.at_desk()
    arbiter = t.staff("arbiter")
    yield from t.move(arbiter, claims.rule_for_customer, words=t.words("rule_customer"), remedy=Remedy.refund)
    if t.maybe(0.4):
        t.later(1, 3)
        yield from t.move(arbiter, claims.force)


@plot(8, fits=worth(8_000))
def ruled_and_appealed(t: Telling) -> Story:
    yield from is_disputed(t)
    if t.state is not S.judging:
        return
    t.later(4, 40)
    t.at_desk()
    arbiter = t.staff("arbiter")
    yield from t.move(arbiter, claims.rule_for_customer, words=t.words("rule_customer"), remedy=Remedy.refund)
    t.later(3, 30)
    t.at_desk()

    async def appeals(work: Any) -> Any:
        files = await t.keep_photos(work, "label", 1)
        return await claims.appeal(work, t.claim, words=t.words("appeal"), file_ids=files)

    yield from t.step(t.staff("agent"), appeals)
    t.later(6, 40)
    t.at_desk()
    yield from t.move(arbiter, claims.rule_for_merchant, words=t.words("rule_merchant"))


@plot(12, fits=worth(8_000))
def ruled_for_the_shop(t: Telling) -> Story:
    yield from is_disputed(t)
    if t.state is not S.judging:
        return
    t.later(4, 40)
    t.at_desk()
    yield from t.move(t.staff("arbiter"), claims.rule_for_merchant, words=t.words("rule_merchant"))


@plot(10, fits=worth(8_000))
def mediated(t: Telling) -> Story:
    yield from is_disputed(t)
    if t.state is not S.judging:
        return
    t.later(4, 30)
    t.at_desk()
    amount = t.purchase.goods[0][0].price_cents * 40 // 100 // 100 * 100
    words = t.words("mediated", amount=t.money(amount))
    yield from t.move(t.staff("arbiter"), claims.mediate, words=words, amount_cents=amount, keep_goods=True)


@plot(7, fits=worth(8_000))
def dispute_was_withdrawn(t: Telling) -> Story:
    yield from is_disputed(t)
    if t.state is not S.judging:
        return
    t.later(2, 10)
    t.awake()
    yield from t.move(t.buyer, claims.withdraw_dispute)


# The European shop


@plot(16, "qinghe-europe")
def withdrew_from_the_contract(t: Telling) -> Story:
    begins(t, 26, 200)
    t.awake()
    order_id = t.stage.orders[t.purchase.key]
    buyer = t.purchase.buyer
    new = claims.NewWithdrawal(order_id=order_id, consumer_name=buyer.name, contact=buyer.email)
    stated = yield from t.step(t.buyer, lambda work: claims.withdraw(work, new))
    t.claim_id = stated.claim_id
    yield from t.look()
    if t.state is not S.awaiting_return:
        return
    t.later(10, 70)
    yield from t.sends_back()
    t.later(3, 30)
    t.at_desk()
    graded = [
        Graded(order_line_id=line, quantity=many, grade=Grade.opened)
        for line, (_, many) in zip(t.line_ids(), t.purchase.goods, strict=True)
    ]
    yield from t.move(t.staff("warehouse"), claims.inspect, graded=graded)


@plot(8, "qinghe-europe", fits=not_fresh)
def european_fault(t: Telling) -> Story:
    begins(t)
    yield from t.apply(K.return_refund, R.defective, photo="dent")
    yield from is_approved(t, chats=0.8)
    yield from comes_back(t, grade=Grade.damaged)


# Questions without a claim


def asks(t: Telling) -> Story:
    """Not in the table of plots: told beside the claims."""
    begins(t, 1, 60) if t.maybe(0.5) else t.later(26, 40)
    t.awake()
    title, question, answer = t.rng.choice(t.sayings("enquiries"))
    new = cases.NewCase(
        shop_id=t.view.id,
        title=title,
        customer_id=t.buyer.id,
        order_id=t.stage.orders[t.purchase.key],
        locale=t.locale,
        body=question,
        tags=["enquiry"],
    )
    opened = yield from t.step(t.buyer, lambda work: cases.open_case(work, new))
    t.case_id = opened.id
    t.later(0.05, 0.7) if t.maybe(0.85) else t.later(2, 12)
    t.at_desk()
    agent = t.staff("agent")
    yield from t.step(agent, lambda work: cases.say(work, opened.id, answer))
    if t.maybe(0.4):
        t.later(0.2, 5)
        t.awake()
        yield from t.says(t.buyer, "say_thanks")
        yield from hears(t, "agent_done")
    t.later(1, 10)
    t.at_desk()
    try:
        yield Step(t.now, agent, lambda work: cases.solve(work, opened.id), True)
        if t.maybe(0.5):
            t.later(48, 90)
            t.at_desk()
            yield from t.says(agent, "follow_up")
            yield Step(t.now, agent, lambda work: cases.set_stage(work, opened.id, CaseStage.followed_up))
            yield Step(t.now, agent, lambda work: cases.close_case(work, opened.id, Closing.followed_up))
    except Refusal:
        return
