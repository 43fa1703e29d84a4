"""Live updates: who hears what, and nothing lost on the way."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, ClassVar
from uuid import UUID

import pytest
from sqlalchemy import text

from aftercare.journal import Actor, ActorKind, Fact, House, begin, live
from aftercare.journal.live import Live
from aftercare.kit.ids import new_id
from tests.cases.given import a_world
from tests.rehearsal import until

SECONDS = 60
"""For what is told: facts are, once all older transactions of the whole server have ended, those of other tests too."""


class CaseRung(Fact):
    name: ClassVar[str] = "case.rung"
    public: ClassVar[bool] = True
    case_id: UUID
    customer_id: UUID | None = None
    number: int = 0


class CaseWhispered(Fact):
    name: ClassVar[str] = "case.whispered"
    case_id: UUID
    customer_id: UUID | None = None


def agent(*shops: UUID) -> Actor:
    return Actor(ActorKind.staff, new_id(), frozenset(shops), frozenset({"cases.read"}))


async def tell(house: House, *facts: Fact) -> None:
    async with begin(house) as work:
        for fact in facts:
            work.record(fact)


async def take(stream: AsyncIterator[bytes], how_many: int) -> tuple[list[str], str]:
    """Names (and numbers) of the next events, and the last id."""
    heard: list[str] = []
    last = ""
    async with asyncio.timeout(SECONDS):
        while len(heard) < how_many:
            block = (await anext(stream)).decode()
            lines = dict(line.split(": ", 1) for line in block.strip().splitlines() if ": " in line)
            last = lines.get("id", last)
            if "event" in lines:
                heard.append(lines["event"])
    return heard, last


async def begun(stream: AsyncIterator[bytes]) -> str:
    """Reads up to where the stream says where it stands."""
    async with asyncio.timeout(SECONDS):
        while True:
            block = (await anext(stream)).decode()
            if block.startswith("id: ") and "\n" not in block.strip():
                return block.strip().removeprefix("id: ")


async def read_up(house: House, feed: Live) -> None:
    """Until all that was told so far lies with those who listen."""
    async with begin(house) as work:
        newest = await work.session.execute(
            text(
                "SELECT transaction::text::bigint, position FROM fact ORDER BY fact.transaction DESC, position DESC LIMIT 1"
            )
        )
        told = tuple(newest.one())

    async def read() -> bool:
        return (feed._cursor or (0, 0)) >= told

    await until(read)


@pytest.fixture
async def feed(own_house: House, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Live]:
    monkeypatch.setattr(live, "SECONDS_BETWEEN_READS", 0.02)
    feed = Live(own_house)
    yield feed
    await feed.close()


async def test_each_hears_what_he_may_see(own_house: House, feed: Live) -> None:
    ours, theirs = await a_world(own_house), await a_world(own_house, "yunshu")
    case, other = new_id(), new_id()
    streams = {
        "ours": feed.stream(agent(ours.shop_id), None),
        "all": feed.stream(Actor(ActorKind.staff, new_id(), None, frozenset({"cases.read"})), None),
        "customer": feed.stream(ours.customer, None),
        "warehouse": feed.stream(
            Actor(ActorKind.staff, new_id(), None, frozenset({"logistics.write"})), None
        ),
    }
    for stream in streams.values():
        await begun(stream)
    await tell(
        own_house,
        CaseRung(shop_id=ours.shop_id, case_id=case, customer_id=ours.customer_id),
        CaseWhispered(shop_id=ours.shop_id, case_id=case, customer_id=ours.customer_id),
        CaseRung(shop_id=theirs.shop_id, case_id=other),
        CaseRung(shop_id=ours.shop_id, case_id=new_id()),
        # About a case that the customer is known to own by now.
        CaseRung(shop_id=ours.shop_id, case_id=case, number=5),
    )
    assert (await take(streams["ours"], 4))[0] == ["case.rung", "case.whispered", "case.rung", "case.rung"]
    assert (await take(streams["all"], 5))[0] == [
        "case.rung",
        "case.whispered",
        "case.rung",
        "case.rung",
        "case.rung",
    ]
    assert (await take(streams["customer"], 2))[0] == ["case.rung", "case.rung"]
    await read_up(own_house, feed)
    waiting = [listener.waiting.qsize() for listener in feed._listeners]
    assert waiting == [0, 0, 0, 0]
    assert len(feed._listeners) == 4


async def test_who_comes_back_hears_what_was_missed_and_nothing_twice(own_house: House, feed: Live) -> None:
    actor = Actor(ActorKind.staff, new_id(), None, frozenset({"cases.read"}))
    first = feed.stream(actor, None)
    await begun(first)
    await tell(own_house, *(CaseRung(case_id=new_id(), number=number) for number in range(3)))
    heard, last = await take(first, 2)
    assert heard == ["case.rung", "case.rung"]
    await first.aclose()  # type: ignore[attr-defined]
    await tell(own_house, CaseWhispered(case_id=new_id()))
    second = feed.stream(actor, last)
    assert (await take(second, 2))[0] == ["case.rung", "case.whispered"]
    await tell(own_house, CaseRung(case_id=new_id()))
    assert (await take(second, 1))[0] == ["case.rung"]


async def test_what_many_writers_commit_late_is_told_all_the_same(own_house: House, feed: Live) -> None:
    actor = Actor(ActorKind.staff, new_id(), None, frozenset({"cases.read"}))
    stream = feed.stream(actor, None)
    await begun(stream)

    async def writer(number: int) -> None:
        for turn in range(10):
            async with begin(own_house) as work:
                work.record(CaseRung(case_id=new_id(), number=number * 100 + turn))
                await work.write_facts()
                await asyncio.sleep(0.002 * ((number * 7 + turn) % 5))

    await asyncio.gather(*(writer(number) for number in range(8)))
    numbers: list[int] = []
    async with asyncio.timeout(SECONDS):
        while len(numbers) < 80:
            event = await anext(stream)
            numbers += [1] if b"case.rung" in event else []
    assert len(numbers) == 80


async def test_who_is_too_slow_or_away_too_long_is_told_to_load_afresh(
    own_house: House, feed: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "LONGEST_QUEUE", 5)
    monkeypatch.setattr(live, "MOST_MISSED", 5)
    actor = Actor(ActorKind.staff, new_id(), None, frozenset({"cases.read"}))
    slow = feed.stream(actor, None)
    here = await begun(slow)
    await tell(own_house, *(CaseRung(case_id=new_id()) for _ in range(9)))
    await read_up(own_house, feed)
    assert (await take(slow, 1))[0] == ["afresh"]
    await tell(own_house, CaseWhispered(case_id=new_id()))
    assert (await take(slow, 1))[0] == ["case.whispered"]
    assert (await take(feed.stream(actor, here), 1))[0] == ["afresh"]


async def test_closing_ends_every_stream_and_an_event_tells_ids_only(own_house: House, feed: Live) -> None:
    actor = Actor(ActorKind.staff, new_id(), None, frozenset({"cases.read"}))
    stream = feed.stream(actor, "nonsense")
    await begun(stream)
    case = new_id()
    await tell(own_house, CaseRung(case_id=case, number=7))
    async with asyncio.timeout(SECONDS):
        while b"event" not in (event := await anext(stream)):
            pass
    told: dict[str, Any] = json.loads(event.decode().split("data: ")[1])
    assert told == {
        "name": "case.rung",
        "at": own_house.clock().isoformat(),
        "shop_id": None,
        "objects": {"case_id": str(case)},
    }
    await feed.close()
    with pytest.raises(StopAsyncIteration):
        await anext(stream)


async def test_a_stream_ends_with_its_session_and_loses_rights_that_were_taken_away(
    own_house: House, feed: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "SECONDS_BETWEEN_DOUBTS", 0.05)
    ours = await a_world(own_house)
    now: list[Actor | None] = [agent(ours.shop_id)]

    async def still() -> Actor | None:
        return now[0]

    first = now[0]
    assert first is not None
    stream = feed.stream(first, None, still=still)
    await begun(stream)
    await tell(own_house, CaseRung(shop_id=ours.shop_id, case_id=new_id()))
    assert (await take(stream, 1))[0] == ["case.rung"]
    # The role changes: another shop from now on.
    elsewhere = new_id()
    now[0] = agent(elsewhere)
    async with asyncio.timeout(SECONDS):
        assert await anext(stream) == b": still here\n\n"
        while (await anext(stream)) != b": still here\n\n":
            pass
    await tell(own_house, CaseRung(shop_id=ours.shop_id, case_id=new_id()))
    async with asyncio.timeout(SECONDS):
        for _ in range(6):
            assert await anext(stream) == b": still here\n\n"
    now[0] = None
    async with asyncio.timeout(SECONDS):
        with pytest.raises(StopAsyncIteration):
            while True:
                await anext(stream)
    assert feed._listeners == set()


async def test_a_stream_whose_listener_cannot_be_looked_up_ends(
    own_house: House, feed: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "SECONDS_BETWEEN_DOUBTS", 0.05)

    async def still() -> Actor | None:
        raise OSError("the database is away")

    stream = feed.stream(agent(), None, still=still)
    await begun(stream)
    async with asyncio.timeout(SECONDS):
        with pytest.raises(StopAsyncIteration):
            while True:
                await anext(stream)
