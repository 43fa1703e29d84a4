"""Drafts beside what is published, versions that stay, languages that stand in, who may read and write."""

from datetime import date, timedelta

import pytest
from sqlalchemy import text

from aftercare.journal import NOBODY, SYSTEM, House, PermissionMissing, begin
from aftercare.kit.errors import NotAllowed
from aftercare.knowledge import (
    ArticleChange,
    ArticleChangedMeanwhile,
    ArticleNotFound,
    Audience,
    Filters,
    LinksBroken,
    NewArticle,
    NothingToPublish,
    NotPublished,
    Standing,
    TextMissing,
    VersionNotFound,
    Words,
    change_article,
    compare,
    get_article,
    list_articles,
    new_article,
    publish,
    read_article,
    read_version,
    reader_in,
    remove_text,
    restore,
    review,
    search_articles,
    withdraw,
    write_text,
)
from tests.conftest import NOON, Clock
from tests.knowledge.given import WRITES, a_world, an_article, facts, staff

UNDER = "/help/qinglan"


async def test_what_is_published_stays_while_a_draft_is_written(house: House) -> None:
    world = await a_world(house)
    article = await an_article(world, "怎么退货", "七天内申请。")
    async with begin(house, world.editor) as work:
        changed = await write_text(
            work,
            article.id,
            "zh-CN",
            Words(title="怎么退货", body="十五天内申请。"),
            revision=article.revision,
        )
    assert (changed.version, changed.draft, changed.status) == (1, True, Standing.published)
    assert (changed.live["zh-CN"].body, changed.texts["zh-CN"].body) == ("七天内申请。", "十五天内申请。")
    async with begin(house, reader_in(world.shop)) as work:
        page = await read_article(work, world.shop, article.id, "zh-CN", under=UNDER)
    assert (page.version, page.html) == (1, "<p>七天内申请。</p>\n")
    async with begin(house, world.editor) as work:
        again = await publish(work, article.id, "多给八天")
    assert [(one.version, one.note, one.published_by_name) for one in again.versions] == [
        (2, "多给八天", "沈编辑"),
        (1, "", "沈编辑"),
    ]
    async with begin(house, world.agent) as work:
        assert (await read_version(work, article.id, 1))["zh-CN"].body == "七天内申请。"
        told = await compare(work, article.id, 1, 2, "zh-CN")
        assert [(one.how, one.text) for one in told] == [
            ("same", "怎么退货"),
            ("same", ""),
            ("was", "七天内申请。"),
            ("is", "十五天内申请。"),
        ]
        with pytest.raises(VersionNotFound):
            await read_version(work, article.id, 3)
    assert await facts(house, "article.") == [
        ("article.drafted", {"article_id": str(article.id), "audience": "public"}),
        (
            "article.published",
            {"article_id": str(article.id), "audience": "public", "version": 1, "locales": ["zh-CN"]},
        ),
        (
            "article.published",
            {"article_id": str(article.id), "audience": "public", "version": 2, "locales": ["zh-CN"]},
        ),
    ]


async def test_an_earlier_version_is_restored_as_a_draft_and_published_as_the_next(house: House) -> None:
    world = await a_world(house)
    article = await an_article(world, "怎么退货", "一")
    async with begin(house, world.editor) as work:
        await write_text(work, article.id, "en", Words(title="Returns", body="two"))
        await write_text(work, article.id, "zh-CN", Words(title="怎么退货", body="二"))
        await publish(work, article.id)
        restored = await restore(work, article.id, 1)
        assert {locale: words.body for locale, words in restored.texts.items()} == {"zh-CN": "一"}
        assert (restored.version, restored.draft) == (2, True)
        published = await publish(work, article.id)
    assert [one.version for one in published.versions] == [3, 2, 1]
    assert [one.locales for one in published.versions] == [["zh-CN"], ["en", "zh-CN"], ["zh-CN"]]


