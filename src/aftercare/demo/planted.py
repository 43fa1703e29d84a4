"""What goes wrong in the told year so that somebody notices it: a carrier on strike, a bad batch, a flood of questions, an assistant that
fails, a dangerous product.

Nothing is added to the year but some talks with the assistant; what is bought and claimed anyway is moved so that it comes together. All of it
follows from the seed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from aftercare.demo.failing import talk_on, through_the_day
from aftercare.demo.plots import Plot
from aftercare.demo.purchases import SHANGHAI, Purchase, World, goods_of, waybill

FEWEST_DAYS = 200
"""In a shorter year nothing could be unusual."""
BATCH, STRIKE, FLOOD, FAILURE, DANGER = 83, 66, 54, 45, 30
"""Days before today on which they begin."""
STRIKER = "yunda"
STRIKE_SHOP, BATCH_SHOP, FLOOD_SHOP, DANGER_SHOP = "sulu-wear", "qinghe-home", "sulu-wear", "qinghe-home"
FAILURE_SHOP = "shanye-food"
STRUCK, BATCH_CLAIMS, FLOOD_QUESTIONS, DANGER_REVIEWS = 14, 12, 16, 16
TALKS_BEFORE, TALKS_THAT_FAIL, EVERY_DAYS = 30, 9, 4
FOLLOWED = "followed"
"""Its parcel has a track, and nothing else comes of it."""
DEFECT = "faulty_and_returned"
DANGER_WORDS = (
    "充电的时候电池发烫，还有焦味，太危险了，大家别买！",
    "用了两天电池发烫冒烟，吓死人了，要求赔偿，已经投诉到12315。",
    "电池发烫，孩子差点被烫伤，这种东西也敢卖？曝光你们。",
    "插上电就有焦味，电池发烫得厉害，客服还敷衍，气死了。",
)


@dataclass(frozen=True)
class Planted:
    """`series` are the names of the watched series that tell of it, `cut` what within it (a carrier, a product, a topic). `on`: the day on which
    it begins to show, or, of the batch, on which it was sold."""

    name: str
    shop: str | None
    series: tuple[str, ...]
    cut: str
    on: date


Cast = list[tuple[Plot | None, Purchase]]


def plant(world: World, cast: Cast) -> list[Planted]:
    """Changes how orders go, and which of them are complained of. Told are those that there are enough orders for."""
    if (world.today - min(purchase.placed_at for purchase in world.purchases)).days < FEWEST_DAYS:
        return []
    rng = Random(f"planted {world.seed}")
    free = [purchase for purchase in world.purchases if purchase.plot is None]
    found = [
        _strike(world, free),
        _batch(world, cast, free, rng),
        _flood(world, cast, rng),
        _danger(world, free),
        _failure(world, cast, free),
    ]
    return [one for one in found if one is not None]


def _day(moment: datetime) -> date:
    return moment.astimezone(SHANGHAI).date()


def _strike(world: World, free: list[Purchase]) -> Planted | None:
    """What a shop sold on its members' day went with one carrier, whose parcels then lay still for a week."""
    begins = (world.today - timedelta(days=STRIKE)).replace(hour=2, minute=0, second=0, microsecond=0)
    rng = Random(f"strike {world.seed}")
    sent = [
        one for one in free if one.shop == STRIKE_SHOP and one.delivered_at is not None and not one.review
    ]
    held = sorted(sent, key=lambda one: (abs(one.placed_at - begins), one.key))[:STRUCK]
    if len(held) < STRUCK:
        return None
    for purchase in sent:
        # How this carrier usually fares is known from the weeks before: well.
        if purchase.carrier == STRIKER and timedelta(0) < begins - purchase.placed_at < timedelta(days=100):
            purchase.plot = FOLLOWED
            if purchase.delivered_at is not None and rng.random() < 0.8:
                purchase.delivered_at = min(purchase.delivered_at, purchase.promised_at - timedelta(hours=4))
    for purchase in held:
        _move(purchase, begins + timedelta(hours=rng.uniform(0, 12)) - purchase.placed_at)
        purchase.carrier, purchase.waybill = waybill(rng, "CN", STRIKER)
        purchase.shipped_at = purchase.placed_at + timedelta(hours=20)
        purchase.delivered_at = purchase.promised_at + timedelta(hours=rng.uniform(60, 110))
        purchase.plot = FOLLOWED
        free.remove(purchase)
    world.purchases.sort(key=lambda purchase: (purchase.placed_at, purchase.key))
    return Planted(
        "carrier_strike",
        STRIKE_SHOP,
        ("missed_promises",),
        STRIKER,
        _day(min(purchase.promised_at for purchase in held)),
    )


