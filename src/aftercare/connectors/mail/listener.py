"""Mail taken by our own SMTP listener, for who lets a mail server forward to it. It takes only what is for an open account, and
says yes only when the mail is kept."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import text

from aftercare.connectors.mail.inbound import keep_mail
from aftercare.connectors.mail.outbound import own_address
from aftercare.connectors.mail.reading import LARGEST
from aftercare.journal import SYSTEM, House, begin

log = structlog.get_logger()

MOST_RECIPIENTS = 20
SECONDS_OF_SILENCE = 60


class Handler:
    """What aiosmtpd asks."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        try:
            known = await self._accounts([address])
        except Exception as failure:
            log.warning("mail listener cannot look up an address", error=repr(failure))
            return "451 4.3.0 Please try again"
        if not known:
            return "550 5.1.1 No such mailbox here"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        raw = envelope.content
        if not isinstance(raw, bytes) or not raw:
            return "554 5.6.0 Nothing in it"
        # The envelope knows the address with its token also where a list or a Bcc hides it.
        head = b"".join(b"X-Original-To: %s\r\n" % to.encode("utf-8", "replace") for to in envelope.rcpt_tos)
        if not envelope.mail_from:
            head = b"Return-Path: <>\r\n" + head
        about: dict[str, Any] = {"from": envelope.mail_from or "", "to": envelope.rcpt_tos}
        try:
            for account_id in await self._accounts(envelope.rcpt_tos):
                async with begin(self._house, SYSTEM) as work:
                    await keep_mail(work, account_id, head + raw, about=about)
        except Exception as failure:
            log.warning("mail listener cannot keep a mail", error=repr(failure))
            return "451 4.3.0 Please try again"
        return "250 2.0.0 Kept"

    async def _accounts(self, addresses: list[str]) -> list[Any]:
        async with begin(self._house, SYSTEM) as work:
            rows = await work.session.execute(
                text(
                    "SELECT id FROM channel_account WHERE kind = 'email' AND active"
                    " AND address = ANY(CAST(:addresses AS text[])) ORDER BY id"
                ),
                {
                    "addresses": [
                        one for address in addresses for one in (address.lower(), own_address(address))
                    ]
                },
            )
            return list(rows.scalars())


@asynccontextmanager
async def listening(
    house: House, host: str, port: int, *, largest: int = LARGEST, tls: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """Listens while the block runs; gives the port."""
    import asyncio

    def protocol() -> SMTP:
        return SMTP(
            Handler(house),
            data_size_limit=largest,
            enable_SMTPUTF8=True,
            ident="Aftercare",
            tls_context=tls,
            timeout=SECONDS_OF_SILENCE,
            loop=asyncio.get_running_loop(),
        )

    server = await asyncio.get_running_loop().create_server(protocol, host, port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()