async def test_a_missing_language_is_stood_in_for_and_says_so(house: House) -> None:
    world = await a_world(house)
    both = {"zh-CN": Words(title="退货", body="简体"), "en": Words(title="Returns", body="English")}
    article = await an_article(world, texts=both)
    async with begin(house, reader_in(world.shop)) as work:
        seen = {
            locale: await read_article(work, world.shop, article.id, locale, under=UNDER)
            for locale in ("zh-CN", "zh-TW", "en")
        }
    assert {locale: (page.title, page.instead_of) for locale, page in seen.items()} == {
        "zh-CN": ("退货", None),
        "zh-TW": ("退货", "zh-TW"),
        "en": ("Returns", None),
    }
    async with begin(house, world.editor) as work:
        await remove_text(work, article.id, "zh-CN")
        await publish(work, article.id)
    async with begin(house, reader_in(world.shop)) as work:
        page = await read_article(work, world.shop, article.id, "zh-CN", under=UNDER)
        assert (page.title, page.instead_of, page.locales) == ("Returns", "zh-CN", ["en"])


async def test_only_who_may_writes_and_only_for_own_shops(house: House) -> None:
    world = await a_world(house)
    other = await a_world(house, "yunmu")
    article = await an_article(world)
    inside = await an_article(world, "赔付上限", "五十元以内直接赔。", audience=Audience.staff)
    theirs = await an_article(other, published=True)
    ours = await an_article(world, "全店通用", "都一样。", house_wide=True)
    with pytest.raises(PermissionMissing):
        async with begin(house, world.agent) as work:
            await write_text(work, article.id, "zh-CN", Words(title="x", body="x"))
    with pytest.raises(NotAllowed):
        async with begin(house, world.editor) as work:
            await new_article(work, NewArticle(texts={"zh-CN": Words(title="x", body="x")}))
    with pytest.raises(NotAllowed):
        async with begin(house, world.editor) as work:
            await write_text(work, ours.id, "zh-CN", Words(title="x", body="x"))
    with pytest.raises(ArticleNotFound):
        async with begin(house, world.editor) as work:
            await get_article(work, theirs.id)
    async with begin(house, world.agent) as work:
        assert (await get_article(work, ours.id)).texts["zh-CN"].title == "全店通用"
        assert (await get_article(work, inside.id)).audience is Audience.staff
    for hidden in (inside.id, theirs.id):
        with pytest.raises(ArticleNotFound):
            async with begin(house, reader_in(world.shop)) as work:
                await read_article(work, world.shop, hidden, "zh-CN", under=UNDER)
    async with begin(house, NOBODY) as work:
        seen = (await work.session.execute(text("SELECT id FROM article"))).scalars().all()
        assert seen == [ours.id]


async def test_two_editors_notice_each_other(house: House) -> None:
    world = await a_world(house)
    article = await an_article(world)
    async with begin(house, world.editor) as work:
        await write_text(work, article.id, "zh-CN", Words(title="一", body="一"), revision=article.revision)
    with pytest.raises(ArticleChangedMeanwhile):
        async with begin(house, world.editor) as work:
            await write_text(
                work, article.id, "zh-CN", Words(title="二", body="二"), revision=article.revision
            )


async def test_publishing_refuses_what_readers_could_not_use(house: House) -> None:
    world = await a_world(house)
    inside = await an_article(world, "内部", "只给客服看。", audience=Audience.staff)
    empty = await an_article(world, "只有标题", " ", published=False)
    bare = await an_article(world, published=False, texts={"zh-CN": Words(title="退货", body="好。")})
    linked = await an_article(
        world,
        "链接",
        f"看[内部](article:{inside.id})、[这里](/nowhere)、[外面](https://a.example/b)。",
        published=False,
    )
    with pytest.raises(TextMissing) as missing:
        async with begin(house, world.editor) as work:
            await publish(work, empty.id)
    assert missing.value.data == {"locales": ["zh-CN"]}
    with pytest.raises(LinksBroken) as broken:
        async with begin(house, world.editor) as work:
            await publish(work, linked.id)
    assert broken.value.data == {"links": {"zh-CN": ["/nowhere", f"article:{inside.id}"]}}
    async with begin(house, world.editor) as work:
        await publish(work, bare.id)
    with pytest.raises(NothingToPublish):
        async with begin(house, world.editor) as work:
            await publish(work, bare.id)


