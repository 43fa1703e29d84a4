from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from aftercare.identity import (
    NewShop,
    ShopChange,
    ShopCodeTaken,
    change_shop,
    find_shop,
    get_shop,
    list_shops,
    new_shop,
)
from aftercare.journal import NOBODY, SYSTEM, Actor, ActorKind, House, begin
from aftercare.kit.errors import NotAllowed, NotFound


async def test_a_shop_is_made_found_and_changed(house: House) -> None:
    async with begin(house, SYSTEM) as work:
        made = await new_shop(
            work, NewShop(code="qinglan-home", name="青岚家电", return_address={"city": "杭州"})
        )
    async with begin(house, NOBODY) as work:
        assert (await find_shop(work, "qinglan-home")).id == made.id
        assert (await list_shops(work)).items == []
        with pytest.raises(NotFound):
            await get_shop(work, made.id)
    async with begin(house, SYSTEM) as work:
        assert await get_shop(work, made.id) == made
        await change_shop(work, made.id, ShopChange(name="青岚生活电器"))
        assert (await get_shop(work, made.id)).name == "青岚生活电器"
    async with begin(house, SYSTEM) as work:
        assert (await get_shop(work, made.id)).name == "青岚生活电器"


async def test_a_change_that_is_rolled_back_is_not_remembered(house: House) -> None:
    async with begin(house, SYSTEM) as work:
        made = await new_shop(work, NewShop(code="a", name="A"))
    with pytest.raises(NotFound):
        await rename_and_fail(house, made.id)
    async with begin(house, SYSTEM) as work:
        assert (await get_shop(work, made.id)).name == "A"


async def rename_and_fail(house: House, shop_id: UUID) -> None:
    async with begin(house, SYSTEM) as work:
        await change_shop(work, shop_id, ShopChange(name="B"))
        assert (await get_shop(work, shop_id)).name == "B"
        await get_shop(work, uuid4())


async def test_codes_are_taken_once_and_only_the_group_adds_shops(house: House) -> None:
    async with begin(house, SYSTEM) as work:
        shop = await new_shop(work, NewShop(code="a", name="A"))
        with pytest.raises(ShopCodeTaken):
            await new_shop(work, NewShop(code="a", name="B"))
        with pytest.raises(NotFound):
            await get_shop(work, uuid4())
    one = Actor(ActorKind.staff, uuid4(), frozenset({shop.id}), frozenset({"shops.write"}))
    async with begin(house, one) as work:
        with pytest.raises(NotAllowed):
            await new_shop(work, NewShop(code="b", name="B"))
        assert [found.code for found in (await list_shops(work)).items] == ["a"]


async def test_shops_that_speak_the_readers_language_come_first(house: House) -> None:
    async with begin(house, SYSTEM) as work:
        for code, name, locale in (
            ("branch", "Branch Europe", "en"),
            ("home", "本店", "zh-CN"),
            ("taipei", "臺北店", "zh-TW"),
        ):
            await new_shop(work, NewShop(code=code, name=name, locale=locale))

    async def read_in(locale: str, limit: int) -> list[str]:
        found: list[str] = []
        after = None
        async with begin(house, replace(SYSTEM, locale=locale)) as work:
            while True:
                page = await list_shops(work, after=after, limit=limit)
                found += [shop.code for shop in page.items]
                after = page.next
                if after is None:
                    return found

    for limit in (1, 2, 200):
        assert await read_in("zh-CN", limit) == ["home", "taipei", "branch"]
        assert await read_in("en", limit) == ["branch", "home", "taipei"]
