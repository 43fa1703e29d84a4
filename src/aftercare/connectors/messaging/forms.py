"""The forms that this installation understands, and which of them an account speaks."""

from aftercare.connectors.messaging.generic import GenericForm
from aftercare.connectors.messaging.shapes import Form
from aftercare.conversations import Account, Channel

FORMS: dict[str, Form] = {form.name: form for form in (GenericForm(),)}

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
