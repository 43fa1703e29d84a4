"""Mailboxes, read by IMAP: several accounts beside each other, each in a thread of its own, told of new mail by the server (IDLE).

Each mail is kept in one transaction with the mark of how far its folder was read (UIDVALIDITY and UID), so that whoever dies in
between neither loses nor doubles one. Where a server numbers its mails anew, all since we first looked are read again, and those
that we have are known by their content.
"""

import asyncio
import imaplib
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Event, Thread
from typing import Any, TypeVar
from uuid import UUID

import structlog
from imap_tools import BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted
from imap_tools.errors import ImapToolsError

from aftercare.connectors.mail.account import ImapSettings, MailSettingsWrong, OAuthTokens, mail_settings
from aftercare.connectors.mail.inbound import keep_mail
from aftercare.connectors.mail.outbound import check_smtp
from aftercare.connectors.mail.reading import LARGEST
from aftercare.conversations import (
    Account,
    AccountNotFound,
    Channel,
    account_of,
    note_account,
    open_accounts,
    set_mark,
)
from aftercare.journal import SYSTEM, House, begin

log = structlog.get_logger()

SECONDS_BETWEEN_LOOKS = 15.0
"""How soon a new account, or a changed one, is noticed."""
SECONDS_TO_CONNECT = 30
AT_A_TIME = 25
LONGEST_PAUSE = 300.0
SECONDS_WITHOUT_IDLE = 30

T = TypeVar("T")


class SignInRefused(OSError):
    """The mail server does not accept our name and password."""


def connect(account: Account, imap: ImapSettings, token: str | None) -> BaseMailBox:
    """Signed in. Raises OSError, SignInRefused among them."""
    context = ssl.create_default_context()
    box: BaseMailBox
    try:
        if imap.security == "tls":
            box = MailBox(imap.host, imap.port, timeout=SECONDS_TO_CONNECT, ssl_context=context)
        elif imap.security == "starttls":
            box = MailBoxStartTls(imap.host, imap.port, timeout=SECONDS_TO_CONNECT, ssl_context=context)
        else:
            box = MailBoxUnencrypted(imap.host, imap.port, timeout=SECONDS_TO_CONNECT)
    except imaplib.IMAP4.error as failure:
        raise OSError(f"mail server: {failure}") from None
    username = imap.username or account.address
    try:
        if token:
            box.xoauth2(username, token, initial_folder=None)
        else:
            password = account.secrets.get("imap_password") or account.secrets.get("password") or ""
            box.login_utf8(username, password, initial_folder=None) if not password.isascii() else box.login(
                username, password, initial_folder=None
            )
    except (ImapToolsError, imaplib.IMAP4.error):
        _leave(box)
        # Not the server's words: some repeat what they were given.
        raise SignInRefused(f"{imap.host} refuses the sign-in of {username}") from None
    return box


def _leave(box: BaseMailBox) -> None:
    """Politely, and in any case."""
    with suppress(OSError, ImapToolsError, imaplib.IMAP4.error):
        box.logout()
    with suppress(OSError, imaplib.IMAP4.error):
        box.client.shutdown()


def _told_meanwhile(box: BaseMailBox) -> bool:
    """Whether the server told of new mail beside its answers since the folder was opened: IDLE does not tell of it again."""
    _, told = box.client.response("EXISTS")
    return len([number for number in told if number]) > 1


def _wait_for_news(box: BaseMailBox, seconds: int) -> None:
    """Until the server tells of something. What comes in one breath with its answer to IDLE has been read from the line already,
    where waiting for the line does not see it."""
    with box.idle as idle:
        line = box.client.socket()
        patience = line.gettimeout()
        line.settimeout(0)
        try:
            told = bool(box.client.file.peek())  # type: ignore[union-attr]
        except OSError:
            told = False
        finally:
            line.settimeout(patience)
        if not told:
            idle.poll(timeout=seconds)


@dataclass(frozen=True)
class Fetched:
    uid: int
    raw: bytes


