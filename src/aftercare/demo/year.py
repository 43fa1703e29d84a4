"""The year as a whole: who asks for it, what is told in which order, and how it is counted."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import text

from aftercare import logistics, shop
from aftercare.demo.costing import cost_the_year, set_levers, set_rates
from aftercare.demo.deciding import begin_decisions
from aftercare.demo.founding import found, gather
from aftercare.demo.knowing import readers_come
from aftercare.demo.looking import COUNTS, ENTRIES, FINISH, Standing, sign_ins, standing_of
from aftercare.demo.planted import plant
from aftercare.demo.plots import PLOTS, Plot, asks
from aftercare.demo.purchases import SOURCE, Purchase, World, carrier_says
from aftercare.demo.scene import STORE_SYSTEM, Stage, Telling
from aftercare.demo.surveying import answers
from aftercare.demo.talking import TALKS, plots
from aftercare.demo.telling import Step, Story, Teller
from aftercare.journal import SYSTEM, House, begin, ensure_months
from aftercare.kit.errors import Refusal
from aftercare.logistics import CarrierEvent, Direction, NewShipment, ShipmentStatus, TrackingUpdate

Progress = Callable[[str, int, int], None]
"""What is being told, how many days of it, of how many."""

ORDERS, CLAIMS, QUESTIONS = 3_000, 600, 90
SMALL = 10
DAYS, DAYS_WHEN_SMALL = 364, 120
TELLING = "Telling the year"
TRACKED = timedelta(days=45)
"""Parcels of the last weeks, and those of claims, have their own tracks; older ones are only known as delivered."""


class HalfTold(Refusal):
    """A telling was broken off; empty the database and tell again."""


@dataclass
class Told:
    """What is there now. `sign_ins`: role, e-mail, password. `entries`: order number and contact for the portal. `refused`:
    steps that were refused against the story; none, if all is well."""

    orders: int = 0
    claims: int = 0
    cases: int = 0
    messages: int = 0
    facts: int = 0
    by_kind: dict[str, int] = field(default_factory=dict)
    by_state: dict[str, int] = field(default_factory=dict)
    by_plot: dict[str, int] = field(default_factory=dict)
    sign_ins: list[tuple[str, str, str]] = field(default_factory=list)
    entries: list[tuple[str, str]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    steps: int = 0
    reactions: int = 0
    rung: int = 0


async def told(house: House) -> bool:
    """Whether the whole story is there. Refuses with HalfTold when only a part is."""
    async with begin(house, SYSTEM) as work:
        rows = await work.session.execute(text("SELECT code, settings FROM shop"))
        standing = standing_of({code: "told" in settings for code, settings in rows})
    if standing is Standing.half:
        raise HalfTold()
    return standing is Standing.whole


@dataclass(frozen=True)
class Script:
    """What is told follows from this alone."""

    today: datetime
    seed: int = 11
    small: bool = False

    @property
    def days(self) -> int:
        return DAYS_WHEN_SMALL if self.small else DAYS

    @property
    def share(self) -> int:
        return SMALL if self.small else 1

    @property
    def begins(self) -> datetime:
        return self.today - timedelta(days=self.days)

    def world(self) -> World:
        return World(self.seed, self.today, ORDERS // self.share, self.days)


async def tell(
    house: House,
    progress: Progress,
    *,
    seed: int = 11,
    today: datetime | None = None,
    small: bool = False,
) -> Told:
    """Fills an empty installation; where the story is there already it changes nothing. Refuses with HalfTold."""
    if await told(house):
        return await counted(house, Told())
    script = Script(today or house.clock(), seed, small)
    await lay_ground(house, script)
    result = await tell_part(house, progress, script)
    await finish(house)
    return await counted(house, result)


async def lay_ground(house: House, script: Script) -> None:
    """What stands before the year begins: shops, people, promises, goods, and what follows from their coming."""
    stage = Stage(script.world())
    teller = Teller(house, script.today)
    with teller.in_the_story():
        async with begin(house, SYSTEM) as work:
            await ensure_months(work, script.begins, script.today + timedelta(days=62))
        await found(house, stage, script.begins)
        await set_rates(house, stage, script.begins)
        await set_levers(house, stage, script.begins)
        await begin_decisions(house, stage, script.today, days=script.days)
        await stage.develop(house)
        await teller.settle(script.begins + timedelta(hours=6))


async def tell_part(
    house: House, progress: Progress, script: Script, shops: Sequence[str] | None = None
) -> Told:
    """The year of these shops, on the ground that was laid; without `shops`, of all. Parts may be told at once, each in a house
    that sees only its shops."""
    stage = Stage(script.world())
    cast = cast_plots(stage.world, CLAIMS // script.share, QUESTIONS // script.share, TALKS // script.share)
    plant(stage.world, cast)
    if shops is not None:
        stage.world.only(shops)
    teller = Teller(house, script.today)
    await teller.skip_what_was()
    with teller.in_the_story():
        progress(TELLING, 0, script.days)
        await gather(house, stage)
        teller.add(nightly(stage, script.begins), first=True)
        for number, (plot, purchase) in enumerate(cast):
            if shops is None or purchase.shop in shops:
                teller.add(opened(plot, Telling(stage, purchase, number)))
        await teller.tell(lambda at: progress(TELLING, (at - script.begins).days, script.days))
        await readers_come(house, sorted(stage.shops) if shops is None else shops)
        await cost_the_year(house, stage, script.today)
    progress(TELLING, script.days, script.days)
    return Told(
        refused=teller.refused,
        steps=teller.steps,
        reactions=teller.reactions,
        rung=teller.rung,
        by_plot=dict(Counter(plot.name if plot else "asks" for plot, _ in cast)),
    )


Cast = list[tuple[Plot | None, Purchase]]
RECENT, YOUNGEST, TO_ITS_END = timedelta(days=22), timedelta(days=3), timedelta(days=62)
LATELY = timedelta(days=40)
CONTENT_SHOPS, CONTENT, CONTENT_ABOUT = ("qinghe-home", "sulu-wear"), 3, timedelta(days=3)


def cast_plots(world: World, many: int, questions: int, talked: int) -> Cast:
    """Gives each plot its orders, and lets it change how they go. None: a question without a claim."""
    rng = Random(f"plots {world.seed}")
    whole = sum(plot.weight for plot in PLOTS)
    counts = {plot.name: max(1, round(many * plot.weight / whole)) for plot in PLOTS}
    # Today's queues are full: what was bought lately is complained of more often.
    free = sorted(
        world.purchases,
        key=lambda purchase: rng.random() * (0.3 if world.today - purchase.placed_at < RECENT else 1),
    )
    content = _content(world)
    free = [purchase for purchase in free if purchase.buyer.key not in content]
    cast: Cast = []
    # The choosiest first, so that the plain ones don't take their orders.
    for plot in sorted(PLOTS, key=lambda plot: (not plot.only_recent, plot.weight)):
        chosen: list[Purchase] = []
        for purchase in free:
            if len(chosen) == counts[plot.name]:
                break
            settled = not chosen
            if (
                purchase.shop in plot.shops
                and plot.fits(purchase)
                and _in_time(world, plot, purchase, settled)
            ):
                chosen.append(purchase)
        for purchase in chosen:
            free.remove(purchase)
            purchase.plot = plot.name
            if plot.prepare is not None:
                plot.prepare(purchase, rng)
            cast.append((plot, purchase))
    for purchase in free[:questions]:
        purchase.plot = "asks"
        cast.append((None, purchase))
    # What is said on the other channels: of the last weeks, so that one finds it.
    rng = Random(f"talks {world.seed}")
    lately = [one for one in free[questions:] if _talked_of(world, one)]
    for plot, purchase in zip(plots(talked, rng), lately, strict=False):
        purchase.plot = plot.name
        cast.append((plot, purchase))
    return cast


def _content(world: World) -> set[str]:
    """Customers to whom one article came in the last days, and who have nothing to say: whoever looks on can begin with them."""
    found: set[str] = set()
    for shop_code in CONTENT_SHOPS:
        near: dict[str, tuple[timedelta, Purchase]] = {}
        for purchase in world.purchases:
            came = purchase.delivered_at
            if came is not None and purchase.shop == shop_code and purchase.buyer.locale == "zh-CN":
                away = abs(world.today - CONTENT_ABOUT - came)
                if purchase.buyer.key not in near or away < near[purchase.buyer.key][0]:
                    near[purchase.buyer.key] = away, purchase
        for number, (_, purchase) in enumerate(
            sorted(near.values(), key=lambda one: (one[0], one[1].key))[:CONTENT]
        ):
            came = purchase.delivered_at or world.today
            purchase.move(world.today - timedelta(days=1 + number, hours=4 * number) - came)
            purchase.goods, purchase.discount_cents, purchase.review = [(purchase.goods[0][0], 1)], 0, None
            found.add(purchase.buyer.key)
    world.purchases.sort(key=lambda purchase: (purchase.placed_at, purchase.key))
    return found


def _talked_of(world: World, purchase: Purchase) -> bool:
    delivered = purchase.delivered_at
    return delivered is not None and timedelta(days=2) < world.today - delivered < LATELY


def _in_time(world: World, plot: Plot, purchase: Purchase, settled: bool) -> bool:
    """`settled`: so long ago that the plot comes to its end before today, which one of each plot shall."""
    age = world.today - purchase.placed_at
    if plot.only_recent:
        return age < RECENT
    return age > (TO_ITS_END if settled else YOUNGEST)


def opened(plot: Plot | None, telling: Telling) -> Story:
    """The story waits, unbegun, until its order was placed: only then is there a customer to speak of."""
    yield Step(telling.purchase.placed_at + timedelta(hours=25), SYSTEM, _nothing)
    yield from (plot.tell if plot else asks)(telling)
    yield from answers(telling)


async def _nothing(work: Any) -> None:
    return None


def nightly(stage: Stage, begins: datetime) -> Story:
    """What the shop system and the carriers tell every night."""
    world = stage.world
    categories = {of["code"]: (of["currency"], of["category"]) for of in world.shops}
    changes = sorted(
        (
            (moment, number)
            for number, purchase in enumerate(world.purchases)
            for moment in purchase.changes()
        ),
    )
    night = begins.replace(hour=16, minute=40, second=0, microsecond=0) + timedelta(days=1)
    position = 0
    while True:
        night = min(night, world.today - timedelta(minutes=5))
        due: dict[int, None] = {}
        while position < len(changes) and changes[position][0] <= night:
            due[changes[position][1]] = None
            position += 1
        purchases = [world.purchases[number] for number in due]

        async def tells(work: Any, purchases: Sequence[Purchase] = purchases, now: datetime = night) -> None:
            if purchases:
                taken = await shop.take_in(
                    work,
                    orders=[
                        purchase.record(stage.shops[purchase.shop].id, *categories[purchase.shop], now)
                        for purchase in purchases
                    ],
                    shops={view.id: view for view in stage.shops.values()},
                )
                await note(work, stage, purchases, taken.ids)
                await _announce(work, stage, [one for one in purchases if _is_tracked(world, one)], now)
            await shop.confirm_due_orders(work)

        yield Step(night, STORE_SYSTEM, tells)
        if night >= world.today - timedelta(minutes=5):
            return
        night += timedelta(days=1)


async def note(
    work: Any, stage: Stage, purchases: Sequence[Purchase], ids: dict[tuple[UUID, str, str], UUID]
) -> None:
    """Keeps the ids of the orders that have a story."""
    new = [
        purchase for purchase in purchases if purchase.plot is not None and purchase.key not in stage.orders
    ]
    for purchase in new:
        stage.orders[purchase.key] = ids[stage.shops[purchase.shop].id, SOURCE, purchase.key]
    by_order = {stage.orders[purchase.key]: purchase.key for purchase in new}
    if not by_order:
        return
    for line in sorted(await shop.lines_of_orders(work, list(by_order)), key=lambda line: line.position):
        key = by_order[line.order_id]
        stage.customers[key] = line.customer_id
        stage.lines.setdefault(key, []).append(line.id)


def _is_tracked(world: World, purchase: Purchase) -> bool:
    return purchase.shipped_at is not None and (
        purchase.lost or (purchase.plot is not None) or purchase.placed_at > world.today - TRACKED
    )


async def _announce(work: Any, stage: Stage, purchases: Sequence[Purchase], now: datetime) -> None:
    updates = []
    for purchase in purchases:
        shipped, delivered = purchase.shipped_at, purchase.delivered_at
        if shipped is None or shipped > now:
            continue
        if purchase.key not in stage.announced:
            order_id = stage.orders.get(purchase.key) or await _order_id(work, purchase)
            stage.announced.add(purchase.key)
            await logistics.announce_shipment(
                work,
                NewShipment(
                    shop_id=stage.shops[purchase.shop].id,
                    direction=Direction.outbound,
                    order_id=order_id,
                    carrier=purchase.carrier,
                    tracking_number=purchase.waybill,
                    promised_at=purchase.promised_at,
                ),
            )
        events = [
            CarrierEvent(
                shipped, ShipmentStatus.in_transit, "in_transit", carrier_says("sent", purchase.shop)
            )
        ]
        if purchase.lost:
            events.append(
                CarrierEvent(
                    min(now, shipped + timedelta(hours=20)),
                    ShipmentStatus.on_hold,
                    "on_hold",
                    carrier_says("held", purchase.shop),
                )
            )
        if delivered is not None and delivered <= now:
            events.append(
                CarrierEvent(
                    delivered,
                    ShipmentStatus.delivered,
                    "delivered",
                    carrier_says("handed_over", purchase.shop),
                )
            )
        updates.append(TrackingUpdate(purchase.carrier, purchase.waybill, events))
    await logistics.push_tracking(work, updates)


async def _order_id(work: Any, purchase: Purchase) -> UUID:
    found: UUID = await work.session.scalar(
        text("SELECT id FROM sales_order WHERE number_key = :number"), {"number": purchase.number}
    )
    return found


async def finish(house: House) -> None:
    """From here on the story is whole, and the assistant answers everywhere."""
    async with begin(house, SYSTEM) as work:
        for statement in FINISH:
            await work.session.execute(text(statement))


async def counted(house: House, result: Told) -> Told:
    async with begin(house, SYSTEM) as work:
        row = (await work.session.execute(text(COUNTS))).one()
        result.orders, result.claims, result.cases, result.messages, result.facts = row
        for name, kept in (("kind", result.by_kind), ("state", result.by_state)):
            rows = await work.session.execute(
                text(f"SELECT {name}, count(*) FROM claim GROUP BY 1 ORDER BY 1")  # noqa: S608 - our own words
            )
            kept.update((word, many) for word, many in rows)
        result.entries = [(number, contact) for number, contact in await work.session.execute(text(ENTRIES))]
    result.sign_ins = sign_ins()
    return result
