"""Stock: what lies where, what moved it, what is held for claims, and what becomes of received units."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from aftercare.identity import NewShop, new_shop
from aftercare.journal import Actor, ActorKind, House, PermissionMissing, begin
from aftercare.kit.ids import new_id
from aftercare.supply import (
    Condition,
    Disposition,
    MovementReason,
    OutOfStock,
    ProductUnknown,
    StockNotThere,
    available,
    move_stock,
    movements_of,
    post_disposition,
    post_stock,
    release_reservation,
    reserve_stock,
    ship_reservation,
    ship_send_back,
    stock_page,
)

SELLABLE, IN = Condition.sellable, MovementReason.delivery


async def a_shop(house: House, code: str = "lamps") -> UUID:
    async with begin(house) as work:
        return (await new_shop(work, NewShop(code=code, name="灯具店"))).id


async def a_product(house: House, shop_id: UUID, stock: dict[str, int] | None = None) -> UUID:
    product = new_id()
    async with begin(house) as work:
        await work.session.execute(
            text(
                "INSERT INTO product (id, shop_id, external_id, sku, title, category, currency, content)"
                " VALUES (:id, :shop, :external, 'L-1', '台灯', '', 'CNY', '')"
            ),
            {"id": product, "shop": shop_id, "external": str(product)},
        )
        for location, units in (stock or {}).items():
            await post_stock(work, product, units, location, SELLABLE, IN)
    return product


async def lying(house: House, product: UUID) -> dict[tuple[str, str], tuple[int, int]]:
    """(location, condition) → (on hand, reserved), where anything ever lay."""
    async with begin(house) as work:
        return {
            (line.location, line.condition.value): (line.on_hand, line.reserved)
            for line in (await stock_page(work, product_id=product)).items
        }


async def facts(house: House, *names: str) -> list[tuple[str, dict[str, Any]]]:
    async with begin(house) as work:
        rows = await work.session.execute(
            text("SELECT name, data FROM fact WHERE name = ANY(:names) ORDER BY position"),
            {"names": list(names)},
        )
        return [(row.name, row.data) for row in rows]


async def test_units_come_and_go_but_never_below_zero(house: House) -> None:
    lamp = await a_product(house, await a_shop(house), {"main": 5})
    async with begin(house) as work:
        await post_stock(work, lamp, -3, "main", SELLABLE, MovementReason.sale)
    with pytest.raises(StockNotThere) as refused:
        async with begin(house) as work:
            await post_stock(work, lamp, -3, "main", SELLABLE, MovementReason.sale)
    assert refused.value.data == {
        "product_id": lamp,
        "location": "main",
        "condition": SELLABLE,
        "there": 2,
    }
    with pytest.raises(StockNotThere):
        async with begin(house) as work:
            await post_stock(work, lamp, -1, "attic", SELLABLE, MovementReason.counted)
    with pytest.raises(ProductUnknown):
        async with begin(house) as work:
            await post_stock(work, new_id(), 1, "main", SELLABLE, IN)
    assert await lying(house, lamp) == {("main", "sellable"): (2, 0)}
    async with begin(house) as work:
        moved = (await movements_of(work, product_id=lamp)).items
        assert sorted((m.quantity, m.balance, m.reason.value) for m in moved) == [
            (-3, 2, "sale"),
            (5, 5, "delivery"),
        ]
    assert [(name, d["quantity"], d["balance"]) for name, d in await facts(house, "stock.posted")] == [
        ("stock.posted", 5, 5),
        ("stock.posted", -3, 2),
    ]


async def test_the_same_key_posts_once(house: House) -> None:
    lamp = await a_product(house, await a_shop(house))
    async with begin(house) as work:
        first = await post_stock(work, lamp, 4, "main", SELLABLE, IN, key="delivery 7")
        assert await post_stock(work, lamp, 4, "main", SELLABLE, IN, key="delivery 7") == first
    assert await lying(house, lamp) == {("main", "sellable"): (4, 0)}


async def test_movements_are_never_altered(house: House) -> None:
    await a_product(house, await a_shop(house), {"main": 1})
    for statement in ("UPDATE stock_movement SET quantity = 9", "DELETE FROM stock_movement"):
        with pytest.raises(DBAPIError, match="permission denied"):
            async with begin(house) as work:
                await work.session.execute(text(statement))


async def test_a_claim_holds_ships_and_lets_go(house: House) -> None:
    lamp = await a_product(house, await a_shop(house), {"main": 2, "attic": 3})
    claim, other = new_id(), new_id()
    async with begin(house) as work:
        assert await reserve_stock(work, lamp, 4, claim) == 4
        assert await reserve_stock(work, lamp, 4, claim) == 0
        assert await available(work, [lamp]) == {lamp: 1}
    assert await lying(house, lamp) == {("attic", "sellable"): (3, 3), ("main", "sellable"): (2, 1)}
    with pytest.raises(OutOfStock) as refused:
        async with begin(house) as work:
            await reserve_stock(work, lamp, 2, other)
    assert refused.value.data == {"product_id": lamp, "wanted": 2, "available": 1}
    with pytest.raises(StockNotThere):
        async with begin(house) as work:
            await post_stock(work, lamp, -2, "main", SELLABLE, MovementReason.sale)
    async with begin(house) as work:
        assert await ship_reservation(work, claim) == 4
        assert await ship_reservation(work, claim) == 0
        assert await release_reservation(work, claim) == 0
        # What was shipped counts: a repeated reaction does not hold it again.
        assert await reserve_stock(work, lamp, 4, claim) == 0
        assert await reserve_stock(work, lamp, 1, other) == 1
        assert await release_reservation(work, other) == 1
        assert await release_reservation(work, other) == 0
        held = text(
            "SELECT quantity, status FROM stock_reservation WHERE claim_id = :claim ORDER BY quantity"
        )
        assert [*map(tuple, await work.session.execute(held, {"claim": claim}))] == [
            (1, "shipped"),
            (3, "shipped"),
        ]
    assert await lying(house, lamp) == {("attic", "sellable"): (0, 0), ("main", "sellable"): (1, 0)}
    told = await facts(house, "stock.reserved", "stock.shipped", "stock.released")
    assert [(name, data["claim_id"], data["quantity"]) for name, data in told] == [
        ("stock.reserved", str(claim), 4),
        ("stock.shipped", str(claim), 4),
        ("stock.reserved", str(other), 1),
        ("stock.released", str(other), 1),
    ]


async def test_thirty_two_claims_at_once_never_hold_more_than_there_is(own_house: House) -> None:
    lamp = await a_product(own_house, await a_shop(own_house), {"main": 5, "attic": 4, "shed": 1})
    claims = [new_id() for _ in range(32)]

    async def hold(claim: UUID) -> int:
        try:
            async with begin(own_house) as work:
                return await reserve_stock(work, lamp, 1, claim)
        except OutOfStock:
            return 0

    held = await asyncio.gather(*(hold(claim) for claim in claims), *(hold(claim) for claim in claims))
    assert sum(held) == 10
    lines = await lying(own_house, lamp)
    assert lines == {
        ("main", "sellable"): (5, 5),
        ("attic", "sellable"): (4, 4),
        ("shed", "sellable"): (1, 1),
    }

    async def end(claim: UUID, ship: bool) -> int:
        async with begin(own_house) as work:
            return await (ship_reservation if ship else release_reservation)(work, claim)

    ended = await asyncio.gather(*(end(claim, ship) for claim in claims for ship in (True, False)))
    assert sum(ended) == 10
    shipped = sum(data["quantity"] for _, data in await facts(own_house, "stock.shipped"))
    async with begin(own_house) as work:
        assert await available(work, [lamp]) == {lamp: 10 - shipped}


async def test_postings_beside_each_other_add_up(own_house: House) -> None:
    lamp = await a_product(own_house, await a_shop(own_house))

    async def post(number: int) -> None:
        async with begin(own_house) as work:
            await post_stock(work, lamp, 1, "main", SELLABLE, IN, key=f"box {number % 8}")

    await asyncio.gather(*(post(number) for number in range(24)))
    assert await lying(own_house, lamp) == {("main", "sellable"): (8, 0)}
    async with begin(own_house) as work:
        balances = [movement.balance for movement in (await movements_of(work, product_id=lamp)).items]
    assert sorted(balances) == [1, 2, 3, 4, 5, 6, 7, 8]


async def test_the_database_itself_refuses_less_than_nothing(house: House) -> None:
    await a_product(house, await a_shop(house), {"main": 1})
    for change, broken in (
        ("on_hand = -1, reserved = -1", "no_more_is_reserved_than_is_there"),
        ("reserved = 2", "no_more_is_reserved_than_is_there"),
    ):
        with pytest.raises(DBAPIError, match=broken):
            async with begin(house) as work:
                await work.session.execute(text(f"UPDATE stock_item SET {change}"))


@pytest.mark.parametrize(
    ("disposition", "lies", "reasons"),
    [
        (Disposition.restock, {("main", "sellable"): (2, 0)}, [(2, "restocked")]),
        (Disposition.refurbish, {("main", "refurbish"): (2, 0)}, [(2, "sent_to_refurbish")]),
        (Disposition.return_to_supplier, {("main", "supplier_return"): (2, 0)}, [(2, "received")]),
        (Disposition.recycle, {("main", "quarantine"): (0, 0)}, [(-2, "recycled"), (2, "received")]),
        (Disposition.donate, {("main", "quarantine"): (0, 0)}, [(-2, "donated"), (2, "received")]),
        (Disposition.scrap, {("main", "quarantine"): (0, 0)}, [(-2, "scrapped"), (2, "received")]),
        (Disposition.send_back, {("main", "send_back"): (2, 0)}, [(2, "received")]),
    ],
)
async def test_a_disposition_runs_twice_and_posts_once(
    house: House,
    disposition: Disposition,
    lies: dict[tuple[str, str], tuple[int, int]],
    reasons: list[tuple[int, str]],
) -> None:
    lamp, claim = await a_product(house, await a_shop(house)), new_id()
    for _ in range(2):
        async with begin(house) as work:
            await post_disposition(
                work, disposition, product_id=lamp, quantity=2, claim_id=claim, key="inspection 1"
            )
    assert await lying(house, lamp) == lies
    async with begin(house) as work:
        moved = (await movements_of(work, claim_id=claim)).items
    assert sorted((m.quantity, m.reason.value) for m in moved) == reasons
    assert [data for _, data in await facts(house, "units.disposed")] == [
        {
            "product_id": str(lamp),
            "claim_id": str(claim),
            "disposition": disposition.value,
            "quantity": 2,
            "location": "main",
        }
    ]


async def test_the_customers_own_units_leave_once(house: House) -> None:
    lamp, claim, other = await a_product(house, await a_shop(house)), new_id(), new_id()
    async with begin(house) as work:
        for whose, units in ((claim, 2), (other, 1)):
            await post_disposition(
                work, Disposition.send_back, product_id=lamp, quantity=units, claim_id=whose, key=f"i {units}"
            )
        assert await ship_send_back(work, claim) == 2
        assert await ship_send_back(work, claim) == 0
    assert await lying(house, lamp) == {("main", "send_back"): (1, 0)}


async def test_refurbished_units_are_sold_again(house: House) -> None:
    lamp = await a_product(house, await a_shop(house))
    async with begin(house) as work:
        await post_stock(work, lamp, 3, "main", Condition.refurbish, IN)
        for _ in range(2):
            await move_stock(
                work, lamp, 1, from_location="main", from_condition=Condition.refurbish,
                to_location="outlet", to_condition=SELLABLE,
            )  # fmt: skip
        assert await available(work, [lamp]) == {lamp: 2}
    assert await lying(house, lamp) == {("main", "refurbish"): (1, 0), ("outlet", "sellable"): (2, 0)}


async def test_staff_sees_and_touches_its_own_shops_only(house: House) -> None:
    lamps, shoes = await a_shop(house), await a_shop(house, "shoes")
    lamp, shoe = await a_product(house, lamps, {"main": 1}), await a_product(house, shoes, {"main": 1})
    worker = Actor(
        kind=ActorKind.staff, id=new_id(), shops=frozenset({lamps}), permissions=frozenset({"supply.write"})
    )
    async with begin(house, worker) as work:
        assert [line.product_id for line in (await stock_page(work)).items] == [lamp]
        assert await available(work, [lamp, shoe]) == {lamp: 1, shoe: 0}
        with pytest.raises(ProductUnknown):
            await post_stock(work, shoe, 1, "main", SELLABLE, IN)
    nobody = Actor(kind=ActorKind.customer, shops=frozenset({lamps}))
    async with begin(house, nobody) as work:
        with pytest.raises(PermissionMissing):
            await stock_page(work)


async def test_the_stock_list_goes_page_by_page(house: House) -> None:
    shop = await a_shop(house)
    products = [await a_product(house, shop, {"attic": 1, "main": 2}) for _ in range(3)]
    seen, after = [], None
    async with begin(house) as work:
        while True:
            part = await stock_page(work, after=after, limit=2)
            seen += [(line.product_id, line.location) for line in part.items]
            after = part.next
            if after is None:
                break
    assert seen == [(product, place) for product in sorted(products) for place in ("attic", "main")]
