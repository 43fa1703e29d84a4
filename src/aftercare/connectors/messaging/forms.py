"""The forms that this installation understands, and which of them an account speaks."""

from aftercare.connectors.messaging.aliyun_sms import AliyunForm
from aftercare.connectors.messaging.generic import GenericForm
from aftercare.connectors.messaging.phone import PhoneForm
from aftercare.connectors.messaging.shapes import Form
from aftercare.connectors.messaging.telegram import TelegramForm
from aftercare.connectors.messaging.tencent import WechatForm, WecomForm
from aftercare.connectors.messaging.twilio import TwilioForm
from aftercare.connectors.messaging.whatsapp import WhatsappForm
from aftercare.conversations import Account, Channel

_ALL: tuple[Form, ...] = (
    AliyunForm(),
    GenericForm(),
    PhoneForm(),
    TelegramForm(),
    TwilioForm(),
    WechatForm(),
    WecomForm(),
    WhatsappForm(),
)
FORMS = {form.name: form for form in _ALL}

USUAL = {
    Channel.webhook: "webhook",
    Channel.wechat: "wechat",
    Channel.wecom: "wecom",
    Channel.whatsapp: "whatsapp",
    Channel.telegram: "telegram",
    Channel.sms: "twilio",
    Channel.phone: "phone",
}


def form_of(account: Account) -> str:
    """The `vendor` among its settings, else what is usual for its kind."""
    return str(account.settings.get("vendor") or USUAL.get(account.kind, ""))
