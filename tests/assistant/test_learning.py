"""Correcting, teaching, training and promoting."""

from pathlib import Path

import pytest
from sqlalchemy import select

from aftercare import assistant
from aftercare.assistant import Example, ModelShelf, NewTurn, minds, seed
from aftercare.assistant.learning import lessons, register
from aftercare.assistant.model import Lesson, Model, ModelState, Turn
from aftercare.assistant.training import train
from aftercare.journal import Actor, House, begin
from tests.given import AGENT, a_shop, an_order, staff


@pytest.fixture
def shelved(house: House, tmp_path: Path) -> House:
    house.ports = {**house.ports, ModelShelf: ModelShelf(tmp_path)}
    return house


async def supervisor(house: House) -> Actor:
    return staff(await a_shop(house), AGENT | {"policies.read", "policies.write"})


async def test_a_correction_becomes_an_example(house: House) -> None:
    bought = await an_order(house, await a_shop(house))
    async with begin(house, bought.buyer) as work:
        reply = await assistant.talk(work, NewTurn(shop_id=bought.shop.id, text="你们的东西太大了想弄个小的"))
    agent = staff(bought.shop, AGENT)
    async with begin(house, agent) as work:
        await assistant.correct(work, reply.turn_id, "exchange")
    async with begin(house) as work:
        row = (await work.session.scalars(select(Lesson))).one()
        turn = await work.session.get_one(Turn, reply.turn_id)
        assert (row.text, row.intent, row.added_by) == ("你们的东西太大了想弄个小的", "exchange", agent.id)
        assert turn.corrected_intent == "exchange"
        assert [one.intent for one in await lessons(work)] == ["exchange"]
    with pytest.raises(assistant.IntentUnknown):
        async with begin(house, agent) as work:
            await assistant.correct(work, reply.turn_id, "win_the_lottery")


async def test_customers_correct_nothing(house: House) -> None:
    bought = await an_order(house, await a_shop(house))
    async with begin(house, bought.buyer) as work:
        reply = await assistant.talk(work, NewTurn(shop_id=bought.shop.id, text="你好"))
    with pytest.raises(Exception, match="role does not allow"):
        async with begin(house, bought.buyer) as work:
            await assistant.correct(work, reply.turn_id, "exchange")


async def test_a_worse_model_is_refused_and_never_serves(shelved: House) -> None:
    actor = await supervisor(shelved)
    wrong = [
        Example(one.text, "greeting" if number % 3 else "bye")
        for number, one in enumerate(seed.examples()[:300])
    ]
    model = train(wrong)
    shelf = shelved.ports[ModelShelf]
    kept = shelf.put("house", model)
    async with begin(shelved, actor) as work:
        await register(work, kept, model)
    with pytest.raises(assistant.ModelIsWorse):
        await assistant.promote(shelved, actor, kept.version)
    async with begin(shelved) as work:
        row = (await work.session.scalars(select(Model))).one()
        assert (row.state, row.trained_by, row.digest) == (ModelState.refused, actor.id, kept.digest)
        assert (await minds.mind_of(work)).called == "built-in"
    with pytest.raises(assistant.ModelNotCandidate):
        await assistant.promote(shelved, actor, kept.version)


async def test_a_model_as_good_serves_from_then_on(shelved: House) -> None:
    actor = await supervisor(shelved)
    trained = await assistant.train_house_model(shelved, actor)
    assert (trained.version, trained.state, trained.trained_by) == (1, ModelState.candidate, actor.id)
    promoted = await assistant.promote(shelved, actor, 1)
    assert promoted.state is ModelState.serving
    assert promoted.trial is not None
    assert promoted.trial["accuracy"] == promoted.trial["accuracy_before"]
    async with begin(shelved) as work:
        assert (await minds.mind_of(work)).called == "house.1"


async def test_a_file_that_was_changed_does_not_serve(shelved: House) -> None:
    actor = await supervisor(shelved)
    trained = await assistant.train_house_model(shelved, actor)
    path = shelved.ports[ModelShelf].path("house", trained.version)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(assistant.ModelNotFound):
        await assistant.promote(shelved, actor, trained.version)


def test_what_is_kept_back_stays_kept_back_when_lessons_are_added() -> None:
    _, before = seed.kept_back(seed.examples())
    _, after = seed.kept_back([*seed.examples(), Example("换个小的", "exchange", "lesson 换个小的")])
    assert [one for one in after if not one.group.startswith("lesson")] == before
    assert 100 < len(before) < 500
