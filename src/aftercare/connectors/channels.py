"""Who hands a message over on which channel, and whose reactions work off what comes in by one."""

from collections.abc import Mapping

import aftercare.connectors.mail.inbound  # noqa: F401  # importing registers its reaction
from aftercare.connectors.mail.outbound import mail_channel
from aftercare.conversations import Channel, ChannelSender
from aftercare.settings import Settings


class ConnectedSenders:
    """Implements `conversations.ChannelSenders`."""

    def __init__(self, senders: Mapping[Channel, ChannelSender]) -> None:
        self._senders = dict(senders)

    def sender(self, kind: Channel) -> ChannelSender | None:
        return self._senders.get(kind)


def channel_senders(settings: Settings) -> ConnectedSenders:
    """All that this installation can send by; each works with the settings and secrets of its channel account."""
    return ConnectedSenders({Channel.email: mail_channel(settings)})
