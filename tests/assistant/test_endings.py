"""A talk that ended with a thank-you: the case is solved when nothing more came, and only where nobody else had a hand in it."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from aftercare import assistant, cases, worker
from aftercare.assistant import endings
from aftercare.cases.chat import verbs
from aftercare.conversations import Visitor, visitor_of
from aftercare.identity import ShopView
from aftercare.journal import NOBODY, House, begin, drain
from aftercare.knowledge import NewArticle, Words, new_article, publish
from tests.conftest import Clock
from tests.given import AGENT, a_shop, an_order, staff

HOUR = timedelta(hours=1)
QUESTION = "净水器滤芯多久换一次？"


async def asked(house: House, *words: str) -> tuple[ShopView, Visitor]:
    """A visitor of a shop whose help centre knows about filters has said this."""
    of = await a_shop(house)
    async with begin(house) as work:
        await assistant.switch(work, of.id, active=True)
        known = {"zh-CN": Words(title="净水器滤芯多久换一次", body="净水器的滤芯建议每六个月更换一次。")}
        await publish(work, (await new_article(work, NewArticle(shop_id=of.id, texts=known))).id)
    visitor = visitor_of(
        house, (await verbs.start_chat(house, NOBODY, shop_code=of.code)).token, house.clock()
    )
    for said in words:
        await says(house, visitor, said)
    return of, visitor


async def bought_and_said(house: House, *words: str) -> None:
    """A customer who is signed in has said this."""
    of = await a_shop(house)
    bought = await an_order(house, of)
    async with begin(house) as work:
        await assistant.switch(work, of.id, active=True)
    started = await verbs.start_chat(house, bought.buyer, shop_code=of.code)
    visitor = visitor_of(house, started.token, house.clock())
    for said in words:
        await says(house, visitor, said)


async def says(house: House, visitor: Visitor, words: str) -> None:
    await verbs.say_in_chat(house, visitor, body=words, key=uuid4().hex, locale="zh-CN")
    await drain(house)


async def ended(house: House) -> int:
    async with begin(house) as work:
        return await assistant.end_talks(work)


async def case(house: House) -> tuple[UUID, str]:
    async with begin(house) as work:
        row = (await work.session.execute(text("SELECT id, status FROM service_case"))).one()
    return row.id, row.status


@pytest.mark.parametrize("goodbye", ["谢谢", "好的，没别的了，再见", "👍"])
async def test_a_thanked_answer_is_solved_when_an_hour_brought_nothing_more(
    house: House, clock: Clock, goodbye: str
) -> None:
    await asked(house, QUESTION, goodbye)
    clock.now += HOUR - timedelta(seconds=1)
    assert await ended(house) == 0
    clock.now += timedelta(seconds=1)
    assert await ended(house) == 1
    assert (await case(house))[1] == "solved"
    async with begin(house) as work:
        # The machine had it alone: no clock of the case runs, and none was broken.
        assert await work.session.scalar(text("SELECT count(*) FROM clock WHERE state = 'running'")) == 0
        assert await work.session.scalar(text("SELECT count(*) FROM fact WHERE name = 'clock.fired'")) == 0
    assert await ended(house) == 0


async def test_who_writes_again_opens_it_again_and_is_answered(house: House, clock: Clock) -> None:
    _, visitor = await asked(house, QUESTION, "谢谢")
    clock.now += HOUR
    assert await ended(house) == 1
    await says(house, visitor, QUESTION)
    assert (await case(house))[1] == "waiting_customer"
    clock.now += HOUR
    assert await ended(house) == 0


async def test_a_question_without_a_thank_you_waits_for_the_customer(house: House, clock: Clock) -> None:
    await asked(house, QUESTION)
    clock.now += timedelta(days=2)
    assert await ended(house) == 0
    assert (await case(house))[1] == "waiting_customer"


async def test_what_came_after_the_thank_you_keeps_it_open(house: House, clock: Clock) -> None:
    await asked(house, QUESTION, "谢谢", QUESTION)
    clock.now += 2 * HOUR
    assert await ended(house) == 0


async def test_what_a_person_was_called_for_or_has_taken_is_theirs_to_end(house: House, clock: Clock) -> None:
    of, _ = await asked(house, QUESTION, "谢谢")
    case_id, _ = await case(house)
    async with begin(house, staff(of, AGENT)) as work:
        await cases.say(work, case_id, "补充一句：滤芯可以在店里买。")
    clock.now += 2 * HOUR
    assert await ended(house) == 0


async def test_a_hand_over_is_not_ended_by_a_thank_you(house: House, clock: Clock) -> None:
    await asked(house, QUESTION, "转人工", "谢谢")
    clock.now += 2 * HOUR
    assert await ended(house) == 0
    assert (await case(house))[1] == "waiting_shop"


async def test_a_thank_you_instead_of_a_yes_ends_nothing(house: House, clock: Clock) -> None:
    await bought_and_said(house, "我想退货", "谢谢")
    clock.now += 2 * HOUR
    assert await ended(house) == 0


async def test_a_claim_on_the_case_ends_in_its_own_time(house: House, clock: Clock) -> None:
    await bought_and_said(house, "我想退货", "好的", "谢谢")
    async with begin(house) as work:
        assert await work.session.scalar(text("SELECT count(*) FROM claim")) == 1
    clock.now += 2 * HOUR
    assert await ended(house) == 0


async def test_the_worker_ends_those_of_every_shop_in_batches(
    house: House, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endings, "AT_ONCE", 2)
    for _ in range(5):
        await asked(house, QUESTION, "谢谢")
    clock.now += HOUR
    await worker.end_talks(house)
    async with begin(house) as work:
        statuses = (await work.session.scalars(text("SELECT status FROM service_case"))).all()
    assert statuses == ["solved"] * 5