async def test_a_withdrawn_article_is_gone_for_readers_and_links_to_it_are_told(house: House) -> None:
    world = await a_world(house)
    target = await an_article(world, "运费险", "由保险公司赔付。")
    leading = await an_article(world, "退货运费", f"见[运费险](article:{target.id})。")
    async with begin(house, world.editor) as work:
        assert (await list_articles(work, Filters(broken=True))).items == []
        gone = await withdraw(work, target.id)
        assert (gone.status, gone.version, gone.review_on) == (Standing.withdrawn, 1, None)
        rows = (await list_articles(work, Filters(broken=True))).items
        assert [(row.id, row.broken) for row in rows] == [(leading.id, 1)]
    with pytest.raises(ArticleNotFound):
        async with begin(house, reader_in(world.shop)) as work:
            await read_article(work, world.shop, target.id, "zh-CN", under=UNDER)
    async with begin(house, world.editor) as work:
        assert (await search_articles(work, "运费险", shop_id=world.shop_id, locale="zh-CN")).items[
            0
        ].article_id == leading.id
        words = await work.session.execute(text("SELECT word FROM knowledge_word WHERE documents = 0"))
        assert "保险公司" in set(words.scalars())
        with pytest.raises(NotPublished):
            await withdraw(work, target.id)
        assert (await publish(work, target.id)).version == 2


async def test_reviews_come_due(house: House, clock: Clock) -> None:
    world = await a_world(house)
    article = await an_article(world, review_days=30)
    await an_article(world, "别的", "别的。", review_days=None)
    assert article.review_on == date(2026, 4, 9)
    clock.now = NOON + timedelta(days=29)
    async with begin(house, world.editor) as work:
        assert (await list_articles(work, Filters(due=True))).items == []
    clock.now = NOON + timedelta(days=30)
    async with begin(house, world.editor) as work:
        assert [row.id for row in (await list_articles(work, Filters(due=True))).items] == [article.id]
        assert (await review(work, article.id)).review_on == date(2026, 5, 9)
        assert (await review(work, article.id, date(2026, 12, 1))).review_on == date(2026, 12, 1)
        assert (await list_articles(work, Filters(due=True))).items == []


async def test_the_audience_changes_at_once(house: House) -> None:
    world = await a_world(house)
    article = await an_article(world, "运费险", "由保险公司赔付。")

    async def found() -> int:
        async with begin(house, reader_in(world.shop)) as work:
            return len((await search_articles(work, "运费险", shop_id=world.shop_id, locale="zh-CN")).items)

    assert await found() == 1
    async with begin(house, world.editor) as work:
        await change_article(work, article.id, ArticleChange(audience=Audience.staff, topic="freight"))
    assert await found() == 0


async def test_the_list_tells_what_is_missing(house: House) -> None:
    world = await a_world(house)
    whole = {
        "zh-CN": Words(title="退货", body="一"),
        "zh-TW": Words(title="退貨", body="一"),
        "en": Words(title="Returns", body="1"),
    }
    await an_article(world, texts=whole, topic="returns")
    lacking = await an_article(world, "换货", "二", topic="exchange")
    boss = await staff(house, "boss@qinglan.example", "老板", None, WRITES)
    await an_article(world, "通用", "三", house_wide=True)
    async with begin(house, world.editor) as work:
        page = await list_articles(work, Filters(missing="en", shop_id=world.shop_id))
        assert [(row.id, row.missing, row.title) for row in page.items] == [
            (lacking.id, ["zh-TW", "en"], "换货")
        ]
        assert [
            row.title for row in (await list_articles(work, Filters(topic="returns"), locale="zh-TW")).items
        ] == ["退貨"]
        assert [row.title for row in (await list_articles(work, Filters(words="换"))).items] == ["换货"]
    async with begin(house, boss) as work:
        assert [row.title for row in (await list_articles(work, Filters(house=True))).items] == ["通用"]
        first = await list_articles(work, Filters(), limit=2)
        second = await list_articles(work, Filters(), after=first.next, limit=2)
        assert {row.title for row in (*first.items, *second.items)} == {"通用", "换货", "退货"}
        assert (len(first.items), len(second.items), second.next) == (2, 1, None)
    async with begin(house, SYSTEM) as work:
        assert len((await list_articles(work, Filters())).items) == 3
