"""Templates, routing rules and the assistant's model under a decision: who is drawn really gets it, it is kept who got what, and
undone everything is as before."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text

from aftercare import assistant, notices
from aftercare.assistant import ModelShelf, NewTurn
from aftercare.assistant.model import Turn
from aftercare.cases import NewCase, NewOverflow, give_out_waiting, open_case, overflow_of, say, set_overflow
from aftercare.identity import ShopView
from aftercare.insights.decisions import (
    DecisionNotPossible,
    DecisionState,
    NewDecision,
    decision_view,
    go_on,
    keep,
    plan,
    start,
    undo,
    watch_decisions,
)
from aftercare.journal import Actor, ActorKind, House, begin, drain
from aftercare.kit.lots import is_drawn
from aftercare.notices import NewWords
from aftercare.trials import OnTrial, meetings
from tests import given
from tests.cases.given import World, a_world, at_work, buyer
from tests.conftest import NOON, Clock

ALL = frozenset(
    {
        "insights.read",
        "insights.write",
        "policies.read",
        "policies.write",
        "notices.read",
        "notices.write",
        "promises.read",
        "promises.write",
        "journal.read",
    }
)
NEW = {"subject": "{{ shop }}回复您了", "body": "亲，{{ shop }}客服回复了您的咨询。", "button": "马上看"}


def boss(*shops: UUID, permissions: frozenset[str] = ALL) -> Actor:
    return Actor(kind=ActorKind.staff, shops=frozenset(shops) or None, permissions=permissions, locale="en")


def planned(kind: str, subject: dict[str, Any], **more: object) -> NewDecision:
    return NewDecision.model_validate(
        {
            "title": "Tried",
            "hypothesis": "It helps.",
            "indicator": "csat",
            "target": 0.05,
            "roll_out": "share",
            "share": 0.5,
            "subject_kind": kind,
            "subject": subject,
            "starts_at": NOON,
            "ends_at": NOON + timedelta(days=30),
            **more,
        }
    )


async def met_facts(house: House, decision_id: UUID) -> list[dict[str, Any]]:
    async with begin(house) as work:
        rows = await work.session.execute(
            text(
                "SELECT data FROM fact WHERE name = 'trial.met' AND data->>'decision_id' = :id ORDER BY position"
            ),
            {"id": str(decision_id)},
        )
        return [row.data for row in rows]


async def told_once(house: House, shop: ShopView) -> tuple[UUID, UUID, str]:
    """A customer who is answered: (customer, case, what the notice was called)."""
    bought = await given.an_order(house, shop)
    async with begin(house, bought.buyer) as work:
        case = await open_case(work, NewCase(shop_id=shop.id, customer_id=bought.customer_id, title="裂了"))
    async with begin(house, given.staff(shop, given.AGENT)) as work:
        await say(work, case.id, "您好，请拍一张照片。")
    await drain(house)
    async with begin(house) as work:
        found = (await notices.list_notices(work, case_id=case.id)).items
    subject = next(one.subject for one in found if one.template == "message_posted")
    assert subject is not None
    return bought.customer_id, case.id, subject


async def test_the_words_of_a_template_go_to_those_who_are_drawn_and_back_again(house: House) -> None:
    shop = await given.a_shop(house)
    name = shop.name
    subject = {"name": "message_posted", "words": {"zh-CN": NEW}}
    async with begin(house, boss(shop.id)) as work:
        row = await plan(work, planned("template", subject))
        await start(work, row.id)
    arms: dict[bool, set[str]] = {True: set(), False: set()}
    seen = []
    for _ in range(10):
        customer, case, told = await told_once(house, shop)
        arms[is_drawn(row.id, str(customer), 0.5)].add(told)
        seen.append((str(customer), str(case), is_drawn(row.id, str(customer), 0.5)))
    assert arms == {True: {f"{name}回复您了"}, False: {f"{name}给您发来了新消息"}}
    # Once for each, in the journal and for measuring.
    assert [
        (one["customer_id"], one["case_id"], one["treated"]) for one in await met_facts(house, row.id)
    ] == seen
    async with begin(house, boss(shop.id)) as work:
        met = await meetings(work, row.id)
        assert {(str(one.unit_id), one.treated) for one in met} == {(one[0], one[2]) for one in seen}
        view = await decision_view(work, row.id, "en")
        assert (view.met_with, view.met_without) == (
            sum(one[2] for one in seen),
            sum(not one[2] for one in seen),
        )
        # What is compared must not change under the comparison, and nothing is tried twice at once.
        with pytest.raises(OnTrial):
            await notices.set_template(work, shop.id, "message_posted", "zh-CN", NewWords(**NEW))
        with pytest.raises(OnTrial):
            await plan(work, planned("template", subject))
        await notices.set_template(work, shop.id, "message_posted", "en", NewWords(**NEW))
        await undo(work, row.id, verdict="undo", why="")
    assert {(await told_once(house, shop))[2] for _ in range(6)} == {f"{name}给您发来了新消息"}
    assert len(await met_facts(house, row.id)) == 10
    async with begin(house, boss(shop.id)) as work:
        own = [one for one in await notices.list_templates(work, shop.id) if one.own]
        assert [(one.template, one.locale) for one in own] == [("message_posted", "en")]


async def test_words_that_are_kept_are_the_shops_own_in_every_shop(house: House, clock: Clock) -> None:
    first, second = await given.a_shop(house), await given.a_shop(house)
    async with begin(house, boss(first.id, second.id)) as work:
        row = await plan(
            work,
            planned(
                "template",
                {"name": "message_posted", "words": {"zh-CN": NEW}},
                roll_out="steps",
                share=None,
                treated=[
                    {"shop_id": str(first.id), "on": "2026-03-10"},
                    {"shop_id": str(second.id), "on": "2026-03-12"},
                ],
            ),
        )
        await start(work, row.id)
    assert (await told_once(house, first))[2] == f"{first.name}回复您了"
    assert (await told_once(house, second))[2] == f"{second.name}给您发来了新消息"
    # In Shanghai the day begins at 16:00 UTC of the day before.
    clock.now = NOON + timedelta(days=1, hours=11, minutes=59)
    assert (await told_once(house, second))[2] == f"{second.name}给您发来了新消息"
    clock.now = NOON + timedelta(days=1, hours=12)
    assert (await told_once(house, second))[2] == f"{second.name}回复您了"
    await watch_decisions(house)
    await watch_decisions(house)
    async with begin(house) as work:
        steps = await work.session.scalars(
            text("SELECT shop_id FROM fact WHERE name = 'decision.stepped' ORDER BY position")
        )
        assert list(steps) == [first.id, second.id]
    async with begin(house, boss(first.id, second.id)) as work:
        await keep(work, row.id, verdict="keep", why="")
        for shop in (first, second):
            own = [one.subject for one in await notices.list_templates(work, shop.id) if one.own]
            assert own == [NEW["subject"]]
    assert (await told_once(house, second))[2] == f"{second.name}回复您了"


async def test_words_that_cannot_be_filled_in_or_are_nobodys_are_refused(house: House) -> None:
    shop = await given.a_shop(house)
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("template", {"name": "message_posted", "words": {"zh-CN": NEW | {"body": "{{ nobody }}"}}}),
        ("template", {"name": "never_heard_of", "words": {"zh-CN": NEW}}),
        ("template", {"name": "message_posted"}),
        ("answer", {"name": "Thanks"}),
        ("bot", {"version": 1}),
    ]
    for kind, subject in wrong:
        async with begin(house, boss(shop.id)) as work:
            with pytest.raises(DecisionNotPossible):
                await plan(work, planned(kind, subject))
    async with begin(house, boss(shop.id)) as work:
        with pytest.raises(DecisionNotPossible) as refused:
            await plan(work, planned("policy", {"versions": {str(shop.id): 1}}, unit="case"))
        assert refused.value.data["why"] == "thing_unknown"


async def test_a_routing_rule_decides_for_the_cases_that_are_drawn(house: House, clock: Clock) -> None:
    world, other = await a_world(house), await a_world(house, code="lisbon")
    async with begin(house) as work:
        await work.session.execute(
            text("UPDATE membership SET shop_id = NULL WHERE account_id = :id"), {"id": other.bo.id}
        )
    await at_work(other, other.bo, languages=["zh"], capacity=100)
    rule = NewOverflow(after_minutes=30, to_shops=[other.shop_id])
    manager = boss(world.shop_id, other.shop_id)
    async with begin(house, manager) as work:
        row = await plan(
            work,
            planned(
                "routing",
                {"rule": rule.model_dump(mode="json")},
                unit="case",
                shops=[str(world.shop_id), str(other.shop_id)],
            ),
        )
        await start(work, row.id)
    opened = [await waiting(world, number) for number in range(10)]
    await drain(house)
    assert await give_out_waiting(house) == 0
    clock.now += timedelta(minutes=30)
    drawn = [one for one in opened if is_drawn(row.id, str(one), 0.5)]
    assert 0 < len(drawn) < 10
    assert await give_out_waiting(house) == len(drawn)
    assert await owned_by(world, other.bo) == set(drawn)
    met = await met_facts(house, row.id)
    assert {(one["case_id"], one["treated"]) for one in met} == {(str(one), one in drawn) for one in opened}
    assert len(met) == 10
    async with begin(house, manager) as work:
        with pytest.raises(OnTrial):
            await set_overflow(work, world.shop_id, None)
        await undo(work, row.id, verdict="undo", why="")
    late = [await waiting(world, number) for number in range(10, 20)]
    await drain(house)
    clock.now += timedelta(minutes=31)
    assert await give_out_waiting(house) == 0
    async with begin(house, manager) as work:
        assert await overflow_of(work, world.shop_id) is None
        again = await plan(
            work,
            planned(
                "routing",
                {"rule": rule.model_dump(mode="json")},
                roll_out="shops",
                share=None,
                treated=[{"shop_id": str(world.shop_id), "on": "2026-03-10"}],
            ),
        )
        await start(work, again.id)
    assert await give_out_waiting(house) == len(late) + len(opened) - len(drawn)
    async with begin(house, manager) as work:
        await keep(work, again.id, verdict="keep", why="")
        assert await overflow_of(work, world.shop_id) == rule
        # A shop does not overflow into itself.
        assert await overflow_of(work, other.shop_id) is None


async def waiting(world: World, number: int) -> UUID:
    customer, customer_id, _ = await buyer(
        world.house, world.shop_id, f"w{number}", "王先生", f"+86139{number:08}"
    )
    async with begin(world.house, customer) as work:
        return (
            await open_case(work, NewCase(shop_id=world.shop_id, customer_id=customer_id, title="坏了"))
        ).id


async def owned_by(world: World, actor: Actor) -> set[UUID]:
    async with begin(world.house) as work:
        return set(
            await work.session.scalars(
                text("SELECT id FROM service_case WHERE owner_id = :id"), {"id": actor.id}
            )
        )


async def test_a_version_of_the_assistant_answers_those_who_are_drawn(house: House, tmp_path: Path) -> None:
    house.ports = {**house.ports, ModelShelf: ModelShelf(tmp_path)}
    shop = await given.a_shop(house)
    await assistant.train_house_model(house, boss())
    async with begin(house, boss()) as work:
        with pytest.raises(DecisionNotPossible):
            await plan(work, planned("bot", {"version": 1}, shops=[str(shop.id)]))
        with pytest.raises(DecisionNotPossible):
            await plan(work, planned("bot", {"version": 7}))
        row = await plan(work, planned("bot", {"version": 1}))
        await start(work, row.id)
    arms: dict[bool, set[str]] = {True: set(), False: set()}
    for _ in range(8):
        customer, called = await answered(house, shop)
        arms[is_drawn(row.id, str(customer), 0.5)].add(called)
    assert arms == {True: {"house.1"}, False: {"built-in"}}
    assert len(await met_facts(house, row.id)) == 8
    with pytest.raises(OnTrial):
        await assistant.promote(house, boss(), 1)
    async with begin(house, boss()) as work:
        await undo(work, row.id, verdict="undo", why="")
    assert {(await answered(house, shop))[1] for _ in range(4)} == {"built-in"}
    async with begin(house, boss()) as work:
        again = await plan(work, planned("bot", {"version": 1}, roll_out="all", share=None))
        await start(work, again.id)
    assert {(await answered(house, shop))[1] for _ in range(2)} == {"house.1"}
    async with begin(house, boss()) as work:
        await go_on(work, again.id, NOON + timedelta(days=90))
        kept = await keep(work, again.id, verdict="keep", why="Understands more.")
        assert kept.state is DecisionState.kept
        assert [(one.version, one.state.value) for one in await assistant.models(work)] == [(1, "serving")]
    assert (await answered(house, shop))[1] == "house.1"


async def answered(house: House, shop: ShopView) -> tuple[UUID, str]:
    bought = await given.an_order(house, shop)
    async with begin(house, replace(bought.buyer, locale="zh-CN")) as work:
        reply = await assistant.talk(work, NewTurn(shop_id=shop.id, text="我想退货"))
    async with begin(house) as work:
        called = await work.session.scalar(select(Turn.model).where(Turn.id == reply.turn_id))
    return bought.customer_id, str(called)


async def test_whoever_may_not_change_a_thing_may_not_try_it(house: House) -> None:
    shop = await given.a_shop(house)
    few = frozenset({"insights.read", "insights.write"})
    for kind, subject in (
        ("template", {"name": "message_posted", "words": {"zh-CN": NEW}}),
        ("routing", {"rule": None}),
        ("policy", {"versions": {str(shop.id): 1}}),
    ):
        async with begin(house, boss(shop.id, permissions=few)) as work:
            with pytest.raises(Exception, match="role does not allow"):
                await plan(work, planned(kind, subject))
