from datetime import timedelta
from uuid import UUID, uuid4

import httpx

from aftercare.identity import NewShop, new_shop
from aftercare.journal import NOBODY, SYSTEM, Actor, ActorKind, House, begin
from aftercare.promises import start_clock
from aftercare.promises.routes import router
from tests.conftest import Clock
from tests.given.web import signed_in

OFFICE = [["09:00-12:00", "13:00-18:00"]] * 5 + [[], []]


async def a_shop(house: House, code: str = "qinglan") -> UUID:
    async with begin(house, SYSTEM) as work:
        return (await new_shop(work, NewShop(code=code, name=code))).id


def staff_of(shop_id: UUID, *permissions: str) -> Actor:
    return Actor(kind=ActorKind.staff, shops=frozenset({shop_id}), permissions=frozenset(permissions))


def asking(house: House, actor: Actor) -> httpx.AsyncClient:
    return signed_in(house, actor, router, at="/api/promises")


async def test_a_calendar_over_http(house: House) -> None:
    shop_id = await a_shop(house)
    async with asking(house, staff_of(shop_id, "promises.read", "promises.write")) as client:
        wish = {"shop_id": str(shop_id), "week": OFFICE}
        made = await client.post("/calendars", json=wish)
        assert (made.status_code, made.json()["known_until"]) == (201, "2026-12-31")
        address = f"/calendars/{made.json()['id']}"
        again = await client.post("/calendars", json=wish)
        assert (again.status_code, again.json()["code"]) == (409, "calendar_name_taken")
        closed = await client.put(f"{address}/days/2026-03-11", json={"open": False, "note": "盘点"})
        assert closed.json()["days"] == [{"on": "2026-03-11", "open": False, "note": "盘点"}]
        preview = {"shop_id": str(shop_id), "name": "case.resolution"}
        assert (await client.post("/preview", json=preview)).json() == {
            "start": "2026-03-10T04:00:00Z",
            "due_at": "2026-03-16T04:00:00Z",
            "warn_at": "2026-03-13T07:00:00Z",
            "length_seconds": 24 * 3600,
        }
        year = await client.get(f"{address}/years/2026")
        assert year.json()[0] == {
            "on": "2026-01-01",
            "open": False,
            "name": "元旦",
            "own": False,
            "hours": [],
        }
        assert (await client.delete(f"{address}/days/2026-03-11")).json()["days"] == []
        change = {"week": OFFICE, "country": None, "version": 3}
        changed = await client.put(address, json=change)
        assert (changed.json()["known_until"], changed.json()["version"]) == (None, 4)
        stale = await client.put(address, json=change)
        assert (stale.status_code, stale.json()["version"]) == (409, 4)
        assert len((await client.get("/calendars")).json()) == 1
        assert (await client.delete(address)).status_code == 204
        assert (await client.delete(address)).status_code == 404
        bad = await client.post("/calendars", json={"week": [["9-5"]] * 7})
        assert bad.status_code == 422


async def test_policies_over_http(house: House) -> None:
    shop_id = await a_shop(house)
    async with asking(house, staff_of(shop_id, "promises.read", "promises.write")) as client:
        wish = {"shop_id": str(shop_id), "name": "claim.ship", "length": 5 * 86400, "reason": "春节"}
        made = await client.post("/policies", json=wish)
        assert (made.status_code, made.json()["version"], made.json()["length_seconds"]) == (201, 1, 432_000)
        assert [row["in_force"] for row in (await client.get("/policies")).json()] == [True]
        for_all = await client.post("/policies", json=wish | {"shop_id": None})
        assert for_all.status_code == 403
        terms = await client.get("/terms", params={"shop_id": str(shop_id)})
        ship = next(row for row in terms.json() if row["name"] == "claim.ship")
        assert (ship["terms"]["length"], ship["terms"]["policy"]) == ("P5D", "shop v1")
        which = {"shop_id": str(shop_id), "name": "claim.ship"}
        assert (await client.delete("/policies", params=which)).status_code == 204
        assert (await client.get("/policies")).json() == []
        history = await client.get("/policies", params={"history": True})
        assert [row["version"] for row in history.json()] == [1]


