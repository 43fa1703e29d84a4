"""What of the mail runs all the time: reading the mailboxes, and the listener. In one worker only, the one that leads."""

import asyncio
import ssl
from contextlib import AsyncExitStack

import structlog

from aftercare.connectors.mail.boxes import Mailboxes
from aftercare.connectors.mail.listener import listening
from aftercare.journal import House
from aftercare.settings import MailListener, Settings

log = structlog.get_logger()


async def serve_mail(house: House, leave: asyncio.Event, *, settings: Settings) -> None:
    """Until `leave` is set."""
    async with AsyncExitStack() as stack:
        given = settings.mail_listener
        if given.host is not None:
            try:
                port = await stack.enter_async_context(
                    listening(
                        house, given.host, given.port, largest=given.largest_bytes, tls=_certificate(given)
                    )
                )
                log.info("mail listener", host=given.host, port=port)
            except OSError as failure:
                log.error("mail listener cannot start", host=given.host, port=given.port, error=str(failure))
        if settings.read_mailboxes:
            await Mailboxes(house).watch(leave)
        else:
            await leave.wait()


def _certificate(given: MailListener) -> ssl.SSLContext | None:
    if given.certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(given.certificate, given.key)
    return context
