"""Alarms reach people, once; and by HTTP: which indicators are watched, who looks after what, and what is to be done."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI, Request, Response
from starlette.middleware.base import RequestResponseEndpoint

from aftercare.insights import alarms
from aftercare.insights.alarms import AlarmLetter, AlarmPost, AlarmsTold, Severity, keeping, routes
from aftercare.insights.alarms.detecting import Finding
from aftercare.insights.alarms.noticing import Notice
from aftercare.insights.alarms.telling import write_to_them
from aftercare.insights.alarms.watched import watch_of
from aftercare.journal import SYSTEM, Actor, House, begin
from aftercare.kit.http import explain_problems
from tests.identity.people import Group, actor_of, facts, found_group

DAY = date(2026, 3, 9)


def notice(series: str = "claims", cut: str = "", group: str = "many", p: float = 1e-7) -> Notice:
    finding = Finding(DAY, 3, 9, 1.2, 0, 4, p, up=True)
    points = [{"on": DAY.isoformat(), "value": 9, "expected": 0.4, "low": 0.0, "high": 2.0}]
    return Notice(series, cut, "product", group, Severity.notable, finding, points)


async def raised(house: House, shop_id: UUID, *notices: Notice, on: date = DAY) -> None:
    async with begin(house, SYSTEM) as work:
        await keeping.put(work, shop_id, on, list(notices))


async def told_to(house: House, who: Actor) -> list[tuple[str, bool]]:
    async with begin(house, who) as work:
        return [(one.title, one.read) for one in (await alarms.told_to_me(work, "en")).items]


@asynccontextmanager
async def page(house: House, who: Actor) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    app.state.house = house

    @app.middleware("http")
    async def signed_in(request: Request, call_next: RequestResponseEndpoint) -> Response:
        request.state.actor = who
        return await call_next(request)

    explain_problems(app)
    app.include_router(routes.router, prefix="/api")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        yield client


async def test_those_who_may_act_are_told_at_the_desk_and_not_again_while_the_matter_is_open(
    house: House,
) -> None:
    group = await found_group(house)
    shop, owner, agent = (
        group.shops[0],
        await actor_of(house, group.owner),
        await actor_of(house, group.agent),
    )
    await raised(house, shop.id, notice())
    assert await told_to(house, owner) == [("More claims: 9 in 3 d, usually 1.2", False)]
    assert await told_to(house, agent) == []
    async with page(house, owner) as client:
        found = (await client.get("/api/insights/alarms/told", params={"locale": "zh-CN"})).json()
        assert (found["unread"], found["items"][0]["title"]) == (1, "售后申请变多：3 天 9 个，平时 1.2 个")
        assert found["items"][0]["shop"] == "青岚家电"
        assert (await client.post("/api/insights/alarms/told/read")).status_code == 204
    # It goes on, and the cases rise with the claims: the same matter.
    await raised(house, shop.id, notice(), notice("cases"), on=DAY + timedelta(days=1))
    assert [read for _, read in await told_to(house, owner)] == [True]
    assert len(await facts(house, "alarm.told")) == 1
    # Another matter is told; so is one that becomes a crisis.
    await raised(house, shop.id, notice("bad_reviews", group="voice"), on=DAY + timedelta(days=1))
    assert sorted(read for _, read in await told_to(house, owner)) == [False, True]
    await raised(house, shop.id, replace(notice(), severity=Severity.crisis), on=DAY + timedelta(days=2))
    assert [read for _, read in await told_to(house, owner)] == [False, False]


@dataclass
class Post:
    """Implements `alarms.AlarmPost`."""

    console_url: str = "https://shop.example.com"
    letters: list[AlarmLetter] = field(default_factory=list)

    async def send(self, letter: AlarmLetter) -> None:
        self.letters.append(letter)


async def test_all_that_was_told_at_once_is_one_letter(house: House) -> None:
    group = await found_group(house)
    shop, post = group.shops[0], Post()
    await raised(house, shop.id, notice(p=1e-9), notice("bad_reviews", group="voice"))
    ((_, _, data),) = await facts(house, "alarm.told")
    fact = AlarmsTold.model_validate({**data, "shop_id": shop.id})
    assert fact.many == 2
    # Without a mail server there is nothing to do.
    await write_to_them(house, fact)
    house.ports = {**house.ports, AlarmPost: post}
    await write_to_them(house, fact)
    (letter,) = post.letters
    assert letter.to == "owner@example.com"
    assert letter.subject.startswith("青岚家电")
    assert letter.text.count("· [") + letter.text.count("- [") == 2
    assert "https://shop.example.com/console/insight/alarms" in letter.text
    # The same letter again has the same key.
    await write_to_them(house, fact)
    assert len({one.key for one in post.letters}) == 1


async def of_an_indicator(group: Group, client: httpx.AsyncClient) -> None:
    new = {
        "shop_id": str(group.shops[0].id),
        "indicator": "csat",
        "cut_by": "channel",
        "owner_id": str(group.agent.id),
    }
    refused = await client.post("/api/insights/alarms/rules", json=new)
    # The agent may not read numbers.
    assert (refused.status_code, refused.json()["code"]) == (422, "alarm_rule_not_possible")
    made = await client.post("/api/insights/alarms/rules", json={**new, "owner_id": str(group.owner.id)})
    assert made.status_code == 200, made.text
    assert (made.json()["indicator"], made.json()["owner_name"]) == ("csat", "林若溪")


async def test_any_indicator_can_be_watched_and_its_alarms_have_an_owner(house: House) -> None:
    group = await found_group(house)
    shop, owner = group.shops[0], await actor_of(house, group.owner)
    async with page(house, owner) as client:
        await of_an_indicator(group, client)
        for indicator, cut_by, code in (
            ("weather", "", "indicator_unknown"),
            ("csat", "clock", "alarm_rule_not_possible"),
            ("csat", "agent", "alarm_rule_not_possible"),
            ("deliveries", "carrier", "alarm_rule_not_possible"),
            ("co2_per_case", "", "alarm_rule_not_possible"),
        ):
            refused = await client.post(
                "/api/insights/alarms/rules",
                json={"shop_id": str(shop.id), "indicator": indicator, "cut_by": cut_by},
            )
            assert refused.json()["code"] == code, indicator
        (rule,) = (await client.get("/api/insights/alarms/rules", params={"shop_id": str(shop.id)})).json()
        await raised(house, shop.id, notice("indicator", "csat:channel:chat", "indicator:csat:channel"))
        (alarm,) = (await client.get("/api/insights/alarms", params={"locale": "en"})).json()["items"]
        assert (alarm["indicator"], alarm["measured"], alarm["state"]) == ("csat", False, "open")
        assert alarm["owner_name"] == "林若溪"
        assert alarm["label"].endswith("（chat）")
        assert alarm["title"].startswith("More Satisfaction (CSAT): not as it should be (chat)")
        assert [read for _, read in await told_to(house, owner)] == [False]
        assert (await client.delete(f"/api/insights/alarms/rules/{rule['id']}")).status_code == 204
        assert (await client.delete(f"/api/insights/alarms/rules/{rule['id']}")).status_code == 204
        assert (await client.get("/api/insights/alarms/rules")).json() == []
    named = [
        name for name, _, _ in await facts(house, "alarm.indicator_watched", "alarm.indicator_unwatched")
    ]
    assert named == ["alarm.indicator_watched", "alarm.indicator_unwatched"]


async def test_what_was_chosen_is_among_the_series(house: House) -> None:
    group = await found_group(house)
    async with page(house, await actor_of(house, group.owner)) as client:
        for indicator in ("contacts", "backlog", "notices_right"):
            await client.post(
                "/api/insights/alarms/rules",
                json={"shop_id": str(group.shops[0].id), "indicator": indicator},
            )
    async with begin(house, SYSTEM) as work:
        chosen = {watch.shop.id: watch.shop.chosen for watch in await watch_of(work, work.now, 40)}
    assert chosen[group.shops[0].id] == {("contacts", ""), ("backlog", ""), ("notices_right", "")}
    assert chosen[group.shops[1].id] == frozenset()


async def test_an_alarm_is_taken_handed_on_and_closed_by_http(house: House) -> None:
    group = await found_group(house)
    owner, agent = await actor_of(house, group.owner), await actor_of(house, group.agent)
    await raised(house, group.shops[0].id, notice())
    async with page(house, owner) as client:
        (one,) = (await client.get("/api/insights/alarms")).json()["items"]
        at = f"/api/insights/alarms/{one['id']}"
        assert (await client.post(f"{at}/acknowledge", json={})).status_code == 204
        assert (await client.get(at, params={"locale": "en"})).json()["alarm"]["owner_name"] == "林若溪"
        assert (
            await client.post(f"{at}/acknowledge", json={"owner_id": str(group.agent.id)})
        ).status_code == 204
        assert len(await told_to(house, agent)) == 1
        assert (await client.get("/api/insights/alarms/count")).json() == {
            "open": 0, "acknowledged": 1, "crisis": 0,
        }  # fmt: skip
        closing = {"reason": "put_right", "note": "a page was wrong"}
        assert (await client.post(f"{at}/close", json=closing)).status_code == 204
        again = await client.post(f"{at}/close", json=closing)
        assert (again.status_code, again.json()["code"]) == (409, "alarm_closed_already")
        assert await told_to(house, agent) == []
        unknown = await client.post(
            "/api/insights/alarms/018f0000-0000-7000-8000-000000000000/close", json=closing
        )
        assert unknown.status_code == 404
    async with page(house, agent) as client:
        assert (await client.get("/api/insights/alarms")).status_code == 403
        assert (await client.post(f"{at}/acknowledge", json={})).status_code == 403


async def test_a_plan_is_written_and_read_by_http(house: House) -> None:
    group = await found_group(house)
    shop = {"shop_id": str(group.shops[0].id)}
    async with page(house, await actor_of(house, group.owner)) as client:
        put = await client.put(
            "/api/insights/playbooks/indicator/en",
            params=shop,
            json={"title": "Ask Mei", "steps": ["ring", "wait"]},
        )
        assert (put.status_code, put.json()["own"]) == (200, True)
        for bad in ({"title": "", "steps": ["x"]}, {"title": "x", "steps": []}):
            refused = await client.put("/api/insights/playbooks/indicator/en", params=shop, json=bad)
            assert refused.status_code == 422
        books = (await client.get("/api/insights/playbooks", params={**shop, "locale": "en"})).json()
        assert next(book for book in books if book["code"] == "indicator")["steps"] == ["ring", "wait"]


@pytest.mark.parametrize("locale", ["zh-CN", "zh-TW", "en"])
def test_every_series_is_called_something(locale: str) -> None:
    from aftercare.insights.alarms.naming import what
    from aftercare.insights.alarms.watched import PLAYBOOK_OF
    from aftercare.insights.alarms.words import SERIES

    assert set(SERIES) == set(PLAYBOOK_OF) - {"indicator"}
    assert all(what(series, "x", "x", locale) for series in SERIES)
    assert what("indicator", "backlog::", "", locale)
