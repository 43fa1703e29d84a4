"""A shop with a customer, an order, a case and a claim, put straight into the tables; and a mailbox that keeps letters."""

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from aftercare import claims, promises
from aftercare.cases import NewCase, open_case
from aftercare.claims import ClaimKind, NewClaim
from aftercare.claims.applications import AskedLine
from aftercare.claims.circumstances import Reason
from aftercare.conversations import Channel, NewMessage, post
from aftercare.identity import NewShop, new_shop
from aftercare.journal import Actor, ActorKind, House, begin
from aftercare.notices import Letter, MailSender
from aftercare.shop import CustomerRecord, LineRecord, OrderRecord, OrderStatus, PaymentRecord, take_in
from tests.conftest import NOON

RETURNS = {"name": "清和家居售后部", "phone": "0571-88880000", "city": "杭州市", "street": "良渚街道 12 号"}


@dataclass
class Mailbox:
    """A MailSender that keeps what it gets, and raises what it is told to first."""

    address: str = "service@care.example"
    portal_url: str = "https://care.example"
    letters: list[Letter] = field(default_factory=list)
    raises: list[Exception] = field(default_factory=list)

    async def send(self, letter: Letter) -> None:
        if self.raises:
            raise self.raises.pop(0)
        self.letters.append(letter)


@dataclass(frozen=True)
class Given:
    shop_id: UUID
    customer_id: UUID
    order_id: UUID
    line_id: UUID
    case_id: UUID
    thread_id: UUID
    customer: Actor
    staff: Actor


def mailbox(house: House) -> Mailbox:
    box = Mailbox()
    house.ports = {MailSender: box}
    return box


async def a_world(
    house: House, *, email: str | None = "xiaoyan@example.com", locale: str = "zh-CN", code: str = "qinghe"
) -> Given:
    async with begin(house) as work:
        shop = await new_shop(
            work,
            NewShop(code=code, name="清和家居", support_email="kefu@qinghe.example", return_address=RETURNS),
        )
        await take_in(
            work,
            customers=[
                CustomerRecord(
                    shop_id=shop.id,
                    external_id="c1",
                    name="王晓燕",
                    email=email,
                    phone="13800000000",
                    locale=locale,
                )
            ],
            orders=[
                OrderRecord(
                    shop_id=shop.id,
                    source="test",
                    external_id=f"{code}-o1",
                    number=f"SO-{code}",
                    customer="c1",
                    status=OrderStatus.delivered,
                    currency="CNY",
                    placed_at=NOON - timedelta(days=5),
                    paid_at=NOON - timedelta(days=5),
                    shipped_at=NOON - timedelta(days=4),
                    delivered_at=NOON - timedelta(days=1),
                    lines=(
                        LineRecord(
                            external_id="l1",
                            product=None,
                            sku="POT-1",
                            title="手工陶瓷茶壶",
                            quantity=2,
                            unit_price_cents=64_000,
                            shipped_at=NOON - timedelta(days=4),
                            delivered_at=NOON - timedelta(days=1),
                        ),
                    ),
                    payments=(
                        PaymentRecord(
                            external_id="p1",
                            method="card",
                            provider="sandbox",
                            provider_ref="pay-1",
                            amount_cents=128_000,
                            paid_at=NOON - timedelta(days=5),
                        ),
                    ),
                )
            ],
        )
        from sqlalchemy import text

        row = (
            await work.session.execute(
                text(
                    "SELECT o.id AS order_id, o.customer_id, l.id AS line_id FROM sales_order o"
                    " JOIN order_line l ON l.order_id = o.id WHERE o.shop_id = :shop"
                ),
                {"shop": shop.id},
            )
        ).one()
        case = await open_case(
            work,
            NewCase(
                shop_id=shop.id,
                customer_id=row.customer_id,
                order_id=row.order_id,
                title="茶壶有裂纹",
                channel=Channel.portal,
                locale="zh-CN",
            ),
        )
    return Given(
        shop_id=shop.id,
        customer_id=row.customer_id,
        order_id=row.order_id,
        line_id=row.line_id,
        case_id=case.id,
        thread_id=case.thread_id,
        customer=Actor(
            kind=ActorKind.customer,
            shops=frozenset({shop.id}),
            customers=frozenset({row.customer_id}),
            locale=locale,
        ),
        staff=Actor(
            kind=ActorKind.staff,
            shops=frozenset({shop.id}),
            permissions=frozenset(
                {
                    "claims.read",
                    "claims.decide",
                    "cases.read",
                    "cases.write",
                    "conversations.write",
                    "orders.read",
                    "notices.read",
                    "notices.write",
                }
            ),
        ),
    )


async def say(house: House, given: Given, body: str, actor: Actor | None = None) -> None:
    """Staff write to the customer."""
    async with begin(house, actor or given.staff) as work:
        await post(
            work,
            NewMessage(thread_id=given.thread_id, case_id=given.case_id, body=body, channel=Channel.desk),
        )


async def a_claim(house: House, given: Given, kind: ClaimKind = ClaimKind.return_refund) -> UUID:
    async with begin(house, given.customer) as work:
        claim = await claims.apply(
            work,
            NewClaim(
                kind=kind,
                lines=[AskedLine(order_line_id=given.line_id, quantity=1)],
                reason=Reason.no_reason,
            ),
        )
        return claim.id


async def warn(house: House) -> None:
    async with begin(house) as work:
        await promises.warn_due(work, 100)
