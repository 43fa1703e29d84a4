"""What customers say otherwise than in the portal: to the assistant in the chat, by mail, on the telephone, by short message and
messengers; how it comes together in one case, and what colleagues say to each other about it."""

from dataclasses import dataclass, replace
from functools import partial
from random import Random
from typing import Any
from uuid import UUID

from aftercare import assistant, cases, conversations
from aftercare.cases import Incoming, NewMacro
from aftercare.conversations import (
    CallEvent,
    CallHappening,
    Channel,
    Direction,
    NewAccount,
    SendingState,
    Verified,
)
from aftercare.demo.looking import read
from aftercare.demo.plots import CN, Plot, begins
from aftercare.demo.scene import Stage, Telling
from aftercare.demo.telling import Step, Story
from aftercare.identity import ShopView
from aftercare.journal import SYSTEM, Work
from aftercare.kit.errors import Refusal

TALKS = 44
MESSENGERS = {
    "qinghe-home": Channel.wechat,
    "sulu-wear": Channel.wecom,
    "shanye-food": Channel.wechat,
    "qinghe-europe": Channel.whatsapp,
}


# The ways


async def open_ways(work: Work, shop: ShopView) -> None:
    """The channel accounts of a shop, and its assistant, which in the story answers chats only."""
    chinese = shop.code != "qinghe-europe"
    for kind, name, address, more in (
        (Channel.chat, "网页客服", f"chat-{shop.code}", {}),
        (Channel.email, "客服邮箱", f"service@{shop.code}.example.com", {}),
        (Channel.phone, "客服热线", "+862155550100" if chinese else "+493055550100", {}),
        (
            Channel.sms,
            "短信",
            "+8613800000001" if chinese else "+4915550000001",
            {"vendor": "aliyun" if chinese else "twilio"},
        ),
        (
            MESSENGERS[shop.code],
            "公众号" if chinese else "WhatsApp",
            f"wx-{shop.code}" if chinese else "+4915550000001",
            {},
        ),
    ):
        await conversations.add_account(
            work, NewAccount(shop_id=shop.id, kind=kind, name=name, address=address, settings=more)
        )
    await assistant.switch(work, shop.id, active=True, channels=[Channel.chat])


TEXTS = (
    ("退款/到账", "退款已原路退回", {
        "zh-CN": "{{ customer }}您好，退款已原路退回，银行入账一般需要 1–3 个工作日，请留意。",
        "zh-TW": "{{ customer }}您好，退款已退回原付款方式，銀行入帳約需 1–3 個工作天，請留意。",
        "en": "Hello {{ customer }}, your refund has gone back the way you paid; banks take one to three working days.",
    }),
    ("物流", "已催快递", {
        "zh-CN": "{{ customer }}您好，已为您联系快递加急处理，有进展会第一时间通知您。",
        "zh-TW": "{{ customer }}您好，已為您聯絡物流加急處理，有進展會立即通知您。",
        "en": "Hello {{ customer }}, we have asked the carrier to hurry and tell you as soon as it moves.",
    }),
)  # fmt: skip


async def write_macros(work: Work, shop: ShopView) -> None:
    """By somebody of the shop who may."""
    ids = [
        (
            await conversations.set_answer_template(
                work,
                shop.id,
                conversations.NewAnswerTemplate.model_validate(
                    {"folder": folder, "name": name, "words": words}
                ),
            )
        ).id
        for folder, name, words in TEXTS
    ]
    for name, steps in (
        ("退款说明并结案", [{"do": "answer", "template_id": ids[0]}, {"do": "tag", "add": ["退款"]}, {"do": "solve"}]),
        (
            "催快递，明天再看",
            [
                {"do": "answer", "template_id": ids[1]},
                {"do": "tag", "add": ["物流"]},
                {"do": "give", "to": "me"},
                {"do": "snooze", "hours": 24},
            ],
        ),
        ("转主管关注", [{"do": "priority", "priority": "high"}, {"do": "note", "words": "请主管关注这个个案。"}]),
    ):  # fmt: skip
        await cases.save_macro(
            work, shop.id, NewMacro.model_validate({"name": name, "shared": True, "steps": steps})
        )


