"""A shop with a mailbox, mails that arrive there, and a folder for what leaves."""

from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import UUID

from aftercare.connectors.mail.inbound import keep_mail
from aftercare.connectors.mail.outbound import MailChannel
from aftercare.conversations import Channel, ChannelSender, ChannelSenders, NewAccount, add_account
from aftercare.journal import House, begin, drain
from aftercare.kit.files import Files
from aftercare.settings import Mail
from tests.cases.given import World, a_world

OURS = "service@qinglan.example"


@dataclass
class Post:
    world: World
    account_id: UUID
    outbox: Path

    @property
    def house(self) -> House:
        return self.world.house

    async def arrives(self, raw: bytes | EmailMessage) -> str | None:
        """Kept and worked off; the outcome."""
        content = raw if isinstance(raw, bytes) else raw.as_bytes()
        async with begin(self.house) as work:
            kept = await keep_mail(work, self.account_id, content)
        await drain(self.house)
        async with begin(self.house) as work:
            from sqlalchemy import text

            outcome = await work.session.scalar(
                text("SELECT outcome FROM channel_push WHERE id = :id"), {"id": kept.push_id}
            )
            return None if outcome is None else str(outcome)

    def left(self) -> list[EmailMessage]:
        """What has left, the oldest first."""
        found = sorted(self.outbox.glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
        return [message_from_bytes(path.read_bytes(), policy=policy.default) for path in found]


class _Senders:
    def __init__(self, sender: ChannelSender) -> None:
        self._sender = sender

    def sender(self, kind: Channel) -> ChannelSender | None:
        return self._sender if kind is Channel.email else None


async def a_post(house: House, folder: Path, settings: dict[str, Any] | None = None, **secrets: str) -> Post:
    world = await a_world(house)
    outbox = folder / "outbox"
    house.ports = {
        **house.ports,
        Files: Files(str(folder / "files")),
        ChannelSenders: _Senders(MailChannel(Mail(), outbox)),
    }
    async with begin(house) as work:
        account = await add_account(
            work,
            NewAccount(
                shop_id=world.shop_id,
                kind=Channel.email,
                name="客服",
                address=OURS,
                settings=settings or {},
                secrets=secrets,
            ),
        )
    return Post(world, account.id, outbox)


def mail(
    body: str = "漏水了", *, sender: str = "li@example.com", to: str = OURS, **headers: str
) -> EmailMessage:
    made = EmailMessage(policy=policy.SMTP)
    made["From"], made["To"] = sender, to
    for name, value in {"Subject": "净水器", **headers}.items():
        made[name.replace("_", "-")] = value
    made.set_content(body)
    return made
