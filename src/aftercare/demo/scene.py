"""Where a story plays: the shops, the people at work, the orders as the shop knows them, and one claim being told."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from random import Random
from typing import Any
from uuid import UUID

from aftercare import cases, claims, conversations, logistics
from aftercare.claims import ClaimKind, ClaimState, NewClaim, Reason, WayBack
from aftercare.conversations import Channel
from aftercare.demo.looking import read
from aftercare.demo.pictures import photograph
from aftercare.demo.purchases import Purchase, World, carrier_says, waybill
from aftercare.demo.telling import Step, Story
from aftercare.identity import BUILT_IN, ShopView
from aftercare.journal import SYSTEM, Actor, ActorKind, House, Work
from aftercare.kit.files import Files, Stored
from aftercare.logistics import CarrierEvent, ShipmentStatus, TrackingUpdate

Does = Callable[[Work], Awaitable[Any]]
PHOTOS_OF_A_KIND = 4
PHOTO_KINDS = ("crack", "stain", "dent", "empty", "label", "voucher")
STORE_SYSTEM = Actor(
    kind=ActorKind.integration,
    shops=None,
    permissions=frozenset({"orders.import", "orders.read", "logistics.write"}),
    role="store",
)
CARRIER = Actor(
    kind=ActorKind.integration, shops=None, permissions=frozenset({"logistics.write"}), role="carrier"
)


@dataclass
class Stage:
    """What all stories share. `customers` and `lines` are filled as the shop system tells of orders."""

    world: World
    shops: dict[str, ShopView] = field(default_factory=dict)
    staff: dict[str, list[tuple[Actor, frozenset[str]]]] = field(default_factory=dict)
    customers: dict[str, UUID] = field(default_factory=dict)
    orders: dict[str, UUID] = field(default_factory=dict)
    lines: dict[str, list[UUID]] = field(default_factory=dict)
    products: dict[tuple[str, str], UUID] = field(default_factory=dict)
    photos: dict[str, list[Stored]] = field(default_factory=dict)
    announced: set[str] = field(default_factory=set)
    ways: dict[tuple[str, Channel], UUID] = field(default_factory=dict)

    def at_work(self, role: str, shop: str, rng: Random) -> Actor:
        fitting = [actor for actor, shops in self.staff[role] if not shops or shop in shops]
        return rng.choice(fitting)

    def enlist(self, role: str, account_id: UUID, shops: Sequence[str]) -> None:
        actor = Actor(
            kind=ActorKind.staff,
            id=account_id,
            shops=frozenset(self.shops[code].id for code in shops) if shops else None,
            permissions=BUILT_IN[role],
            role=role,
        )
        self.staff.setdefault(role, []).append((actor, frozenset(shops)))

    async def develop(self, house: House) -> None:
        """Keeps the photographs that customers and staff will show."""
        for kind in PHOTO_KINDS:
            self.photos[kind] = [
                await house.port(Files).put(_bytes(photograph(kind, number)))
                for number in range(PHOTOS_OF_A_KIND)
            ]


async def _bytes(content: bytes) -> AsyncIterator[bytes]:
    yield content


class Telling:
    """One customer's matter with one order, as it goes on. `now` is how far the story has come."""

    def __init__(self, stage: Stage, purchase: Purchase, number: int) -> None:
        self.stage, self.purchase = stage, purchase
        self.rng = Random(f"{stage.world.seed} {number}")
        self.now = purchase.placed_at
        self.shop = purchase.shop
        self.market: str = stage.world.shop(self.shop)["market"]
        self.locale = purchase.buyer.locale
        self.claim_id: UUID | None = None
        self.case_id: UUID | None = None
        self.state: ClaimState | None = None
        self.agent: Actor | None = None
        self.returns = 0

    # Who

    @property
    def view(self) -> ShopView:
        return self.stage.shops[self.shop]

    @property
    def buyer(self) -> Actor:
        customer = self.stage.customers[self.purchase.key]
        return Actor(
            kind=ActorKind.customer,
            id=customer,
            shops=frozenset({self.view.id}),
            customers=frozenset({customer}),
            locale=self.locale,
        )

    def staff(self, role: str) -> Actor:
        if role == "agent":
            self.agent = self.agent or self.stage.at_work("agent", self.shop, self.rng)
            return self.agent
        return self.stage.at_work(role, self.shop, self.rng)

    # When

    def later(self, fewest_hours: float, most_hours: float) -> None:
        self.now += timedelta(hours=self.rng.uniform(fewest_hours, most_hours))

    def awake(self) -> None:
        self._between(8, 23)

    def at_desk(self) -> None:
        self._between(9, 21)

    def _between(self, opens: int, closes: int) -> None:
        """Moves on to the next hour at which people do this."""
        there = self.now.astimezone(self.view.zone)
        if opens <= there.hour < closes:
            return
        day = there.date() if there.hour < opens else there.date() + timedelta(days=1)
        early = datetime.combine(day, time(opens), self.view.zone).astimezone(UTC)
        self.now = max(self.now, early) + timedelta(minutes=self.rng.uniform(1, 90))

    # What

    def step(self, actor: Actor, do: Does, *, settled: bool = False) -> Story:
        given = yield Step(self.now, actor, do, settled)
        if isinstance(state := getattr(given, "state", None), ClaimState):
            self.state = state
        return given

    def move(
        self, actor: Actor, verb: Callable[..., Awaitable[Any]], *, settled: bool = False, **given: Any
    ) -> Story:
        """A verb of claims."""
        return (yield from self.step(actor, lambda work: verb(work, self.claim, **given), settled=settled))

    @property
    def claim(self) -> UUID:
        assert self.claim_id is not None  # noqa: S101 - stories apply first
        return self.claim_id

    def look(self) -> Story:
        """How the claim stands once all that follows has happened."""
        yield from self.step(SYSTEM, lambda work: claims.claim_card(work, self.claim), settled=True)

    def keep_photos(self, work: Work, kind: str, many: int) -> Awaitable[list[UUID]]:
        return self._keep(work, kind, many)

    async def _keep(self, work: Work, kind: str, many: int) -> list[UUID]:
        chosen = self.rng.sample(self.stage.photos[kind], many)
        kept = [
            await conversations.keep_file(
                work,
                stored,
                name=f"{kind}-{number}.png",
                shop_id=self.view.id,
                customer_id=self.stage.customers[self.purchase.key],
            )
            for number, stored in enumerate(chosen, 1)
        ]
        return [file.id for file in kept]

    def apply(
        self,
        kind: ClaimKind,
        reason: Reason,
        *,
        photo: str | None = None,
        quantity: int | None = None,
        lines: int = 1,
        by: Actor | None = None,
        new_goods: UUID | None = None,
        **more: Any,
    ) -> Story:
        self.awake()
        quantities = [
            quantity if quantity is not None else bought for _, bought in self.purchase.goods[:lines]
        ]
        description = "" if kind is ClaimKind.cancel_unshipped else self.words(reason.value)

        async def do(work: Work) -> Any:
            asked = [
                claims.AskedLine(order_line_id=line, quantity=many, new_product_id=new_goods)
                for line, many in zip(self.stage.lines[self.purchase.key], quantities, strict=False)
            ]
            files = await self._keep(work, photo, self.rng.randint(1, 3)) if photo else []
            return await claims.apply(
                work,
                NewClaim(
                    kind=kind, lines=asked, reason=reason, description=description, file_ids=files, **more
                ),
            )

        claim = yield from self.step(by or self.buyer, do)
        self.claim_id, self.case_id = claim.id, claim.case_id

    def sayings(self, key: str) -> list[Any]:
        """What people say in this language of any goods, and of such as this shop sells."""
        of_any = read("words")[key]
        of_these = of_any.get(self.stage.world.shop(self.shop)["category"], {})
        return next(
            found
            for locale in (self.locale, "zh-CN")
            if (found := [*of_any.get(locale, ()), *of_these.get(locale, ())])
        )

    def words(self, key: str, **filled: str) -> str:
        chosen = self.rng.choice(self.sayings(key))
        fields = {"title": self.purchase.goods[0][0].title, "amount": "¥20", **filled}
        return str(chosen.format(**fields))

    def money(self, cents: int) -> str:
        sign = {"CNY": "¥", "EUR": "€"}[self.view.currency]
        return f"{sign}{cents / 100:.2f}"

    def says(self, actor: Actor, key: str, **filled: str) -> Story:
        body = self.words(key, **filled)
        note = key == "note"
        if self.case_id is None:
            return
        case_id = self.case_id
        kind = conversations.MessageKind.note if note else conversations.MessageKind.message
        yield from self.step(actor, lambda work: cases.say(work, case_id, body, kind=kind))

    def maybe(self, chance: float) -> bool:
        return self.rng.random() < chance

    # Parcels

    def number(self) -> tuple[str, str]:
        return waybill(self.rng, self.market)

    def tracking(self, carrier: str, number: str, *events: tuple[datetime, ShipmentStatus, str]) -> Story:
        update = TrackingUpdate(
            carrier, number, [CarrierEvent(at, status, status.value, words) for at, status, words in events]
        )
        yield from self.step(CARRIER, lambda work: logistics.push_tracking(work, [update]))

    def parcel(
        self, carrier: str, number: str, *, hours: tuple[float, float] = (26, 70), late: bool = False
    ) -> Story:
        """From the first scan to the signature."""
        self.later(2, 9)
        begun = self.now
        self.later(*hours)
        if late:
            yield from self.tracking(
                carrier,
                number,
                (begun, ShipmentStatus.picked_up, carrier_says("picked_up", self.shop)),
                (self.now, ShipmentStatus.delivery_delayed, carrier_says("late", self.shop)),
            )
            self.later(30, 80)
            begun = self.now - timedelta(hours=12)
        self._between(8, 20)
        yield from self.tracking(
            carrier,
            number,
            (begun, ShipmentStatus.in_transit, carrier_says("moved", self.shop)),
            (
                self.now - timedelta(hours=3),
                ShipmentStatus.out_for_delivery,
                carrier_says("at_the_door", self.shop),
            ),
            (self.now, ShipmentStatus.delivered, carrier_says("taken_in", self.shop)),
        )

    def sends_back(self, *, way: str = "waybill") -> Story:
        """The customer's parcel, until the shop has signed for it."""
        self.awake()
        carrier, number = self.number()
        if way == "waybill":
            yield from self.move(
                self.buyer, claims.ship, way=WayBack(way="waybill", carrier=carrier, tracking_number=number)
            )
        elif way == "pick_up":
            yield from self.fetched(carrier, number)
        else:
            yield from self.handed_in(carrier, number)
        yield from self.parcel(carrier, number)

    def fetched(self, carrier: str, number: str) -> Story:
        day = (self.now + timedelta(days=1)).astimezone(self.view.zone).date()
        address = {name: str(value) for name, value in self.purchase.buyer.address.items()}
        yield from self.move(
            self.buyer,
            claims.ship,
            way=WayBack(way="pick_up", pick_up_on=day, pick_up_window="09:00-12:00", address=address),
        )

        async def collect(work: Work) -> Any:
            pickups = await logistics.open_pickups(work)
            mine = next((pickup for pickup in pickups.items if pickup.claim_id == self.claim_id), None)
            if mine is not None:
                await logistics.collect_pickup(work, mine.id, carrier=carrier, number=number)

        self.now = datetime.combine(day, time(10, 30), self.view.zone).astimezone(UTC)
        yield from self.step(SYSTEM, collect)

    def handed_in(self, carrier: str, number: str) -> Story:
        shipped = yield from self.move(
            self.buyer, claims.ship, way=WayBack(way="drop_off", store=f"{self.shop}-01")
        )
        code = shipped.drop_off_code or ""
        self.later(3, 24)
        self.awake()
        yield from self.step(
            SYSTEM,
            lambda work: logistics.accept_drop_off(work, self.view.id, code, carrier=carrier, number=number),
        )

    def line_ids(self) -> Sequence[UUID]:
        return self.stage.lines[self.purchase.key]
