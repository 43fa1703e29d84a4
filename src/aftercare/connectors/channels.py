"""Who hands a message over on which channel."""

from collections.abc import Mapping

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
    return ConnectedSenders({})