# The talks


@dataclass
class Talk:
    """One customer on one account; `said` counts what came, for the names of messages."""

    t: Telling
    account: UUID
    address: str
    said: int = 0

    def says(self, body: str, **more: Any) -> Story:
        self.said += 1
        incoming = Incoming(
            account_id=self.account,
            address=self.address,
            name=self.t.purchase.buyer.name,
            body=body,
            external_id=f"{self.t.purchase.key}-{self.said}@{self.address}",
            locale=self.t.locale,
            **more,
        )
        received = yield from self.t.step(SYSTEM, lambda work: cases.receive(work, incoming), settled=True)
        if received.case_id is not None:
            self.t.case_id = received.case_id
        return received


def _words(t: Telling, key: str) -> Any:
    of = read("talks")[key]
    found = of.get(t.locale) or of.get("zh-CN" if t.locale.startswith("zh") else "en") or of["zh-CN"]
    return t.rng.choice(found) if isinstance(found, list) else found


def _fill(t: Telling, words: str) -> str:
    return words.format(number=t.purchase.number, title=t.purchase.goods[0][0].title)


def _account(t: Telling, kind: Channel) -> UUID:
    return t.stage.ways[t.shop, kind]


def _answers(t: Telling, body: str, *, after: tuple[float, float] = (0.05, 0.6)) -> Story:
    t.later(*after)
    t.at_desk()
    agent, case_id = t.staff("agent"), t.case_id
    if case_id is not None:
        yield from t.step(agent, lambda work: cases.say(work, case_id, body), settled=True)


def _ends(t: Telling, chance: float = 0.8) -> Story:
    """Soon, or when somebody goes through what was left lying."""
    if t.case_id is None:
        return
    t.later(0.5, 6) if t.maybe(chance) else t.later(30, 70)
    t.at_desk()
    case_id = t.case_id
    try:
        # What came last was a thank-you, or nothing.
        yield Step(t.now, t.staff("agent"), lambda work: cases.solve(work, case_id, unanswered=True), True)
    except Refusal:
        return


def visits(t: Telling) -> Story:
    """The customer opens the chat, signed in. Returns the talk."""
    visitor = conversations.new_visitor(t.view.id, t.now, customer_id=t.stage.customers[t.purchase.key])
    account = _account(t, Channel.chat)

    async def known(work: Work) -> None:
        contact = await conversations.contact_of(
            work, shop_id=t.view.id, channel=Channel.chat, address=visitor.address, account_id=account
        )
        if contact.customer_id is None:
            await conversations.join_contact(
                work, contact.id, t.stage.customers[t.purchase.key], Verified.signed_in
            )

    yield from t.step(SYSTEM, known)
    return Talk(t, account, visitor.address)


def with_the_assistant(t: Telling) -> Story:
    """Order, entitlement, return after a yes; what it does not know goes to a person."""
    begins(t, 1, 40)
    t.awake()
    talk, lines = (yield from visits(t)), lines_of(t)
    wishes = t.rng.choice(
        (
            ("parcel_status", "entitlement", "thanks"),
            ("parcel_status", "entitlement", "return_goods", "yes", "how_to"),
            ("entitlement", "return_goods", "yes"),
            ("parcel_status", "how_to"),
        )
    )
    for wish in wishes:
        yield from talk.says(lines[wish])
        t.later(0.01, 0.03)
    if "how_to" in wishes:
        yield from answered_by_a_person(t)
        yield from talk.says(lines["thanks"])
        yield from _ends(t)
    elif wishes[-1] == "thanks":
        yield from nothing_more(t)


def nothing_more(t: Telling) -> Story:
    """The customer said thank you and leaves; the worker's round finds it."""
    t.now += assistant.NOTHING_MORE_FOR
    yield from t.step(SYSTEM, assistant.end_talks, settled=True)


def answered_by_a_person(t: Telling) -> Story:
    yield from _answers(t, _fill(t, _words(t, "answers")))


