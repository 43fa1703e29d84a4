"""Letters about alarms, by the house's own mail server."""

from html import escape

from aftercare.insights.alarms import AlarmLetter
from aftercare.notices import Letter, MailRefused, MailSender


class AlarmMail:
    """Implements `alarms.AlarmPost`."""

    def __init__(self, sender: MailSender) -> None:
        self._sender = sender
        self.console_url = sender.portal_url

    async def send(self, letter: AlarmLetter) -> None:
        domain = self._sender.address.rpartition("@")[2] or "localhost"
        said = "".join(
            f"<p>{escape(part).replace(chr(10), '<br>')}</p>" for part in letter.text.split("\n\n")
        )
        try:
            await self._sender.send(
                Letter(
                    message_id=f"<{letter.key}@{domain}>",
                    sender_name="Aftercare",
                    to=letter.to,
                    to_name=letter.to_name,
                    reply_to=None,
                    subject=letter.subject,
                    text=letter.text,
                    html=f'<!doctype html><html lang="{letter.locale}"><body>{said}</body></html>',
                    locale=letter.locale,
                    date=letter.date,
                )
            )
        except MailRefused:
            # The desk tells it too; there is nobody else to be told.
            return
