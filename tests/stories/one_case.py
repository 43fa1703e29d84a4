"""One matter on four ways: a chat with the assistant, a call, the agent's answer by mail, the customer's reply. What passes
between is real: an exchange's signed events, an SMTP server that takes our mail, a Dovecot from which we fetch the reply."""

import hashlib
import hmac
import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import make_msgid, parseaddr
from typing import Any
from uuid import UUID, uuid4

import httpx
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from playwright.async_api import FrameLocator, Page, expect
from sqlalchemy import text

from aftercare.conversations import Channel, NewAccount, add_account
from aftercare.journal import begin
from tests.connectors.mail.dovecot import PASSWORD, Dovecot
from tests.faults.installed import rows_of, until
from tests.given.ports import free_port
from tests.stories.accessible import barriers
from tests.stories.browsers import DESK, PHONE, Bought, Scene, shoot
from tests.stories.whole_job import Job
from tests.stories.words import Words

KEY = "a key for the exchange"
UNANSWERABLE = "这个怎么连接天猫精灵语音控制？"
TOLD_BY_PHONE = "客户来电催办，想知道能不能连接天猫精灵，已查：这一款不支持。"
ANSWER = "您好，这一款不支持天猫精灵，退货按原来的申请继续办理，收到后当天退款。"
REPLY = "好的，谢谢，我明天就寄出。"


@dataclass
class Taken:
    """What our mail leaves to: the customer's provider."""

    port: int
    letters: list[Any] = field(default_factory=list)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        from email import message_from_bytes, policy

        self.letters.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"


@contextmanager
def provider() -> Iterator[Taken]:
    taken = Taken(free_port())
    listening = Controller(
        taken,
        hostname="127.0.0.1",
        port=taken.port,
        authenticator=lambda *_: AuthResult(success=True),
        auth_require_tls=False,
    )
    listening.start()
    try:
        yield taken
    finally:
        listening.stop()


@dataclass
class Ways:
    """The shop's mailbox and its exchange, as channel accounts."""

    mailbox: str
    phone_id: UUID


async def ways_of(scene: Scene, bought: Bought, dovecot: Dovecot, taken: Taken, agent: str) -> Ways:
    mailbox = f"service-{uuid4().hex[:8]}"
    async with begin(scene.house) as work:
        # The demo's own boxes are read by nobody.
        await work.session.execute(
            text(
                "UPDATE channel_account SET active = false WHERE shop_id = :id AND kind IN ('email', 'phone')"
            ),
            {"id": bought.shop.id},
        )
        local = {"host": "127.0.0.1", "security": "none"}
        await add_account(
            work,
            NewAccount(
                shop_id=bought.shop.id,
                kind=Channel.email,
                name="客服邮箱",
                address=f"{mailbox}@shop.example",
                settings={
                    "imap": {**local, "port": dovecot.port, "username": mailbox, "begin": "all"},
                    "smtp": {**local, "port": taken.port},
                },
                secrets={"password": PASSWORD},
            ),
        )
        exchange = await add_account(
            work,
            NewAccount(
                shop_id=bought.shop.id,
                kind=Channel.phone,
                name="客服热线",
                address=f"+8621{uuid4().int % 10**8:08}",
                settings={"agents": {agent: "+862155550100"}},
                secrets={"key": KEY},
            ),
        )
    return Ways(mailbox, exchange.id)


