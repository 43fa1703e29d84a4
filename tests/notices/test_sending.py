"""Each change is told once: none lost, none twice, none for what did not happen."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from aftercare import claims, identity, notices, promises
from aftercare.conversations import Author, Channel, MessagePosted
from aftercare.journal import House, Work, begin, drain
from aftercare.journal.work import Said, write
from aftercare.notices import MailRefused, NoticeState, NoticeUnderWay
from aftercare.notices.planning import PLAN, plan
from tests import given as given_world
from tests.conftest import NOON, Clock
from tests.notices.given import Given, a_claim, a_world, mailbox, say, warn


async def rows(house: House) -> list[Any]:
    async with begin(house) as work:
        return list((await work.session.execute(text("SELECT * FROM notice ORDER BY planned_at, id"))).all())


async def facts(house: House, name: str) -> int:
    async with begin(house) as work:
        count = await work.session.scalar(
            text("SELECT count(*) FROM fact WHERE name = :name"), {"name": name}
        )
        return int(count or 0)


async def test_a_message_of_staff_is_told(house: House) -> None:
    box, given = mailbox(house), await a_world(house)
    await say(house, given, "您好，请拍一张裂纹的照片给我们。")
    (planned,) = await rows(house)
    assert (planned.state, planned.template, planned.subject, planned.fact) == (
        "planned",
        "message_posted",
        None,
        "message.posted",
    )
    await drain(house)
    (letter,) = box.letters
    assert letter.message_id == f"<notice.{planned.id.hex}@care.example>"
    assert (letter.to, letter.to_name, letter.sender_name, letter.reply_to) == (
        "xiaoyan@example.com",
        "王晓燕",
        "清和家居",
        "kefu@qinghe.example",
    )
    assert letter.subject == "清和家居给您发来了新消息"
    assert letter.text == (
        "王晓燕，您好：\n\n清和家居客服：\n\n您好，请拍一张裂纹的照片给我们。\n\n查看并回复\n"
        f"https://care.example/cases/{given.case_id}\n\n-- \n清和家居\n"
        "这是系统自动发出的通知。直接回复本邮件，即可联系清和家居客服。\n"
    )
    (sent,) = await rows(house)
    assert (sent.state, sent.sent_at, sent.attempts, sent.address, sent.locale) == (
        "sent",
        NOON,
        1,
        "xiaoyan@example.com",
        "zh-CN",
    )
    assert await facts(house, "notice.sent") == 1


async def test_what_the_customer_says_is_not_told_to_the_customer(house: House) -> None:
    mailbox(house)
    given = await a_world(house)
    await say(house, given, "在吗？", given.customer)
    assert await rows(house) == []


async def test_nothing_is_told_of_a_change_that_was_rolled_back(house: House) -> None:
    box, given = mailbox(house), await a_world(house)
    with pytest.raises(RuntimeError, match="the lights went out"):
        async with begin(house, given.staff) as work:
            from aftercare.conversations import Channel, NewMessage, post

            await post(
                work,
                NewMessage(
                    thread_id=given.thread_id, case_id=given.case_id, body="同意退款", channel=Channel.desk
                ),
            )
            await work.write_facts()
            assert len((await work.session.execute(text("SELECT id FROM notice"))).all()) == 1
            raise RuntimeError("the lights went out")
    await drain(house)
    assert await rows(house) == []
    assert box.letters == []


async def test_runs_twice_happens_once(house: House) -> None:
    from aftercare.notices.reactions import send_planned

    box, given = mailbox(house), await a_world(house)
    await say(house, given, "您好")
    await drain(house)
    (sent,) = await rows(house)
    await send_planned(house, notices.NoticePlanned(notice_id=sent.id, shop_id=given.shop_id))
    assert await notices.send_due(house) == 0
    assert len(box.letters) == 1
    assert await facts(house, "notice.sent") == 1


async def test_who_dies_between_sending_and_writing_it_down_sends_the_same_letter_again(
    own_house: House, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aftercare.notices import sending

    house = own_house
    box, given = mailbox(house), await a_world(house)
    await say(house, given, "您好")

    async def dies(*_: Any) -> None:
        raise SystemError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(sending, "_finish", dies)
        await drain(house)
    (left,) = await rows(house)
    assert (left.state, len(box.letters)) == ("planned", 1)
    # Nobody else begins while that attempt might still run.
    assert await notices.send_due(house) == 0
    clock.now += timedelta(minutes=2)
    assert await notices.send_due(house) == 1
    first, second = box.letters
    assert first == second
    assert first.message_id == left.message_id
    (sent,) = await rows(house)
    assert (sent.state, sent.attempts) == ("sent", 2)


async def test_a_server_that_is_away_is_asked_again_later_and_later(house: House, clock: Clock) -> None:
    box, given = mailbox(house), await a_world(house)
    box.raises = [ConnectionError("mail server: 421 busy"), TimeoutError()]
    await say(house, given, "您好")
    await drain(house)
    (late,) = await rows(house)
    assert (late.state, late.error, late.next_at) == (
        "planned",
        "ConnectionError: mail server: 421 busy",
        NOON + timedelta(seconds=30),
    )
    assert await notices.send_due(house) == 0
    clock.now += timedelta(seconds=30)
    assert await notices.send_due(house) == 1
    (late,) = await rows(house)
    assert late.next_at == clock.now + timedelta(minutes=2)
    clock.now += timedelta(minutes=2)
    await notices.send_due(house)
    assert len(box.letters) == 1
    (sent,) = await rows(house)
    assert (sent.state, sent.error, sent.attempts) == ("sent", None, 3)


async def test_after_a_day_it_has_failed(house: House, clock: Clock) -> None:
    box, given = mailbox(house), await a_world(house)
    box.raises = [ConnectionError("away")] * 100
    await say(house, given, "您好")
    await drain(house)
    began = clock.now
    while (await rows(house))[0].state == "planned":
        clock.now += timedelta(hours=1)
        await notices.send_due(house)
    assert clock.now - began == timedelta(hours=27)
    assert await facts(house, "notice.failed") == 1


@pytest.mark.parametrize(("bounces", "state"), [(True, "bounced"), (False, "failed")])
async def test_what_is_refused_for_ever_is_not_sent_again(house: House, bounces: bool, state: str) -> None:
    box, given = mailbox(house), await a_world(house)
    box.raises = [MailRefused("550 no such user", bounced=bounces)]
    await say(house, given, "您好")
    await drain(house)
    (refused,) = await rows(house)
    assert (refused.state, refused.error) == (state, "550 no such user")
    assert await facts(house, "notice.failed") == 1
    # It is told in the portal all the same.
    async with begin(house, given.customer) as work:
        (shown,) = (await notices.my_notices(work)).items
    assert shown.subject == "清和家居给您发来了新消息"


async def test_without_an_address_it_stands_in_the_portal_alone(house: House) -> None:
    box, given = mailbox(house), await a_world(house, email=None)
    await say(house, given, "您好")
    await drain(house)
    assert box.letters == []
    assert [row.state for row in await rows(house)] == ["suppressed"]
    async with begin(house, given.customer) as work:
        mine = await notices.my_notices(work)
        assert (mine.unread, mine.items[0].link) == (1, f"/cases/{given.case_id}")
        assert await notices.mark_read(work, mine.items[0].id) == 1
        assert await notices.mark_read(work, mine.items[0].id) == 0
    assert [row.state for row in await rows(house)] == ["read"]


async def test_without_a_mail_server_it_waits_and_shows_in_the_portal(house: House, clock: Clock) -> None:
    given = await a_world(house)
    await say(house, given, "您好")
    await drain(house)
    (waiting,) = await rows(house)
    assert (waiting.state, waiting.subject, waiting.attempts) == ("planned", "清和家居给您发来了新消息", 0)
    box = mailbox(house)
    clock.now += timedelta(minutes=2)
    await notices.send_due(house)
    assert len(box.letters) == 1


async def test_another_customer_sees_nothing(house: House) -> None:
    mailbox(house)
    given, other = await a_world(house), await a_world(house, code="other")
    await say(house, given, "您好")
    await drain(house)
    (sent,) = await rows(house)
    async with begin(house, other.customer) as work:
        assert (await notices.my_notices(work)).items == []
        with pytest.raises(notices.NoticeNotFound):
            await notices.mark_read(work, sent.id)
    async with begin(house, other.staff) as work:
        assert (await notices.list_notices(work)).items == []
        with pytest.raises(notices.NoticeNotFound):
            await notices.resend(work, sent.id)


async def test_staff_send_it_again_under_the_same_id(house: House) -> None:
    box, given = mailbox(house), await a_world(house)
    box.raises = [MailRefused("552 mailbox full", bounced=True)]
    await say(house, given, "您好")
    await drain(house)
    (refused,) = await rows(house)
    async with begin(house, given.staff) as work:
        await notices.resend(work, refused.id)
        with pytest.raises(NoticeUnderWay):
            await notices.resend(work, refused.id)
    await drain(house)
    (letter,) = box.letters
    assert letter.message_id == refused.message_id
    async with begin(house, given.staff) as work:
        assert [one.state for one in (await notices.list_notices(work)).items] == [NoticeState.sent]
        assert (await notices.list_notices(work, state=NoticeState.bounced)).items == []
    assert await notices.bounced(house, letter.message_id, "5.1.1 unknown user")
    assert [row.state for row in await rows(house)] == ["bounced"]
    assert not await notices.bounced(house, "<unknown@x>", "?")


async def test_an_entry_code_is_sent_and_not_kept(house: House, clock: Clock) -> None:
    box, given = mailbox(house), await a_world(house)
    async with begin(house) as work:
        issued = await identity.issue_entry_code(
            work,
            contact="xiaoyan@example.com",
            customers=[given.customer_id],
            shops=[given.shop_id],
            locale="en-GB",
        )
        code = await identity.entry_code_text(work, issued.entry_code_id)
    await drain(house)
    (letter,) = box.letters
    assert (letter.subject, letter.to, letter.locale) == (f"{code} is your code", "xiaoyan@example.com", "en")
    assert f"https://care.example/enter?code={issued.entry_code_id}" in letter.text
    (sent,) = await rows(house)
    assert (sent.state, sent.subject, sent.body, sent.customer_id) == ("sent", None, None, None)


async def test_an_entry_code_too_old_is_not_sent(house: House, clock: Clock) -> None:
    box, given = mailbox(house), await a_world(house)
    box.raises = [ConnectionError("away")]
    async with begin(house) as work:
        await identity.issue_entry_code(
            work, contact="xiaoyan@example.com", customers=[given.customer_id], shops=[given.shop_id]
        )
    await drain(house)
    clock.now += timedelta(minutes=11)
    await notices.send_due(house)
    assert box.letters == []
    assert [(row.state, row.error) for row in await rows(house)] == [("failed", "entry_code_spent")]


async def approved(house: House, given: Given) -> UUID:
    claim_id = await a_claim(house, given)
    async with begin(house, given.staff) as work:
        card = await claims.claim_card(work, claim_id)
        if card.state is claims.ClaimState.pending_merchant:
            await claims.approve(work, claim_id)
    return claim_id


async def test_a_claim_tells_its_customer_what_to_do_until_when(house: House, clock: Clock) -> None:
    box, given = mailbox(house), await a_world(house)
    claim_id = await approved(house, given)
    await drain(house)
    subjects = [letter.subject for letter in box.letters]
    async with begin(house, given.staff) as work:
        number = (await claims.claim_card(work, claim_id)).number
    assert subjects == [f"已收到您的退货退款申请（{number}）", f"您的退货退款申请已通过（{number}）"]
    assert (
        "「手工陶瓷茶壶」的退货退款申请已通过，约定退款 ¥640.00。\n\n"
        "请在 3 月 17 日 12:00 前寄出商品，并填写运单号。寄回地址：\n清和家居售后部 0571-88880000\n杭州市 良渚街道 12 号\n\n"
    ) in box.letters[1].text
    assert f'<a href="https://care.example/claims/{claim_id}"' in box.letters[1].html
    clock.now = NOON + timedelta(days=5)
    await warn(house)
    await drain(house)
    assert box.letters[2].subject == f"还剩 2 天：寄出商品并填写运单号（{number}）"
    assert "截止时间：3 月 17 日 12:00，还剩 2 天。逾期未寄出，申请将自动关闭。" in box.letters[2].text


async def test_the_share_of_right_notices(house: House, clock: Clock) -> None:
    box, given = mailbox(house), await a_world(house)
    await say(house, given, "您好")
    await say(house, given, "请问还在吗？")
    await say(house, given, "在的", given.customer)
    begins, ends = NOON - timedelta(hours=1), NOON + timedelta(hours=1)

    async def share() -> tuple[int, int, int, int, int, int, float | None]:
        async with begin(house, given.staff) as work:
            found = await notices.notice_share(work, begins, ends)
        return tuple(found.model_dump().values())

    assert await share() == (2, 0, 0, 2, 0, 0, 0.0)
    box.raises = [MailRefused("550 no", bounced=True)]
    await drain(house)
    assert await share() == (2, 1, 1, 0, 0, 0, 1.0)
    async with begin(house) as work:
        await work.session.execute(text("DELETE FROM notice WHERE state = 'bounced'"))
        await work.session.execute(text("UPDATE notice SET position = -1 WHERE state = 'sent'"))
    assert await share() == (2, 0, 0, 0, 2, 1, 0.0)


async def test_nothing_asked_has_no_share(house: House) -> None:
    async with begin(house) as work:
        assert (await notices.notice_share(work, NOON, NOON)).share is None


async def test_planning_is_one_statement_however_much_happened(
    own_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = await a_world(own_house)
    asked: list[str] = []
    rows = Work.rows

    async def counted(self: Work, sql: str, values: Mapping[str, Any]) -> Sequence[Any]:
        asked.append(sql)
        return await rows(self, sql, values)

    async with begin(own_house, given.staff) as work:
        facts = [
            MessagePosted(
                thread_id=given.thread_id,
                message_id=work.new_id(),
                case_id=given.case_id,
                customer_id=given.customer_id,
                shop_id=given.shop_id,
                author_kind=Author.staff,
                channel=Channel.desk,
            )
            for _ in range(60)
        ]
        said = [Said(fact, None, None) for fact in facts]
        await write(work, said)
        work._said.update((id(one.fact), one) for one in said)
        monkeypatch.setattr(Work, "rows", counted)
        await plan(work, facts)
        monkeypatch.undo()
        work._pending.clear()
        planned = await work.session.scalar(text("SELECT count(*) FROM notice"))
    assert (asked, planned) == ([PLAN], 60)


async def test_a_withdrawal_gets_its_receipt_with_the_whole_statement(house: House) -> None:
    box, given = mailbox(house), await a_world(house, locale="en")
    async with begin(house, given.customer) as work:
        await claims.withdraw(
            work,
            claims.NewWithdrawal(
                order_id=given.order_id, consumer_name="Wang Xiaoyan", contact="elsewhere@example.com"
            ),
        )
    await drain(house)
    (receipt,) = [letter for letter in box.letters if letter.subject.startswith("Receipt")]
    async with begin(house) as work:
        number = await work.session.scalar(text("SELECT number FROM claim"))
    assert (receipt.to, receipt.subject) == (
        "elsewhere@example.com",
        "Receipt of your withdrawal (order SO-qinghe)",
    )
    assert (
        "Statement: I hereby give notice that I withdraw from my contract of sale of the following goods.\n"
        "Consumer: Wang Xiaoyan\nContact: elsewhere@example.com\nOrder: SO-qinghe\nGoods: 手工陶瓷茶壶 × 2\n"
        "Stated at: 10 March 2026, 12:00:00 (GMT+08:00)\n\n"
        f"The request that follows from it has the number {number}."
    ) in receipt.text


async def test_a_refund_is_told_when_it_is_paid_and_honestly_when_it_fails(
    house: House, clock: Clock
) -> None:
    from aftercare.claims import ClaimKind, RefundGateways
    from aftercare.connectors.gateways import ConfiguredGateways
    from aftercare.settings import Settings

    box, given = mailbox(house), await a_world(house)
    gateways = ConfiguredGateways(Settings(sandbox_gateway=True), house)
    house.ports = {**house.ports, RefundGateways: gateways}
    async with begin(house) as work:
        await work.session.execute(text("UPDATE payment SET provider_ref = 'pay-1#short'"))
        await work.session.execute(text("UPDATE order_line SET shipped_at = NULL, delivered_at = NULL"))
        await work.session.execute(
            text("UPDATE sales_order SET shipped_at = NULL, delivered_at = NULL, status = 'paid'")
        )
    claim_id = await a_claim(house, given, ClaimKind.cancel_unshipped)
    await drain(house)
    async with begin(house) as work:
        card = await claims.claim_card(work, claim_id)
    assert card.state is claims.ClaimState.refund_failed
    delayed = [letter.subject for letter in box.letters]
    assert delayed[-1] == f"退款遇到问题，我们正在处理（{card.number}）"
    assert "没有成功退出，原因在支付渠道或商家账户" in box.letters[-1].text
    async with begin(house) as work:
        await claims.retry_refund(work, claim_id)
    await drain(house)
    paid = [letter for letter in box.letters if letter.subject.startswith("退款成功")]
    assert [letter.subject for letter in paid] == [f"退款成功：¥640.00（{card.number}）"]
    assert "将按原支付方式退回" in paid[0].text
    async with begin(house, given.staff) as work:
        share = await notices.notice_share(work, NOON - timedelta(hours=1), NOON + timedelta(hours=1))
    assert (share.asked, share.told, share.missing, share.untrue, share.share) == (
        len(box.letters),
        len(box.letters),
        0,
        0,
        1.0,
    )


async def decided_at_once(house: House) -> claims.ClaimCard:
    of = await given_world.a_shop(house)
    bought = await given_world.an_order(house, of)
    claim = await given_world.a_claim(house, bought)
    async with begin(house, bought.buyer) as work:
        return await claims.claim_card(work, claim.id)


async def test_what_is_decided_at_once_is_told_in_one_letter(house: House) -> None:
    box = mailbox(house)
    card = await decided_at_once(house)
    assert card.state is claims.ClaimState.awaiting_return
    await drain(house)
    (letter,) = box.letters
    assert letter.subject == f"您的退货退款申请已通过（{card.number}）"
    assert "我们已收到您对「破壁料理机 L18」的退货退款申请，并已自动通过，约定退款 ¥299.00。" in letter.text
    assert "上海市嘉定区安亭镇曹安公路 4988 号" in letter.text
    async with begin(house) as work:
        share = await notices.notice_share(work, NOON - timedelta(hours=1), NOON + timedelta(hours=1))
    assert (share.asked, share.told, share.missing, share.untrue, share.share) == (1, 1, 0, 0, 1.0)


async def test_more_time_is_told(house: House) -> None:
    box = mailbox(house)
    card = await decided_at_once(house)
    async with begin(house) as work:
        (ship,) = [one for one in await promises.clocks_of(work, [card.id]) if one.name == "claim.ship"]
        await promises.extend_clock(work, ship.id, timedelta(days=3), "春节快递停运")
    await drain(house)
    assert box.letters[-1].subject == f"处理期限已延长到 3 月 20 日 12:00（{card.number}）"
    assert "申请，您寄出商品并填写运单号的期限已延长到 3 月 20 日 12:00。" in box.letters[-1].text
