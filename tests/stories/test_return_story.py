"""A return from the entry by code to the money, over HTTP, with letters through a real mail server."""

import email
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from aiosmtpd.controller import Controller
from pydantic import SecretStr
from sqlalchemy import text

from aftercare.app import create_app
from aftercare.claims import RefundGateways
from aftercare.connectors.gateways import ConfiguredGateways
from aftercare.connectors.generic_tracking import push_signature
from aftercare.connectors.mail_smtp import mail_sender
from aftercare.connectors.olist import import_olist
from aftercare.connectors.tracking import tracking_pushes
from aftercare.identity import ShopChange, ShopView, change_shop, get_shop
from aftercare.journal import SYSTEM, House, begin, drain
from aftercare.kit.files import Files
from aftercare.logistics import TrackingPushes
from aftercare.notices import MailSender
from aftercare.settings import Mail, Settings, Tracking
from tests import given
from tests.api.world import PNG
from tests.conftest import Clock
from tests.connectors.test_mail_smtp import Postman
from tests.connectors.test_olist import cut
from tests.given import ADDRESS, Line
from tests.given.ports import free_port
from tests.stories.people import staff_headers

SECRET = "a secret for pushes"


@dataclass(frozen=True)
class Order:
    number: str
    contact: str
    shop: ShopView


@pytest.fixture
def postman() -> Postman:
    return Postman()