class OneCase(Job):
    """The windows of a customer and an agent, and the telephone between them."""

    phone: str

    # The customer chats

    async def chat(self, page: Page) -> FrameLocator:
        await page.get_by_role("button", name=self.say("portal", "chat.open")).first.click()
        frame = page.frame_locator("dialog iframe")
        await expect(frame.get_by_role("textbox")).to_be_visible()
        return frame

    async def asks(self, chat: FrameLocator, words: str) -> None:
        box = chat.get_by_role("textbox")
        await box.fill(words)
        await box.press("Enter")

    async def hears(self, chat: FrameLocator, words: str) -> None:
        await expect(chat.get_by_role("log")).to_contain_text(words)

    async def returns_in_chat(self, page: Page) -> str:
        """The assistant finds the order, tells what is open, starts the return after a yes, and calls a person when it does not
        know. Returns the number of the claim."""
        number = self.bought.number
        chat = await self.chat(page)
        await self.asks(chat, f"你好，我的订单 {number} 到哪了？")
        await self.hears(chat, f"订单 {number}（")
        await self.asks(chat, f"订单 {number} 还能退吗？")
        await self.hears(chat, f"（订单 {number}）可以办理：")
        await self.picture(page, "chat-entitled")
        await self.asks(chat, f"我想退货，{number}")
        await self.hears(chat, "为您核对一下：")
        claims = "SELECT c.number FROM claim c JOIN claim_line l ON l.claim_id = c.id JOIN order_line o ON o.id = l.order_line_id JOIN sales_order s ON s.id = o.order_id WHERE s.number = :number"
        assert await rows_of(self.scene.house, claims, number=number) == []
        await self.picture(page, "chat-confirm")
        await chat.get_by_role("button", name="确认办理").click()
        await self.hears(chat, "已提交，售后单号")
        (claim,) = await rows_of(self.scene.house, claims, number=number)
        await self.hears(chat, claim.number)
        await self.asks(chat, UNANSWERABLE)
        await self.hears(chat, "已为您转接人工客服")
        await self.picture(page, "chat-handed-over")
        return str(claim.number)

    # The exchange

    async def call(self, ways: Ways, event: str, call: str, agent: str) -> None:
        body = json.dumps(
            {
                "type": "call",
                "call": call,
                "event": event,
                "direction": "inbound",
                "number": self.phone,
                "agent": agent,
                "at": datetime.now(UTC).isoformat(),
            }
        ).encode()
        stamp, name = str(int(time.time())), uuid4().hex
        sign = hmac.new(KEY.encode(), f"{stamp}.{name}.".encode() + body, hashlib.sha256).hexdigest()
        async with httpx.AsyncClient(base_url=self.scene.url, timeout=60) as client:
            told = await client.post(
                f"/api/connect/phone/{ways.phone_id}",
                content=body,
                headers={
                    "X-Aftercare-Timestamp": stamp,
                    "X-Aftercare-Id": name,
                    "X-Aftercare-Signature": sign,
                },
            )
        assert told.is_success, told.text

    # The agent

    async def takes_the_call(self, page: Page, ways: Ways, agent: str) -> UUID:
        """It rings, is answered and noted: a matter of its own, since a number proves nothing."""
        say, call = self.say, uuid4().hex
        await self.call(ways, "ringing", call, agent)
        rings = page.get_by_role("region", name=say("desk", "calls.ringing"))
        await expect(rings).to_contain_text(self.bought.customer)
        await self.call(ways, "answered", call, agent)
        note = page.get_by_role("textbox", name=say("desk", "calls.note"))
        await note.fill(TOLD_BY_PHONE)
        await self.picture(page, "desk-call")
        await page.get_by_role("button", name=say("desk", "calls.keep")).click()
        # Empty again is kept: until then the words are read in the field itself as well.
        await expect(note).to_have_value("")
        await expect(page.get_by_text(TOLD_BY_PHONE).first).to_be_visible()
        await self.call(ways, "ended", call, agent)
        (row,) = await rows_of(
            self.scene.house, "SELECT case_id FROM call WHERE external_id = :call", call=call
        )
        return UUID(str(row.case_id))

    async def merges(self, page: Page, booked: UUID, case: Any) -> None:
        """The call was about the chat: one matter."""
        say = self.say
        await page.goto(f"/desk?view=all&case={booked}")
        await page.get_by_role("button", name=say("desk", "case.menu")).click()
        await page.get_by_role("menuitem", name=say("desk", "moving.merge")).click()
        form = page.get_by_role("dialog")
        await form.get_by_role("textbox").fill(case.number)
        await self.picture(page, "desk-merge")
        await form.get_by_role("button").filter(has_text=case.number).click()
        await expect(page.get_by_role("list", name=say("desk", "moving.list"))).to_be_visible()
        await expect(page.get_by_text(case.number, exact=True).first).to_be_visible()

    async def answers_by_mail(self, page: Page) -> None:
        say = self.say
        for words in (UNANSWERABLE, "智能助手转人工", TOLD_BY_PHONE):
            await expect(page.get_by_text(words).first).to_be_visible()
        await self.picture(page, "desk-case")
        await page.get_by_role("button", name=say("desk", "talk.open")).click()
        why = page.get_by_role("dialog", name=say("desk", "talk.title"))
        await expect(why.get_by_text(UNANSWERABLE).first).to_be_visible()
        await self.picture(page, "desk-assistant-why")
        await page.keyboard.press("Escape")
        await expect(why).to_be_hidden()
        await page.keyboard.press("e")
        await page.get_by_role("textbox", name=re.compile(self.bought.customer)).fill(ANSWER)
        await page.get_by_role("combobox", name=say("desk", "ways.title")).select_option(
            label=f"{say('desk', 'channel.email')} · {self.bought.email}"
        )
        await self.picture(page, "desk-answer")
        editor = page.get_by_role("textbox", name=re.compile(self.bought.customer))
        await editor.press("Control+Enter")
        await expect(editor).to_have_count(0)

    # The post

    async def gets(self, taken: Taken) -> Any:
        found: list[Any] = []

        async def came() -> bool:
            found[:] = [one for one in taken.letters if ANSWER in one.get_body(("plain",)).get_content()]
            return bool(found)

        await until(came, what="the answer by mail")
        (letter,) = found
        assert self.bought.email in letter["To"]
        return letter

    def replies(self, dovecot: Dovecot, ways: Ways, letter: Any) -> None:
        """As a mail program does it: below the new words what was quoted."""
        reply = EmailMessage()
        reply["From"] = f"{self.bought.customer} <{self.bought.email}>"
        reply["To"] = letter["Reply-To"] or letter["From"]
        reply["Subject"] = f"回复：{letter['Subject']}"
        reply["Message-ID"] = make_msgid(domain="mail.example")
        reply["In-Reply-To"] = letter["Message-ID"]
        reply["References"] = letter["Message-ID"]
        said = letter.get_body(("plain",)).get_content()
        quoted = "\n".join(f"> {line}" for line in said.splitlines())
        reply.set_content(
            f"{REPLY}\n\n在 2026年11月22日，{parseaddr(str(letter['From']))[1]} 写道：\n{quoted}\n"
        )
        dovecot.put(ways.mailbox, reply.as_bytes())


