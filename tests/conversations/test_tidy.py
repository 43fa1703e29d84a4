"""Uploads that nobody used go away; what anybody used stays, with its bytes."""

import os
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from aftercare.conversations import FileNotFound, FileView, forget_unused, open_file, store_file
from aftercare.journal import House, begin
from aftercare.kit.files import BytesMissing, Files
from tests import given
from tests.cases.given import World, a_world
from tests.conftest import Clock
from tests.conversations.test_verbs import a_thread, posting
from tests.given import Bought
from tests.kit.test_files import PNG, pieces


async def upload(house: House, bought: Bought, mark: bytes) -> FileView:
    return await store_file(
        house,
        bought.buyer,
        pieces(PNG + mark),
        name="p.png",
        shop_id=bought.shop.id,
        customer_id=bought.customer_id,
    )


async def there(house: House, file_id: UUID) -> bool:
    async with begin(house) as work:
        try:
            await open_file(work, file_id)
        except FileNotFound:
            return False
        return True


def age(files: Path, days: int, clock: Clock) -> None:
    """The disk's own time does not follow the test's clock."""
    for path in files.rglob("*"):
        if path.is_file():
            then = (clock.now - timedelta(days=days)).timestamp()
            os.utime(path, (then, then))


async def test_what_nobody_used_goes_after_two_days_with_its_bytes(
    house: House, clock: Clock, tmp_path: Path
) -> None:
    house.ports = {Files: Files(str(tmp_path))}
    of = await given.a_shop(house)
    bought = await given.an_order(house, of)
    shown, idle, twin = [await upload(house, bought, mark) for mark in (b"shown", b"idle", b"shown")]
    assert (shown.key == twin.key, shown.key == idle.key) == (True, False)
    await given.a_claim(house, bought, file_ids=[shown.id])
    (tmp_path / "incoming" / "aftercare-dead").write_bytes(b"half a film")
    age(tmp_path, 0, clock)
    assert await forget_unused(house) == 0
    assert (tmp_path / "incoming" / "aftercare-dead").exists()

    clock.now += timedelta(days=2, minutes=1)
    fresh = await upload(house, bought, b"fresh")
    assert await forget_unused(house, at_a_time=1) == 2
    assert [await there(house, one.id) for one in (shown, idle, twin, fresh)] == [True, False, False, True]
    files = house.port(Files)
    with pytest.raises(BytesMissing):
        await files.read(idle.key)
    for kept in (shown, fresh):
        assert b"".join([piece async for piece in await files.read(kept.key)]).startswith(PNG)
    assert not (tmp_path / "incoming" / "aftercare-dead").exists()
    assert await forget_unused(house) == 0


async def test_what_was_posted_stays(house: House, clock: Clock, tmp_path: Path) -> None:
    house.ports = {Files: Files(str(tmp_path))}
    world: World = await a_world(house)
    file = await store_file(
        house,
        world.customer,
        pieces(PNG),
        name="p.png",
        shop_id=world.shop_id,
        customer_id=world.customer_id,
    )
    await posting(world, world.customer, await a_thread(world), "看图", file_ids=[file.id])
    clock.now += timedelta(days=3)
    age(tmp_path, 3, clock)
    assert await forget_unused(house) == 0
    assert await there(house, file.id)


async def test_bytes_that_were_put_again_meanwhile_stay(tmp_path: Path, clock: Clock) -> None:
    files = Files(str(tmp_path))
    kept = await files.put(pieces(PNG))
    age(tmp_path, 5, clock)
    again = await files.put(pieces(PNG))
    assert again == kept
    assert not await files.forget_if_older(kept.key, clock.now - timedelta(days=2))
    age(tmp_path, 5, clock)
    assert await files.forget_if_older(kept.key, clock.now - timedelta(days=2))
    assert not await files.forget_if_older(kept.key, clock.now)
