"""A shop with an editor, an agent and readers, and articles in a few words."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from aftercare.identity import NewShop, ShopView, new_shop, seed_roles
from aftercare.journal import SYSTEM, Actor, ActorKind, House, begin
from aftercare.kit.ids import new_id
from aftercare.knowledge import ArticleView, NewArticle, Words, new_article, publish

READS = frozenset({"knowledge.read", "cases.read", "cases.write", "conversations.write", "orders.read"})
WRITES = READS | {"knowledge.write"}


@dataclass
class World:
    house: House
    shop: ShopView
    editor: Actor
    agent: Actor

    @property
    def shop_id(self) -> UUID:
        return self.shop.id


async def a_world(house: House, code: str = "qinglan") -> World:
    async with begin(house) as work:
        await seed_roles(work)
        shop = await new_shop(work, NewShop(code=code, name="青岚家电", support_email="hi@qinglan.example"))
    return World(
        house,
        shop,
        await staff(house, f"editor@{code}.example", "沈编辑", shop.id, WRITES),
        await staff(house, f"agent@{code}.example", "小美", shop.id, READS),
    )


async def staff(
    house: House, email: str, name: str, shop_id: UUID | None, permissions: frozenset[str]
) -> Actor:
    account_id = new_id()
    async with begin(house) as work:
        await work.session.execute(
            text(
                "INSERT INTO account (id, email, name, locale, created_at) VALUES (:id, :email, :name, 'zh-CN', :now)"
            ),
            {"id": account_id, "email": email, "name": name, "now": work.now},
        )
    shops = None if shop_id is None else frozenset({shop_id})
    return Actor(ActorKind.staff, account_id, shops, permissions, role="agent")


async def an_article(
    world: World,
    title: str = "七天无理由退货怎么申请",
    body: str = "签收后七天内，打开订单，点“申请售后”。",
    *,
    by: Actor | None = None,
    shop_id: UUID | None = None,
    house_wide: bool = False,
    published: bool = True,
    texts: dict[Any, Words] | None = None,
    **more: Any,
) -> ArticleView:
    given: dict[Any, Words] = texts or {"zh-CN": Words(title=title, body=body)}
    async with begin(world.house, SYSTEM if house_wide else (by or world.editor)) as work:
        article = await new_article(
            work,
            NewArticle(shop_id=None if house_wide else (shop_id or world.shop_id), texts=given, **more),
        )
        return await publish(work, article.id) if published else article


async def facts(house: House, *names: str) -> list[tuple[str, dict[str, Any]]]:
    async with begin(house) as work:
        rows = await work.session.execute(
            text("SELECT name, data FROM fact WHERE name LIKE ANY(:names) ORDER BY position"),
            {"names": [f"{name}%" for name in names]},
        )
        return [(row.name, row.data) for row in rows]
