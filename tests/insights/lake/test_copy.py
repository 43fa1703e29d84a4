"""The lake holds what PostgreSQL holds, however it got there."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from ibis import _ as row
from sqlalchemy import text

from aftercare.identity import ShopView
from aftercare.insights.lake import SHAPES, LakeNotReady, Ready, Tables, lake_of, live_answer, refresh
from aftercare.insights.lake import copying as copying_module
from aftercare.insights.lake import lake as lake_module
from aftercare.insights.lake import manifest as manifest_module
from aftercare.insights.lake.manifest import alone, read_manifest
from aftercare.insights.lake.parts import MOST_SMALL
from aftercare.insights.lake.ready import READY
from aftercare.insights.lake.shapes import INSTANT, INTEGER, STRING
from aftercare.journal import SYSTEM, Actor, ActorKind, House, PermissionMissing, begin
from tests import given
from tests.conftest import Clock
from tests.insights.lake.given import a_lake, as_if_new, differences, holds, refreshed
from tests.insights.lake.living import Life

BY_NAME = Ready(
    "by_name",
    {"month": INSTANT, "name": STRING, "facts": INTEGER},
    lambda facts: facts.group_by(month=facts.at.truncate("M"), name=facts.name).agg(facts=facts.count()),
    order=("name",),
)
LOOKS = frozenset({"insights.read"})


async def test_every_table_is_copied_as_it_is(own_house: House, clock: Clock, tmp_path: Path) -> None:
    a_lake(own_house, tmp_path / "lake")
    life = await Life.begin(own_house, clock)
    for _ in range(6):
        await life.step()
    async with begin(own_house, SYSTEM) as work:
        with pytest.raises(LakeNotReady):
            lake_of(work)
    done = await refreshed(own_house)
    assert done.whole
    async with begin(own_house, SYSTEM) as work:
        lake = lake_of(work)
        rows = {}
        for name, shape in SHAPES.items():
            table = lake.tables()[name]
            here, there = await lake.answer(table), await live_answer(work, table)
            keys = [(column, "ascending") for column in shape.order]
            assert here.sort_by(keys).equals(there.sort_by(keys)), name
            rows[name] = len(here)
    assert rows["facts"] == done.facts
    assert (rows["shops"], rows["orders"], rows["cases"], rows["claims"]) == (2, 6, 12, 6)
    assert all(
        rows[name] for name in ("messages", "clocks", "claim_lines", "order_lines", "accounts", "products")
    )


async def test_who_sees_some_shops_sees_their_rows(own_house: House, tmp_path: Path) -> None:
    a_lake(own_house, tmp_path / "lake")
    shop, other = await given.a_shop(own_house), await given.a_shop(own_house)
    for of in (shop, shop, other):
        await given.an_order(own_house, of)
    await refreshed(own_house)

    async def count(actor: Actor) -> dict[str, int]:
        async with begin(own_house, actor) as work:
            lake = lake_of(work)
            return {
                name: (await lake.answer(lake.tables()[name].count().name("n"))).to_pylist()[0]["n"]
                for name in ("orders", "shops", "products")
            }

    def staff(*shops: ShopView) -> Actor:
        return Actor(kind=ActorKind.staff, shops=frozenset(one.id for one in shops), permissions=LOOKS)

    assert await count(staff(shop)) == {"orders": 2, "shops": 1, "products": 2}
    assert await count(staff()) == {"orders": 0, "shops": 0, "products": 0}
    assert await count(SYSTEM) == {"orders": 3, "shops": 2, "products": 3}
    async with begin(own_house, given.staff(shop, frozenset())) as work:
        with pytest.raises(PermissionMissing):
            lake_of(work)


async def test_increments_end_where_a_new_copy_would(
    own_house: House, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying_module, "FACTS_AT_ONCE", 40)
    # By month; what is kept for each case and claim is there anyway.
    monkeypatch.setitem(READY, "by_name", BY_NAME)
    lake = a_lake(own_house, tmp_path / "lake")
    life = await Life.begin(own_house, clock)
    await life.step()
    assert (await refreshed(own_house)).whole
    facts = lake.fetch(Tables().facts.count().name("n")).to_pylist()[0]["n"]
    for _ in range(8):
        await life.step()
        done = await refreshed(own_house)
        assert not done.whole
        facts += done.facts
        assert facts == lake.fetch(Tables().facts.count().name("n")).to_pylist()[0]["n"]
    held = holds(lake)
    assert differences(held, await as_if_new(own_house, tmp_path / "new")) == []
    assert sum(held["by_name"].column("facts").to_pylist()) == facts
    assert (await refreshed(own_house)).facts == 0
    # Made in another way from now on: made anew, without a copy of everything.
    monkeypatch.setitem(
        READY,
        "by_name",
        replace(BY_NAME, of=lambda table: BY_NAME.of(table).filter(row.facts > 1), version=2),
    )
    with pytest.raises(LakeNotReady):
        lake.fetch(Tables().by_name)
    assert not (await refreshed(own_house)).whole
    assert min(lake.fetch(Tables().by_name).column("facts").to_pylist()) > 1


async def test_what_no_fact_tells_of_comes_with_its_table_or_within_a_day(
    own_house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = a_lake(own_house, tmp_path / "lake")
    shop = await given.a_shop(own_house)
    bought = await given.an_order(own_house, shop)
    await refreshed(own_house)
    async with begin(own_house, SYSTEM) as work:
        await work.session.execute(text("UPDATE product SET category = 'kettles'"))
        await work.session.execute(text("UPDATE sales_order SET promised_at = now()"))
        await work.session.execute(
            text("DELETE FROM order_line WHERE order_id = :id"), {"id": bought.order_id}
        )
    await given.an_order(own_house, shop)
    assert not (await refreshed(own_house)).whole
    assert lake.fetch(Tables().products.category).to_pylist() == [
        {"category": "kettles"},
        {"category": "appliances"},
    ]
    assert lake.fetch(Tables().orders.promised_at.count().name("n")).to_pylist() == [{"n": 0}]
    monkeypatch.setattr(copying_module, "WHOLE_EVERY", timedelta(0))
    monkeypatch.setattr(lake_module, "WHOLE_EVERY", timedelta(0))
    await refreshed(own_house)
    assert lake.fetch(Tables().orders.promised_at.count().name("n")).to_pylist() == [{"n": 1}]
    assert lake.fetch(Tables().order_lines.count().name("n")).to_pylist() == [{"n": 1}]


async def test_small_parts_become_one_and_old_ones_go(
    own_house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = a_lake(own_house, tmp_path / "lake")
    shop = await given.a_shop(own_house)
    for _ in range(MOST_SMALL + 3):
        await given.an_order(own_house, shop)
        await refreshed(own_house)
    manifest = read_manifest(lake.folder)
    assert manifest is not None
    for name, parts in manifest.tables.items():
        places = [part.place for part in parts]
        assert all(places.count(place) <= MOST_SMALL + 1 for place in places), name
    assert differences(holds(lake), await as_if_new(own_house, tmp_path / "new")) == []
    lying = {path.relative_to(lake.folder).as_posix() for path in lake.folder.glob("*/**/*.parquet")}
    assert lying == manifest.named() | set(manifest.dropped)
    assert manifest.dropped
    monkeypatch.setattr(manifest_module, "GRACE_SECONDS", 0)
    await given.an_order(own_house, shop)
    (lake.folder / "orders" / "left-by-a-dead-one.parquet").write_bytes(b"")
    await refreshed(own_house)
    await given.an_order(own_house, shop)
    await refreshed(own_house)
    manifest = read_manifest(lake.folder)
    assert manifest is not None
    lying = {path.relative_to(lake.folder).as_posix() for path in lake.folder.glob("*/**/*.parquet")}
    assert lying == manifest.named() | set(manifest.dropped)


async def test_a_second_refresh_at_once_does_nothing(own_house: House, tmp_path: Path) -> None:
    lake = a_lake(own_house, tmp_path / "lake")
    await given.an_order(own_house, await given.a_shop(own_house))
    with alone(lake.folder) as free:
        assert free
        assert (await refresh(own_house)).busy
    assert read_manifest(lake.folder) is None
    assert not (await refreshed(own_house)).busy


async def test_another_database_is_copied_from_its_beginning(own_house: House, tmp_path: Path) -> None:
    lake = a_lake(own_house, tmp_path / "lake")
    await given.an_order(own_house, await given.a_shop(own_house))
    await refreshed(own_house)
    manifest = lake.folder / "manifest.json"
    told = manifest.read_text()
    manifest.write_text(told.replace(str(lake.manifest().database), "1/1"))
    assert (await refreshed(own_house)).whole
    # Set back in time: the journal ends before the place up to which it was read.
    told = manifest.read_text()
    stands = lake.manifest().cursor.transaction
    manifest.write_text(told.replace(f'"transaction": {stands}', f'"transaction": {stands + 10**9}'))
    assert (await refreshed(own_house)).whole
    assert not (await refreshed(own_house, rebuild=False)).whole
    assert (await refreshed(own_house, rebuild=True)).whole