async def test_clocks_and_the_board_over_http(house: House, clock: Clock) -> None:
    shop_id, subject = await a_shop(house), uuid4()
    async with begin(house, SYSTEM) as work:
        clock_id = await start_clock(
            work, shop_id=shop_id, subject_kind="claim", subject_id=subject, name="claim.ship"
        )
    async with asking(house, staff_of(shop_id, "promises.read", "promises.write")) as client:
        page = (await client.get("/clocks")).json()
        assert page == {
            "items": [
                {
                    "id": str(clock_id),
                    "shop_id": str(shop_id),
                    "subject_kind": "claim",
                    "subject_id": str(subject),
                    "name": "claim.ship",
                    "state": "running",
                    "started_at": "2026-03-10T04:00:00+00:00",
                    "due_at": "2026-03-17T04:00:00+00:00",
                    "warn_at": "2026-03-15T04:00:00+00:00",
                    "paused_at": None,
                    "left_seconds": None,
                    "met_at": None,
                    "settled_at": None,
                    "business": False,
                    "policy": "default",
                    "extensions": 0,
                    "max_extensions": 1,
                }
            ],
            "next": None,
        }
        assert (await client.get("/clocks", params={"after": "???"})).status_code == 422
        longer = {"by_seconds": 86_400, "reason": "台风"}
        extended = await client.post(f"/clocks/{clock_id}/extend", json=longer)
        assert extended.json() == {"clock_id": str(clock_id), "due_at": "2026-03-18T04:00:00Z"}
        refused = await client.post(f"/clocks/{clock_id}/extend", json=longer)
        assert (refused.status_code, refused.json()["code"]) == (409, "extension_used_up")
        clock.now += timedelta(days=7)
        period = {"since": "2026-03-01T00:00:00+08:00", "until": "2026-04-01T00:00:00+08:00"}
        board = (await client.get("/board", params=period)).json()
        assert board == {
            "now": [
                {
                    "shop_id": str(shop_id),
                    "name": "claim.ship",
                    "on_time": 0,
                    "at_risk": 1,
                    "paused": 0,
                    "broken": 0,
                    "next_due_at": "2026-03-18T04:00:00Z",
                }
            ],
            "days": [],
        }
        assert (await client.get("/broken", params=period)).json() == {"items": [], "next": None}
        assert (await client.get("/clocks", params={"name": "\x00"})).status_code == 422
        far = {"due_before": "9999-12-31T23:59:59-12:00"}
        assert (await client.get("/clocks", params=far)).status_code == 422
        assert (await client.get("/board", params=period | {"time_zone": "Mars/Base"})).status_code == 422
        assert (await client.get("/board", params=period | {"time_zone": "../x"})).status_code == 422


async def test_who_may_not_is_told_so(house: House) -> None:
    shop_id = await a_shop(house)
    period = {"since": "2026-03-01T00:00:00Z", "until": "2026-04-01T00:00:00Z"}
    for actor, status in ((NOBODY, 401), (staff_of(shop_id, "cases.read"), 403)):
        async with asking(house, actor) as client:
            answers = [
                await client.get("/calendars"),
                await client.get("/policies"),
                await client.get("/terms", params={"shop_id": str(shop_id)}),
                await client.get("/clocks"),
                await client.get("/board", params=period),
                await client.get("/broken", params=period),
                await client.post("/preview", json={"shop_id": str(shop_id), "name": "claim.ship"}),
                await client.post("/calendars", json={"week": OFFICE}),
                await client.post(f"/clocks/{uuid4()}/extend", json={"by_seconds": 1, "reason": "x"}),
                await client.get(f"/calendars/{uuid4()}/years/2026"),
            ]
        assert [answer.status_code for answer in answers] == [status] * 10
