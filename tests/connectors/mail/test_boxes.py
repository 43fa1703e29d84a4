"""Mailboxes of a real Dovecot: told of new mail at once, nothing lost and nothing doubled through restarts and renumbering."""

import asyncio
import os
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
import pytest_asyncio
from imap_tools import MailBoxUnencrypted
from sqlalchemy import text

from aftercare.connectors.mail.boxes import Mailboxes, SignInRefused, check_account
from aftercare.conversations import AccountChange, change_account, close_account, read_account
from aftercare.journal import House, begin
from tests.connectors.mail.given import Post, a_post, mail

DOVECOT = shutil.which("dovecot") or "/usr/sbin/dovecot"
PASSWORD = "right-horse"

CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/log
protocols = imap
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
listen = 127.0.0.1
mail_location = maildir:{folder}/mail/%u
mail_uid = {user}
mail_gid = {group}
first_valid_uid = 1
default_login_user = {login}
default_internal_user = {login}
default_internal_group = {internal}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/mail/%u
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    address = 127.0.0.1
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
"""


@dataclass
class Dovecot:
    port: int
    folder: Path

    def box(self, user: str) -> MailBoxUnencrypted:
        box = MailBoxUnencrypted("127.0.0.1", self.port, timeout=10)
        box.login(user, PASSWORD)
        return box

    def put(self, user: str, raw: bytes) -> None:
        with self.box(user) as box:
            box.append(raw, "INBOX")


@pytest.fixture(scope="module")
def dovecot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dovecot]:
    if not os.access(DOVECOT, os.X_OK) or os.geteuid() != 0:
        pytest.skip("no Dovecot here, or not root to start one")
    folder = Path("/tmp") / f"aftercare-dovecot-{os.getpid()}"  # its sockets need a short path
    (folder / "mail").mkdir(parents=True)
    folder.chmod(0o755)
    shutil.chown(folder / "mail", "mail", "mail")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = folder / "dovecot.conf"
    config.write_text(
        CONFIG.format(
            folder=folder, port=port, user="mail", group="mail", login="dovenull", internal="dovecot",
            password=PASSWORD,
        ).replace("default_internal_user = dovenull", "default_internal_user = dovecot")
    )  # fmt: skip
    server = subprocess.Popen([DOVECOT, "-F", "-c", str(config)])
    try:
        until = monotonic() + 15
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if monotonic() > until or server.poll() is not None:
                    pytest.fail((folder / "log").read_text() if (folder / "log").exists() else "no Dovecot")
                sleep(0.1)
        yield Dovecot(port, folder)
    finally:
        server.terminate()
        server.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


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
        "idle_seconds": 20,
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


async def until(post: Post, subjects: list[str]) -> float:
    """Waits until just these are kept; in seconds how long it took."""
    began = monotonic()
    while monotonic() - began < 15:
        if sorted(await kept(post)) == sorted(subjects):
            return monotonic() - began
        await asyncio.sleep(0.05)
    raise AssertionError(await kept(post))


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
    await asyncio.sleep(0.5)
    await asyncio.to_thread(dovecot.put, tmp_path.name, numbered(2))
    assert await until(post, ["n1", "n2"]) < 3
    await ended(boxes)
    with dovecot.box(tmp_path.name) as box:
        assert all("\\Seen" in found.flags for found in box.fetch(mark_seen=False))
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
    await asyncio.sleep(1)
    await asyncio.to_thread(dovecot.put, user, numbered(2))
    await until(post, ["n2"])
    await asyncio.sleep(0.3)
    await ended(boxes)
    with dovecot.box(user) as box:
        assert [found.subject for found in box.fetch(mark_seen=False)] == ["n1"]


async def test_a_lost_line_is_taken_up_again(post: Post, dovecot: Dovecot, tmp_path: Path) -> None:
    boxes = Mailboxes(post.house)
    await boxes.look()
    await asyncio.sleep(0.8)
    (reader,) = boxes.readers.values()
    assert reader._box is not None
    reader._box.client.socket().shutdown(socket.SHUT_RDWR)
    await asyncio.to_thread(dovecot.put, tmp_path.name, numbered(1))
    await until(post, ["n1"])
    async with begin(post.house) as work:
        await close_account(work, post.account_id)
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
    while error is None and monotonic() - began < 10:
        await asyncio.sleep(0.1)
        async with begin(post.house) as work:
            error = (await read_account(work, post.account_id)).last_error
    await ended(boxes)
    assert error == f"SignInRefused: 127.0.0.1 refuses the sign-in of {tmp_path.name}"