class Folder:
    """One folder as a connection sees it."""

    def __init__(self, box: BaseMailBox, name: str) -> None:
        self.box, self.name = box, name
        told = box.folder.status(name, ["UIDVALIDITY", "UIDNEXT"])
        self.validity, self.next = int(told["UIDVALIDITY"]), int(told["UIDNEXT"])
        box.folder.set(name)

    def above(self, uid: int, since: datetime | None = None) -> list[int]:
        """UIDs above one, in order. The server may answer with the last one where there is none."""
        wanted = [f"UID {uid + 1}:*"]
        if since is not None:
            wanted.append(f"SINCE {since.day}-{_MONTHS[since.month - 1]}-{since.year}")
        _, answer = self._uid("SEARCH", None, *wanted)
        found = sorted({int(number) for line in answer if line for number in line.split()})
        return [number for number in found if number > uid]

    def fetch(self, uid: int) -> Fetched | None:
        """None when it has gone meanwhile. Of a mail that is too large only the beginning is read. Leaves it unseen."""
        _, answer = self._uid("FETCH", str(uid), f"(BODY.PEEK[]<0.{LARGEST}>)")
        for part in answer:
            if isinstance(part, tuple) and len(part) == 2 and re.search(rb"\bUID %d\b" % uid, part[0]):
                return Fetched(uid, part[1])
        rest = b" ".join(part for part in answer if isinstance(part, bytes))
        for part in answer:
            # Some servers put the UID behind the mail.
            if isinstance(part, tuple) and len(part) == 2 and re.search(rb"\bUID %d\b" % uid, rest):
                return Fetched(uid, part[1])
        return None

    def put_away(self, uids: list[int], after: str) -> None:
        wanted = [str(uid) for uid in uids]
        if not wanted or after == "keep":
            return
        if after == "seen":
            self.box.flag(wanted, ["\\Seen"], True)
        elif after == "delete":
            self.box.delete(wanted)
        elif after.startswith("move:"):
            self.box.move(wanted, after.removeprefix("move:"))

    def _uid(self, *command: Any) -> tuple[str, list[Any]]:
        kind, answer = self.box.client.uid(*command)
        if kind != "OK":
            raise OSError(f"mail server: {command[0]} {kind}")
        return kind, answer


_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


