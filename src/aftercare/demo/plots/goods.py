"""Goods again: exchanged, sent after, recalled, repaired."""

from aftercare import claims
from aftercare.claims import Grade, Graded, RepairWay
from aftercare.demo.plots.parts import (
    K,
    R,
    S,
    begins,
    comes_back,
    ends_well,
    guaranteed,
    hears,
    is_approved,
    is_refused,
    not_fresh,
    plot,
    worth,
)
from aftercare.demo.scene import Telling
from aftercare.demo.telling import Story


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
