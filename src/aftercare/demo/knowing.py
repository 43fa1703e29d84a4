"""What the demo's shops know: articles from the first day, and at the end what readers said, what they looked for in vain, and
what solved their cases."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from random import Random
from uuid import UUID

from sqlalchemy import text

from aftercare import cases, identity, knowledge
from aftercare.demo.looking import read
from aftercare.identity import ShopView
from aftercare.journal import SYSTEM, House, Work, begin
from aftercare.knowledge import Audience, Outcome, Words

READERS, DAYS_OF_READING = 20, 60
SOLVED_LOOKED_AT, LIKE_ENOUGH = 40, 0.6

# What was asked in vain, how often, and what became of it.
ASKED: Mapping[str, list[tuple[str, int, Outcome]]] = {
    "qinghe-home": [
        ("以旧换新怎么参加", 5, Outcome.nothing_found),
        ("旧家电能不能以旧换新", 3, Outcome.handed_over),
        ("延长保修怎么买", 3, Outcome.nothing_found),
        ("空气炸锅能放铝箔吗", 2, Outcome.not_helped),
        ("电饭煲怎么清洗", 6, Outcome.found),
    ],
    "sulu-wear": [
        ("买了之后降价能退差价吗", 6, Outcome.nothing_found),
        ("降价退差价", 3, Outcome.handed_over),
        ("裤子可以改短吗", 2, Outcome.nothing_found),
        ("羊毛衫起球", 4, Outcome.found),
    ],
    "shanye-food": [
        ("野生菌吃了头晕怎么办", 2, Outcome.handed_over),
        ("企业团购怎么下单", 3, Outcome.nothing_found),
        ("礼盒能写贺卡吗", 3, Outcome.nothing_found),
    ],
    "qinghe-europe": [
        ("Does it work with a UK plug", 4, Outcome.nothing_found),
        ("UK plug adapter", 2, Outcome.not_helped),
    ],
}
DID_NOT_HELP = ("没写偏远地区要几天", "步骤和我的页面不一样", "还是不知道运费谁出", "没说特价商品行不行")


async def write_articles(work: Work, shops: Mapping[str, UUID]) -> None:
    for row in read("articles")["article"]:
        article = await knowledge.new_article(
            work,
            knowledge.NewArticle(
                shop_id=shops[row["shop"]] if "shop" in row else None,
                audience=Audience(row.get("audience", "public")),
                topic=row["topic"],
                categories=row.get("categories", []),
                review_days=row.get("review_days", 365),
                texts={locale: Words(**words) for locale, words in row["texts"].items()},
            ),
        )
        await knowledge.publish(work, article.id, "初版")


async def readers_come(house: House, codes: Sequence[str]) -> None:
    """Of these shops, in the last two months, told at once: it changes nothing else."""
    for code in codes:
        async with begin(house, SYSTEM) as work:
            shop = await identity.find_shop(work, code)
        rng = Random(f"readers {code}")
        await _read(house, shop, rng)
        await _ask(house, shop, rng)
        await _solve(house, shop)


async def _read(house: House, shop: ShopView, rng: Random) -> None:
    async with begin(house, knowledge.reader_in(shop)) as work:
        shown = (await knowledge.help_home(work, shop, shop.locale, most=30)).popular
    # Some are read by many, most by few.
    weights = [1 / (place + 1) for place in range(len(shown))]
    for number in range(READERS):
        at = house.clock() - timedelta(hours=rng.uniform(1, 24 * DAYS_OF_READING))
        async with begin(house, knowledge.reader_in(shop), now=at) as work:
            for one in {article.article_id: None for article in rng.choices(shown, weights, k=3)}:
                await knowledge.read_article(work, shop, one, shop.locale, under=f"/help/{shop.code}")
                if rng.random() < 0.4:
                    helped = rng.random() < 0.8
                    why = "" if helped or rng.random() < 0.5 else rng.choice(DID_NOT_HELP)
                    await knowledge.rate_article(
                        work,
                        shop,
                        one,
                        helped=helped,
                        words=why,
                        locale=shop.locale,
                        reader=f"demo-reader-{shop.code}-{number}",
                    )


async def _ask(house: House, shop: ShopView, rng: Random) -> None:
    for words, times, outcome in ASKED[shop.code]:
        for _ in range(times):
            at = house.clock() - timedelta(hours=rng.uniform(1, 24 * 40))
            async with begin(house, knowledge.reader_in(shop), now=at) as work:
                source = "assistant" if outcome is Outcome.handed_over else "help"
                await knowledge.note_question(work, words, shop.locale, shop.id, outcome, source=source)


SOLVED = text(
    """
    SELECT c.id FROM service_case c
    WHERE c.shop_id = :shop_id AND c.status IN ('solved', 'closed') AND coalesce(c.solved_at, c.closed_at) < :before
      AND EXISTS (SELECT FROM message m WHERE m.thread_id = c.thread_id AND m.kind = 'message' AND m.author_kind = 'staff')
      AND EXISTS (SELECT FROM message m WHERE m.thread_id = c.thread_id AND m.kind = 'message' AND m.author_kind = 'customer')
    ORDER BY c.opened_at DESC, c.id LIMIT :most
    """
)


async def _solve(house: House, shop: ShopView) -> None:
    """Cases like an earlier one were solved as that one was; of the others some became solutions."""
    async with begin(house, SYSTEM) as work:
        rows = await work.session.execute(
            SOLVED,
            {
                "shop_id": shop.id,
                "before": work.now - 2 * cases.HOLDS_AFTER,
                "most": SOLVED_LOOKED_AT,
            },
        )
        for case_id in list(rows.scalars()):
            beside = await cases.solutions_beside(work, case_id)
            if beside.solutions and beside.solutions[0].likeness >= LIKE_ENOUGH:
                await cases.apply_solution(work, case_id, beside.solutions[0].solution.id)
            else:
                await cases.solve_as(work, case_id, cases.SolvedAs())
