"""What was bought in the year: customers, goods and orders, made from the seed alone, before anything is told."""

from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import accumulate
from random import Random
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from aftercare.demo.looking import read
from aftercare.demo.pictures import drawing
from aftercare.kit.calendars import special_days
from aftercare.shop import (
    CustomerRecord,
    LineRecord,
    OrderRecord,
    OrderStatus,
    PaymentRecord,
    ProductRecord,
    ReviewRecord,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
SOURCE = "demo"
REVIEWED_AFTER = timedelta(days=3)

ATTRIBUTES: dict[str, dict[str, Any]] = {
    "": {},
    "sanbao": {"covered_by_repair_guarantee": True, "serial_tracked": True, "warranty_months": 24},
    "hygiene": {"hygiene_sealed": True},
    # What is eaten is exchanged or paid back, never repaired.
    "food": {"warranty_months": 0},
    "perishable": {"perishable": True, "warranty_months": 0},
    "custom": {"custom_made": True},
}


CARRIER_SAYS = {
    "picked_up": ("【揽收】快件已揽收", "Collected from the sender"),
    "sent": ("【揽收】快件已发出", "The shipment has left the sender"),
    "moved": ("【运输】快件已发往下一站", "On its way to the next depot"),
    "at_the_door": ("【派送】快递员正在派送", "Out for delivery"),
    "held": ("【异常】快件滞留，正在核查", "Held up; the carrier is looking into it"),
    "late": ("【异常】天气原因，派送延误", "Delayed by the weather"),
    "handed_over": ("【签收】本人签收", "Delivered to the recipient"),
    "taken_in": ("【签收】已签收，签收人：前台", "Delivered; signed for by: reception"),
}


def carrier_says(what: str, shop: str) -> str:
    """In the words of the carriers of the shop's market."""
    return CARRIER_SAYS[what][shop == "qinghe-europe"]


@dataclass(frozen=True)
class Goods:
    shop: str
    sku: str
    title: str
    price_cents: int
    weight_grams: int
    shape: str
    colour: str
    trait: str

    @property
    def family(self) -> str:
        """What one exchanges for: the same article in another size."""
        return self.sku.rsplit("-", 1)[0] if self.shop == "sulu-wear" else self.sku


@cache
def goods_of(shop: str) -> tuple[Goods, ...]:
    return tuple(
        Goods(shop, *row)
        for block in read("catalogue")["product"]
        if block["shop"] == shop
        for row in block["rows"]
    )


@dataclass(frozen=True)
class Buyer:
    shop: str
    key: str
    name: str
    email: str
    phone: str
    locale: str
    tier: str
    address: dict[str, Any]

    def record(self, shop_id: UUID) -> CustomerRecord:
        return CustomerRecord(
            shop_id=shop_id,
            external_id=self.key,
            name=self.name,
            email=self.email,
            phone=self.phone,
            locale=self.locale,
            tier=self.tier,
            address=self.address,
        )


@dataclass
class Purchase:
    """An order as it will go. Moments after today are never told. `whim` orders how the sandbox treats its refunds."""

    shop: str
    key: str
    number: str
    buyer: Buyer
    goods: list[tuple[Goods, int]]
    placed_at: datetime
    shipped_at: datetime | None
    delivered_at: datetime | None
    promised_at: datetime
    freight_cents: int
    discount_cents: int
    carrier: str
    waybill: str
    method: str
    cancelled_at: datetime | None = None
    whim: str = "pays"
    lost: bool = False
    review: tuple[int, str] | None = None
    plot: str | None = None
    asks_at: datetime | None = None
    """When its buyer asks about it, if that is not left to chance."""

    @property
    def paid_at(self) -> datetime:
        return self.placed_at + timedelta(minutes=3)

    @property
    def goods_cents(self) -> int:
        return sum(goods.price_cents * quantity for goods, quantity in self.goods)

    @property
    def reviewed_at(self) -> datetime | None:
        return self.delivered_at + REVIEWED_AFTER if self.review and self.delivered_at else None

    def move(self, by: timedelta) -> None:
        """All of it happens so much later."""
        self.placed_at += by
        self.promised_at += by
        if self.shipped_at is not None:
            self.shipped_at += by
        if self.delivered_at is not None:
            self.delivered_at += by

    def changes(self) -> list[datetime]:
        """When the shop system has something new to tell."""
        moments = [self.placed_at, self.shipped_at, self.delivered_at, self.cancelled_at, self.reviewed_at]
        return sorted(moment for moment in moments if moment is not None)

    def record(self, shop_id: UUID, currency: str, category: str, now: datetime) -> OrderRecord:
        """What the shop system knows of it by `now`."""
        shipped = self.shipped_at if self.shipped_at and self.shipped_at <= now else None
        delivered = self.delivered_at if self.delivered_at and self.delivered_at <= now else None
        cancelled = self.cancelled_at if self.cancelled_at and self.cancelled_at <= now else None
        status = OrderStatus.paid
        for reached, word in (
            (shipped, OrderStatus.shipped),
            (delivered, OrderStatus.delivered),
            (cancelled, OrderStatus.cancelled),
        ):
            status = word if reached else status
        reviewed = self.reviewed_at is not None and delivered is not None and self.reviewed_at <= now
        return OrderRecord(
            shop_id=shop_id,
            source=SOURCE,
            external_id=self.key,
            number=self.number,
            customer=self.buyer.key,
            status=status,
            currency=currency,
            placed_at=self.placed_at,
            paid_at=self.paid_at,
            shipped_at=shipped,
            delivered_at=delivered,
            promised_at=self.promised_at,
            cancelled_at=cancelled,
            discount_cents=self.discount_cents,
            freight_cents=self.freight_cents,
            shipping_address=self.buyer.address,
            lines=tuple(
                LineRecord(
                    external_id=f"{self.key}-{position}",
                    product=goods.sku,
                    sku=goods.sku,
                    title=goods.title,
                    quantity=quantity,
                    unit_price_cents=goods.price_cents,
                    category=category,
                )
                for position, (goods, quantity) in enumerate(self.goods, 1)
            ),
            payments=(
                PaymentRecord(
                    external_id=f"{self.key}-pay",
                    method=self.method,
                    amount_cents=self.goods_cents + self.freight_cents - self.discount_cents,
                    provider="sandbox",
                    provider_ref=f"pay-{self.key}#{self.whim}",
                    paid_at=self.paid_at,
                ),
            ),
            reviews=(
                ReviewRecord(
                    external_id=f"{self.key}-review",
                    score=self.review[0],
                    title="",
                    body=self.review[1],
                    created_on=(delivered + REVIEWED_AFTER).astimezone(SHANGHAI).date(),
                ),
            )
            if reviewed and self.review and delivered
            else (),
        )


def product_records(shop: str, shop_id: UUID, currency: str, category: str) -> list[ProductRecord]:
    return [
        ProductRecord(
            shop_id=shop_id,
            external_id=goods.sku,
            sku=goods.sku,
            title=goods.title,
            currency=currency,
            category=category,
            price_cents=goods.price_cents,
            weight_grams=goods.weight_grams,
            image=drawing(goods.shape, goods.colour),
            attributes=ATTRIBUTES[goods.trait],
        )
        for goods in goods_of(shop)
    ]


# The year and its peaks


@cache
def spring_festival(year: int) -> date:
    days = [on for on, day in special_days("CN", None, year).items() if not day.open and "Spring" in day.name]
    return min(days) if days else date(year, 2, 5)


def weight_of(day: date, shop: str) -> float:
    """How much is bought on a day, beside an ordinary one."""
    weight = 1.15 if day.weekday() >= 5 else 1.0
    if day.month == 11 and day.day <= 11:
        weight *= 7 if day.day == 11 else 6 if day.day == 1 else 2.2
    elif day.month == 6 and day.day <= 18:
        weight *= 5 if day.day == 18 else 1.9
    elif (day.month, day.day) == (12, 12):
        weight *= 3
    days_to_new_year = (spring_festival(day.year) - day).days
    if 3 <= days_to_new_year <= 24:
        weight *= 3.4 if shop == "shanye-food" else 1.5
    elif -6 <= days_to_new_year < 3:
        weight *= 0.25
    return weight


def order_days(rng: Random, shop: str, first: date, last: date, many: int) -> list[date]:
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    summed = list(accumulate(weight_of(day, shop) for day in days))
    return sorted(days[bisect(summed, rng.random() * summed[-1])] for _ in range(many))


HOURS = (0, 0, 0, 0, 0, 0, 1, 2, 4, 6, 8, 7, 7, 6, 6, 6, 6, 6, 6, 8, 10, 11, 9, 4)


def moment_on(rng: Random, day: date, zone: ZoneInfo) -> datetime:
    hour = rng.choices(range(24), HOURS)[0]
    return datetime.combine(day, time(hour, rng.randrange(60), rng.randrange(60)), zone).astimezone(UTC)


CARRIERS = {
    "CN": (
        ("shunfeng", "SF", 13),
        ("zhongtong", "75", 12),
        ("yuantong", "YT", 13),
        ("jd", "JDV", 12),
        ("yunda", "43", 13),
    ),
    "DE": (("dhl_parcel_de", "00340", 15), ("dpd", "01", 12)),
}


def waybill(rng: Random, market: str, carrier: str | None = None) -> tuple[str, str]:
    """A carrier and a number as it writes them."""
    known = CARRIERS[market]
    code, prefix, digits = next((one for one in known if one[0] == carrier), None) or rng.choice(known)
    return code, prefix + "".join(rng.choices("0123456789", k=digits))


class World:
    """All of it, the same for the same seed, day and size."""

    def __init__(self, seed: int, today: datetime, orders: int, days: int) -> None:
        self.seed, self.today, self._days = seed, today, days
        self.shops: list[dict[str, Any]] = read("catalogue")["shop"]
        self._rng = Random(f"world {seed}")
        self._phones = 1000 if orders else 5000 + seed % 4000
        self._emails: set[str] = set()
        self.buyers: list[Buyer] = []
        self.purchases: list[Purchase] = []
        for shop in self.shops:
            if orders:
                self._sell(shop, max(8, orders * shop["share"] // 100))
        self.purchases.sort(key=lambda purchase: (purchase.placed_at, purchase.key))

    def shop(self, code: str) -> dict[str, Any]:
        return next(shop for shop in self.shops if shop["code"] == code)

    def only(self, shops: Sequence[str]) -> None:
        """Forgets what was bought elsewhere."""
        self.purchases = [purchase for purchase in self.purchases if purchase.shop in shops]

    def _sell(self, shop: dict[str, Any], many: int) -> None:
        rng = self._rng
        buyers = [self._buyer(shop, f"{number:05d}", number) for number in range(max(6, many * 45 // 100))]
        self.buyers += buyers
        zone = ZoneInfo(shop["time_zone"])
        last = (self.today - timedelta(hours=6)).astimezone(zone).date()
        first = last - timedelta(days=self._days - 4)
        for serial, day in enumerate(order_days(rng, shop["code"], first, last, many), 1):
            placed = moment_on(rng, day, zone)
            if placed > self.today - timedelta(hours=6):
                placed -= timedelta(days=1)
            self.purchases.append(self._purchase(shop, f"{serial:05d}", placed, rng.choice(buyers)))

    def buy(self, shop: dict[str, Any], label: str, placed: datetime) -> Purchase:
        """One more, by somebody new. `label` makes its number and its buyer's unique."""
        buyer = self._buyer(shop, label, self._rng.randrange(1000))
        return self._purchase(shop, label, placed, buyer)

    def _purchase(self, shop: dict[str, Any], label: str, placed: datetime, buyer: Buyer) -> Purchase:
        rng, market = self._rng, shop["market"]
        catalogue = goods_of(shop["code"])
        kinds = rng.choices((1, 2, 3), (68, 24, 8))[0]
        big = shop["category"] == "appliances"
        picked = rng.sample(catalogue, kinds)
        goods = [(one, 1 if big else rng.choices((1, 2, 3), (76, 18, 6))[0]) for one in picked]
        total = sum(one.price_cents * quantity for one, quantity in goods)
        discount = 0
        if rng.random() < 0.35:
            discount = min(total // 5, rng.choice((500, 1000, 2000, 3000, 5000)))
        shipped = placed + timedelta(hours=rng.uniform(9, 44))
        delivered = shipped + timedelta(hours=rng.uniform(26, 110))
        carrier, number = waybill(rng, market)
        review = None
        if rng.random() < 0.18:
            review = rng.choices(REVIEWS[shop["locale"]], (6, 6, 5, 3, 1, 1))[0]
        return Purchase(
            shop=shop["code"],
            key=f"{shop['letters']}-{label}",
            number=f"{shop['letters']}{placed.astimezone(ZoneInfo(shop['time_zone'])):%y%m%d}{label}",
            buyer=buyer,
            goods=goods,
            placed_at=placed,
            shipped_at=shipped,
            delivered_at=delivered,
            promised_at=placed + timedelta(days=5),
            freight_cents=0 if total >= shop["free_from_cents"] else shop["freight_cents"],
            discount_cents=discount,
            carrier=carrier,
            waybill=number,
            method=rng.choice(("wechat", "alipay", "card")) if market == "CN" else "card",
            review=review,
        )

    def _buyer(self, shop: dict[str, Any], label: str, number: int) -> Buyer:
        rng, people = self._rng, read("people")
        self._phones += 1
        phone, tier = (
            f"1380000{self._phones % 10_000:04d}",
            rng.choices(("", "silver", "gold"), (80, 15, 5))[0],
        )
        if shop["market"] != "CN":
            name, mail = rng.choice(people["european"])
            country, city, street = rng.choice(people["places_europe"])
            address = {"line1": f"{street} {rng.randint(1, 90)}", "city": city, "country": country}
            phone, locale = f"+4930555{self._phones % 10_000:04d}", "en"
        elif shop["code"] == "sulu-wear" and number % 16 == 5:
            name, mail = rng.choice(people["taiwanese"])
            city, district, street = rng.choice(people["places_taiwan"])
            address = {
                "city": city,
                "district": district,
                "line1": f"{street}{rng.randint(1, 300)}號",
                "country": "TW",
            }
            phone, locale = f"+886955500{self._phones % 1000:03d}", "zh-TW"
        elif number % 40 == 11:
            name, mail = rng.choice(people["abroad"])
            address, locale = self._chinese_address(people), "en"
        else:
            surname, given = rng.choice(people["surnames"]), rng.choice(people["given"])
            name, mail, locale = surname[0] + given[0], f"{surname[1]}.{given[1]}", "zh-CN"
            address = self._chinese_address(people)
        email = f"{mail}@example.com"
        if email in self._emails:
            email = f"{mail}{self._phones}@example.com"
        self._emails.add(email)
        address = {"name": name, "phone": phone, **address}
        return Buyer(shop["code"], f"C{shop['letters']}{label}", name, email, phone, locale, tier, address)

    def _chinese_address(self, people: dict[str, Any]) -> dict[str, Any]:
        rng = self._rng
        province, city, district, street = rng.choice(people["places"])
        line = f"{street}{rng.randint(1, 400)}号{rng.randint(1, 20)}栋{rng.randint(101, 2802)}室"
        return {"province": province, "city": city, "district": district, "line1": line, "country": "CN"}

    def other_goods(self, goods: Goods, rng: Random, *, dearer: bool | None) -> Goods:
        """What a customer would rather have: the other size, or something dearer or cheaper of the same shop."""
        others = [
            one
            for one in goods_of(goods.shop)
            if one.sku != goods.sku and one.trait not in ("custom", "hygiene")
        ]
        if dearer is None:
            return next((one for one in others if one.family == goods.family), goods)
        fitting = [one for one in others if (one.price_cents > goods.price_cents) is dearer]
        return rng.choice(fitting or others)


REVIEWS: dict[str, tuple[tuple[int, str], ...]] = {
    "zh-CN": (
        (5, "质量很好，包装也用心，会回购。"),
        (5, "物流很快，和描述一致，家人都喜欢。"),
        (4, "整体满意，要是说明书再详细点就好了。"),
        (4, "性价比不错，客服回复及时。"),
        (2, "快递太慢了，等了一周。"),
        (1, "收到就有问题，正在走售后。"),
    ),
    "en": (
        (5, "Exactly as described, well packed."),
        (5, "Fast delivery, works nicely."),
        (4, "Good value, the manual could be clearer."),
        (4, "Happy with it so far."),
        (2, "Took far too long to arrive."),
        (1, "Arrived damaged, waiting for a solution."),
    ),
}
