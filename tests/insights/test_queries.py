"""Whose promises, who carries what, what claims were about, who did what."""

from datetime import timedelta

from sqlalchemy import text

from aftercare import insights
from aftercare.cases import NewCase, open_case, take
from aftercare.conversations import Channel
from aftercare.insights import queries
from aftercare.journal import House, begin
from aftercare.promises import fire_due, stop_clock
from tests import given
from tests.cases.given import a_world
from tests.conftest import NOON, Clock
from tests.insights.given import claims_decided_after, manager


async def test_cells_add_up_to_the_claims_of_the_days(house: House, clock: Clock) -> None:
    shop = await given.a_shop(house)
    await claims_decided_after(house, clock, shop, 1, None, None)
    async with begin(house, manager(shop)) as work:
        by_state = await insights.claim_cells(
            work, "state", NOON - timedelta(days=1), NOON + timedelta(days=1)
        )
        by_shop = await insights.claim_cells(work, "shop", NOON - timedelta(days=1), NOON + timedelta(days=1))
    assert {(cell.word, cell.claims) for cell in by_state} == {
        ("awaiting_return", 1),
        ("pending_merchant", 2),
    }
    assert [(cell.word, cell.claims, cell.currency) for cell in by_shop] == [(str(shop.id), 3, "CNY")]


async def test_the_board_leads_to_who_and_which_cases(house: House, clock: Clock) -> None:
    world = await a_world(house)
    cases = []
    for _ in range(2):
        async with begin(house, world.customer) as work:
            cases.append(
                await open_case(
                    work,
                    NewCase(
                        shop_id=world.shop_id, customer_id=world.customer_id, title="壶盖裂了", body="壶盖裂了",
                        channel=Channel.portal, locale="zh-CN",
                    ),
                )
            )  # fmt: skip
    async with begin(house, world.mei) as work:
        await take(work, cases[0].id)
    async with begin(house) as work:
        await stop_clock(work, subject_id=cases[1].id, name="case.first_answer")
    clock.now = NOON + timedelta(hours=3)
    async with begin(house) as work:
        await fire_due(work, 100)
    boss = world.boss
    boss = type(boss)(boss.kind, boss.id, boss.shops, boss.permissions | {"promises.read", "insights.read"})
    since, until = NOON - timedelta(days=1), NOON + timedelta(days=1)
    async with begin(house, boss) as work:
        broken = await insights.promise_cases(work, "broken", since, until, name="case.first_answer")
        missed = await insights.promise_cases(work, "missed", since, until, name="case.first_answer")
        kept = await insights.promise_cases(work, "kept", since, until, name="case.first_answer")
        people = await insights.promise_people(work, since, until, name="case.first_answer")
        load = await insights.queue_load(work)
    assert [(one.case_id, one.owner_name) for one in broken.items] == [(cases[0].id, "mei")]
    assert [one.id for one in missed.items] == [one.id for one in broken.items]
    assert [one.case_id for one in kept.items] == [cases[1].id]
    assert [(one.owner_name, one.kept, one.broken) for one in people] == [("mei", 0, 1), (None, 1, 0)]
    assert {(cell.owner_id, cell.age, cell.cases) for cell in load.cells} == {
        (world.mei.id, "hours4", 1),
        (None, "hours4", 1),
    }
    assert [(one.name, one.cases) for one in load.people] == [("mei", 1)]
    assert (load.waiting, load.waiting_longest_seconds) == (2, 3 * 3600)


async def test_the_trail_names_who_did_it(house: House) -> None:
    world = await a_world(house)
    async with begin(house, world.customer) as work:
        case = await open_case(
            work,
            NewCase(
                shop_id=world.shop_id, customer_id=world.customer_id, title="壶盖裂了", body="壶盖裂了",
                channel=Channel.portal, locale="zh-CN",
            ),
        )  # fmt: skip
    async with begin(house, world.mei) as work:
        await take(work, case.id)
    async with begin(house, world.boss) as work:
        by_mei = await insights.audit_trail(work, actor_id=world.mei.id, names=["case.assigned"])
        about = await insights.audit_trail(work, object_id=case.id)
        first = await insights.audit_trail(work, limit=1)
        second = await insights.audit_trail(work, limit=1, after=first.next)
    assert [(line.name, line.actor_name) for line in by_mei.items] == [("case.assigned", "mei")]
    assert {line.name for line in about.items} >= {"case.opened", "case.assigned"}
    assert first.items[0].position > second.items[0].position


async def test_failed_reactions_are_retried_or_set_aside_by_operators(house: House) -> None:
    world = await a_world(house)
    async with begin(house) as work:
        await work.session.execute(
            text(
                "INSERT INTO delivery (reaction, position, transaction, at, lane, state, attempts, next_at, error)"
                " SELECT 'test.reaction', position, transaction, at, :lane, 'failed', 8, at, 'boom' FROM fact"
                " ORDER BY position LIMIT 1"
            ),
            {"lane": world.shop_id},
        )
    from aftercare.journal import failed_deliveries, retry, set_aside

    operator = type(world.boss)(
        world.boss.kind, world.boss.id, None, frozenset({"journal.operate", "journal.read"})
    )
    async with begin(house, operator) as work:
        found = (await failed_deliveries(work))[0]
        assert await set_aside(work, found.reaction, found.position) is not None
        assert (await failed_deliveries(work))[0].state == "set_aside"
        assert await retry(work, found.reaction, found.position) is not None
        assert await failed_deliveries(work) == []


async def test_pages_begin_with_what_there_is(house: House) -> None:
    shop = await given.a_shop(house)

    async def told() -> tuple[bool, list[str]]:
        async with begin(house, manager(shop)) as work:
            newest = await queries.newest(work)
            return newest.at is not None, [*newest.there_are]

    assert await told() == (False, [])
    bought = await given.an_order(house, shop)
    assert await told() == (True, ["orders"])
    await given.a_claim(house, bought)
    assert await told() == (True, ["claims", "cases", "orders"])
