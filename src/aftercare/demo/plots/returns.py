"""Returns for money, and what may go wrong on the way."""

from typing import Any

from aftercare import claims
from aftercare.claims import Counted, Grade, Graded
from aftercare.demo.plots.parts import (
    PHOTO_OF,
    K,
    R,
    S,
    begins,
    chat,
    comes_back,
    ends_well,
    fault,
    hears,
    is_approved,
    not_fresh,
    plot,
    several,
    whim,
    worth,
)
from aftercare.demo.scene import Telling
from aftercare.demo.telling import Story


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
    yield from hears(t, "agent_done")


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
