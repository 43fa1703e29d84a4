"""Finding articles in both Chinese scripts and English, mistyped or not, and only what the reader may see."""

import pytest

from aftercare.journal import SYSTEM, House, PermissionMissing, begin
from aftercare.knowledge import (
    Audience,
    Words,
    find_passages,
    reader_in,
    search_articles,
    suggest_titles,
)
from aftercare.knowledge.search import marked
from aftercare.knowledge.words import corrected, cut, distance, significant, words_of
from tests.knowledge.given import World, a_world, an_article

RETURNS = Words(
    title="七天无理由退货怎么申请",
    body="签收后七天内，打开订单，点“申请售后”。\n\n## 运费谁出\n\n无理由退货的运费由买家承担，质量问题由我们承担。",
    keywords="退掉 不想要了",
)
FREIGHT = Words(title="运费险怎么赔", body="退货入库后，保险公司在三天内把运费赔到您的支付宝。")
RICE = Words(title="电饭煲的清洁与保养", body="内胆用软布擦，不要用钢丝球。密封圈每周拆下清洗。")
ENGLISH = Words(
    title="How to return an item",
    body="Open the order and choose *Apply for service*.\n\nRefunds take three working days after we received the parcel.",
)


async def some_articles(house: House) -> World:
    world = await a_world(house)
    await an_article(world, texts={"zh-CN": RETURNS, "en": ENGLISH}, topic="returns")
    await an_article(world, texts={"zh-CN": FREIGHT}, topic="freight")
    await an_article(world, texts={"zh-CN": RICE}, topic="care")
    await an_article(world, "赔付权限", "五十元以内客服直接赔运费。", audience=Audience.staff)
    return world


async def titles(world: World, question: str, locale: str = "zh-CN", **more: object) -> list[str]:
    async with begin(world.house, reader_in(world.shop)) as work:
        found = await search_articles(work, question, shop_id=world.shop_id, locale=locale)
    return ["".join(piece.text for piece in hit.title) for hit in found.items]


def test_words_are_the_same_in_both_scripts_and_in_every_form_of_an_english_word() -> None:
    assert words_of("退貨運費") == words_of("退货运费")
    assert {"退货", "运费", "货运费"} <= set(words_of("退货运费"))
    assert cut("退货运费", {"退货": 9, "运费": 5, "货运费": 5, "货运": 5}) == ["退货", "运费"]
    assert words_of("Returned returns RETURN") == ["return"]
    assert significant("请问怎么退货？") == ["退货"]
    assert significant("怎么办") == ["怎么", "怎么办"]


def test_letters_apart() -> None:
    assert [distance("refund", other) for other in ("refund", "refnud", "refun", "reefunds", "return")] == [
        0,
        1,
        1,
        2,
        3,
    ]


def test_what_was_asked_for_is_marked_in_either_script() -> None:
    assert [(piece.text, piece.hit) for piece in marked("無理由退貨與 Refunds", {"退货", "refund"})] == [
        ("無理由", False),
        ("退貨", True),
        ("與 ", False),
        ("Refunds", True),
    ]


async def test_the_title_weighs_more_and_either_script_finds(house: House) -> None:
    world = await some_articles(house)
    assert await titles(world, "退货") == [RETURNS.title, FREIGHT.title]
    assert await titles(world, "我想退貨，怎麼申請？", "zh-TW") == [RETURNS.title, FREIGHT.title]
    assert await titles(world, "运费") == [FREIGHT.title, RETURNS.title]
    assert (await titles(world, "运费险"))[0] == FREIGHT.title
    assert await titles(world, "不想要了") == [RETURNS.title]
    assert await titles(world, "电饭煲内胆怎么洗") == [RICE.title]
    assert await titles(world, "how do I get a refund for my return", "en") == [ENGLISH.title]
    assert await titles(world, "") == []
    assert await titles(world, "量子力学") == []


async def test_a_title_in_another_language_finds_the_text_that_is_shown(house: House) -> None:
    world = await some_articles(house)
    assert await titles(world, "return item") == [RETURNS.title]


async def test_excerpts_show_the_place(house: House) -> None:
    world = await some_articles(house)
    async with begin(house, reader_in(world.shop)) as work:
        found = await search_articles(work, "质量问题运费", shop_id=world.shop_id, locale="zh-TW")
    hit = found.items[0]
    assert (hit.locale, hit.instead_of) == ("zh-CN", "zh-TW")
    assert [piece.text for piece in hit.excerpt if piece.hit] == ["运费", "运费", "质量问题"]


