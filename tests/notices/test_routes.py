"""Notices over HTTP: shapes, status, access."""

from collections.abc import AsyncIterator

import httpx
import pytest_asyncio
from fastapi import FastAPI, Request, Response

from aftercare.journal import NOBODY, Actor, House, drain
from aftercare.kit.http import explain_problems
from aftercare.notices import routes
from tests.notices.given import Given, a_world, mailbox, say


class Asking:
    """A client that asks as whoever it is told to."""

    def __init__(self, http: httpx.AsyncClient, app: FastAPI) -> None:
        self.http, self.app = http, app

    def by(self, actor: Actor) -> httpx.AsyncClient:
        self.app.state.actor = actor
        return self.http


@pytest_asyncio.fixture(loop_scope="session")
async def asking(house: House) -> AsyncIterator[Asking]:
    app = FastAPI()
    app.state.house, app.state.actor = house, NOBODY

    @app.middleware("http")
    async def as_told(request: Request, call_next: object) -> Response:
        request.state.actor = app.state.actor
        return await call_next(request)  # type: ignore[operator,no-any-return]

    app.include_router(routes.router, prefix="/api")
    explain_problems(app)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as http:
        yield Asking(http, app)


async def told(house: House) -> Given:
    mailbox(house)
    given = await a_world(house)
    await say(house, given, "您好")
    await drain(house)
    return given


async def test_a_customer_reads_what_was_told(asking: Asking, house: House) -> None:
    given = await told(house)
    customer = asking.by(given.customer)
    mine = (await customer.get("/api/my/notices")).json()
    (shown,) = mine["items"]
    assert (mine["unread"], mine["next"]) == (1, None)
    assert {name: shown[name] for name in ("template", "subject", "body", "button", "link", "read_at")} == {
        "template": "message_posted",
        "subject": "清和家居给您发来了新消息",
        "body": "清和家居客服：\n\n您好",
        "button": "查看并回复",
        "link": f"/cases/{given.case_id}",
        "read_at": None,
    }
    assert (await customer.post(f"/api/my/notices/{shown['id']}/read")).json() == {"read": 1}
    assert (await customer.post("/api/my/notices/read")).json() == {"read": 0}
    assert (await customer.get("/api/my/notices")).json()["unread"] == 0
    assert (await customer.get("/api/notices")).status_code == 403
    assert (await asking.by(NOBODY).get("/api/my/notices")).json()["items"] == []
    assert (await asking.by(NOBODY).post(f"/api/my/notices/{shown['id']}/read")).status_code == 404


async def test_staff_look_and_send_again(asking: Asking, house: House) -> None:
    given = await told(house)
    staff = asking.by(given.staff)
    (row,) = (
        await staff.get("/api/notices", params={"state": "sent", "case_id": str(given.case_id)})
    ).json()["items"]
    assert (row["fact"], row["address"], row["attempts"]) == ("message.posted", "xiaoyan@example.com", 1)
    assert (await staff.get(f"/api/notices/{row['id']}")).json() == row
    assert (await staff.post(f"/api/notices/{row['id']}/resend")).status_code == 204
    assert (await staff.post(f"/api/notices/{row['id']}/resend")).json()["code"] == "notice_under_way"
    share = await staff.get(
        "/api/notices/share", params={"since": "2026-03-10T00:00:00Z", "until": "2026-03-11T00:00:00Z"}
    )
    assert (share.json()["asked"], share.json()["waiting"]) == (1, 1)


async def test_templates(asking: Asking, house: House) -> None:
    given = await told(house)
    staff = asking.by(given.staff)
    path = f"/api/notices/templates/{given.shop_id}/refund_paid/en"
    words = {"subject": "Paid: {{ amount }}", "body": "Enjoy.", "button": "Look"}
    assert (await staff.put(path, json=words)).status_code == 204
    broken = await staff.put(path, json={**words, "body": "{{ amout }}"})
    assert (broken.status_code, broken.json()["part"], broken.json()["reason"]) == (
        422,
        "body",
        "'amout' is undefined",
    )
    listed = (await staff.get("/api/notices/templates", params={"shop_id": str(given.shop_id)})).json()
    assert [(one["template"], one["subject"]) for one in listed if one["own"]] == [
        ("refund_paid", "Paid: {{ amount }}")
    ]
    shown = await staff.post(
        "/api/notices/templates/preview", json={"template": "refund_paid", "locale": "en", "words": words}
    )
    assert shown.json()["subject"] == "Paid: €32.00"
    assert (await staff.delete(path)).status_code == 204
    assert (await staff.delete(path)).status_code == 404
