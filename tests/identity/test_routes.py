from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pyotp
import pytest_asyncio
from httpx import ASGITransport, AsyncClient, Response
from sqlalchemy.exc import InterfaceError

from aftercare.app import create_app
from aftercare.identity import Door, NewShop, new_shop
from aftercare.journal import SYSTEM, House, begin
from aftercare.kit.database import Database
from tests.conftest import Clock
from tests.identity.people import PASSWORD, Group, facts, found_group

Client = AsyncClient


@pytest_asyncio.fixture(loop_scope="session")
async def group(house: House) -> Group:
    return await found_group(house)


@pytest_asyncio.fixture(loop_scope="session")
async def client(house: House) -> AsyncIterator[Client]:
    async with AsyncClient(transport=ASGITransport(create_app(house)), base_url="http://shop.test") as client:
        yield client


async def enter(client: Client, email: str = "owner@example.com", **more: str) -> dict[str, Any]:
    """Signs in; from then on the client sends the CSRF token as our page does."""
    answer = await client.post("/api/session", json={"email": email, "password": PASSWORD, **more})
    assert answer.status_code == 200, answer.text
    client.headers["x-csrf-token"] = client.cookies["aftercare_csrf"]
    return dict(answer.json())


def code_of(answer: Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"]


async def test_signing_in_sets_two_cookies_and_tells_who_one_is(client: Client, group: Group) -> None:
    assert code_of(await client.get("/api/session")) == (401, "not_signed_in")
    answer = await client.post("/api/session", json={"email": "agent@example.com", "password": PASSWORD})
    session, csrf = answer.headers.get_list("set-cookie")
    assert session.startswith("aftercare_session=")
    assert session.endswith("; Path=/; SameSite=Lax; Max-Age=604800; HttpOnly")
    assert csrf == f"aftercare_csrf={answer.json()['csrf']}; Path=/; SameSite=Lax; Max-Age=604800"
    told = (await client.get("/api/me")).json()
    assert told == answer.json() == (await client.get("/api/session")).json()
    assert (told["id"], told["kind"], told["name"], told["role"]) == (
        str(group.agent.id),
        "staff",
        "周子航",
        "agent",
    )
    assert (told["every_shop"], told["more_shops"], told["totp"]) == (False, False, False)
    assert told["shops"] == [
        {
            "id": str(group.shops[0].id), "code": "qinglan", "name": "青岚家电", "market": "CN",
            "locale": "zh-CN", "time_zone": "Asia/Shanghai", "currency": "CNY",
        }
    ]  # fmt: skip
    assert "claims.decide" in told["permissions"]


async def test_answers_come_in_the_language_that_the_page_is_read_in(
    client: Client, group: Group, house: House
) -> None:
    await enter(client)
    heard: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        heard.append(scope["state"]["actor"].locale)

    async def nothing(*_: Any) -> Any:
        raise AssertionError("the door answers nothing here")

    cookie = f"aftercare_session={client.cookies['aftercare_session']}".encode()
    for asked in (b"zh-TW", b"pt-BR,pt;q=0.9,en;q=0.8", b"en"):
        headers = [(b"cookie", cookie), (b"accept-language", asked)]
        scope = {"type": "http", "method": "GET", "path": "/api/me", "headers": headers}
        await Door(app, house)(scope, nothing, nothing)
    assert heard == ["zh-TW", "zh-CN", "en"]


async def test_over_https_the_cookies_are_secure(house: House, group: Group) -> None:
    async with AsyncClient(
        transport=ASGITransport(create_app(house)), base_url="https://shop.test"
    ) as client:
        answer = await client.post("/api/session", json={"email": "agent@example.com", "password": PASSWORD})
    assert ["Secure" in cookie for cookie in answer.headers.get_list("set-cookie")] == [True, True]


async def test_a_write_needs_the_csrf_token_of_this_session(client: Client, group: Group) -> None:
    await enter(client, "agent@example.com")
    other = client.headers.pop("x-csrf-token")
    await enter(client)
    good = client.headers.pop("x-csrf-token")
    for headers in ({}, {"x-csrf-token": ""}, {"x-csrf-token": other}, {"x-csrf-token": good[:-1]}):
        refused = await client.patch("/api/me", json={"locale": "en"}, headers=headers)
        assert code_of(refused) == (403, "csrf_token_missing")
        assert refused.json()["request_id"] == refused.headers["x-request-id"]
        assert refused.headers["x-content-type-options"] == "nosniff"
    assert code_of(await client.post("/api/tokens", json={})) == (403, "csrf_token_missing")
    assert (await client.patch("/api/me", json={"locale": "en"}, headers={"x-csrf-token": good})).json()[
        "locale"
    ] == "en"
    crossed = {"x-csrf-token": good, "sec-fetch-site": "cross-site"}
    assert code_of(await client.patch("/api/me", json={"locale": "en"}, headers=crossed)) == (
        403,
        "csrf_token_missing",
    )


async def test_signing_out_closes_the_session_and_removes_the_cookies(
    client: Client, group: Group, house: House
) -> None:
    await enter(client)
    token = client.cookies["aftercare_session"]
    answer = await client.delete("/api/session")
    assert answer.status_code == 204
    assert "aftercare_session" not in client.cookies
    client.cookies.set("aftercare_session", token)
    assert code_of(await client.get("/api/session")) == (401, "not_signed_in")
    [(_, actor, data)] = await facts(house, "session.closed")
    assert (actor, data["why"]) == (group.owner.id, "signed_out")


async def test_wrong_passwords_are_counted_although_refused(client: Client, group: Group) -> None:
    answers = [
        await client.post("/api/session", json={"email": "agent@example.com", "password": "wrong"})
        for _ in range(6)
    ]
    assert [code_of(answer) for answer in answers] == [(401, "sign_in_failed")] * 5 + [(429, "too_many")]
    assert (answers[5].json()["retry_after"], answers[5].headers["retry-after"]) == (1, "1")


async def test_the_second_factor_over_http(client: Client, group: Group, clock: Clock) -> None:
    await enter(client)
    enrolment = (await client.post("/api/me/totp")).json()
    totp = pyotp.TOTP(enrolment["secret"])
    assert enrolment["uri"].startswith("otpauth://totp/Aftercare:owner%40example.com?secret=")
    wrong = "000000" if totp.at(clock.now) != "000000" else "111111"
    assert code_of(await client.post("/api/me/totp/confirm", json={"code": wrong})) == (409, "code_not_right")
    confirmed = await client.post("/api/me/totp/confirm", json={"code": totp.at(clock.now)})
    assert len(confirmed.json()["recovery_codes"]) == 10
    again = {"email": "owner@example.com", "password": PASSWORD}
    assert code_of(await client.post("/api/session", json=again)) == (401, "totp_code_needed")
    assert code_of(await client.post("/api/session", json={**again, "code": wrong})) == (
        401,
        "totp_code_wrong",
    )
    clock.now += timedelta(seconds=30)
    assert (await enter(client, code=totp.at(clock.now)))["totp"] is True
    tries = [await client.post("/api/me/totp/disable", json={"code": wrong}) for _ in range(9)]
    assert [code_of(answer) for answer in tries] == [(409, "code_not_right")] * 8 + [(429, "too_many")]


async def test_inviting_changing_and_locking_out(client: Client, group: Group, house: House) -> None:
    await enter(client)
    shop = str(group.shops[1].id)
    new = {"email": "New@Example.com", "name": "沈嘉禾", "role": "warehouse", "shops": [shop]}
    invited = (await client.post("/api/users", json=new)).json()
    account = invited["account"]
    assert (account["email"], account["invited"], account["shops"]) == ("new@example.com", True, [shop])
    assert code_of(await client.post("/api/users", json=new)) == (409, "email_taken")
    newcomer = AsyncClient(transport=client._transport, base_url="http://shop.test")
    chosen = {"token": invited["link"]["token"], "password": PASSWORD}
    assert (await newcomer.post("/api/password-links/confirm", json=chosen)).status_code == 204
    assert code_of(await newcomer.post("/api/password-links/confirm", json=chosen)) == (
        409,
        "password_link_spent",
    )
    assert (await enter(newcomer, "new@example.com"))["role"] == "warehouse"
    assert code_of(await newcomer.get("/api/users")) == (403, "permission_missing")
    placed = await client.put(
        f"/api/users/{account['id']}/membership", json={"role": "auditor", "shops": None}
    )
    assert (placed.json()["role"], placed.json()["every_shop"]) == ("auditor", True)
    assert len((await newcomer.get("/api/users")).json()["items"]) == 3
    assert (await client.post(f"/api/users/{account['id']}/deactivate")).json()["active"] is False
    assert code_of(await newcomer.get("/api/users")) == (401, "not_signed_in")
    assert code_of(await newcomer.get("/api/me")) == (401, "not_signed_in")
    await newcomer.aclose()


async def test_a_token_needs_no_csrf_and_ends_when_revoked(client: Client, group: Group) -> None:
    await enter(client)
    made = (
        await client.post("/api/tokens", json={"name": "robot", "scopes": ["shops.read", "shops.write"]})
    ).json()
    robot = AsyncClient(
        transport=client._transport,
        base_url="http://shop.test",
        headers={"authorization": f"Bearer {made['secret']}"},
    )
    told = (await robot.get("/api/me")).json()
    assert (told["kind"], told["name"], told["csrf"], told["session_id"]) == (
        "integration",
        "robot",
        None,
        None,
    )
    shop = group.shops[0].id
    assert (await robot.patch(f"/api/shops/{shop}", json={"currency": "TWD"})).json()["currency"] == "TWD"
    assert code_of(await robot.get("/api/users")) == (403, "permission_missing")
    assert code_of(await robot.patch("/api/me", json={"name": "x"})) == (403, "permission_missing")
    assert (await client.delete(f"/api/tokens/{made['token']['id']}")).status_code == 204
    assert code_of(await robot.get("/api/me")) == (401, "token_not_good")
    robot.headers["authorization"] = "Bearer somebody-elses"
    assert code_of(await robot.get("/api/me")) == (401, "not_signed_in")
    await robot.aclose()


async def test_roles_and_sessions_over_http(client: Client, group: Group) -> None:
    told = await enter(client)
    book = (await client.get("/api/roles")).json()
    assert [role["name"] for role in book["roles"]][:2] == ["agent", "arbiter"]
    assert len(book["permissions"]) == 33
    made = await client.post("/api/roles", json={"name": "packer", "permissions": ["supply.write"]})
    assert (made.status_code, made.json()["built_in"]) == (201, False)
    changed = await client.put("/api/roles/packer", json={"permissions": ["supply.write", "cases.read"]})
    assert changed.json()["permissions"] == ["cases.read", "supply.write"]
    assert (await client.delete("/api/roles/packer")).status_code == 204
    second = AsyncClient(transport=client._transport, base_url="http://shop.test")
    other = await enter(second)
    listed = (await client.get("/api/sessions")).json()
    assert {one["id"]: one["current"] for one in listed} == {
        told["session_id"]: True,
        other["session_id"]: False,
    }
    assert (await client.delete(f"/api/sessions/{other['session_id']}")).status_code == 204
    assert code_of(await second.get("/api/me")) == (401, "not_signed_in")
    await enter(second)
    assert (await client.delete("/api/sessions")).status_code == 204
    assert code_of(await second.get("/api/me")) == (401, "not_signed_in")
    changed_password = {"present": PASSWORD, "new": "a lantern on the pier 29"}
    assert (await client.post("/api/me/password", json=changed_password)).status_code == 204
    await second.aclose()


async def test_shops_are_listed_by_page_and_known_by_code(client: Client, group: Group, house: House) -> None:
    async with begin(house, SYSTEM) as work:
        for number in range(120):
            await new_shop(
                work, NewShop(code=f"seller-{number:03d}", name=f"Seller {number:03d}", market="BR")
            )
    told = await enter(client)
    assert (len(told["shops"]), told["more_shops"]) == (100, True)
    first = (await client.get("/api/shops", params={"search": "SELLER-01", "limit": 6})).json()
    rest = (
        await client.get("/api/shops", params={"search": "SELLER-01", "limit": 6, "after": first["next"]})
    ).json()
    assert [shop["code"] for shop in first["items"] + rest["items"]] == [
        f"seller-{n:03d}" for n in range(10, 20)
    ]
    every = (await client.get("/api/shops", params={"search": "SELLER-", "limit": 1_000})).json()
    assert (len(every["items"]), every["next"]) == (120, None)
    assert (await client.get("/api/shops", params={"limit": 1_001})).status_code == 422
    made = await client.post(
        "/api/shops", json={"code": "food", "name": "禾味食品", "support_email": "help@food.cn"}
    )
    assert made.status_code == 201
    assert code_of(await client.post("/api/shops", json={"code": "food", "name": "x"})) == (
        409,
        "shop_code_taken",
    )
    bad_zone = await client.post("/api/shops", json={"code": "f", "name": "x", "time_zone": "Asia/Nowhere"})
    assert code_of(bad_zone) == (422, "invalid")
    client.cookies.clear()
    front = (await client.get("/api/storefronts/food")).json()
    assert (front["name"], "settings" in front) == ("禾味食品", False)
    assert code_of(await client.get("/api/shops")) == (401, "not_signed_in")


async def test_what_no_column_can_hold_is_refused(client: Client, group: Group) -> None:
    await enter(client)
    for text in ("a\x00b", {"a": "\x00"}):
        field = "name" if isinstance(text, str) else "settings"
        answer = await client.patch(f"/api/shops/{group.shops[0].id}", json={field: text})
        assert code_of(answer) == (422, "invalid")
    assert code_of(await client.get("/api/storefronts/a%00b")) == (422, "invalid")
    guess = {"email": "a\x00@example.com", "password": "\x00"}
    assert code_of(await client.post("/api/session", json=guess)) == (422, "invalid")
    assert (await client.get("/api/me")).status_code == 200


async def test_without_the_database_the_door_says_so(house: House, group: Group, client: Client) -> None:
    await enter(client)

    class Away(Database):
        def __init__(self) -> None:
            self.bound = None

        def lazy_session(self, shops: str) -> Any:
            raise InterfaceError("away", None, OSError("away"))

    away = House(Away(), clock=house.clock, secret=house.secret)
    async with AsyncClient(
        transport=ASGITransport(create_app(away)), base_url="http://shop.test", cookies=client.cookies
    ) as lost:
        answer = await lost.get("/api/me")
    assert code_of(answer) == (503, "database_away")
    assert answer.headers["retry-after"] == "2"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


async def test_who_asked_is_looked_up_again_by_what_outlives_the_request(
    client: Client, group: Group, house: House
) -> None:
    await enter(client, "agent@example.com")
    cookie = client.cookies["aftercare_session"]
    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "path": "/api/live",
        "headers": [(b"cookie", f"aftercare_session={cookie}".encode()), (b"accept-language", b"en")],
    }
    await Door(lambda *_: None, house).look(scope)  # type: ignore[arg-type]
    state = scope["state"]
    assert await state["still"]() == state["actor"]
    assert state["actor"].locale == "en"
    assert (await client.delete("/api/session")).status_code == 204
    assert await state["still"]() is None


async def test_secrets_among_the_settings_are_for_who_may_set_them(client: Client, group: Group) -> None:
    shop = group.shops[0].id
    settings = {"shopify_webhook_secret": "hush", "colour": "teal"}
    await enter(client)
    changed = await client.patch(f"/api/shops/{shop}", json={"settings": settings})
    assert changed.json()["settings"] == settings
    assert (await client.get(f"/api/shops/{shop}")).json()["settings"] == settings
    client.cookies.clear()
    await enter(client, "agent@example.com")
    assert (await client.get(f"/api/shops/{shop}")).json()["settings"] == {"colour": "teal"}
    listed = (await client.get("/api/shops")).json()["items"]
    assert [one["settings"] for one in listed if one["id"] == str(shop)] == [{"colour": "teal"}]
