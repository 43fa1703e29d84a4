"""A decision from its plan to its end, and the policy that goes with it."""

from datetime import timedelta

import pytest

from aftercare import claims
from aftercare.claims.model import Claim
from aftercare.identity import ShopView
from aftercare.insights.decisions import (
    MOVES,
    DecisionNotFound,
    DecisionNotPossible,
    DecisionState,
    GuardRail,
    MoveNotAllowed,
    NewDecision,
    RollOut,
    Subject,
    SubjectKind,
    TreatedShop,
    Verb,
    decision_view,
    decisions,
    drop,
    get_decision,
    go_on,
    keep,
    plan,
    read_now,
    start,
    undo,
)
from aftercare.insights.decisions.verdicts import texts
from aftercare.journal import Actor, ActorKind, House, PermissionMissing, begin, timeline
from aftercare.kit.lots import is_drawn
from aftercare.trials import OnTrial
from tests import given
from tests.conftest import NOON, Clock

BOSS = frozenset({"insights.read", "insights.write", "policies.read", "policies.write", "journal.read"})


def boss(*shops: ShopView, permissions: frozenset[str] = BOSS) -> Actor:
    return Actor(
        kind=ActorKind.staff, shops=frozenset(one.id for one in shops), permissions=permissions, locale="en"
    )


def planned(**more: object) -> NewDecision:
    return NewDecision.model_validate(
        {
            "title": "Quicker decisions",
            "hypothesis": "A policy that decides more by itself makes decisions quicker.",
            "indicator": "claim_decision",
            "target": -0.1,
            "roll_out": "all",
            "starts_at": NOON,
            "ends_at": NOON + timedelta(days=30),
            **more,
        }
    )


async def a_draft(house: House, shop: ShopView) -> int:
    async with begin(house, boss(shop)) as work:
        document = claims.default_policy().model_dump(mode="json") | {"id": "trial"}
        return (await claims.save_policy(work, shop.id, document)).version


async def a_claim(house: House, shop: ShopView) -> Claim:
    bought = await given.an_order(house, shop, given.Line(price_cents=9_000))
    return await given.a_claim(house, bought)


async def test_it_moves_as_the_table_of_moves_says(house: House) -> None:
    shop = await given.a_shop(house)
    async with begin(house, boss(shop)) as work:
        row = await plan(work, planned())
        assert row.state is DecisionState.draft
        with pytest.raises(MoveNotAllowed) as refused:
            await keep(work, row.id, verdict="keep", why="")
        assert refused.value.data == {"state": "draft", "may": ["start", "drop"]}
        await start(work, row.id)
        later = NOON + timedelta(days=60)
        assert (await go_on(work, row.id, later)).ends_at == later
        ended = await undo(work, row.id, verdict="undo", why="Customers did not like it.")
        assert (ended.state, ended.why) == (DecisionState.undone, "Customers did not like it.")
        with pytest.raises(MoveNotAllowed):
            await start(work, row.id)
        other = await plan(work, planned())
        assert (await drop(work, other.id)).state is DecisionState.dropped
    # What is about no single shop is told to who sees all.
    async with begin(house) as work:
        told = [entry.name for entry in (await timeline(work, row.id)).items]
    assert sorted(told) == ["decision.extended", "decision.planned", "decision.started", "decision.undone"]
    assert {move.verb for move in MOVES} == set(Verb)


async def test_what_does_not_hold_together_is_refused(house: House) -> None:
    mine, other = await given.a_shop(house), await given.a_shop(house)
    wrong: list[dict[str, object]] = [
        {"target": 0.1},  # quicker is better: the target goes down
        {"target": 0},
        {"roll_out": "share"},
        {"roll_out": "shops"},
        {"ends_at": NOON - timedelta(days=1)},
        {"indicator": "backlog"},
        {"subject_kind": "policy"},
        {"subject_kind": "policy", "subject": {"versions": {str(mine.id): 7}}},
        {"guards": [{"indicator": "backlog", "bound": 1, "side": "above"}]},
    ]
    async with begin(house, boss(mine)) as work:
        for one in wrong:
            with pytest.raises(DecisionNotPossible):
                await plan(work, planned(**one))
    async with begin(house, boss(mine, permissions=frozenset({"insights.read"}))) as work:
        with pytest.raises(PermissionMissing):
            await plan(work, planned())
    async with begin(house, boss(mine)) as work:
        row = await plan(work, planned())
    async with begin(house, boss(other)) as work:
        with pytest.raises(DecisionNotFound):
            await get_decision(work, row.id)
        assert await decisions(work, "en") == []


