"""The help centre and the writers' desk over HTTP: shapes, statuses, who may."""

from uuid import uuid4

import httpx
import pytest

from aftercare.journal import NOBODY, Actor, House, begin
from aftercare.knowledge import Audience, list_gaps
from aftercare.knowledge.routes import router
from tests.given.web import signed_in
from tests.knowledge.given import World, a_world, an_article


def asking(house: House, actor: Actor) -> httpx.AsyncClient:
    return signed_in(house, actor, router, at="")


async def test_anybody_reads_searches_and_rates_in_a_help_centre(house: House) -> None:
    world = await a_world(house)
    article = await an_article(world, "怎么退货", "打开订单申请。", topic="returns")
    await an_article(world, "赔付权限", "只给客服。", audience=Audience.staff)
    async with asking(house, NOBODY) as client:
        assert (await client.get("/api/help")).json() == [{"shop_code": "qinglan", "shop_name": "青岚家电"}]
        home = (await client.get("/api/help/qinglan")).json()
        assert [one["title"] for one in home["popular"]] == ["怎么退货"]
        found = (await client.get("/api/help/qinglan/search", params={"q": "退货"})).json()
        assert [one["article_id"] for one in found["items"]] == [str(article.id)]
        assert (await client.get("/api/help/qinglan/suggest", params={"q": "退"})).json() == [
            {"article_id": str(article.id), "title": "怎么退货"}
        ]
        page = await client.get(f"/api/help/qinglan/articles/{article.id}?locale=en")
        assert (page.json()["instead_of"], page.json()["html"]) == ("en", "<p>打开订单申请。</p>\n")
        rating = {"helped": False, "words": "看不懂", "reader": "r" * 20}
        rated = await client.post(f"/api/help/qinglan/articles/{article.id}/feedback", json=rating)
        assert rated.status_code == 204
        asked = {"words": "以旧换新", "outcome": "nothing_found"}
        assert (await client.post("/api/help/qinglan/questions", json=asked)).status_code == 204
        assert (await client.get("/api/help/nosuch")).status_code == 404
        assert (await client.get(f"/api/help/qinglan/articles/{uuid4()}")).json()[
            "code"
        ] == "article_not_found"
        for closed in ("/api/knowledge/articles", "/api/knowledge/gaps", "/api/knowledge/search?q=x"):
            assert (await client.get(closed)).status_code == 401
    async with begin(house, world.agent) as work:
        assert {tuple(gap.examples) for gap in await list_gaps(work)} == {("看不懂",), ("以旧换新",)}


async def test_an_article_is_written_published_and_brought_back_over_http(house: House) -> None:
    world: World = await a_world(house)
    async with asking(house, world.editor) as client:
        begun = await client.post(
            "/api/knowledge/articles", json={"shop_id": str(world.shop_id), "topic": "care"}
        )
        assert begun.status_code == 201
        at = f"/api/knowledge/articles/{begun.json()['id']}"
        words = {"title": "滤芯多久换", "body": "半年一换。", "revision": 1}
        assert (await client.put(f"{at}/texts/zh-CN", json=words)).json()["revision"] == 2
        late = await client.put(f"{at}/texts/zh-CN", json=words)
        assert (late.status_code, late.json()["code"]) == (409, "article_changed_meanwhile")
        assert (await client.post(f"{at}/publish", json={"note": "初版"})).json()["version"] == 1
        assert (
            await client.put(f"{at}/texts/en", json={"title": "Filters", "body": "[x](/y)"})
        ).status_code == 200
        broken = await client.post(f"{at}/publish", json={})
        assert (broken.status_code, broken.json()["links"]) == (422, {"en": ["/y"]})
        assert (await client.delete(f"{at}/texts/en")).json()["texts"].keys() == {"zh-CN"}
        assert (await client.post(f"{at}/restore", json={"version": 1})).json()["draft"] is True
        assert (await client.post(f"{at}/review", json={})).json()["review_on"] == "2026-09-06"
        same = (await client.get(f"{at}/compare?before=1&after=0")).json()
        assert {line["how"] for line in same} == {"same"}
        listed = (await client.get("/api/knowledge/articles?missing=en")).json()
        assert [(row["title"], row["missing"]) for row in listed["items"]] == [
            ("滤芯多久换", ["zh-TW", "en"])
        ]
        counts = (await client.get("/api/knowledge/counts")).json()
        assert (counts["all"], counts["drafts"], counts["missing"]) == (
            1,
            1,
            {"zh-CN": 0, "zh-TW": 1, "en": 1},
        )
        shown = (await client.post("/api/knowledge/preview", json={"body": "**好** <script>"})).json()
        assert shown == {"html": "<p><strong>好</strong> &lt;script&gt;</p>\n", "broken": []}
        assert (await client.post(f"{at}/withdraw")).json()["status"] == "withdrawn"


@pytest.mark.parametrize("q", ["", "a" * 200, "'; DROP", "\\ ' & | !", "(((", "：；", "🙂", "%_*:"])
async def test_any_words_can_be_searched_for(house: House, q: str) -> None:
    world = await a_world(house)
    await an_article(world)
    async with asking(house, NOBODY) as client:
        for what in ("search", "suggest"):
            assert (await client.get(f"/api/help/qinglan/{what}", params={"q": q})).status_code == 200