def lines_of(t: Telling) -> dict[str, str]:
    """What is said to the assistant, by what it means."""
    found = read("talks")["assistant"]["en" if t.locale == "en" else "zh-CN"]
    return {line["means"]: _fill(t, line["say"]) for line in found}


def by_mail(t: Telling) -> Story:
    begins(t, 2, 70)
    t.awake()
    letter = _words(t, "mail")
    talk = Talk(t, _account(t, Channel.email), t.purchase.buyer.email)
    yield from talk.says(_fill(t, letter["body"]), subject=_fill(t, letter["subject"]))
    yield from _answers(t, _fill(t, letter["answer"]), after=(0.2, 3))
    t.later(1, 14)
    t.awake()
    yield from talk.says(letter["back"], references=[f"{t.purchase.key}-1@{talk.address}"])
    yield from _ends(t)


def _rings(t: Telling, call: str, *happenings: tuple[CallHappening, float], **more: Any) -> Story:
    """Events of one call, each so many minutes after the one before. Returns its id."""
    account = _account(t, Channel.phone)
    call_id: UUID | None = None
    for happening, minutes in happenings:
        t.later(minutes / 60, minutes / 60)
        event = CallEvent(
            **{
                "external_id": call,
                "happening": happening,
                "direction": Direction.inbound,
                "them": t.purchase.buyer.phone,
                "at": t.now,
                **more,
            }
        )
        call_id = yield from t.step(SYSTEM, partial(_note, account=account, event=event), settled=True)
    return call_id


async def _note(work: Work, account: UUID, event: CallEvent) -> UUID:
    return await conversations.note_call(work, account, event)


H = CallHappening


def by_telephone(t: Telling) -> Story:
    """Answered, and noted in a case."""
    begins(t, 2, 60)
    t.at_desk()
    call = f"{t.purchase.key}-call"
    call_id = yield from _rings(t, call, (H.ringing, 0), (H.answered, 0.3), (H.ended, t.rng.uniform(1, 9)))
    yield from _noted(t, call_id, _words(t, "call"))


def _noted(t: Telling, call_id: UUID, words: str) -> Story:
    agent = t.staff("agent")
    noted = yield from t.step(agent, lambda work: cases.note_call_in_case(work, call_id, words), settled=True)
    t.case_id = noted.case_id
    yield from _ends(t, 0.7)
    # A number proves nothing: the case is nobody's yet.
    t.case_id = None


def missed_and_called_back(t: Telling) -> Story:
    begins(t, 2, 60)
    t.awake()
    voicemail = t.maybe(0.5)
    if voicemail:
        yield from _rings(t, f"{t.purchase.key}-missed", (H.voicemail, 0), words=_words(t, "voicemail"))
    else:
        yield from _rings(t, f"{t.purchase.key}-missed", (H.ringing, 0), (H.missed, 0.5))
    # As promised, or when somebody goes through what was left lying.
    t.later(0.1, 0.45) if t.maybe(0.75) else t.later(30, 70)
    t.at_desk()
    call_id = yield from _rings(
        t,
        f"{t.purchase.key}-back",
        (H.ringing, 0),
        (H.answered, 0.2),
        (H.ended, t.rng.uniform(1, 6)),
        direction=Direction.outbound,
    )
    yield from _noted(t, call_id, _words(t, "called_back"))


def by_short_message(t: Telling) -> Story:
    begins(t, 1, 50)
    t.awake()
    line = _words(t, "short")
    talk = Talk(t, _account(t, Channel.sms), t.purchase.buyer.phone)
    yield from talk.says(_fill(t, line["say"]))
    yield from _answers(t, _fill(t, line["answer"]))
    yield from _ends(t)


