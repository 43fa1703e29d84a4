"""Accounts and their secrets, contacts, pushes, and messages on their way out."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from aftercare.cases import say
from aftercare.conversations import (
    AccountChange,
    AccountNotFound,
    AccountTaken,
    AddressNotPossible,
    Channel,
    ContactJoinedAlready,
    NotDelivered,
    Outgoing,
    PushTooLarge,
    SendingState,
    Sent,
    TryLater,
    Verified,
    account_of,
    change_account,
    contact_of,
    forget_pushes,
    get_contact,
    join_contact,
    keep_push,
    likely_customers,
    list_accounts,
    messages,
    normalised,
    note_delivery,
    push_worked,
    read_push,
    send_again,
    send_due,
    signed_reply_token,
    split_contact,
    thread_of_token,
)
from aftercare.journal import House, PermissionMissing, begin, drain
from aftercare.kit.ids import new_id
from aftercare.kit.seals import SealBroken
from tests.cases.given import World, a_world, facts, names, scalar
from tests.conftest import Clock
from tests.conversations.given import an_account, comes, with_carrier


async def test_secrets_of_an_account_are_sealed_and_not_shown(house: House) -> None:
    world = await a_world(house)
    account_id = await an_account(house, world.shop_id, address="Service@Qinglan.example")
    async with begin(house) as work:
        shown = (await list_accounts(work, world.shop_id))[0]
        known = await account_of(work, account_id, Channel.email)
        kept = await work.session.scalar(text("SELECT secrets FROM channel_account"))
    assert (shown.address, shown.secret_names) == ("service@qinglan.example", ["token"])
    assert known.secrets == {"token": "t0p-secret"}
    assert b"t0p" not in kept
    assert "t0p" not in repr(known) + repr(shown) + str(known)
    assert "t0p" not in str(await facts(house, "channel."))


async def test_secrets_change_one_by_one_and_do_not_open_under_another_key(house: House) -> None:
    world = await a_world(house)
    account_id = await an_account(house, world.shop_id)
    async with begin(house) as work:
        await change_account(work, account_id, AccountChange(secrets={"token": "", "key": "k"}))
    async with begin(house) as work:
        assert (await account_of(work, account_id)).secrets == {"key": "k"}
    other = House(house.database, secret=b"somebody else's")
    with pytest.raises(SealBroken):
        async with begin(other) as work:
            await account_of(work, account_id)


async def test_only_the_system_reads_secrets_and_only_who_may_sees_accounts(house: House) -> None:
    world = await a_world(house)
    account_id = await an_account(house, world.shop_id)
    with pytest.raises(PermissionMissing):
        async with begin(house, world.boss) as work:
            await account_of(work, account_id)
    with pytest.raises(PermissionMissing):
        async with begin(house, world.mei) as work:
            await list_accounts(work)


async def test_an_address_has_one_open_account(house: House) -> None:
    world = await a_world(house)
    account_id = await an_account(house, world.shop_id)
    with pytest.raises(AccountTaken):
        await an_account(house, world.shop_id)
    async with begin(house) as work:
        await change_account(work, account_id, AccountChange(active=False))
    again = await an_account(house, world.shop_id)
    assert again != account_id
    with pytest.raises(AccountNotFound):
        async with begin(house) as work:
            await account_of(work, account_id)


def test_addresses_are_kept_in_one_way() -> None:
    assert normalised(Channel.email, " Li.Wei@Example.COM ") == "li.wei@example.com"
    assert normalised(Channel.sms, "138 0013 8000") == "+8613800138000"
    assert normalised(Channel.whatsapp, "+44 20 7946 0958") == "+442079460958"
    assert normalised(Channel.wechat, "oXyZ_1") == "oXyZ_1"
    for wrong in ("nobody", "a@b", ""):
        with pytest.raises(AddressNotPossible):
            normalised(Channel.email, wrong)


async def test_a_contact_is_one_and_gets_its_customer_only_when_verified(house: House) -> None:
    world = await a_world(house)
    async with begin(house) as work:
        first = await contact_of(
            work, shop_id=world.shop_id, channel=Channel.sms, address="13800138000", name="王"
        )
        second = await contact_of(work, shop_id=world.shop_id, channel=Channel.sms, address="+8613800138000")
    assert (first.id, second.name, second.customer_id) == (second.id, "王", None)
    async with begin(house, world.mei) as work:
        assert [one.customer_id for one in await likely_customers(work, first.id)] == [world.customer_id]
        joined = await join_contact(work, first.id, world.customer_id, Verified.hand)
    assert (joined.customer_id, joined.verified_by) == (world.customer_id, Verified.hand)
    with pytest.raises(PermissionMissing):
        async with begin(house, world.mei) as work:
            await join_contact(work, first.id, world.customer_id, Verified.code)
    with pytest.raises(ContactJoinedAlready):
        async with begin(house, world.mei) as work:
            await join_contact(work, first.id, new_id(), Verified.hand)
    async with begin(house, world.mei) as work:
        assert (await split_contact(work, first.id)).customer_id is None
    assert await facts(house, "contact.") == [
        (
            "contact.joined",
            {"contact_id": str(first.id), "customer_id": str(world.customer_id), "how": "hand"},
        ),
        ("contact.split", {"contact_id": str(first.id), "customer_id": str(world.customer_id)}),
    ]


def test_a_reply_token_survives_capitals_and_is_not_forged() -> None:
    thread_id = new_id()
    token = signed_reply_token(b"secret", thread_id)
    assert len(token) == 39
    assert thread_of_token(b"secret", token.upper()) == thread_id
    assert thread_of_token(b"other", token) is None
    assert [thread_of_token(b"secret", wrong) for wrong in ("", "a" * 39, token[:-1], "ü" * 39)] == [None] * 4


async def test_a_push_is_kept_once_and_worked_off_once(house: House, clock: Clock) -> None:
    world = await a_world(house)
    account_id = await an_account(house, world.shop_id, Channel.webhook, "hook")
    kept = []
    for _ in range(2):
        async with begin(house) as work:
            kept.append(await keep_push(work, account_id, b"{}", about={"event": "x"}, sender="li"))
    assert [one.again for one in kept] == [False, True]
    assert kept[0].push_id == kept[1].push_id
    assert names(await facts(house, "channel.pushed")) == ["channel.pushed"]
    async with begin(house) as work:
        push = await read_push(work, kept[0].push_id)
        assert push is not None
        assert (push.body, push.about) == (b"{}", {"event": "x"})
        await push_worked(work, push.id, "received")
    async with begin(house) as work:
        assert await read_push(work, kept[0].push_id) is None
        assert await forget_pushes(work) == 0
    clock.now += timedelta(days=31)
    async with begin(house) as work:
        assert await forget_pushes(work) == 1
    with pytest.raises(PushTooLarge):
        async with begin(house) as work:
            await keep_push(work, account_id, b"x" * (1024 * 1024 + 1))
    with pytest.raises(AccountNotFound):
        async with begin(house) as work:
            await keep_push(work, new_id(), b"{}")


async def answered(world: World, body: str = "马上处理") -> tuple[UUID, UUID]:
    """A mail came and Mei has answered: the account and the answer."""
    account_id = await an_account(world.house, world.shop_id)
    came = await comes(
        world.house, account_id, "li@example.com", "漏水", subject="净水器", external_id="<1@a>"
    )
    assert came.case_id is not None
    async with begin(world.house, world.mei) as work:
        return account_id, (await say(work, came.case_id, body)).message_id


async def state_of(house: House, message_id: UUID) -> tuple[str, str | None, int]:
    async with begin(house) as work:
        row = (
            await work.session.execute(
                text("SELECT state, error, attempts FROM message_sending WHERE message_id = :id"),
                {"id": message_id},
            )
        ).one()
        return row.state, row.error, row.attempts


async def test_the_answer_leaves_by_the_way_on_which_the_customer_wrote(house: House) -> None:
    world, carrier = await a_world(house), with_carrier(house)
    account_id, message_id = await answered(world)
    assert (await state_of(house, message_id))[0] == "planned"
    await drain(house)
    (out,) = carrier.took
    assert (out.to, out.body, out.subject, out.in_reply_to) == (
        "li@example.com",
        "马上处理",
        "净水器",
        "<1@a>",
    )
    assert (out.message_id, out.account.id, out.author_name) == (message_id, account_id, "mei")
    assert (out.case_number[:3], out.references) == ("AC-", ["<1@a>"])
    thread_id = await scalar(house, "SELECT thread_id FROM message WHERE id = :id", id=message_id)
    assert thread_of_token(house.secret, out.reply_token) == thread_id
    assert await state_of(house, message_id) == ("sent", None, 1)
    assert names(await facts(house, "message.sent")) == ["message.sent"]
    async with begin(house, world.mei) as work:
        said = (await messages(work, thread_id)).items
    assert [(one.channel, one.author_name) for one in said] == [("email", "li@example.com"), ("email", "mei")]
    assert said[1].sending is not None
    assert (said[1].sending.state, said[1].sending.to) == ("sent", "li@example.com")
    await drain(house)
    assert len(carrier.took) == 1


async def test_no_letter_tells_of_an_answer_that_was_a_letter(house: House) -> None:
    world = await a_world(house)
    await answered(world)
    assert await scalar(house, "SELECT count(*) FROM notice") == 0


async def test_what_cannot_be_sent_now_is_sent_later_and_in_order(house: House, clock: Clock) -> None:
    world, carrier = await a_world(house), with_carrier(house)

    def busy(out: Outgoing) -> Sent:
        raise TryLater("busy", timedelta(minutes=5))

    take, carrier.answer = carrier.answer, busy
    _, first = await answered(world, "一")
    await drain(house)
    assert await state_of(house, first) == ("planned", "busy", 1)
    case_id = await scalar(house, "SELECT id FROM service_case")
    async with begin(house, world.mei) as work:
        second = (await say(work, case_id, "二")).message_id
    carrier.answer = take
    await drain(house)
    assert await state_of(house, second) == ("planned", None, 0)
    clock.now += timedelta(minutes=6)
    await send_due(house)
    assert [out.body for out in carrier.took] == ["一", "二"]
    assert carrier.took[1].references == ["<1@a>", "out-0"]


async def test_an_answer_that_never_arrives_is_told_and_the_case_waits_for_us(house: House) -> None:
    world, carrier = await a_world(house), with_carrier(house)

    def nobody(out: Outgoing) -> Sent:
        raise NotDelivered("550 no such user", bounced=True)

    take, carrier.answer = carrier.answer, nobody
    _, message_id = await answered(world)
    await drain(house)
    assert await state_of(house, message_id) == ("bounced", "550 no such user", 1)
    assert names(await facts(house, "message.undeliverable", "contact.")) == [
        "message.undeliverable",
        "contact.bounced",
    ]
    assert await scalar(house, "SELECT status FROM service_case") == "waiting_shop"
    assert await scalar(house, "SELECT bounced_at IS NOT NULL FROM contact")
    case_id = await scalar(house, "SELECT id FROM service_case")
    async with begin(house, world.mei) as work:
        await say(work, case_id, "还有")
    assert await scalar(house, "SELECT count(*) FROM message_sending") == 1
    carrier.answer = take
    async with begin(house, world.mei) as work:
        await send_again(work, message_id)
    await send_due(house)
    assert (await state_of(house, message_id))[0] == "sent"


async def test_who_crashes_while_sending_sends_again(house: House, clock: Clock) -> None:
    world, carrier = await a_world(house), with_carrier(house)

    def dies(out: Outgoing) -> Sent:
        raise OSError("line lost")

    take, carrier.answer = carrier.answer, dies
    _, message_id = await answered(world)
    await drain(house)
    assert (await state_of(house, message_id))[:2] == ("planned", "OSError: line lost")
    carrier.answer = take
    clock.now += timedelta(minutes=1)
    await send_due(house)
    await send_due(house)
    assert len(carrier.took) == 1


async def test_reports_go_forward_only(house: House) -> None:
    world = await a_world(house)
    with_carrier(house)
    account_id, message_id = await answered(world)
    await drain(house)
    for state, after in (("read", "read"), ("delivered", "read"), ("failed", "read")):
        async with begin(house) as work:
            assert await note_delivery(work, account_id, "out-0", SendingState(state))
        assert (await state_of(house, message_id))[0] == after
    async with begin(house) as work:
        assert not await note_delivery(work, account_id, "unknown", SendingState.delivered)


async def test_a_contact_that_writes_is_alive_again(house: House) -> None:
    world = await a_world(house)
    account_id = await an_account(house, world.shop_id)
    came = await comes(house, account_id, "li@example.com", "喂")
    async with begin(house) as work:
        await work.session.execute(text("UPDATE contact SET bounced_at = now()"))
    await comes(house, account_id, "li@example.com", "喂喂")
    async with begin(house) as work:
        assert (await get_contact(work, came.contact_id)).bounced_at is None