@pytest.mark.parametrize(
    ("typed", "meant", "found"),
    [
        ("退或", "退货", RETURNS.title),
        ("tuihuo", "退货", RETURNS.title),
        ("电饭宝", "电饭煲", RICE.title),
        ("无理由退火", "无理由退货", RETURNS.title),
    ],
)
async def test_mistyped_chinese_is_understood_by_its_sound(
    house: House, typed: str, meant: str, found: str
) -> None:
    world = await some_articles(house)
    async with begin(house, reader_in(world.shop)) as work:
        results = await search_articles(work, typed, shop_id=world.shop_id, locale="zh-CN")
        assert await corrected(work, meant) is None
    assert ("".join(piece.text for piece in results.items[0].title), results.corrected) == (found, meant)


@pytest.mark.parametrize("typed", ["refnud", "reefunds", "retrun", "parcle"])
async def test_mistyped_english_is_understood_by_its_letters(house: House, typed: str) -> None:
    world = await some_articles(house)
    assert await titles(world, typed, "en") == [ENGLISH.title]


async def test_a_corrected_word_is_shown_whole_and_not_as_its_stem(house: House) -> None:
    world = await some_articles(house)
    words = Words(title="Two years of warranty", body="The warranty begins with the delivery of the goods.")
    await an_article(world, texts={"en": words})
    async with begin(house, reader_in(world.shop)) as work:
        found = await search_articles(work, "my warrenty", shop_id=world.shop_id, locale="en")
    assert found.corrected == "my warranty"


async def test_staffs_articles_are_for_staff(house: House) -> None:
    world = await some_articles(house)
    assert "赔付权限" not in await titles(world, "赔付权限")
    async with begin(house, world.agent) as work:
        inside = await search_articles(work, "赔付权限", shop_id=world.shop_id, locale="zh-CN", inside=True)
        assert "".join(piece.text for piece in inside.items[0].title) == "赔付权限"
    with pytest.raises(PermissionMissing):
        async with begin(house, reader_in(world.shop)) as work:
            await search_articles(work, "赔付", shop_id=world.shop_id, locale="zh-CN", inside=True)


async def test_each_shop_finds_its_own_and_the_houses(house: House) -> None:
    world = await some_articles(house)
    other = await a_world(house, "yunmu")
    await an_article(other, "羊毛衫怎么洗", "冷水手洗。")
    await an_article(other, "隐私与退货", "都一样。", house_wide=True)
    assert await titles(other, "退货") == ["隐私与退货"]
    assert set(await titles(world, "退货")) == {"隐私与退货", RETURNS.title, FREIGHT.title}
    assert await titles(world, "羊毛衫") == []
    async with begin(house, reader_in(world.shop)) as work:
        # Asked for a shop that is not the reader's, nothing is found.
        assert (await search_articles(work, "羊毛衫", shop_id=other.shop_id, locale="zh-CN")).items == []
    async with begin(house, SYSTEM) as work:
        assert len((await search_articles(work, "羊毛衫", shop_id=other.shop_id, locale="zh-CN")).items) == 1


async def test_titles_are_suggested_while_one_types(house: House) -> None:
    world = await some_articles(house)

    async def suggested(begun: str, locale: str = "zh-CN") -> list[str]:
        async with begin(house, reader_in(world.shop)) as work:
            found = await suggest_titles(work, begun, shop_id=world.shop_id, locale=locale)
        return [one.title for one in found]

    assert await suggested("退") == [RETURNS.title]
    assert await suggested("运费") == [FREIGHT.title]
    assert await suggested("dianfan") == [RICE.title]
    assert await suggested("how to ret", "en") == [ENGLISH.title]
    assert await suggested("how do i ret", "en") == [ENGLISH.title]
    assert await suggested("x") == []


async def test_titles_are_suggested_for_what_is_mistyped(house: House) -> None:
    world = await some_articles(house)
    async with begin(house, reader_in(world.shop)) as work:

        async def suggested(begun: str, locale: str = "zh-CN") -> list[str]:
            found = await suggest_titles(work, begun, shop_id=world.shop_id, locale=locale)
            return [one.title for one in found]

        assert RETURNS.title in await suggested("退火")
        assert FREIGHT.title in await suggested("运废")
        assert RETURNS.title in await suggested("我想退")
        assert ENGLISH.title in await suggested("retrun", "en")
        # How Chinese words sound is not looked for where English is read.
        assert await suggested("dianfan", "en") == []


async def test_passages_answer_with_their_source(house: House) -> None:
    world = await some_articles(house)
    async with begin(house, reader_in(world.shop)) as work:
        found = await find_passages(work, "质量问题退货运费谁出", locale="zh-CN", shop_id=world.shop_id)
    best = found[0]
    assert (best.title, best.text) == (
        RETURNS.title,
        "运费谁出\n无理由退货的运费由买家承担，质量问题由我们承担。",
    )
    assert best.url == f"/help/{best.article_id}"
    assert 0.5 < best.score <= 1
