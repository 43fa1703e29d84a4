"""Who hands a message over on which channel, and whose reactions work off what comes in by one."""

from collections.abc import Mapping

import aftercare.connectors.mail.inbound
import aftercare.connectors.messaging.door
import aftercare.connectors.messaging.entry_codes  # noqa: F401  # importing all three registers their reactions
from aftercare.connectors.mail.outbound import mail_channel
from aftercare.connectors.messaging.outside import Outside
from aftercare.connectors.messaging.senders import messaging_senders
from aftercare.conversations import Channel, ChannelSender
from aftercare.settings import Settings


class ConnectedSenders:
    """Implements `conversations.ChannelSenders`."""

    def __init__(self, senders: Mapping[Channel, ChannelSender]) -> None:
        self._senders = dict(senders)

    def sender(self, kind: Channel) -> ChannelSender | None:
        return self._senders.get(kind)


def channel_senders(settings: Settings, outside: Outside | None = None) -> ConnectedSenders:
    """All that this installation can send by; each works with the settings and secrets of its channel account."""
    outside = outside or outside_of(settings)
    return ConnectedSenders({Channel.email: mail_channel(settings), **messaging_senders(outside)})


def outside_of(settings: Settings) -> Outside:
    """One for each process: who asks the vendors, and knows where they find us."""
    return Outside(settings.channels, settings.base_url)
