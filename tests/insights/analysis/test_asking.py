"""Questions of an installation: kept, answered once, seen by who sees the shops that they saw."""

from datetime import timedelta
from pathlib import Path

import pytest

from aftercare.insights.analysis import (
    AnalysisNotFound,
    AnalysisQuestion,
    AnalysisState,
    Described,
    MeasureUnknown,
    analyses,
    ask,
    forget_analyses,
    get_analysis,
    run_analysis,
    words_of,
)
from aftercare.insights.analysis.events import AnalysisAsked
from aftercare.insights.analysis.measures import MEASURES
from aftercare.insights.analysis.reactions import answer_analysis
from aftercare.insights.analysis.saying import LOCALES, labels, texts
from aftercare.insights.lake import Lake, Tables, refresh
from aftercare.journal import House, PermissionMissing, begin
from tests import given
from tests.conftest import Clock
from tests.insights.given import claims_decided_after, manager


async def test_a_question_is_answered_from_the_lake_once(
    own_house: House, clock: Clock, tmp_path: Path
) -> None:
    house = own_house
    house.ports = {**house.ports, Lake: Lake(tmp_path / "lake")}
    mine, other = await given.a_shop(house), await given.a_shop(house)
    await claims_decided_after(house, clock, mine, 2, 4, 6, 10, None)
    await claims_decided_after(house, clock, other, 100)
    await refresh(house)
    question = AnalysisQuestion(kind="describe", measure="claims", column="decide_hours")
    async with begin(house, manager(mine)) as work:
        asked = await ask(work, question)
        assert (asked.state, asked.answer) == (AnalysisState.waiting, None)
    await answer_analysis(house, AnalysisAsked(analysis_id=asked.id, kind="describe", measure="claims"))
    async with begin(house, manager(mine)) as work:
        found = await get_analysis(work, asked.id)
        assert isinstance(found.answer, Described)
        assert found.answer.spread is not None
        # The other shop's hundred hours are not in it.
        assert (found.answer.spread.n, found.answer.spread.missing) == (4, 1)
        assert (found.answer.spread.mean, found.answer.spread.most) == (5.5, 10.0)
        assert found.answer.command == "aftercare insight describe --measure claims --column decide_hours"
        again = await ask(work, question)
        assert (again.id, again.state) == (asked.id, AnalysisState.done)
        assert (await ask(work, question, again=True)).id != asked.id
    ended = found.ended_at
    await run_analysis(house, asked.id)
    async with begin(house, manager(mine, other)) as work:
        assert (await get_analysis(work, asked.id)).ended_at == ended
        # Who sees more shops asks another question.
        assert (await ask(work, question)).id != asked.id
    async with begin(house, manager(other)) as work:
        with pytest.raises(AnalysisNotFound):
            await get_analysis(work, asked.id)
        assert (await analyses(work)).items == []
        with pytest.raises(AnalysisNotFound):
            await ask(work, question.model_copy(update={"shop_id": mine.id}))
    assert "decide" in words_of(found.answer, None, "en").paragraph
    assert words_of(found.answer, None, "zh-CN").paragraph.startswith(
        "“决定用时（小时）”有 4 个值，中位数为 5"
    )


async def test_too_little_is_told_and_not_guessed(own_house: House, clock: Clock, tmp_path: Path) -> None:
    house = own_house
    house.ports = {**house.ports, Lake: Lake(tmp_path / "lake")}
    shop = await given.a_shop(house)
    await claims_decided_after(house, clock, shop, 2)
    await refresh(house)
    async with begin(house, manager(shop)) as work:
        asked = await ask(work, AnalysisQuestion(kind="forecast", measure="claims"))
    await run_analysis(house, asked.id)
    async with begin(house, manager(shop)) as work:
        found = await get_analysis(work, asked.id)
        assert found.state is AnalysisState.refused
        assert words_of(None, found.trouble, "en").trouble is not None
    clock.now += timedelta(days=61)
    async with begin(house) as work:
        await forget_analyses(work)
    async with begin(house, manager(shop)) as work:
        with pytest.raises(AnalysisNotFound):
            await get_analysis(work, asked.id)


async def test_who_may_not_read_numbers_may_not_ask(house: House) -> None:
    shop = await given.a_shop(house)
    question = AnalysisQuestion(kind="describe", measure="claims")
    async with begin(house, given.staff(shop, frozenset({"cases.read"}))) as work:
        with pytest.raises(PermissionMissing):
            await ask(work, question)
    async with begin(house, manager(shop)) as work:
        with pytest.raises(MeasureUnknown):
            await ask(work, question.model_copy(update={"measure": "moods"}))


def test_every_measure_has_the_columns_that_it_tells() -> None:
    tables = Tables()
    for measure in MEASURES.values():
        rows = measure.rows(tables)
        assert {*measure.columns, *measure.by, measure.time} <= set(rows.columns), measure.name
        assert {measure.name, *measure.columns, *measure.by} <= set(labels()), measure.name


def test_every_sentence_is_told_in_every_language() -> None:
    for code, told in texts().items():
        assert set(told) == set(LOCALES), code
    for column, told in labels().items():
        assert set(told) == set(LOCALES), column
