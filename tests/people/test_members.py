"""Members of staff: what they know and carry, and who could take a matter now."""

import pytest
from pydantic import ValidationError

from aftercare.journal import House, PermissionMissing, begin
from aftercare.people import (
    CapacityNotPossible,
    MemberNotFound,
    MemberProfile,
    available_members,
    get_member,
    list_members,
    set_profile,
    set_working,
)
from tests.cases.given import World, a_world, at_work, facts, scalar


async def free(world: World, skill: str | None = None, locale: str = "zh-CN") -> list[str]:
    async with begin(world.house) as work:
        return [member.name for member in await available_members(work, world.shop_id, skill, locale)]


async def test_who_is_available(house: House) -> None:
    world = await a_world(house)
    await at_work(world, world.mei, skills=["fridge"], languages=["zh-CN", "en"])
    await at_work(world, world.bo, languages=["pt-BR"])
    await at_work(world, world.boss, capacity=0)
    assert await free(world) == ["mei"]
    assert await free(world, "fridge", "zh-TW") == ["mei"]
    assert await free(world, "sewing") == []
    assert await free(world, locale="pt") == ["bo"]
    assert world.mei.id
    async with begin(house, world.mei) as work:
        await set_working(work, world.mei.id, False)
        await set_working(work, world.mei.id, False)
    assert await free(world) == []
    assert len(await facts(house, "member.changed")) == 4
    await scalar(house, "UPDATE account SET active = false WHERE name = 'bo' RETURNING 1")
    assert await free(world, locale="pt") == []


async def test_who_may_change_and_see_a_profile(house: House) -> None:
    world, elsewhere = await a_world(house), await a_world(house, "yunshu")
    assert world.mei.id
    assert world.bo.id
    await at_work(world, world.mei, skills=[" fridge ", "fridge", ""])
    async with begin(house, world.bo) as work:
        seen = await get_member(work, world.mei.id)
        assert (seen.skills, seen.languages, seen.capacity, seen.shop_ids) == (
            ["fridge"],
            [],
            20,
            [world.shop_id],
        )
        assert [member.name for member in await list_members(work)] == ["mei"]
    async with begin(house, elsewhere.mei) as work:
        assert await list_members(work) == []
    for actor, profile, refusal in (
        (world.mei, MemberProfile(), PermissionMissing),
        (world.boss, MemberProfile(capacity=1001), CapacityNotPossible),
        (world.boss, MemberProfile(shop_ids=[elsewhere.shop_id]), MemberNotFound),
    ):
        with pytest.raises(refusal):
            async with begin(house, actor) as work:
                await set_profile(work, world.mei.id, profile)
    with pytest.raises(PermissionMissing):
        async with begin(house, world.bo) as work:
            await set_working(work, world.mei.id, False)
    with pytest.raises(MemberNotFound):
        async with begin(house, world.bo) as work:
            await set_working(work, world.bo.id, True)
    with pytest.raises(MemberNotFound):
        async with begin(house, world.customer) as work:
            await get_member(work, world.mei.id)


@pytest.mark.parametrize(
    "odd",
    [
        {"languages": ["Chinese"]},
        {"languages": ["zh_CN"]},
        {"skills": ["x" * 41]},
        {"skills": ["repair"] * 51},
    ],
)
def test_a_profile_that_cannot_be_meant_is_refused(odd: dict[str, list[str]]) -> None:
    with pytest.raises(ValidationError):
        MemberProfile.model_validate(odd)
