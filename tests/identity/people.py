"""The people of these tests: a group of two shops, its owner, and an agent of the first shop."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from uuid import UUID

from argon2 import PasswordHasher
from sqlalchemy import text

from aftercare.identity import (
    AccountView,
    NewAccount,
    NewShop,
    ShopView,
    actor_from,
    create_account,
    new_shop,
    seed_roles,
    sign_in,
)
from aftercare.journal import SYSTEM, Actor, House, begin

PASSWORD = "竹林深处 cicada 七点半"


CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@cache
def cheap_hash() -> str:
    """Of PASSWORD; sign-in at the product's own cost replaces it."""
    return CHEAP.hash(PASSWORD)


@dataclass
class Group:
    house: House
    shops: list[ShopView]
    owner: AccountView
    agent: AccountView


async def found_group(house: House) -> Group:
    async with begin(house, SYSTEM) as work:
        await seed_roles(work)
        shops = [
            await new_shop(work, NewShop(code=code, name=name))
            for code, name in (("qinglan", "青岚家电"), ("yunshu", "云舒服饰"))
        ]
        owner = await create_account(
            work,
            NewAccount(email="owner@example.com", name="林若溪", role="owner", shops=None),
            password_hash=cheap_hash(),
        )
        agent = await create_account(
            work,
            NewAccount(email="agent@example.com", name="周子航", role="agent", shops=[shops[0].id]),
            password_hash=cheap_hash(),
        )
    return Group(house, shops, owner, agent)


async def actor_of(house: House, account: AccountView) -> Actor:
    """As a request of theirs would have it."""
    opened = await sign_in(house, email=account.email, password=PASSWORD)
    signed = await actor_from(house, opened.token, None)
    assert signed is not None
    return signed.actor


async def facts(house: House, *names: str) -> list[tuple[str, UUID | None, dict[str, object]]]:
    """(name, actor, data), oldest first."""
    wanted: Sequence[str] = names
    async with begin(house, SYSTEM) as work:
        found = await work.session.execute(
            text("SELECT name, actor_id, data FROM fact WHERE name = ANY(:names) ORDER BY position"),
            {"names": list(wanted)},
        )
        return [(row.name, row.actor_id, row.data) for row in found]