def _failure(world: World, cast: Cast, free: list[Purchase]) -> Planted | None:
    """All through the year some ask the assistant of a shop; on one day it understands nobody."""
    day = (world.today - timedelta(days=FAILURE)).replace(hour=1, minute=0, second=0, microsecond=0)
    open_to = [
        one
        for one in free
        if one.shop == FAILURE_SHOP
        and one.plot is None
        and one.delivered_at is not None
        and one.delivered_at < day
    ]
    moments = [day - timedelta(days=EVERY_DAYS * number - 0.3) for number in range(TALKS_BEFORE, 0, -1)]
    moments += [through_the_day(day, number, TALKS_THAT_FAIL) for number in range(TALKS_THAT_FAIL)]
    told = 0
    for at in moments:
        asks = next(
            (
                one
                for one in reversed(open_to)
                if one.delivered_at and one.delivered_at < at - timedelta(days=2)
            ),
            None,
        )
        if asks is None:
            continue
        open_to.remove(asks)
        free.remove(asks)
        plot = talk_on(at, failing=at >= day)
        asks.plot = plot.name
        cast.append((plot, asks))
        told += at >= day
    return (
        Planted("bot_failure", FAILURE_SHOP, ("handed_over", "cases", "contacts", "topic"), "", _day(day))
        if told >= 6
        else None
    )


def _batch(world: World, cast: Cast, free: list[Purchase], rng: Random) -> Planted | None:
    """What one shop sold of an article in two days is defective: claims that would have been of other goods are of it."""
    bad = max((one for one in goods_of(BATCH_SHOP) if one.trait == ""), key=lambda one: one.price_cents)
    since = (world.today - timedelta(days=BATCH)).replace(hour=2, minute=0, second=0, microsecond=0)
    near = sorted(
        (one for one in free if one.shop == BATCH_SHOP and one.delivered_at is not None and not one.lost),
        key=lambda one: (abs(one.placed_at - since), one.key),
    )[:BATCH_CLAIMS]
    givers = [
        number
        for number, (plot, purchase) in enumerate(cast)
        if plot is not None
        and plot.name == DEFECT
        and purchase.shop == BATCH_SHOP
        and world.today - purchase.placed_at > timedelta(days=12)
    ]
    rng.shuffle(givers)
    many = 0
    for number, purchase in zip(givers, near, strict=False):
        plot, giver = cast[number]
        _move(purchase, since + timedelta(hours=rng.uniform(0, 30)) - purchase.placed_at)
        purchase.shipped_at = purchase.placed_at + timedelta(hours=20)
        purchase.delivered_at = purchase.shipped_at + timedelta(hours=30)
        purchase.goods, purchase.discount_cents = [(bad, 1)], 0
        purchase.plot, giver.plot = giver.plot, None
        free.remove(purchase)
        cast[number] = (plot, purchase)
        many += 1
    world.purchases.sort(key=lambda purchase: (purchase.placed_at, purchase.key))
    if many < 6:
        return None
    return Planted("bad_batch", BATCH_SHOP, ("product_claims", "claims", "cases"), bad.sku, _day(since))


def _flood(world: World, cast: Cast, rng: Random) -> Planted | None:
    """On one day the customers of a shop all ask at once."""
    day = (world.today - timedelta(days=FLOOD)).replace(hour=2, minute=0, second=0, microsecond=0)
    asking = [
        purchase
        for plot, purchase in cast
        if plot is None
        and purchase.shop == FLOOD_SHOP
        and world.today - purchase.placed_at > timedelta(days=10)
    ]
    for purchase in asking[:FLOOD_QUESTIONS]:
        # Nobody is spoken of before the shop system has told of the order.
        purchase.asks_at = day + timedelta(minutes=rng.randrange(30, 300))
        _move(purchase, purchase.asks_at - timedelta(hours=26) - purchase.placed_at)
    world.purchases.sort(key=lambda purchase: (purchase.placed_at, purchase.key))
    many = min(len(asking), FLOOD_QUESTIONS)
    return (
        Planted("flood_of_questions", FLOOD_SHOP, ("contacts", "cases"), "", _day(day)) if many >= 6 else None
    )


def _move(purchase: Purchase, by: timedelta) -> None:
    purchase.placed_at += by
    purchase.promised_at += by
    if purchase.shipped_at is not None:
        purchase.shipped_at += by
    if purchase.delivered_at is not None:
        purchase.delivered_at += by


def _danger(world: World, free: list[Purchase]) -> Planted | None:
    """Within four days many write that a product of theirs grows hot: what a crisis of a brand begins with."""
    first = world.today - timedelta(days=DANGER)
    hot = max(
        (one for one in goods_of(DANGER_SHOP) if one.trait == "sanbao"),
        key=lambda one: one.price_cents,
        default=None,
    )
    if hot is None:
        return None
    chosen = [
        purchase
        for purchase in free
        if purchase.shop == DANGER_SHOP
        and purchase.delivered_at is not None
        and first - timedelta(days=40) < purchase.delivered_at < first
        and not purchase.lost
    ][-DANGER_REVIEWS:]
    for number, purchase in enumerate(chosen):
        # What was reviewed is told three days after delivery.
        arrives = first - timedelta(days=3) + timedelta(days=number // 4, hours=3)
        _move(purchase, arrives - (purchase.delivered_at or arrives))
        purchase.goods, purchase.discount_cents = [(hot, 1)], 0
        purchase.review = (1, DANGER_WORDS[number % len(DANGER_WORDS)])
    world.purchases.sort(key=lambda purchase: (purchase.placed_at, purchase.key))
    if len(chosen) < 8:
        return None
    return Planted("danger", DANGER_SHOP, ("bad_reviews", "topic", "crisis"), "发烫", _day(first))
