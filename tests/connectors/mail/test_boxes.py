"""Mailboxes of a real Dovecot: told of new mail at once, nothing lost and nothing doubled through restarts and renumbering."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from time import monotonic
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import text

from aftercare.connectors.mail.boxes import Mailboxes, SignInRefused, check_account
from aftercare.conversations import (
    AccountChange,
    Channel,
    NewAccount,
    add_account,
    change_account,
    read_account,
)
from aftercare.journal import House, begin
from tests.cases.given import scalar
from tests.connectors.mail.dovecot import PASSWORD, Dovecot
from tests.connectors.mail.dovecot import dovecot as dovecot
from tests.connectors.mail.given import Post, a_post, mail


@pytest_asyncio.fixture(loop_scope="session")
async def post(own_house: House, dovecot: Dovecot, tmp_path: Path) -> AsyncIterator[Post]:
    settings = imap(dovecot, tmp_path.name)
    made = await a_post(own_house, tmp_path, settings, password=PASSWORD)
    yield made


def imap(dovecot: Dovecot, user: str, **more: Any) -> dict[str, Any]:
    given = {
        "host": "127.0.0.1",
        "port": dovecot.port,
        "security": "none",
        "username": user,
        "begin": "all",
        "idle_seconds": 600,
    }
    return {"imap": {**given, **more}}  # fmt: skip


async def kept(post: Post) -> list[str]:
    async with begin(post.house) as work:
        rows = await work.session.execute(
            text(
                "SELECT substring(convert_from(body, 'utf-8') from 'Subject: ([^\\r\\n]*)') FROM channel_push ORDER BY received_at, id"
            )
        )
        return list(rows.scalars())


async def until(post: Post, subjects: list[str]) -> None:
    """Waits until just these are kept: far shorter than a box is left without a look when its server tells of nothing."""
    began = monotonic()
    while sorted(await kept(post)) != sorted(subjects):
        assert monotonic() - began < 60, await kept(post)
        await asyncio.sleep(0.05)


async def noted(post: Post) -> None:
    """Waits until it is noted how far the box was read."""
    began = monotonic()
    while not await scalar(post.house, "SELECT marks ? 'INBOX' FROM channel_account"):
        assert monotonic() - began < 60
        await asyncio.sleep(0.05)


def numbered(number: int) -> bytes:
    return mail(f"{number}", Subject=f"n{number}", Message_ID=f"<{number}@example.com>").as_bytes()


async def ended(boxes: Mailboxes) -> None:
    leave = asyncio.Event()
    leave.set()
    await boxes.watch(leave)


async def test_new_mail_is_kept_within_a_moment_and_seen(
    post: Post, dovecot: Dovecot, tmp_path: Path
) -> None:
    await asyncio.to_thread(dovecot.put, tmp_path.name, numbered(1))
    boxes = Mailboxes(post.house)
    await boxes.look()
    await until(post, ["n1"])
    await asyncio.to_thread(dovecot.put, tmp_path.name, numbered(2))
    await until(post, ["n1", "n2"])
    began = monotonic()
    while not await asyncio.to_thread(all_seen, dovecot, tmp_path.name):
        assert monotonic() - began < 60
        await asyncio.sleep(0.05)
    await ended(boxes)
    async with begin(post.house) as work:
        view = await read_account(work, post.account_id)
    assert view.last_error is None
    assert view.last_seen_at is not None


async def test_restarts_and_renumbering_neither_lose_nor_double(
    post: Post, dovecot: Dovecot, tmp_path: Path
) -> None:
    user = tmp_path.name
    for number in range(5):
        await asyncio.to_thread(dovecot.put, user, numbered(number))
    first = Mailboxes(post.house)
    await first.look()
    await until(post, [f"n{number}" for number in range(5)])
    # Two readers at once, as when leading passes from one worker to the next.
    second = Mailboxes(post.house)
    await second.look()
    for number in range(5, 10):
        await asyncio.to_thread(dovecot.put, user, numbered(number))
    await until(post, [f"n{number}" for number in range(10)])
    await ended(first)
    await ended(second)
    for number in range(10, 13):
        await asyncio.to_thread(dovecot.put, user, numbered(number))
    # The mark forgets how far it was, as when the server numbers its mails anew.
    async with begin(post.house) as work:
        await work.session.execute(
            text("UPDATE channel_account SET marks = jsonb_set(marks, '{INBOX,validity}', '7')")
        )
    third = Mailboxes(post.house)
    await third.look()
    await until(post, [f"n{number}" for number in range(13)])
    await ended(third)


async def test_only_what_comes_from_now_on_is_ours_unless_asked(
    post: Post, dovecot: Dovecot, tmp_path: Path
) -> None:
    user = tmp_path.name
    await asyncio.to_thread(dovecot.put, user, numbered(1))
    async with begin(post.house) as work:
        change = AccountChange(settings=imap(dovecot, user, begin="now", after="delete"))
        await change_account(work, post.account_id, change)
    boxes = Mailboxes(post.house)
    await boxes.look()
    await noted(post)
    await asyncio.to_thread(dovecot.put, user, numbered(2))
    await until(post, ["n2"])
    began = monotonic()
    while await asyncio.to_thread(lying, dovecot, user) != ["n1"]:
        assert monotonic() - began < 60
        await asyncio.sleep(0.05)
    await ended(boxes)


def all_seen(dovecot: Dovecot, user: str) -> bool:
    with dovecot.box(user) as box:
        return all("\\Seen" in found.flags for found in box.fetch(mark_seen=False))


def lying(dovecot: Dovecot, user: str) -> list[str]:
    with dovecot.box(user) as box:
        return [found.subject for found in box.fetch(mark_seen=False)]


async def test_a_lost_line_is_taken_up_again(post: Post, dovecot: Dovecot, tmp_path: Path) -> None:
    boxes = Mailboxes(post.house)
    await boxes.look()
    await noted(post)
    (reader,) = boxes.readers.values()
    assert reader._box is not None
    reader._box.client.socket().shutdown(socket.SHUT_RDWR)
    await asyncio.to_thread(dovecot.put, tmp_path.name, numbered(1))
    await until(post, ["n1"])
    async with begin(post.house) as work:
        await change_account(work, post.account_id, AccountChange(active=False))
    await boxes.look()
    assert boxes.readers == {}


async def test_a_wrong_password_is_told_without_it(post: Post, dovecot: Dovecot, tmp_path: Path) -> None:
    assert await check_account(post.house, post.account_id) == [
        f"imap: signed in to 127.0.0.1:{dovecot.port}, the server tells of new mail (IDLE)",
        "imap: INBOX has 0 mails, 0 unread",
        "smtp: the installation's own",
    ]
    async with begin(post.house) as work:
        await change_account(work, post.account_id, AccountChange(secrets={"password": "wrong secret"}))
    with pytest.raises(SignInRefused) as refused:
        await check_account(post.house, post.account_id)
    assert "wrong secret" not in str(refused.value)
    boxes = Mailboxes(post.house)
    await boxes.look()
    began = monotonic()
    error = None
    while error is None and monotonic() - began < 60:
        await asyncio.sleep(0.1)
        async with begin(post.house) as work:
            error = (await read_account(work, post.account_id)).last_error
    await ended(boxes)
    assert error == f"SignInRefused: 127.0.0.1 refuses the sign-in of {tmp_path.name}"


async def test_several_boxes_by_password_and_by_token(
    post: Post, dovecot: Dovecot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token is asked for with the refresh token, used by XOAUTH2, and asked for anew when the box refuses it."""
    second = f"{tmp_path.name}-token"
    given = ["access-1", "access-2"]
    dovecot.tokens["access-2"] = second
    asked: list[dict[str, str]] = []

    async def renewed(self: httpx.AsyncClient, url: str, data: dict[str, str]) -> httpx.Response:
        asked.append({"url": url, **data})
        return httpx.Response(200, json={"access_token": given.pop(0), "expires_in": 3600})

    monkeypatch.setattr(httpx.AsyncClient, "post", renewed)
    async with begin(post.house) as work:
        shop_id = await work.session.scalar(text("SELECT shop_id FROM channel_account"))
        await add_account(
            work,
            NewAccount(
                shop_id=shop_id,
                kind=Channel.email,
                name="售后",
                address="aftersales@qinglan.example",
                settings=imap(dovecot, second)
                | {
                    "oauth": {"token_url": "https://login.example/token", "client_id": "app", "scope": "imap"}
                },
                secrets={"refresh_token": "refresh", "client_secret": "s3cret"},
            ),
        )
    await asyncio.to_thread(dovecot.put, tmp_path.name, numbered(1))
    await asyncio.to_thread(dovecot.put, second, numbered(2))
    boxes = Mailboxes(post.house)
    await boxes.look()
    await until(post, ["n1"])
    told = await trouble(post, "aftersales@qinglan.example")
    assert "access-1" not in told
    assert "s3cret" not in told
    await ended(boxes)
    boxes = Mailboxes(post.house)
    await boxes.look()
    await until(post, ["n1", "n2"])
    await ended(boxes)
    assert [(one["grant_type"], one["refresh_token"], one["client_secret"]) for one in asked] == [
        ("refresh_token", "refresh", "s3cret")
    ] * 2
    assert asked[0]["url"] == "https://login.example/token"


async def trouble(post: Post, address: str) -> str:
    """What is told of an account that cannot sign in."""
    for _ in range(1_200):
        async with begin(post.house) as work:
            told = await work.session.scalar(
                text("SELECT last_error FROM channel_account WHERE address = :address"), {"address": address}
            )
        if told:
            return str(told)
        await asyncio.sleep(0.05)
    raise AssertionError("nothing was told")
