"""Money without goods: cancelled, refunded at once, offered, made good."""

from datetime import timedelta
from typing import Any

from aftercare import claims
from aftercare.claims import NewOffer
from aftercare.demo.plots.parts import (
    PHOTO_OF,
    K,
    R,
    S,
    begins,
    comes_late,
    ends_well,
    gets_lost,
    is_approved,
    never_ships,
    plot,
    whim,
    worth,
)
from aftercare.demo.scene import Telling
from aftercare.demo.telling import Story


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
