"""Who hands a message over, by channel and, where a channel has several, by the account's vendor."""

from aftercare.connectors.messaging.aliyun_sms import AliyunSms
from aftercare.connectors.messaging.forms import form_of
from aftercare.connectors.messaging.generic import GenericSender
from aftercare.connectors.messaging.outside import Outside
from aftercare.connectors.messaging.telegram import TelegramSender
from aftercare.connectors.messaging.tencent import WechatSender, WecomSender
from aftercare.connectors.messaging.twilio import TwilioPlacer, TwilioSms
from aftercare.connectors.messaging.whatsapp import WhatsappSender
from aftercare.conversations import Account, CallPlacer, Channel, ChannelSender, NotDelivered, Outgoing, Sent


def messaging_senders(outside: Outside) -> dict[Channel, ChannelSender]:
    return {
        Channel.webhook: GenericSender(outside),
        Channel.telegram: TelegramSender(outside),
        Channel.whatsapp: WhatsappSender(outside),
        Channel.wechat: WechatSender(outside),
        Channel.wecom: WecomSender(outside),
        Channel.sms: SmsSender(outside),
    }


class SmsSender:
    """By whichever vendor the account has."""

    def __init__(self, outside: Outside) -> None:
        self._vendors: dict[str, AliyunSms | TwilioSms] = {
            "aliyun": AliyunSms(outside),
            "twilio": TwilioSms(outside),
        }

    async def send(self, outgoing: Outgoing) -> Sent:
        return await self._of(outgoing.account).send(outgoing)

    async def send_code(self, account: Account, to: str, code: str, *, locale: str, shop: str) -> Sent:
        return await self._of(account).send_code(account, to, code, locale=locale, shop=shop)

    def _of(self, account: Account) -> AliyunSms | TwilioSms:
        vendor = self._vendors.get(form_of(account))
        if vendor is None:
            raise NotDelivered(f"no connector for SMS by {form_of(account)}")
        return vendor


class Exchanges:
    """Implements `conversations.CallPlacer`: the exchanges that can be told to call."""

    def __init__(self, outside: Outside) -> None:
        self._vendors: dict[str, CallPlacer] = {"twilio": TwilioPlacer(outside)}

    async def place(self, account: Account, *, agent: str, to: str) -> str:
        vendor = self._vendors.get(form_of(account))
        if vendor is None:
            raise NotDelivered("this exchange cannot be told to call")
        return await vendor.place(account, agent=agent, to=to)
