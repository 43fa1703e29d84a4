"""The demo's year, told small: what is there at the end, and that it all adds up."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import pytest_asyncio
from sqlalchemy import text

from aftercare import demo, identity, knowledge
from aftercare.claims import ClaimKind, RefundGateways
from aftercare.connectors.gateways import ConfiguredGateways
from aftercare.demo import HalfTold, Told
from aftercare.demo.plots import PLOTS
from aftercare.demo.purchases import World
from aftercare.demo.year import cast_plots
from aftercare.journal import House, begin
from aftercare.kit.database import Database
from aftercare.kit.files import Files
from aftercare.settings import Settings
from tests.conftest import NOON, _in, on_server

ENDS = ["cancelled", "closed_lapsed", "closed_ruled", "closed_sent_back", "completed", "refunded"]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def year(
    server_url: str, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[House, Told]]:
    name = f"{template}_demo_{uuid4().hex[:8]}"
    await on_server(server_url, f"CREATE DATABASE {name} TEMPLATE {template}")
    database = Database(_in(server_url, name), pool_size=8)
    house = House(database, clock=lambda: NOON, secret=b"a secret for tests only")
    house.ports = {
        RefundGateways: ConfiguredGateways(Settings(sandbox_gateway=True), house),
        Files: Files(str(tmp_path_factory.mktemp("files"))),
    }
    yield house, await demo.tell(house, lambda *_: None, today=NOON, small=True)
    await database.close()
    await on_server(server_url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


async def rows(house: House, statement: str) -> list[tuple[object, ...]]:
    async with begin(house) as work:
        return [tuple(row) for row in await work.session.execute(text(statement))]


async def test_the_story_went_as_it_was_written(year: tuple[House, Told]) -> None:
    house, told = year
    assert told.refused == []
    assert (told.orders, told.claims) == (300, 69)
    assert told.by_plot == {**{plot.name: told.by_plot[plot.name] for plot in PLOTS}, "asks": 9, "talks": 8}
    assert sorted(told.by_kind) == sorted(kind.value for kind in ClaimKind)
    assert [state for state in ENDS if state not in told.by_state] == []
    assert len(told.sign_ins) == 12
    assert await rows(house, "SELECT count(*) FROM account") == [(12,)]


async def test_all_money_adds_up(year: tuple[House, Told]) -> None:
    house, _ = year
    paid, wallet, gateway, offline = (
        await rows(
            house,
            """
            SELECT (SELECT sum(amount_cents) FROM refund WHERE state = 'paid'),
              (SELECT coalesce(sum(amount_cents), 0) FROM wallet_entry),
              (SELECT sum(amount_cents) FROM sandbox_payment WHERE state = 'paid'),
              (SELECT coalesce(sum(amount_cents), 0) FROM refund WHERE state = 'paid' AND provider = 'offline')
            """,
        )
    )[0]
    assert paid == wallet + gateway + offline  # type: ignore[operator]
    assert 0 not in (wallet, gateway, offline)
    beyond = """
        SELECT count(*) FROM (SELECT order_id, sum(amount_cents) AS back FROM refund GROUP BY 1) r
        JOIN sales_order o ON o.id = r.order_id WHERE r.back > o.paid_cents
    """
    assert await rows(house, beyond) == [(0,)]
    refunded = """
        SELECT count(*) FROM claim c WHERE state = 'refunded'
          AND agreed_cents <> (SELECT sum(amount_cents) FROM refund r WHERE r.claim_id = c.id)
    """
    assert await rows(house, refunded) == [(0,)]


async def test_everything_that_follows_has_followed(year: tuple[House, Told]) -> None:
    house, _ = year
    assert await rows(house, "SELECT count(*) FROM delivery") == [(0,)]
    # Who called and hung up has no address.
    addressed = "SELECT DISTINCT state FROM notice WHERE customer_id IS NOT NULL ORDER BY 1"
    assert await rows(house, addressed) == [("sent",)]
    late = f"SELECT count(*) FROM fact WHERE at > '{NOON.isoformat()}'"
    assert await rows(house, late) == [(0,)]
    due = f"SELECT count(*) FROM clock WHERE state = 'running' AND due_at <= '{NOON.isoformat()}'"
    assert await rows(house, due) == [(0,)]
    too_early = """
        SELECT DISTINCT f.name FROM fact o JOIN fact_object b ON b.object_id = (o.data ->> 'case_id')::uuid
        JOIN fact f ON (f.at, f.position) = (b.at, b.position)
        WHERE o.name = 'case.opened' AND f.at < o.at
    """
    assert await rows(house, too_early) == []
    thanked = """
        SELECT DISTINCT c.status FROM assistant_talk k JOIN service_case c ON c.id = k.case_id
        JOIN assistant_turn t ON t.talk_id = k.id AND t.position = k.turns AND t.intent = 'thanks' AND t.outcome = 'answered'
        WHERE c.owner_id IS NULL
    """
    assert await rows(house, thanked) == [("solved",)]


async def test_everybody_did_their_own(year: tuple[House, Told]) -> None:
    house, _ = year
    who = """
        SELECT f.name, string_agg(DISTINCT f.actor_kind, ',' ORDER BY f.actor_kind) FROM fact f
        WHERE f.name IN ('claim.applied', 'claim.offered', 'claim.disputed', 'claim.judging_begun', 'order.imported')
        GROUP BY 1 ORDER BY 1
    """
    assert await rows(house, who) == [
        ("claim.applied", "customer,staff"),
        ("claim.disputed", "customer"),
        ("claim.judging_begun", "staff"),
        ("claim.offered", "staff"),
        ("order.imported", "integration"),
    ]


async def test_what_the_shops_know_is_read_and_asked_for(year: tuple[House, Told]) -> None:
    house, _ = year
    assert await rows(house, "SELECT status, count(*) FROM article GROUP BY 1") == [("published", 28)]
    assert await rows(house, "SELECT locale, count(*) FROM article_entry GROUP BY 1 ORDER BY 1") == [
        ("en", 18),
        ("zh-CN", 25),
        ("zh-TW", 10),
    ]
    async with begin(house) as work:
        gaps = await knowledge.list_gaps(work)
        assert [(gap.examples[0], gap.badly) for gap in gaps[:1]] == [("买了之后降价能退差价吗", 9)]
        home = await identity.find_shop(work, "qinghe-home")
        found = await knowledge.search_articles(work, "内胆怎么洗", shop_id=home.id, locale="zh-TW")
        assert "".join(piece.text for piece in found.items[0].title) == "電子鍋的清潔與保養"
        assert (await knowledge.list_solutions(work)).items != []


async def test_told_again_it_stays_as_it_is(year: tuple[House, Told]) -> None:
    house, before = year
    facts = await rows(house, "SELECT count(*) FROM fact")
    assert await demo.told(house)
    again = await demo.tell(house, lambda *_: None, today=NOON, small=True)
    assert await rows(house, "SELECT count(*) FROM fact") == facts
    assert (again.orders, again.claims, again.by_state) == (before.orders, before.claims, before.by_state)
    assert again.entries == before.entries


async def test_a_telling_that_was_broken_off_is_noticed(own_house: House) -> None:
    assert not await demo.told(own_house)

    def breaks(doing: str, done: int, whole: int) -> None:
        if done > 1:
            raise KeyboardInterrupt

    own_house.ports = {Files: Files("memory://demo")}
    with pytest.raises(KeyboardInterrupt):
        await demo.tell(own_house, breaks, today=NOON, small=True)
    with pytest.raises(HalfTold):
        await demo.told(own_house)


def test_the_same_seed_tells_the_same() -> None:
    one, other, third = World(11, NOON, 300, 120), World(11, NOON, 300, 120), World(12, NOON, 300, 120)
    assert one.purchases == other.purchases
    assert one.purchases != third.purchases
    assert [(plot and plot.name, purchase.key) for plot, purchase in cast_plots(one, 60, 9, 8)] == [
        (plot and plot.name, purchase.key) for plot, purchase in cast_plots(other, 60, 9, 8)
    ]


def test_every_order_is_placed_before_the_story_is_told_at_whatever_hour() -> None:
    for hour in range(24):
        today = datetime(2026, 11, 22, hour, 5, tzinfo=UTC)
        placed = [one.placed_at for one in World(7, today, orders=300, days=120).purchases]
        assert len(placed) == 300
        assert max(placed) <= today - timedelta(hours=6)