def by_messenger(t: Telling) -> Story:
    """An open id proves nothing: the agent joins it by hand, answers, and it is read."""
    begins(t, 1, 50)
    t.awake()
    line = _words(t, "short")
    kind = MESSENGERS[t.shop]
    address = t.purchase.buyer.phone if kind is Channel.whatsapp else f"oid-{t.purchase.key.lower()}"
    talk = Talk(t, _account(t, kind), address)
    received = yield from talk.says(_fill(t, line["say"]))
    t.later(0.05, 0.2)
    t.at_desk()
    agent = t.staff("agent")

    async def knows(work: Work) -> None:
        contact = await conversations.get_contact(work, received.contact_id)
        if contact.customer_id is None:
            await conversations.join_contact(
                work, contact.id, t.stage.customers[t.purchase.key], Verified.hand
            )

    yield from t.step(agent, knows, settled=True)
    case_id = t.case_id
    if case_id is None:
        return
    body = _fill(t, line["answer"])
    posted = yield from t.step(agent, lambda work: cases.say(work, case_id, body), settled=True)
    t.later(0.01, 0.3)
    account = _account(t, kind)
    yield from t.step(
        SYSTEM,
        lambda work: conversations.note_delivery(
            work, account, f"told-{posted.message_id.hex}", SendingState.read
        ),
    )
    yield from _ends(t)


def in_two_cases(t: Telling) -> Story:
    """A mail from elsewhere about what the portal knows already: two cases that are one matter."""
    begins(t, 2, 40)
    t.awake()
    title, question, answer = t.rng.choice(t.sayings("enquiries"))
    new = cases.NewCase(
        shop_id=t.view.id,
        title=title,
        customer_id=t.buyer.id,
        order_id=t.stage.orders[t.purchase.key],
        locale=t.locale,
        body=question,
    )
    first = yield from t.step(t.buyer, lambda work: cases.open_case(work, new), settled=True)
    t.later(0.3, 3)
    talk = Talk(t, _account(t, Channel.email), f"private-{t.purchase.key.lower()}@mail.example.com")
    received = yield from talk.says(question, subject=title)
    t.later(0.1, 0.8)
    t.at_desk()
    agent = t.staff("agent")
    yield from t.step(agent, lambda work: cases.merge(work, received.case_id, first.id), settled=True)
    t.case_id = first.id
    name = next(row[1] for row in read("people")["staff"] if row[0] == "supervisor")
    note = read("talks")["notes"]["en" if t.locale == "en" else "zh-CN"].format(name=name)
    yield from t.step(agent, lambda work: cases.write_note(work, first.id, note), settled=True)
    yield from _answers(t, answer)
    yield from _ends(t)


def with_a_macro(t: Telling) -> Story:
    begins(t, 2, 60)
    t.awake()
    line = _words(t, "short")
    talk = Talk(t, _account(t, Channel.sms), t.purchase.buyer.phone)
    yield from talk.says(_fill(t, line["say"]))
    t.later(0.05, 0.6)
    t.at_desk()
    agent, case_id = t.staff("agent"), t.case_id

    async def runs(work: Work) -> None:
        if case_id is not None:
            macro = t.rng.choice(await cases.macros_of(work, t.view.id))
            await cases.run_macro(work, macro.id, case_id, key=f"{t.purchase.key}-macro", override="按惯例")

    yield from t.step(agent, runs, settled=True)
    yield from _ends(t)


SHARES = (
    (with_the_assistant, 10),
    (by_mail, 8),
    (by_telephone, 5),
    (missed_and_called_back, 5),
    (by_short_message, 3),
    (by_messenger, 6),
    (in_two_cases, 4),
    (with_a_macro, 3),
)
PLOT = Plot("talks", with_the_assistant, 0, (*CN, "qinghe-europe"))


def plots(many: int, rng: Random) -> list[Plot]:
    """So many, in their shares; each way at least once."""
    whole = sum(share for _, share in SHARES)
    found = [
        replace(PLOT, tell=tell) for tell, share in SHARES for _ in range(max(1, round(many * share / whole)))
    ]
    rng.shuffle(found)
    return found


async def find_ways(work: Work, stage: Stage) -> None:
    """Which account of which shop is which way."""
    for code, shop in stage.shops.items():
        for account in await conversations.list_accounts(work, shop.id):
            stage.ways[code, account.kind] = account.id
