"""What a customer is asked once the matter is settled, and who may answer."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from aftercare import claims, quality
from aftercare.cases import CaseNotFound, CaseView, Closing, NewCase, close_case, open_case, say
from aftercare.claims import ClaimKind, Reason
from aftercare.conversations import Channel
from aftercare.journal import FACTS, Actor, House, begin, drain
from aftercare.quality import NewSurveyAnswer, SurveyAnsweredAlready, SurveyNotOpen, SurveyState, routes
from tests import given
from tests.cases.given import World, a_world, buyer
from tests.conftest import Clock
from tests.given.web import signed_in


def test_the_shapes_of_the_facts() -> None:
    ours = {name: fact for name, fact in FACTS.items() if fact.__module__ == quality.events.__name__}
    assert {name: (fact.public, list(fact.model_fields)[1:]) for name, fact in ours.items()} == {
        "survey.answered": (
            False,
            ["survey_answer_id", "case_id", "claim_id", "customer_id", "satisfied", "effort", "recommend"],
        )
    }


async def asked(house: House, world: World) -> CaseView:
    async with begin(house, world.customer) as work:
        return await open_case(
            work,
            NewCase(
                shop_id=world.shop_id, customer_id=world.customer_id, title="壶盖裂了", body="壶盖裂了",
                channel=Channel.portal, locale="zh-CN",
            ),
        )  # fmt: skip


async def status(house: House, case_id: UUID) -> str:
    async with begin(house) as work:
        return str(
            await work.session.scalar(text("SELECT status FROM service_case WHERE id = :id"), {"id": case_id})
        )


async def state(house: House, actor: Actor, case_id: UUID) -> SurveyState:
    async with begin(house, actor) as work:
        return (await quality.survey_of(work, case_id)).state


async def test_a_case_is_asked_about_once_it_is_settled(house: House, clock: Clock) -> None:
    world = await a_world(house)
    case = await asked(house, world)
    assert await state(house, world.customer, case.id) is SurveyState.early
    async with begin(house, world.customer) as work:
        with pytest.raises(SurveyNotOpen):
            await quality.answer_survey(work, case.id, NewSurveyAnswer(satisfied=5))
    async with begin(house, world.customer) as work:
        await close_case(work, case.id, Closing.confirmed)
    assert await state(house, world.customer, case.id) is SurveyState.open

    async with begin(house, world.customer) as work:
        told = await quality.answer_survey(
            work, case.id, NewSurveyAnswer(satisfied=4, effort=6, recommend=9, comment=" 回复很快 ")
        )
    assert (told.state, told.satisfied, told.effort, told.recommend) == (SurveyState.answered, 4, 6, 9)
    async with begin(house, world.customer) as work:
        with pytest.raises(SurveyAnsweredAlready):
            await quality.answer_survey(work, case.id, NewSurveyAnswer(satisfied=1))
        assert (await quality.survey_of(work, case.id)).satisfied == 4
    async with begin(house) as work:
        row = (
            await work.session.execute(
                text("SELECT case_id, satisfied, effort, recommend, comment FROM survey_answer")
            )
        ).one()
        facts = (
            await work.session.execute(text("SELECT data FROM fact WHERE name = 'survey.answered'"))
        ).all()
    assert tuple(row) == (case.id, 4, 6, 9, "回复很快")
    assert [data["recommend"] for (data,) in facts] == [9]


async def test_after_thirty_days_nobody_is_asked(house: House, clock: Clock) -> None:
    world = await a_world(house)
    case = await asked(house, world)
    async with begin(house, world.customer) as work:
        await close_case(work, case.id, Closing.confirmed)
    clock.now += timedelta(days=30, seconds=1)
    assert await state(house, world.customer, case.id) is SurveyState.over
    async with begin(house, world.customer) as work:
        with pytest.raises(SurveyNotOpen):
            await quality.answer_survey(work, case.id, NewSurveyAnswer(satisfied=5))


async def test_only_its_customer_answers(house: House) -> None:
    world = await a_world(house)
    case = await asked(house, world)
    async with begin(house, world.customer) as work:
        await close_case(work, case.id, Closing.confirmed)
    somebody, _, _ = await buyer(house, world.shop_id, "other-1", "李雷", "+8613900139000")
    for actor in (somebody, world.mei):
        async with begin(house, actor) as work:
            with pytest.raises(CaseNotFound):
                await quality.answer_survey(work, case.id, NewSurveyAnswer(satisfied=1))


async def test_a_claim_that_ended_opens_the_survey_and_one_taken_back_does_not(house: House) -> None:
    shop = await given.a_shop(house)
    for kind, after in ((ClaimKind.return_refund, SurveyState.early), (ClaimKind.refund_only, None)):
        bought = await given.an_order(house, shop, given.Line(price_cents=90_000))
        claim = await given.a_claim(house, bought, kind, Reason.no_reason if after else Reason.defective)
        assert await state(house, bought.buyer, claim.case_id) is SurveyState.early
        if after:
            async with begin(house, bought.buyer) as work:
                await claims.cancel(work, claim.id)
            await drain(house)
            assert await status(house, claim.case_id) == "solved"
            assert await state(house, bought.buyer, claim.case_id) is after
        else:
            async with begin(house) as work:
                await work.session.execute(
                    text("UPDATE claim SET state = 'refunded', ended_at = :now WHERE id = :id"),
                    {"id": claim.id, "now": work.now},
                )
            async with begin(house, bought.buyer) as work:
                await quality.answer_survey(work, claim.case_id, NewSurveyAnswer(recommend=0))
            async with begin(house) as work:
                assert await work.session.scalar(text("SELECT claim_id FROM survey_answer")) == claim.id


async def test_who_took_a_claim_back_after_a_colleague_wrote_is_asked(house: House) -> None:
    shop = await given.a_shop(house)
    bought = await given.an_order(house, shop)
    claim = await given.a_claim(house, bought, ClaimKind.return_refund, Reason.no_reason)
    async with begin(house, given.staff(shop, given.AGENT)) as work:
        await say(work, claim.case_id, "换一个试试，按住三秒就好")
    async with begin(house, bought.buyer) as work:
        await claims.cancel(work, claim.id)
    await drain(house)
    assert await status(house, claim.case_id) == "solved"
    assert await state(house, bought.buyer, claim.case_id) is SurveyState.open


@pytest.mark.parametrize(
    "answer", [{}, {"satisfied": 0}, {"satisfied": 6}, {"effort": 8}, {"recommend": 11}, {"recommend": -1}]
)
async def test_an_answer_that_says_nothing_is_not_taken(house: House, answer: dict[str, Any]) -> None:
    world = await a_world(house)
    case = await asked(house, world)
    async with signed_in(house, world.customer, routes.router, at="") as client:
        address = f"/api/my/cases/{case.id}/survey"
        assert (await client.get(address)).json() == {
            "state": "early",
            "satisfied": None,
            "effort": None,
            "recommend": None,
        }
        assert (await client.post(address, json=answer)).status_code == 422
        early = await client.post(address, json={"satisfied": 5})
        assert (early.status_code, early.json()["code"]) == (409, "survey_not_open")