class Reader(Thread):
    """Reads one account until told to stop."""

    def __init__(
        self,
        account: Account,
        imap: ImapSettings,
        token: Callable[[], Awaitable[str | None]],
        house: House,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        super().__init__(name=f"mailbox {account.address}", daemon=True)
        self.account, self.imap = account, imap
        self._token, self._house, self._loop = token, house, loop
        self._stopped = Event()
        self._box: BaseMailBox | None = None
        self.marks = dict(account.marks)

    def stop(self) -> None:
        self._stopped.set()
        box = self._box
        if box is not None:
            # Wakes a thread that waits for the server.
            with suppress(OSError, AttributeError):
                box.client.socket().shutdown(socket.SHUT_RDWR)

    def run(self) -> None:
        pause = 1.0
        while not self._stopped.is_set():
            began = datetime.now(UTC)
            try:
                self._read_until_lost()
            except (OSError, ImapToolsError, imaplib.IMAP4.error, AccountNotFound, ssl.SSLError) as failure:
                if self._stopped.is_set():
                    return
                self._tell(f"{type(failure).__name__}: {failure}")
            except RuntimeError:
                # The loop has ended: so do we.
                return
            except Exception as failure:
                log.warning("mailbox stumbles", account=str(self.account.id), exc_info=failure)
                self._tell(type(failure).__name__)
            finally:
                self._box = None
            if datetime.now(UTC) - began > timedelta(minutes=2):
                pause = 1.0
            self._stopped.wait(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    def _ask(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def _tell(self, error: str | None) -> None:
        async def note() -> None:
            async with begin(self._house, SYSTEM) as work:
                await note_account(work, self.account.id, error=error)

        with suppress(Exception):
            self._ask(note())

    def _read_until_lost(self) -> None:
        async def token() -> str | None:
            return await self._token()

        self._box = box = connect(self.account, self.imap, self._ask(token()))
        try:
            idle = "IDLE" in box.client.capabilities
            self._tell(None)
            while not self._stopped.is_set():
                read = sum([self.read_folder(box, name) for name in self.imap.folders])
                if self._stopped.is_set():
                    return
                if read or _told_meanwhile(box):
                    continue
                first = self.imap.folders[0]
                if len(self.imap.folders) > 1:
                    box.folder.set(first)
                if idle:
                    _wait_for_news(box, self.imap.idle_seconds if len(self.imap.folders) == 1 else 20)
                else:
                    self._stopped.wait(SECONDS_WITHOUT_IDLE)
                    box.client.noop()
        finally:
            _leave(box)

    def read_folder(self, box: BaseMailBox, name: str) -> int:
        """All that is new; returns how many."""
        folder = Folder(box, name)
        mark = self.marks.get(name)
        since: datetime | None = None
        if mark is None:
            at = 0 if self.imap.begin == "all" else folder.next - 1
            mark = {
                "validity": folder.validity,
                "uid": at,
                "since": (datetime.now(UTC) - timedelta(days=1)).isoformat() if at else "",
            }
            self._set_mark(name, mark)
        elif mark["validity"] != folder.validity:
            # Numbered anew.
            log.warning("mailbox numbered anew", account=str(self.account.id), folder=name)
            since = datetime.fromisoformat(mark["since"]) if mark.get("since") else None
            mark = {**mark, "validity": folder.validity, "uid": 0}
        read = 0
        uids = folder.above(int(mark["uid"]), since)
        for begun in range(0, len(uids), AT_A_TIME):
            taken: list[int] = []
            for uid in uids[begun : begun + AT_A_TIME]:
                if self._stopped.is_set():
                    break
                fetched = folder.fetch(uid)
                mark = {**mark, "uid": uid}
                self._keep(name, mark, fetched)
                taken.append(uid)
            folder.put_away(taken, self.imap.after)
            read += len(taken)
        return read

    def _keep(self, name: str, mark: dict[str, Any], fetched: Fetched | None) -> None:
        async def keep() -> None:
            async with begin(self._house, SYSTEM) as work:
                if fetched is not None and fetched.raw:
                    about = {"folder": name, "uid": fetched.uid}
                    await keep_mail(work, self.account.id, fetched.raw, about=about)
                await set_mark(work, self.account.id, name, mark)

        self._ask(keep())
        self.marks[name] = mark

    def _set_mark(self, name: str, mark: dict[str, Any]) -> None:
        async def note() -> None:
            async with begin(self._house, SYSTEM) as work:
                await set_mark(work, self.account.id, name, mark)

        self._ask(note())
        self.marks[name] = mark


class Mailboxes:
    """Keeps a reader for every open mail account that has an IMAP server."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._tokens = OAuthTokens()
        self.readers: dict[UUID, Reader] = {}

    async def look(self) -> None:
        """Starts readers for new accounts, ends those of closed ones, and renews those whose settings changed."""
        async with begin(self._house, SYSTEM) as work:
            accounts = {account.id: account for account in await open_accounts(work, Channel.email)}
        for account_id, reader in list(self.readers.items()):
            now = accounts.get(account_id)
            if now is None or _changed(now, reader.account) or not reader.is_alive():
                await self._end([self.readers.pop(account_id)])
        for account in accounts.values():
            if account.id in self.readers:
                continue
            try:
                given = mail_settings(account)
            except MailSettingsWrong as wrong:
                async with begin(self._house, SYSTEM) as work:
                    await note_account(work, account.id, error=str(wrong))
                continue
            if given.imap is not None:

                async def token(account: Account = account, oauth: Any = given.oauth) -> str | None:
                    return await self._tokens.token(account, oauth)

                reader = Reader(account, given.imap, token, self._house, asyncio.get_running_loop())
                self.readers[account.id] = reader
                reader.start()

    async def watch(self, leave: asyncio.Event) -> None:
        """Until `leave` is set."""
        try:
            while not leave.is_set():
                try:
                    await self.look()
                except OSError as failure:
                    log.warning("mailboxes cannot be looked up", error=repr(failure))
                with suppress(TimeoutError):
                    await asyncio.wait_for(leave.wait(), SECONDS_BETWEEN_LOOKS)
        finally:
            await self._end(list(self.readers.values()))
            self.readers.clear()

    async def _end(self, readers: list[Reader]) -> None:
        for reader in readers:
            reader.stop()
        for reader in readers:
            await asyncio.to_thread(reader.join, 10)


def _changed(now: Account, before: Account) -> bool:
    return (now.address, now.settings, now.secrets) != (before.address, before.settings, before.secrets)


async def check_account(house: House, account_id: UUID) -> list[str]:
    """Tries an account for somebody who has just set it up: what was found, line by line. Raises OSError or a refusal."""
    async with begin(house, SYSTEM) as work:
        account = await account_of(work, account_id, Channel.email)
    given = mail_settings(account)
    told: list[str] = []
    token = await OAuthTokens().token(account, given.oauth)
    if given.imap is not None:
        told += await asyncio.to_thread(_check_imap, account, given.imap, token)
    else:
        told.append("imap: not set")
    if given.smtp is not None:
        told.append(await check_smtp(account, given.smtp, token))
    else:
        told.append("smtp: the installation's own")
    return told


def _check_imap(account: Account, imap: ImapSettings, token: str | None) -> list[str]:
    box = connect(account, imap, token)
    try:
        told = [
            f"imap: signed in to {imap.host}:{imap.port}, "
            + (
                "the server tells of new mail (IDLE)"
                if "IDLE" in box.client.capabilities
                else "no IDLE, looked at every 30 s"
            )
        ]
        for name in imap.folders:
            if not box.folder.exists(name):
                told.append(f"imap: no folder {name}")
                continue
            status = box.folder.status(name, ["MESSAGES", "UNSEEN"])
            told.append(f"imap: {name} has {status['MESSAGES']} mails, {status['UNSEEN']} unread")
        return told
    finally:
        _leave(box)
