"""Webhooks against a receiver that truly listens: signed, in order, again until taken, once by their ids, replayed, given up."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from time import monotonic
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from aftercare.connectors.webhooks import HttpPoster
from aftercare.identity import NewShop, new_shop
from aftercare.journal import Actor, ActorKind, House, PermissionMissing, begin, drain
from aftercare.kit.ids import new_id
from aftercare.notices import MailSender, NoticeRead, webhooks
from aftercare.notices.webhooks import (
    NewWebhook,
    WebhookAddressNotPossible,
    WebhookChange,
    WebhookFactUnknown,
    WebhookGrantUnknown,
    WebhookIsOff,
    WebhookPoster,
    WebhookState,
)
from aftercare.notices.webhooks.catalogue import SharedFact
from aftercare.settings import Webhooks
from tests.conftest import NOON, Clock
from tests.notices.given import Mailbox, a_claim, a_world
from tests.notices.receiver import Receiver, receiving, slowly

KEEPER = frozenset(
    ["shops.write", "shops.read", "insights.read", "orders.read", "cases.read", "claims.read", "journal.read"]
)
LOCAL = Webhooks(private_hosts=["127.0.0.1"], timeout_seconds=30)
"""On a machine that is busy even the next process may take its time."""
HASTY = Webhooks(private_hosts=["127.0.0.1"], timeout_seconds=0.5)


def keeper(*shops: UUID, without: str = "") -> Actor:
    permissions = KEEPER - {without}
    return Actor(ActorKind.staff, new_id(), frozenset(shops) if shops else None, permissions)


@asynccontextmanager
async def posting(house: House, settings: Webhooks = LOCAL) -> AsyncIterator[None]:
    poster = HttpPoster(settings)
    house.ports = {**house.ports, WebhookPoster: poster}
    try:
        yield
    finally:
        await poster.close()


async def a_shop(house: House, code: str = "qinghe") -> UUID:
    async with begin(house) as work:
        return (await new_shop(work, NewShop(code=code, name="清和家居"))).id


async def a_webhook(
    house: House, receiver: Receiver, *facts: str, shop: UUID | None = None, grants: tuple[str, ...] = ()
) -> tuple[UUID, str]:
    async with begin(house, keeper()) as work:
        new = NewWebhook(
            shop_id=shop,
            name="ERP",
            url=receiver.url,
            facts=list(facts or ("notice.*",)),
            grants=list(grants),
        )
        made = await webhooks.new_webhook(work, new, poster=house.port(WebhookPoster))
    return made.webhook.id, made.secret


async def happens(house: House, shop: UUID, *objects: UUID) -> None:
    """One fact about each, in this order, each in a transaction of its own."""
    for one in objects:
        async with begin(house) as work:
            work.record(NoticeRead(shop_id=shop, notice_id=one))


async def posts(house: House) -> list[Any]:
    async with begin(house) as work:
        rows = await work.session.execute(text("SELECT * FROM webhook_post ORDER BY transaction, position"))
        return list(rows.all())


def notices(receiver: Receiver) -> list[str]:
    return [one.told["data"]["notice_id"] for one in receiver.taken]


async def test_a_fact_is_told_signed_and_without_anybody_s_name(own_house: House, clock: Clock) -> None:
    with receiving() as receiver:
        async with posting(own_house):
            shop, other = await a_shop(own_house), await a_shop(own_house, "danqing")
            _, secret = await a_webhook(own_house, receiver, shop=shop)
            about = new_id()
            await happens(own_house, shop, about)
            await happens(own_house, other, new_id())
            assert await webhooks.drain_webhooks(own_house) == 1
    (got,) = receiver.got
    (row,) = await posts(own_house)
    assert got.told == {
        "id": str(row.id),
        "type": "notice.read",
        "timestamp": NOON.isoformat(),
        "cursor": f"{row.transaction}-{row.position}",
        "shop_id": str(shop),
        "actor": "system",
        "data": {"notice_id": str(about)},
    }
    assert (got.id, got.timestamp) == (str(row.id), int(NOON.timestamp()))
    assert got.signed_by(secret)
    assert not got.signed_by("whsec_" + "A" * 43 + "=")
    assert (row.state, row.attempts, row.status, row.error) == ("delivered", 1, 204, None)
    assert [(one["status"], one["error"]) for one in row.tries] == [(204, None)]


async def test_what_fails_is_told_again_under_the_same_id_and_holds_only_its_own_object(
    own_house: House, clock: Clock
) -> None:
    first, second = new_id(), new_id()
    sick = {str(first)}
    with receiving(answers=lambda told: 500 if told["data"]["notice_id"] in sick else 200) as receiver:
        async with posting(own_house):
            shop = await a_shop(own_house)
            webhook_id, _ = await a_webhook(own_house, receiver)
            await happens(own_house, shop, first, second, first, second)
            await webhooks.drain_webhooks(own_house)
            assert notices(receiver) == [str(second), str(second)]
            assert [one.status for one in receiver.got].count(500) == 1
            sick.clear()
            clock.now += timedelta(seconds=6)
            await webhooks.drain_webhooks(own_house)
    assert notices(receiver) == [str(second), str(second), str(first), str(first)]
    of_first = [one for one in receiver.got if one.told["data"]["notice_id"] == str(first)]
    assert [one.status for one in of_first] == [500, 200, 200]
    assert of_first[0].id == of_first[1].id != of_first[2].id
    assert [one.told["cursor"] for one in of_first[1:]] == sorted(
        (one.told["cursor"] for one in of_first[1:]), key=lambda mark: tuple(map(int, mark.split("-")))
    )
    assert [(row.state, row.attempts) for row in await posts(own_house)] == [
        ("delivered", 2),
        ("delivered", 1),
        ("delivered", 1),
        ("delivered", 1),
    ]
    async with begin(own_house, keeper()) as work:
        assert (await webhooks.get_webhook(work, webhook_id)).failures == 0


async def test_a_receiver_that_is_away_gets_everything_when_it_is_back(
    own_house: House, clock: Clock
) -> None:
    receiver = Receiver()
    receiver.start()
    async with posting(own_house):
        shop = await a_shop(own_house)
        webhook_id, _ = await a_webhook(own_house, receiver)
        objects = [new_id() for _ in range(4)]
        receiver.stop()
        await happens(own_house, shop, *objects, *objects)
        await webhooks.drain_webhooks(own_house)
        async with begin(own_house, keeper()) as work:
            seen = await webhooks.get_webhook(work, webhook_id)
        assert (seen.failures, seen.failing_since, seen.last_error, seen.waiting) == (
            4,
            NOON,
            "ConnectError",
            8,
        )
        clock.now += timedelta(seconds=6)
        # From now on only one is tried at a time, and then there is a rest.
        assert await webhooks.drain_webhooks(own_house) == 1
        assert await webhooks.drain_webhooks(own_house) == 0
        receiver.start()
        clock.now += timedelta(minutes=1)
        await webhooks.drain_webhooks(own_house)
        receiver.stop()
    told = notices(receiver)
    assert sorted(told) == sorted(map(str, objects * 2))
    assert len({one.id for one in receiver.got}) == 8
    async with begin(own_house, keeper()) as work:
        seen = await webhooks.get_webhook(work, webhook_id)
    assert (seen.failures, seen.failing_since, seen.waiting, seen.last_success_at) == (0, None, 0, clock.now)


async def test_an_answer_that_takes_too_long_is_none(own_house: House, clock: Clock) -> None:
    with receiving(answers=slowly(3.0)) as receiver:
        async with posting(own_house, HASTY):
            shop = await a_shop(own_house)
            await a_webhook(own_house, receiver)
            await happens(own_house, shop, new_id())
            await webhooks.drain_webhooks(own_house)
            (row,) = await posts(own_house)
            assert (row.state, row.status, row.error) == ("waiting", None, "no answer within 0.5 seconds")
        receiver.answers = lambda told: 204
        clock.now += timedelta(seconds=6)
        async with posting(own_house):
            await webhooks.drain_webhooks(own_house)
    # The first one arrived after all: the same id tells the receiver so.
    assert len({one.id for one in receiver.got}) == 1


async def test_who_says_when_to_come_again_is_asked_then(own_house: House, clock: Clock) -> None:
    with receiving(answers=lambda told: 503, headers={"Retry-After": "90"}) as receiver:
        async with posting(own_house):
            shop = await a_shop(own_house)
            await a_webhook(own_house, receiver)
            await happens(own_house, shop, new_id())
            await webhooks.drain_webhooks(own_house)
            clock.now += timedelta(seconds=89)
            assert await webhooks.drain_webhooks(own_house) == 0
            clock.now += timedelta(seconds=1)
            assert await webhooks.drain_webhooks(own_house) == 1


async def test_redirects_are_not_followed(own_house: House) -> None:
    with receiving() as elsewhere, receiving(answers=lambda told: 307) as receiver:
        receiver.headers["Location"] = elsewhere.url
        async with posting(own_house):
            shop = await a_shop(own_house)
            await a_webhook(own_house, receiver)
            await happens(own_house, shop, new_id())
            await webhooks.drain_webhooks(own_house)
    assert elsewhere.got == []
    assert [(row.state, row.status, row.error) for row in await posts(own_house)] == [
        ("waiting", 307, "answered 307")
    ]


async def test_two_secrets_are_valid_for_a_while(own_house: House, clock: Clock) -> None:
    with receiving() as receiver:
        async with posting(own_house):
            shop = await a_shop(own_house)
            webhook_id, old = await a_webhook(own_house, receiver)
            async with begin(own_house, keeper()) as work:
                made = await webhooks.rotate_secret(work, webhook_id, old_for_hours=24)
            assert made.webhook.old_secret_until == NOON + timedelta(hours=24)
            for _ in range(2):
                await happens(own_house, shop, new_id())
                await webhooks.drain_webhooks(own_house)
                clock.now += timedelta(hours=25)
    during, afterwards = receiver.got
    assert (during.signed_by(old), during.signed_by(made.secret), len(during.signatures)) == (True, True, 2)
    assert (afterwards.signed_by(old), afterwards.signed_by(made.secret)) == (False, True)


async def test_what_happened_is_told_again_under_the_ids_that_it_had(own_house: House, clock: Clock) -> None:
    with receiving() as receiver:
        async with posting(own_house):
            shop = await a_shop(own_house)
            await a_webhook(own_house, receiver, "claim.*")
            early = new_id()
            await happens(own_house, shop, early)
            clock.now += timedelta(hours=1)
            webhook_id, _ = await a_webhook(own_house, receiver)
            objects = [new_id(), new_id()]
            await happens(own_house, shop, *objects, objects[0])
            await webhooks.drain_webhooks(own_house)
            first_time = {one.id: one.body for one in receiver.got}
            assert len(first_time) == 3
            async with begin(own_house, keeper()) as work:
                assert await webhooks.replay(work, webhook_id, clock.now) == 3
            await webhooks.drain_webhooks(own_house)
            again = receiver.got[3:]
            assert {one.id: one.body for one in again} == first_time
            told = [one.told["data"]["notice_id"] for one in again]
            assert told.index(str(objects[0])) < len(told) - 1 - told[::-1].index(str(objects[0]))
            # What was before it began to listen has never been told: now it is.
            async with begin(own_house, keeper()) as work:
                assert await webhooks.replay(work, webhook_id, NOON, until=clock.now) == 1
                with pytest.raises(WebhookFactUnknown):
                    await webhooks.replay(work, webhook_id, NOON, facts=["no.such"])
            await webhooks.drain_webhooks(own_house)
    assert receiver.got[-1].told["data"]["notice_id"] == str(early)
    assert len(receiver.got) == 7


async def test_after_days_of_failures_it_is_told_nothing_any_more(own_house: House, clock: Clock) -> None:
    box = Mailbox()
    own_house.ports = {MailSender: box}
    with receiving(answers=lambda told: 500) as receiver:
        async with posting(own_house):
            shop = await a_shop(own_house)
            webhook_id, _ = await a_webhook(own_house, receiver)
            async with begin(own_house) as work:
                await work.session.execute(
                    text(
                        "INSERT INTO account (id, email, name, locale, active, created_at) VALUES"
                        " (:id, 'it@qinghe.example', '林静', 'zh-CN', true, :now)"
                    ),
                    {"id": new_id(), "now": work.now},
                )
                await work.session.execute(text("UPDATE webhook SET created_by = (SELECT id FROM account)"))
            await happens(own_house, shop, new_id())
            for _ in range(40):
                await webhooks.drain_webhooks(own_house)
                clock.now += timedelta(hours=6)
            async with begin(own_house, keeper()) as work:
                seen = await webhooks.get_webhook(work, webhook_id)
            assert (seen.state, seen.failing_since, seen.waiting) == (WebhookState.gave_up, NOON, 1)
            assert seen.off_at is not None
            assert seen.off_at - NOON == timedelta(days=5)
            await drain(own_house)
            (letter,) = box.letters
            assert (letter.to, letter.subject) == ("it@qinghe.example", "推送“ERP”已停止")
            assert "连续 5 天没有一次成功" in letter.text
            asked = len(receiver.got)
            await happens(own_house, shop, new_id())
            await webhooks.drain_webhooks(own_house)
            assert len(receiver.got) == asked
            receiver.answers = lambda told: 200
            async with begin(own_house, keeper()) as work:
                with pytest.raises(WebhookIsOff):
                    await webhooks.replay(work, webhook_id, NOON)
            async with begin(own_house, keeper()) as work:
                assert (await webhooks.switch_webhook(work, webhook_id, on=True)).failures == 0
            await webhooks.drain_webhooks(own_house)
    assert len(receiver.taken) == 1


async def test_who_is_gone_is_told_nothing_any_more(own_house: House) -> None:
    with receiving(answers=lambda told: 410) as receiver:
        async with posting(own_house):
            shop = await a_shop(own_house)
            webhook_id, _ = await a_webhook(own_house, receiver)
            await happens(own_house, shop, new_id())
            await webhooks.drain_webhooks(own_house)
            async with begin(own_house, keeper()) as work:
                assert (await webhooks.get_webhook(work, webhook_id)).state is WebhookState.gave_up


async def test_a_post_that_is_refused_for_days_lets_the_others_pass(own_house: House, clock: Clock) -> None:
    poison, healthy = new_id(), new_id()
    with receiving(answers=lambda told: 422 if told["data"]["notice_id"] == str(poison) else 200) as receiver:
        async with posting(own_house):
            shop = await a_shop(own_house)
            await a_webhook(own_house, receiver)
            await happens(own_house, shop, poison)
            for _ in range(18):
                await happens(own_house, shop, healthy)
                await webhooks.drain_webhooks(own_house)
                clock.now += timedelta(hours=6)
    rows = await posts(own_house)
    assert [(row.state, row.attempts) for row in rows if row.lane == poison] == [("dropped", 18)]
    assert {row.state for row in rows if row.lane == healthy} == {"delivered"}
    assert len(rows[0].tries) == 10


async def test_details_are_told_only_where_they_were_granted(own_house: House) -> None:
    with receiving() as plain, receiving() as knowing:
        async with posting(own_house):
            given = await a_world(own_house)
            await a_webhook(own_house, plain, "claim.*")
            await a_webhook(
                own_house, knowing, "claim.*", grants=("customer_name", "order_number", "case_number")
            )
            await a_claim(own_house, given)
            await webhooks.drain_webhooks(own_house)
    assert plain.got
    for one in plain.got:
        assert "granted" not in one.told
        assert "王晓燕" not in one.body.decode()
        assert "SO-qinghe" not in one.body.decode()
    told = knowing.got[0].told
    assert told["granted"]["customer_name"] == "王晓燕"
    assert set(told["granted"]) <= {"customer_name", "order_number", "case_number"}


async def test_who_may_keep_them(own_house: House) -> None:
    shop, other = await a_shop(own_house), await a_shop(own_house, "danqing")
    poster = HttpPoster(Webhooks())
    good = {"name": "ERP", "url": "https://erp.example.com/hook", "facts": ["claim.*"]}
    async with begin(own_house, keeper(shop)) as work:
        made = await webhooks.new_webhook(work, NewWebhook(shop_id=shop, **good), poster=poster)
    async with begin(own_house, keeper(other)) as work:
        assert await webhooks.list_webhooks(work) == []
    for actor, where, refusal in (
        (keeper(shop, without="shops.write"), shop, PermissionMissing),
        (keeper(shop), None, Exception),
        (keeper(shop), other, Exception),
    ):
        async with begin(own_house, actor) as work:
            with pytest.raises(refusal):
                await webhooks.new_webhook(work, NewWebhook(shop_id=where, **good), poster=poster)
    async with begin(own_house, keeper(shop, without="orders.read")) as work:
        with pytest.raises(PermissionMissing):
            await webhooks.change_webhook(
                work, made.webhook.id, WebhookChange(grants=["customer_name"]), poster=poster
            )
    async with begin(own_house, keeper(shop)) as work:
        for change, wrong in (
            (WebhookChange(facts=["clam.*"]), WebhookFactUnknown),
            (WebhookChange(facts=["session.opened"]), WebhookFactUnknown),
            (WebhookChange(grants=["password"]), WebhookGrantUnknown),
            *(
                (WebhookChange(url=url), WebhookAddressNotPossible)
                for url in (
                    "http://erp.example.com/hook",
                    "https://10.0.0.1/hook",
                    "https://127.0.0.1/hook",
                    "https://[::1]/hook",
                    "https://169.254.169.254/latest/meta-data",
                    "https://localhost/hook",
                    "https://user:key@erp.example.com/hook",
                    "https://db.internal/hook",
                    "ftp://erp.example.com/hook",
                )
            ),
        ):
            with pytest.raises(wrong):
                await webhooks.change_webhook(work, made.webhook.id, change, poster=poster)
        await webhooks.remove_webhook(work, made.webhook.id)
        assert await webhooks.list_webhooks(work) == []


async def test_a_name_that_leads_into_the_inner_network_is_not_asked(own_house: House) -> None:
    poster = HttpPoster(Webhooks())
    answer = await poster.post("https://localtest.invalid/hook", {}, b"{}")
    assert (answer.status, answer.taken) == (None, False)
    await poster.close()


async def test_the_test_button_tells_what_was_answered(own_house: House) -> None:
    with receiving() as receiver:
        async with posting(own_house):
            webhook_id, secret = await a_webhook(own_house, receiver)
            tried = await webhooks.send_test(own_house, keeper(), webhook_id)
            assert (tried.taken, tried.status, tried.error) == (True, 204, None)
            assert (receiver.got[0].told["type"], receiver.got[0].signed_by(secret)) == ("webhook.test", True)
            receiver.answers = lambda told: 404
            tried = await webhooks.send_test(own_house, keeper(), webhook_id)
            assert (tried.taken, tried.status, tried.error) == (False, 404, "answered 404")
            async with begin(own_house, keeper()) as work:
                log = await webhooks.list_posts(work, webhook_id)
    assert [(one.fact, one.state) for one in log.items] == [
        ("webhook.test", "dropped"),
        ("webhook.test", "delivered"),
    ]


def test_every_shared_fact_has_a_schema_that_its_messages_fit() -> None:
    named = webhooks.sharable()
    assert not [one.name for one in named.facts if one.name.startswith(("session.", "webhook.", "sign_in."))]
    assert isinstance(named.facts[0], SharedFact)
    for one in named.facts:
        schema = webhooks.schema_of(one.name)
        assert schema["title"] == one.name
        assert schema["properties"]["type"] == {"const": one.name}
        assert "shop_id" not in schema["properties"]["data"].get("properties", {})
    approved = webhooks.schema_of("claim.approved")
    assert approved["properties"]["data"]["properties"]["claim_id"]["format"] == "uuid"
    assert webhooks.fitting(["claim.approved", "claim.approved", "nothing.*"]) == ["claim.approved"]


async def test_the_journal_is_fetched_page_by_page_each_fact_once(own_house: House) -> None:
    shop, other = await a_shop(own_house), await a_shop(own_house, "danqing")
    objects = [new_id() for _ in range(5)]
    await happens(own_house, shop, *objects)
    await happens(own_house, other, new_id())
    found: list[str] = []
    after = ""
    # A fact is told once all older transactions of the whole server have ended: those of other tests too.
    ends = monotonic() + 60
    while len(found) < 5 and monotonic() < ends:
        async with begin(own_house, keeper(shop)) as work:
            page = await webhooks.shared_journal(work, after=after, facts=["notice.*"], limit=2)
        found += [one.data["notice_id"] for one in page.items]
        after = page.next
        await asyncio.sleep(0 if page.items else 0.05)
    assert found == [str(one) for one in objects]
    async with begin(own_house, keeper(shop)) as work:
        page = await webhooks.shared_journal(work, after=after, facts=["notice.*"])
        assert (page.items, page.next, page.more) == ([], after, False)
        with pytest.raises(webhooks.SharedFactsMarkUnreadable):
            await webhooks.shared_journal(work, after="yesterday")
