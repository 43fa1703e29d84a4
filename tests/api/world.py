"""A group with two shops in which something of everything has happened, and the people who may ask about it."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from aftercare import cases, claims, conversations, identity
from aftercare.claims import ClaimKind, Reason
from aftercare.identity import PERMISSIONS, NewAccount, ShopView
from aftercare.identity.model import SessionKind
from aftercare.identity.sessions import open_session
from aftercare.journal import SYSTEM, House, begin, drain
from tests import given
from tests.given import Bought, Line
from tests.identity.people import cheap_hash

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002"
    "0001e221bc330000000049454e44ae426082"
)

WHO = ("nobody", "customer", "agent", "owner", "token")


@dataclass
class World:
    house: House
    shop: ShopView
    other_shop: ShopView
    bought: Bought
    theirs: Bought
    """An order of the other shop."""
    accounts: dict[str, UUID]
    theirs_ids: dict[str, list[UUID]] = field(default_factory=dict)
    """What belongs to the other shop, by table."""


async def a_world(house: House) -> World:
    async with begin(house) as work:
        await identity.seed_roles(work)
    shop, other = await given.a_shop(house), await given.a_shop(house)
    accounts: dict[str, UUID] = {}
    async with begin(house, SYSTEM) as work:
        for name, role, shops in (
            ("owner", "owner", None),
            ("second owner", "owner", None),
            ("agent", "agent", [shop.id]),
            ("somebody", "agent", [shop.id]),
        ):
            account = await identity.create_account(
                work,
                NewAccount(email=f"{name.replace(' ', '.')}@example.com", name=name, role=role, shops=shops),
                password_hash=cheap_hash(),
            )
            accounts[name] = account.id
    bought = await _something_of_everything(house, shop)
    theirs = await _something_of_everything(house, other)
    await drain(house)
    return World(house, shop, other, bought, theirs, accounts)


async def _something_of_everything(house: House, of: ShopView) -> Bought:
    """Claims of several kinds and states, a case with a message, a note and a file, parcels, stock, clocks, refunds."""
    who = f"customer-of-{of.code}"
    bought = await given.an_order(
        house, of, Line(quantity=5), Line("羊毛衫", 19_900, 5, category="clothing"), customer=who
    )
    unshipped = await given.an_order(house, of, Line(), delivered=None, shipped=None, customer=who)
    filed: list[UUID] = []
    for order, kind, reason in (
        (bought, ClaimKind.return_refund, Reason.no_reason),
        (bought, ClaimKind.exchange, Reason.wrong_size),
        (bought, ClaimKind.refund_only, Reason.damaged),
        (bought, ClaimKind.repair, Reason.defective),
        (unshipped, ClaimKind.cancel_unshipped, Reason.no_reason),
    ):
        filed.append((await given.a_claim(house, order, kind, reason, description="包装破损")).id)
    async with begin(house, bought.buyer) as work:
        await claims.ship(work, filed[0], claims.WayBack(carrier="shunfeng", tracking_number="SF1000000001"))
        case = await cases.open_case(
            work,
            cases.NewCase(
                shop_id=of.id,
                customer_id=bought.customer_id,
                order_id=bought.order_id,
                title="水壶漏水",
                body="接口处滴水",
            ),
        )
    agent = given.staff(of, given.AGENT | {"cases.assign", "supply.write"})
    async with begin(house, agent) as work:
        await conversations.post(
            work,
            conversations.NewMessage(
                thread_id=case.thread_id,
                case_id=case.id,
                body="您好，请拍一张照片。",
                channel=conversations.Channel.desk,
            ),
        )

    async def picture() -> Any:
        yield PNG

    await conversations.store_file(
        house,
        bought.buyer,
        picture(),
        name="照片.png",
        shop_id=of.id,
        customer_id=bought.customer_id,
        shown=True,
    )
    return bought


async def ids_by_table(house: House, *, of: UUID | None = None, most: int = 6) -> dict[str, list[str]]:
    """The newest ids of every table that has them; of one shop only where `of` is given."""
    found: dict[str, list[str]] = {}
    async with begin(house, SYSTEM) as work:
        tables = await work.session.execute(
            text(
                "SELECT table_name AS name, bool_or(column_name = 'shop_id') AS owned FROM information_schema.columns"
                " WHERE table_schema = 'public' AND (column_name = 'shop_id' OR column_name = 'id' AND data_type = 'uuid')"
                " GROUP BY table_name HAVING bool_or(column_name = 'id')"
            )
        )
        for table in tables.all():
            if of is not None and not table.owned:
                continue
            rows = await work.session.execute(
                text(
                    f'SELECT id FROM "{table.name}"'
                    + (" WHERE shop_id = :of" if of is not None else "")
                    + " ORDER BY id DESC LIMIT :most"
                ),
                {"most": most} | ({"of": of} if of is not None else {}),
            )
            found[table.name] = [str(row.id) for row in rows]
    return found


class Passes:
    """How each person shows who they are; opened again when somebody has closed it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._headers: dict[str, dict[str, str]] = {"nobody": {}}

    async def headers(self, who: str) -> dict[str, str]:
        if who not in self._headers:
            self._headers[who] = await self._open(who)
        return self._headers[who]

    def forget(self, who: str) -> None:
        if who != "nobody":
            self._headers.pop(who, None)

    async def _open(self, who: str) -> dict[str, str]:
        house = self.world.house
        async with begin(house, SYSTEM) as work:
            if who == "token":
                made = await identity.create_token(work, f"all {uuid4()}", list(PERMISSIONS), None, None)
                return {"Authorization": f"Bearer {made.secret}"}
            if who == "customer":
                bought = self.world.bought
                opened = await identity.open_customer_session(
                    work, customers=[bought.customer_id], shops=[bought.shop.id], contact="c@example.test"
                )
            else:
                await work.session.execute(
                    text("UPDATE account SET active = true WHERE id = :id"),
                    {"id": self.world.accounts[who]},
                )
                opened = await open_session(
                    work,
                    kind=SessionKind.staff,
                    how="test",
                    locale="zh-CN",
                    account_id=self.world.accounts[who],
                )
        cookies = f"{identity.SESSION_COOKIE}={opened.token}; {identity.CSRF_COOKIE}={opened.csrf}"
        return {"Cookie": cookies, "X-CSRF-Token": opened.csrf}