@pytest.fixture
def mail(postman: Postman) -> Iterator[Mail]:
    controller = Controller(postman, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield Mail(host="127.0.0.1", port=controller.port)
    controller.stop()


def connect(house: House, home: Path, mail: Mail) -> None:
    settings = Settings(
        home=home, mail=mail, sandbox_gateway=True, tracking=Tracking(push_secret=SecretStr(SECRET))
    )
    house.ports = {
        RefundGateways: ConfiguredGateways(settings, house),
        Files: Files(str(home / "files")),
        MailSender: mail_sender(settings),
        TrackingPushes: tracking_pushes(settings.tracking),
    }


def letters(postman: Postman, to: str) -> list[EmailMessage]:
    return [
        email.message_from_bytes(raw, policy=SMTP) for _, recipients, raw in postman.taken if to in recipients
    ]


def words(letter: EmailMessage) -> str:
    body = letter.get_body(("plain",))
    assert body is not None
    told: str = body.get_content()
    return told


class Story:
    """The people of one return and what each of them does."""

    def __init__(self, house: House, clock: Clock, order: Order, postman: Postman) -> None:
        self.house = house
        self.clock = clock
        self.order = order
        self.postman = postman
        self._web = httpx.AsyncClient(
            transport=httpx.ASGITransport(create_app(house)), base_url="http://test", timeout=60
        )
        self.buyer: dict[str, str] = {}

    async def ask(
        self, method: str, path: str, who: dict[str, str] | None = None, *, expect: int = 200, **more: Any
    ) -> Any:
        self._web.cookies.clear()
        answer = await self._web.request(method, path, headers=self.buyer if who is None else who, **more)
        assert answer.status_code == expect, (path, answer.status_code, answer.text)
        return answer.json()

    async def enter(self) -> None:
        asked = await self.ask(
            "POST", "/api/entry", {}, json={"order_number": self.order.number, "contact": self.order.contact}
        )
        await drain(self.house)
        letter = letters(self.postman, self.order.contact)[-1]
        code = re.search(r"\b(\d{6})\b", words(letter))
        assert code is not None
        answer = await self._web.post(
            "/api/entry/confirm", json={"entry_id": asked["entry_id"], "code": code.group(1)}
        )
        assert answer.status_code == 200, answer.text
        cookies = "; ".join(f"{name}={value}" for name, value in answer.cookies.items())
        self.buyer = {"Cookie": cookies, "X-CSRF-Token": answer.json()["csrf"]}

    async def signed_for(self, carrier: str, number: str) -> None:
        at = self.clock.now - timedelta(minutes=5)
        body = json.dumps(
            {
                "carrier": carrier,
                "number": number,
                "events": [{"at": at.isoformat(), "status": "delivered", "text": "已签收"}],
            }
        ).encode()
        code, stamp = self.order.shop.code, str(int(self.clock.now.timestamp()))
        headers = {
            "X-Aftercare-Timestamp": stamp,
            "X-Aftercare-Signature": push_signature(SECRET, stamp, code, body),
        }
        for _ in range(2):
            await self.ask("POST", f"/api/webhooks/tracking/{code}", headers, content=body)


async def the_whole_return(story: Story) -> dict[str, Any]:
    """Gives the claim as the customer sees it in the end."""
    shop = story.order.shop
    await story.enter()

    mine = await story.ask("GET", "/api/my/orders")
    order_id = next(one["id"] for one in mine["items"] if one["number"] == story.order.number)
    order = await story.ask("GET", f"/api/my/orders/{order_id}")
    line = order["lines"][0]
    rights = await story.ask("GET", f"/api/orders/{order_id}/entitlements")
    returning = next(kind for kind in rights[0]["kinds"] if kind["kind"] == "return_refund")
    assert returning["open"], returning
    assert returning["why"]["sentence"]
    asked = {
        "kind": "return_refund",
        "reason": "no_reason",
        "lines": [{"order_line_id": line["id"], "quantity": 1}],
    }
    options = await story.ask("POST", "/api/claims/options", json=asked)
    way = next(option for option in options if option["kind"] == "return_refund")
    photo = await story.ask(
        "POST", f"/api/orders/{order_id}/files", files={"file": ("照片.png", PNG, "image/png")}, expect=201
    )
    claim = await story.ask(
        "POST",
        "/api/claims",
        json={**asked, "file_ids": [photo["id"]], "description": "不太合适", "client_key": "once"},
        expect=201,
    )
    again = await story.ask(
        "POST", "/api/claims", json={**asked, "file_ids": [photo["id"]], "client_key": "once"}, expect=201
    )
    assert again["id"] == claim["id"]
    path = f"/api/claims/{claim['id']}"
    if claim["state"] == "pending_merchant":
        agent = await staff_headers(story.house, "agent", [shop.id])
        claim = await story.ask("POST", f"{path}/approve", agent, json={})
    assert claim["state"] == "awaiting_return"

    story.clock.now += timedelta(days=1)
    number = f"SF{UUID(claim['id']).int % 10**13:013}"
    shipped = await story.ask("POST", f"{path}/ship", json={"carrier": "shunfeng", "tracking_number": number})
    assert shipped["claim"]["state"] == "in_transit_back"
    story.clock.now += timedelta(days=2)
    await story.signed_for("shunfeng", number)
    await drain(story.house)
    warehouse = await staff_headers(story.house, "warehouse", [shop.id])
    seen = await story.ask("GET", path, warehouse)
    assert [clock["name"] for clock in seen["clocks"] if clock["state"] == "running"] == ["claim.receive"]

    story.clock.now += timedelta(hours=3)
    await story.ask("POST", f"{path}/receive", warehouse, json={})
    graded = [{"order_line_id": line["id"], "quantity": 1, "grade": "as_new", "disposition": "restock"}]
    judged = await story.ask("POST", f"{path}/inspect", warehouse, json={"graded": graded})
    assert judged["state"] == "refunding"
    await drain(story.house)
    done: dict[str, Any] = await story.ask("GET", path)
    assert done["state"] == "refunded"
    assert sum(refund["amount_cents"] for refund in done["refunds"]) == way["amount_cents"]
    assert {refund["state"] for refund in done["refunds"]} == {"paid"}
    return done


async def everybody_was_told(story: Story, done: dict[str, Any]) -> None:
    sent = letters(story.postman, story.order.contact)
    assert len({letter["Message-ID"] for letter in sent}) == len(sent)
    async with begin(story.house) as work:
        rows = (
            await work.session.execute(
                text("SELECT template, state FROM notice WHERE claim_id = :id ORDER BY planned_at, position"),
                {"id": UUID(done["id"])},
            )
        ).all()
    assert {row.state for row in rows} == {"sent"}
    told = [row.template for row in rows]
    # Applied and approved in the same breath is one letter.
    for template in ("claim_approved_at_once", "claim_received", "claim_accepted", "refund_paid"):
        assert told.count(template) == 1, told
    assert len(sent) == len(rows) + 1  # and the code to enter with
    timeline = await story.ask("GET", f"/api/my/cases/{done['case_id']}/timeline")
    names = [event["name"] for event in timeline["items"]]
    for name in (
        "claim.applied",
        "claim.approved",
        "claim.return_shipped",
        "claim.accepted",
        "claim.refunded",
    ):
        assert names.count(name) == 1, names


async def test_a_return_of_a_delivered_order(
    own_house: House, clock: Clock, tmp_path: Path, mail: Mail, postman: Postman
) -> None:
    connect(own_house, tmp_path, mail)
    shop = await given.a_shop(own_house)
    bought = await given.an_order(
        own_house, shop, Line(price_cents=29_900), customer="wang", payments=[29_900]
    )
    async with begin(own_house, SYSTEM) as work:
        # The sandbox pays at once what is paid back on this payment.
        await work.session.execute(text("UPDATE payment SET provider_ref = provider_ref || '#pays'"))
    story = Story(own_house, clock, Order(bought.number, "wang@example.test", shop), postman)
    done = await the_whole_return(story)
    assert [(refund["provider"], refund["amount_cents"]) for refund in done["refunds"]] == [
        ("sandbox", 29_900)
    ]
    await everybody_was_told(story, done)


async def test_a_return_of_an_order_of_the_marketplace(
    own_house: House, clock: Clock, tmp_path: Path, mail: Mail, postman: Postman, shared_data: Path
) -> None:
    connect(own_house, tmp_path, mail)
    folder = cut(shared_data / "orders_olist", tmp_path / "olist")
    await import_olist(own_house, folder, contact_domain="buyers.example")
    async with begin(own_house, SYSTEM) as work:
        row = (
            await work.session.execute(
                text(
                    "SELECT o.number, o.shop_id, o.delivered_at, c.email FROM sales_order o"
                    " JOIN customer c ON c.id = o.customer_id WHERE o.status = 'delivered' AND c.email IS NOT NULL"
                    " AND (SELECT count(*) FROM order_line l WHERE l.order_id = o.id) = 1"
                    " ORDER BY o.delivered_at DESC, o.id LIMIT 1"
                )
            )
        ).one()
        shop = await get_shop(work, row.shop_id)
        shop = await change_shop(work, shop.id, ShopChange(return_address=ADDRESS))
        await work.session.execute(
            text("UPDATE payment SET provider = 'sandbox', provider_ref = CAST(id AS text) || '#pays'")
        )
    clock.now = row.delivered_at + timedelta(days=1)
    story = Story(own_house, clock, Order(row.number, row.email, shop), postman)
    done = await the_whole_return(story)
    assert {refund["provider"] for refund in done["refunds"]} == {"sandbox"}
    assert {refund["currency"] for refund in done["refunds"]} == {"BRL"}
    await everybody_was_told(story, done)
