"""A shop with two agents and a supervisor, customers with an order each, and their cases, in a few words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from aftercare.cases import CaseView, NewCase, open_case
from aftercare.identity import NewShop, new_shop, seed_roles
from aftercare.journal import Actor, ActorKind, House, begin
from aftercare.kit.ids import new_id
from aftercare.people import MemberProfile, set_profile

AGENT = frozenset({"cases.read", "cases.write", "conversations.write", "orders.read", "claims.read"})
SUPERVISOR = AGENT | {"cases.assign", "users.write", "journal.read"}


@dataclass
class World:
    house: House
    shop_id: UUID
    mei: Actor
    bo: Actor
    boss: Actor
    customer: Actor
    customer_id: UUID
    order_id: UUID


async def a_world(house: House, code: str = "qinglan") -> World:
    async with begin(house) as work:
        await seed_roles(work)
        shop_id = (await new_shop(work, NewShop(code=code, name="青岚家电"))).id
    people = {
        name: await staff(house, f"{name}@{code}.example", name, shop_id, permissions)
        for name, permissions in (("mei", AGENT), ("bo", AGENT), ("boss", SUPERVISOR))
    }
    customer, customer_id, order_id = await buyer(house, shop_id, f"{code}-1", "王晓梅", "+8613800138000")
    return World(house, shop_id, people["mei"], people["bo"], people["boss"], customer, customer_id, order_id)


async def staff(house: House, email: str, name: str, shop_id: UUID, permissions: frozenset[str]) -> Actor:
    account_id = new_id()
    async with begin(house) as work:
        await work.session.execute(
            text(
                "INSERT INTO account (id, email, name, locale, created_at) VALUES (:id, :email, :name, 'zh-CN', :now)"
            ),
            {"id": account_id, "email": email, "name": name, "now": work.now},
        )
        await work.session.execute(
            text(
                "INSERT INTO membership (id, account_id, role, shop_id) VALUES (:id, :account, 'agent', :shop)"
            ),
            {"id": new_id(), "account": account_id, "shop": shop_id},
        )
    return Actor(ActorKind.staff, account_id, frozenset({shop_id}), permissions, role="agent")


async def buyer(house: House, shop_id: UUID, number: str, name: str, phone: str) -> tuple[Actor, UUID, UUID]:
    customer_id, order_id = new_id(), new_id()
    async with begin(house) as work:
        await work.session.execute(
            text(
                "INSERT INTO customer (id, shop_id, external_id, name, email, phone, locale, content, since)"
                " VALUES (:id, :shop, :number, :name, NULL, :phone, 'zh-CN', '', :now)"
            ),
            {
                "id": customer_id,
                "shop": shop_id,
                "number": number,
                "name": name,
                "phone": phone,
                "now": work.now,
            },
        )
        await work.session.execute(
            text(
                "INSERT INTO sales_order (id, shop_id, number, number_key, external_id, source, customer_id, status,"
                " currency, placed_at, goods_cents, discount_cents, freight_cents, paid_cents, content, tsv, tokenizer)"
                " VALUES (:id, :shop, :number, upper(CAST(:number AS varchar)), :number, 'test', :customer, 'paid', 'CNY', :now, 100, 0, 0,"
                " 100, '', '', 1)"
            ),
            {"id": order_id, "shop": shop_id, "number": number, "customer": customer_id, "now": work.now},
        )
    actor = Actor(ActorKind.customer, new_id(), frozenset({shop_id}), customers=frozenset({customer_id}))
    return actor, customer_id, order_id


async def a_case(
    world: World, title: str = "净水器漏水", body: str = "接头处一直滴水", **more: Any
) -> CaseView:
    """Opened by the customer."""
    async with begin(world.house, world.customer) as work:
        return await open_case(
            work,
            NewCase(
                shop_id=world.shop_id,
                customer_id=world.customer_id,
                order_id=world.order_id,
                title=title,
                body=body,
                **more,
            ),
        )


async def at_work(world: World, actor: Actor, **profile: Any) -> None:
    assert actor.id is not None
    async with begin(world.house, world.boss) as work:
        await set_profile(work, actor.id, MemberProfile(working=True, shop_ids=[world.shop_id], **profile))


async def facts(house: House, *names: str) -> list[tuple[str, dict[str, Any]]]:
    async with begin(house) as work:
        rows = await work.session.execute(
            text("SELECT name, data FROM fact WHERE name LIKE ANY(:names) ORDER BY position"),
            {"names": [f"{name}%" for name in names]},
        )
        return [(row.name, row.data) for row in rows]


async def clocks(house: House, subject_id: UUID) -> dict[str, str]:
    """The state of each clock by name; the newest of a name."""
    async with begin(house) as work:
        rows = await work.session.execute(
            text("SELECT name, state FROM clock WHERE subject_id = :id ORDER BY started_at, id"),
            {"id": subject_id},
        )
        return {row.name: row.state for row in rows}


async def scalar(house: House, statement: str, **values: Any) -> Any:
    async with begin(house) as work:
        return (await work.session.execute(text(statement), values)).scalar_one()


def names(found: Sequence[tuple[str, dict[str, Any]]]) -> list[str]:
    return [name for name, _ in found]
