"""Who hands a message over, by channel and, where a channel has several, by the account's vendor."""

from aftercare.connectors.messaging.generic import GenericSender
from aftercare.connectors.messaging.outside import Outside
from aftercare.conversations import Channel, ChannelSender


def messaging_senders(outside: Outside) -> dict[Channel, ChannelSender]:
    return {
        Channel.webhook: GenericSender(outside),
    }
