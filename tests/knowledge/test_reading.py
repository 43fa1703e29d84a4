"""The help centre: what is read most, what readers say, and the gaps that come of it."""

from datetime import timedelta
from uuid import UUID

from aftercare.journal import House, begin
from aftercare.knowledge import (
    Filters,
    GapDraft,
    Outcome,
    draft_for,
    feedback_on,
    forget_questions,
    help_home,
    list_articles,
    list_gaps,
    note_question,
    rate_article,
    read_article,
    reader_in,
)
from aftercare.knowledge.questions import without_persons
from tests.conftest import NOON, Clock
from tests.knowledge.given import World, a_world, an_article, facts

UNDER = "/help/qinglan"


async def read(world: World, article_id: UUID, times: int = 1, reader: str | None = None) -> bool | None:
    helped = None
    for _ in range(times):
        async with begin(world.house, reader_in(world.shop)) as work:
            page = await read_article(
                work,
                world.shop,
                article_id,
                "zh-CN",
                under=UNDER,
                reader=reader,
            )
            helped = page.helped
    return helped


async def rate(
    world: World, article_id: UUID, reader: str, helped: bool, words: str = "", question: str = ""
) -> None:
    async with begin(world.house, reader_in(world.shop)) as work:
        await rate_article(
            work,
            world.shop,
            article_id,
            helped=helped,
            words=words,
            locale="zh-CN",
            reader=reader,
            question=question,
        )


async def test_what_is_read_most_comes_first(house: House, clock: Clock) -> None:
    world = await a_world(house)
    returns = await an_article(world, "退货", topic="returns")
    freight = await an_article(world, "运费", topic="freight", house_wide=True)
    care = await an_article(world, "保养", topic="care")
    await read(world, care.id, 5)
    clock.now = NOON + timedelta(days=91)
    await read(world, freight.id, 2)
    await read(world, returns.id)
    async with begin(house, reader_in(world.shop)) as work:
        home = await help_home(work, world.shop, "zh-CN", most=3)
    assert [one.title for one in home.popular] == ["运费", "退货", "保养"]
    assert [(one.topic, one.articles) for one in home.topics] == [("care", 1), ("freight", 1), ("returns", 1)]
    assert (home.shop_name, home.support_email) == ("青岚家电", "hi@qinglan.example")


async def test_each_reader_counts_once_and_may_change_his_mind(house: House) -> None:
    world = await a_world(house)
    article = await an_article(world, "运费", house_wide=True)
    await rate(world, article.id, "reader-one-xxxxxx", True)
    await rate(world, article.id, "reader-one-xxxxxx", True)
    await rate(world, article.id, "reader-one-xxxxxx", False, "没说多少钱")
    await rate(world, article.id, "reader-two-xxxxxx", True)
    assert await read(world, article.id, reader="reader-one-xxxxxx") is False
    async with begin(house, world.agent) as work:
        said = (await feedback_on(work, article.id)).items
        assert {(one.helped, one.words) for one in said} == {(False, "没说多少钱"), (True, "")}
        row = (await list_articles(work, Filters())).items[0]
        assert (row.helped, row.not_helped, row.views) == (1, 1, 1)
    assert [data["helped"] for _, data in await facts(house, "article.rated")] == [True, False, True]


async def test_badly_rated_articles_are_listed(house: House) -> None:
    world = await a_world(house)
    bad = await an_article(world, "看不懂")
    good = await an_article(world, "看得懂")
    for number, helped in enumerate([True, False, False]):
        await rate(world, bad.id, f"reader-{number}-xxxxxxxx", helped)
        await rate(world, good.id, f"reader-{number}-xxxxxxxx", not helped)
    async with begin(house, world.agent) as work:
        assert [row.id for row in (await list_articles(work, Filters(badly=True))).items] == [bad.id]


def test_a_question_is_kept_without_persons() -> None:
    assert (
        without_persons("我的订单 SO2026000123 电话 138 0000 0000 邮箱 a.b@example.test 怎么退？")
        == "我的订单 … 电话 … 邮箱 … 怎么退？"
    )
    assert without_persons("7天无理由") == "7天无理由"


async def test_questions_about_the_same_are_one_gap_and_become_a_draft(house: House, clock: Clock) -> None:
    world = await a_world(house)
    other = await a_world(house, "yunmu")
    article = await an_article(world, "退货")
    async with begin(house, reader_in(world.shop)) as work:
        for words, outcome in (
            ("以旧换新怎么参加", Outcome.nothing_found),
            ("怎么参加以旧换新", Outcome.nothing_found),
            ("以舊換新參加", Outcome.handed_over),
            ("参加以旧换新", Outcome.found),
            ("保修多久", Outcome.nothing_found),
            ("怎么退货", Outcome.found),
        ):
            await note_question(work, words, "zh-CN", world.shop_id, outcome, source="test")
    async with begin(house, reader_in(other.shop)) as work:
        await note_question(work, "以旧换新怎么参加", "zh-CN", other.shop_id, Outcome.nothing_found)
    await rate(world, article.id, "reader-one-xxxxxx", False, question="保修 多久")
    async with begin(house, world.editor) as work:
        gaps = await list_gaps(work)
    assert [(gap.asked, gap.badly, set(gap.examples)) for gap in gaps] == [
        (4, 3, {"以旧换新怎么参加", "怎么参加以旧换新", "以舊換新參加"}),
        (2, 2, {"保修多久", "保修 多久"}),
    ]
    assert gaps[0].outcomes == {"nothing_found": 2, "handed_over": 1, "found": 1}
    assert gaps[1].article_id == article.id
    async with begin(house, world.editor) as work:
        draft = await draft_for(
            work, GapDraft(shop_id=world.shop_id, question_ids=gaps[0].question_ids, title="以旧换新")
        )
        assert (draft.texts["zh-CN"].title, draft.version) == ("以旧换新", 0)
        assert "> 怎么参加以旧换新" in draft.texts["zh-CN"].body
        assert [gap.examples for gap in await list_gaps(work)] == [gaps[1].examples]
    clock.now = NOON + timedelta(days=401)
    async with begin(house) as work:
        assert await forget_questions(work) == 8
