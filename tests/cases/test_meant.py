"""A search that finds nothing says what may have been meant: and only what is found."""

from uuid import UUID

import pytest
from sqlalchemy import text

from aftercare.cases import index_case
from aftercare.cases.meant import MOST_SPELLINGS, spelt_like, what_was_meant
from aftercare.journal import Actor, House, begin
from tests.cases.given import World, a_case, a_world


async def meant(house: House, actor: Actor, words: str) -> str | None:
    async with begin(house, actor) as work:
        return await what_was_meant(work, words)


async def a_shop_with_cases(house: House) -> tuple[World, str]:
    world = await a_world(house)
    await a_case(world, "蓝牙耳机有杂音，想换一副")
    one = await a_case(world, "Refund of the order HC-20260301-0042")
    for case_id in await cases(house):
        async with begin(house) as work:
            await index_case(work, case_id)
    return world, one.number


async def cases(house: House) -> list[UUID]:
    async with begin(house) as work:
        return list(await work.session.scalars(text("SELECT id FROM service_case")))


@pytest.mark.parametrize(
    ("typed", "meant_by_it"),
    [
        ("耳几", "耳机"),
        ("蓝牙耳及", "蓝牙耳机"),
        ("王小梅", "王晓梅"),
        ("refnud", "refund"),
        ("Refnd", "refund"),
        ("ｒｅｆｕｎｎｄ", "refund"),
        ("HC-20260301-0024", "HC-20260301-0042"),
        ("hc-2026301-0042", "hc-20260301-0042"),
        ("13800183000", "13800138000"),
        ("王小梅 refnud", "王晓梅 refund"),
    ],
)
async def test_one_slip_in_each_word_is_put_right(house: House, typed: str, meant_by_it: str) -> None:
    world, _ = await a_shop_with_cases(house)
    assert await meant(house, world.mei, typed) == meant_by_it


@pytest.mark.parametrize(
    "typed", ["耳机", "refund", "王晓梅", "", "？？", "xylophone", "张三丰", "耳", "1", "的" * 200]
)
async def test_what_is_found_or_is_like_nothing_is_left_alone(house: House, typed: str) -> None:
    world, _ = await a_shop_with_cases(house)
    assert await meant(house, world.mei, typed) is None


async def test_two_digits_of_a_case_number_that_changed_places(house: House) -> None:
    world, number = await a_shop_with_cases(house)
    # In the month, since the neighbours of its running number are there as well.
    begins, month, running = number.split("-")
    assert await meant(house, world.mei, f"{begins}-{month[:2]}{month[3]}{month[2]}-{running}") == number


async def test_another_shop_lends_no_words(house: House) -> None:
    await a_shop_with_cases(house)
    other = await a_world(house, "yunzhu")
    assert await meant(house, other.mei, "refnud") is None


async def test_an_erased_name_is_not_suggested(house: House) -> None:
    world, _ = await a_shop_with_cases(house)
    async with begin(house) as work:
        await work.session.execute(text("UPDATE customer SET name = '已删除'"))
    for case_id in await cases(house):
        async with begin(house) as work:
            await index_case(work, case_id)
    assert await meant(house, world.mei, "王小梅") is None


def test_no_word_has_more_spellings_than_are_looked_up() -> None:
    for typed in ("蓝牙耳机有杂音", "refund", "internationalize", "HC-20260301-0042".casefold()):
        assert len(dict.fromkeys(spelt_like(typed))) <= MOST_SPELLINGS, typed
