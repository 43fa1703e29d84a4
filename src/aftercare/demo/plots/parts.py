"""What a plot is, and the parts that many plots share."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any, TypeAlias

from aftercare import cases, claims
from aftercare.cases import Closing
from aftercare.claims import ClaimKind, ClaimState, Grade, Graded, Reason
from aftercare.demo.purchases import Purchase
from aftercare.demo.scene import Telling
from aftercare.demo.telling import Story
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
    return purchase.goods[0][0].trait in ("", "food", "sanbao")


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