async def test_a_policy_on_trial_decides_for_those_who_are_drawn(house: House) -> None:
    shop = await given.a_shop(house)
    version = await a_draft(house, shop)
    async with begin(house, boss(shop)) as work:
        row = await plan(
            work,
            planned(
                roll_out="share",
                share=0.5,
                subject_kind="policy",
                subject={"versions": {str(shop.id): version}},
            ),
        )
        await start(work, row.id)
    arms: dict[bool, set[str]] = {True: set(), False: set()}
    for _ in range(12):
        claim = await a_claim(house, shop)
        arms[is_drawn(row.id, str(claim.customer_id), 0.5)].add(claim.policy)
    assert arms == {True: {"trial@1"}, False: {"default@1"}}
    async with begin(house, boss(shop)) as work:
        await undo(work, row.id, verdict="undo", why="")
        versions = await claims.policy_versions(work, shop.id)
        assert [(one.version, one.published_at) for one in versions] == [(version, None)]


async def test_shop_after_shop_on_its_day_and_back_again(house: House, clock: Clock) -> None:
    first, second = await given.a_shop(house), await given.a_shop(house)
    drafts = {one.id: await a_draft(house, one) for one in (first, second)}

    async def decided_by() -> list[str]:
        return [(await a_claim(house, one)).policy for one in (first, second)]

    def one_more() -> NewDecision:
        return planned(
            roll_out=RollOut.steps,
            subject_kind=SubjectKind.policy,
            subject=Subject(versions=drafts),
            treated=[
                TreatedShop(shop_id=first.id, on=clock.now.date()),
                TreatedShop(shop_id=second.id, on=clock.now.date() + timedelta(days=7)),
            ],
        )

    async with begin(house, boss(first, second)) as work:
        row = await plan(work, one_more())
        await start(work, row.id)
    assert await decided_by() == ["trial@1", "default@1"]
    clock.now = NOON + timedelta(days=7)
    assert await decided_by() == ["trial@1", "trial@1"]
    # Nothing was published, so nothing has to be taken back; and nothing may be published beside it.
    assert [await published(house, one) for one in (first, second)] == [0, 0]
    with pytest.raises(OnTrial):
        async with begin(house, boss(first, second)) as work:
            await claims.publish_policy(work, second.id, drafts[second.id])
    async with begin(house, boss(first, second)) as work:
        await undo(work, row.id, verdict="undo", why="")
    assert await decided_by() == ["default@1", "default@1"]
    async with begin(house, boss(first, second)) as work:
        view = await decision_view(work, row.id, "en")
        assert (view.state, view.may) == (DecisionState.undone, [])
        again = await plan(work, one_more())
        await start(work, again.id)
        await keep(work, again.id, verdict="keep", why="")
    assert await decided_by() == ["trial@1", "trial@1"]
    assert [await published(house, one) for one in (first, second)] == [1, 1]


async def published(house: House, shop: ShopView) -> int:
    async with begin(house, boss(shop)) as work:
        return next(
            (one.version for one in await claims.policy_versions(work, shop.id) if one.published_at), 0
        )


async def test_a_reading_is_kept_and_told_in_three_languages(house: House) -> None:
    shop = await given.a_shop(house)
    async with begin(house, boss(shop)) as work:
        guard = GuardRail(indicator="csat", bound=0.5, side="below")
        row = await plan(work, planned(guards=[guard.model_dump()]))
        await start(work, row.id)
        reading = await read_now(work, row.id)
        assert (reading.advice, reading.effect.enough, reading.guards[0].n) == ("go_on", False, 0)
        for locale, words in (
            ("zh-CN", "建议：继续观察"),
            ("zh-TW", "建議：繼續觀察"),
            ("en", "Advice: go on."),
        ):
            view = await decision_view(work, row.id, locale)
            assert words in view.paragraph
            assert len(view.history) == 1
        line = (await decisions(work, "en"))[0]
        assert (line.id, line.advice) == (row.id, "go_on")


def test_every_sentence_is_told_in_every_language() -> None:
    for code, told in texts().items():
        assert set(told) == {"zh-CN", "zh-TW", "en"}, code