async def one_matter_is_one_case(
    scene: Scene, bought: Bought, phone: str, dovecot: Dovecot, size: dict[str, int], name: str
) -> None:
    job = OneCase(scene, bought, Words("zh-CN"), name)
    job.phone = phone
    person = await scene.who("agent", bought.shop)
    with provider() as taken:
        ways = await ways_of(scene, bought, dovecot, taken, person.email)
        before = await open_cases(scene, bought)
        async with scene.page(size) as portal, scene.page(DESK) as desk:
            await job.enter(portal)
            claim = await job.returns_in_chat(portal)
            (case,) = await rows_of(
                scene.house,
                "SELECT c.id, c.number, c.thread_id FROM service_case c JOIN claim k ON k.case_id = c.id"
                " WHERE k.number = :number",
                number=claim,
            )
            await job.sign_in(desk, "agent")
            await expect(desk.get_by_role("heading", name=job.say("desk", "view.waiting"))).to_be_visible()
            booked = await job.takes_the_call(desk, ways, person.email)
            await job.merges(desk, booked, case)
            await job.answers_by_mail(desk)
            letter = await job.gets(taken)
            job.replies(dovecot, ways, letter)
            await expect(desk.get_by_text(REPLY).first).to_be_visible()
            # What the mail program quoted is not said again.
            said = await rows_of(
                scene.house,
                "SELECT m.channel, m.author_kind, m.kind, m.body FROM message m WHERE m.thread_id = :thread"
                " ORDER BY m.sent_at, m.position",
                thread=case.thread_id,
            )
            assert [one.body for one in said if one.author_kind == "customer" and one.channel == "email"] == [
                REPLY
            ]
            channels = {one.channel for one in said}
            assert {"chat", "phone", "email"} <= channels
            assert await open_cases(scene, bought) == {*before, case.id}
            # One line of all of it, on the desk and for the customer.
            line = desk.get_by_role("region", name=job.say("desk", "case.story"))
            for words in (
                f"我想退货，{bought.number}",
                "确认办理",
                UNANSWERABLE,
                TOLD_BY_PHONE,
                ANSWER,
                REPLY,
            ):
                await expect(line.get_by_text(words, exact=True).first).to_be_attached()
            await job.picture(desk, "desk-one-line")
            await portal.goto(f"/cases/{case.id}")
            for words in (UNANSWERABLE, ANSWER, REPLY):
                await expect(portal.get_by_text(words, exact=True).first).to_be_visible()
            await expect(portal.get_by_text(TOLD_BY_PHONE)).to_have_count(0)
            await job.picture(portal, "portal-one-case")
            await narrow(job, desk, case.id)


async def open_cases(scene: Scene, bought: Bought) -> set[UUID]:
    """Of the customer who bought it."""
    rows = await rows_of(
        scene.house,
        "SELECT c.id FROM service_case c JOIN sales_order o ON o.customer_id = c.customer_id"
        " WHERE o.number = :number AND c.status IN ('open', 'waiting_shop', 'waiting_customer')",
        number=bought.number,
    )
    return {row.id for row in rows}


async def narrow(job: OneCase, desk: Page, case_id: UUID) -> None:
    """The same case at the desk of somebody who has only a telephone in the hand."""
    await desk.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
    await desk.goto(f"/desk?view=all&case={case_id}")
    await expect(desk.get_by_text(REPLY).filter(visible=True).first).to_be_visible()
    assert await barriers(desk) == []
    await shoot(desk, f"{job.name}-desk-narrow")
