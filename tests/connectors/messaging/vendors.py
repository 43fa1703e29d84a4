"""What each vendor sends, written after its documentation, and signed as the vendor signs."""

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from aftercare.conversations import Channel
from tests.conftest import NOON
from tests.connectors.messaging.given import Knock

AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
STAMP = str(int(NOON.timestamp()))
SID = "SM" + "0a" * 16
CALL = "CA" + "0b" * 16

Signs = Callable[["Vendor", UUID, Any], Knock]


@dataclass
class Vendor:
    form: str
    kind: Channel
    address: str
    secrets: dict[str, str]
    sign: Signs
    says: Any
    """What a customer's message looks like, before it is signed."""
    heard: tuple[str, str]
    """From whom and what."""
    settings: dict[str, Any] = field(default_factory=dict)
    answer: bytes = b""
    timed: bool = False

    def knock(self, account_id: UUID, told: Any = None) -> Knock:
        return self.sign(self, account_id, self.says if told is None else told)


def _telegram(vendor: Vendor, _: UUID, told: Any) -> Knock:
    return Knock(
        json.dumps(told).encode(), {"X-Telegram-Bot-Api-Secret-Token": vendor.secrets.get("secret_token", "")}
    )


def _whatsapp(vendor: Vendor, _: UUID, told: Any) -> Knock:
    body = json.dumps(told).encode()
    made = hmac.new(vendor.secrets["app_secret"].encode(), body, hashlib.sha256).hexdigest()
    return Knock(body, {"X-Hub-Signature-256": f"sha256={made}"})


def _twilio(vendor: Vendor, account_id: UUID, told: Any, step: str = "") -> Knock:
    from twilio.request_validator import RequestValidator

    url = f"https://after.example/api/connect/twilio/{account_id}" + (f"?step={step}" if step else "")
    made = RequestValidator(vendor.secrets["auth_token"]).compute_signature(url, told)
    headers = {"X-Twilio-Signature": made, "Content-Type": "application/x-www-form-urlencoded"}
    return Knock(urlencode(told).encode(), headers, {"step": step} if step else {})


def twilio_call(vendor: Vendor, account_id: UUID, told: dict[str, str], step: str = "") -> Knock:
    return _twilio(vendor, account_id, told, step)


def _aliyun(vendor: Vendor, _: UUID, told: Any) -> Knock:
    return Knock(json.dumps(told).encode(), query={"token": vendor.secrets["push_token"]})


def encrypted(vendor: Vendor, told: str, *, seconds: int = 0) -> Knock:
    if vendor.form == "wechat":
        from wechatpy.crypto import WeChatCrypto
    else:
        from wechatpy.enterprise.crypto import WeChatCrypto
    crypto = WeChatCrypto(vendor.secrets["token"], vendor.secrets["encoding_aes_key"], vendor.address)
    stamp = str(int((NOON + timedelta(seconds=seconds)).timestamp()))
    body = crypto.encrypt_message(told, "nonce", stamp)
    made = body.split("<MsgSignature><![CDATA[")[1].split("]]")[0]
    query = {"msg_signature": made, "timestamp": stamp, "nonce": "nonce", "encrypt_type": "aes"}
    return Knock(body.encode(), query=query)


def _tencent(vendor: Vendor, _: UUID, told: Any) -> Knock:
    return encrypted(vendor, told)


def xml(**fields: str) -> str:
    inside = "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in fields.items())
    return f"<xml>{inside}</xml>"


def telegram_says(number: int = 11, **more: Any) -> dict[str, Any]:
    person = {"id": 4711, "is_bot": False, "first_name": "Li", "last_name": "Wei"}
    chat = {"id": 4711, "type": "private", "first_name": "Li"}
    said = {
        "message_id": number,
        "from": person,
        "chat": chat,
        "date": int(STAMP),
        "text": "净水器漏水了",
        **more,
    }
    return {"update_id": 900 + number, "message": said}


def whatsapp_says(
    *messages: dict[str, Any], statuses: tuple[dict[str, Any], ...] = (), phone: str = "1055"
) -> Any:
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550001111", "phone_number_id": phone},
        "contacts": [{"profile": {"name": "Li Wei"}, "wa_id": "8613800138000"}],
        "messages": list(messages),
        "statuses": list(statuses),
    }
    return {
        "object": "whatsapp_business_account",
        "entry": [{"id": "102", "changes": [{"value": value, "field": "messages"}]}],
    }


def whatsapp_text(name: str = "wamid.IN1", body: str = "净水器漏水了") -> dict[str, Any]:
    return {"from": "8613800138000", "id": name, "timestamp": STAMP, "type": "text", "text": {"body": body}}


def wechat_says(number: str = "24000001", **more: str) -> str:
    return xml(
        ToUserName="gh_1",
        FromUserName="oLiWei",
        CreateTime=STAMP,
        **{"MsgType": "text", "Content": "净水器漏水了", "MsgId": number, **more},
    )


TELEGRAM = Vendor(
    "telegram",
    Channel.telegram,
    "qinglan_bot",
    {"bot_token": "77:token", "secret_token": "s3cret"},
    _telegram,
    telegram_says(),
    ("4711", "净水器漏水了"),
)
WHATSAPP = Vendor(
    "whatsapp",
    Channel.whatsapp,
    "+15550001111",
    {"access_token": "bearer", "app_secret": "app", "verify_token": "verify me"},
    _whatsapp,
    whatsapp_says(whatsapp_text()),
    ("+8613800138000", "净水器漏水了"),
    {"phone_number_id": "1055"},
)
TWILIO = Vendor(
    "twilio",
    Channel.sms,
    "+15550002222",
    {"auth_token": "twilio token"},
    _twilio,
    {
        "MessageSid": SID,
        "SmsSid": SID,
        "AccountSid": "AC" + "1" * 32,
        "From": "+8613800138000",
        "To": "+15550002222",
        "Body": "净水器漏水了",
        "NumMedia": "0",
        "SmsStatus": "received",
    },
    ("+8613800138000", "净水器漏水了"),
    {"vendor": "twilio", "account_sid": "AC" + "1" * 32},
    b'<?xml version="1.0" encoding="UTF-8"?><Response/>',
)
ALIYUN = Vendor(
    "aliyun",
    Channel.sms,
    "qinglan",
    {"access_key_id": "id", "access_key_secret": "key", "push_token": "nobody else knows"},
    _aliyun,
    [
        {
            "phone_number": "13800138000",
            "content": "净水器漏水了",
            "send_time": "2026-03-10 12:00:00",
            "sign_name": "青岚家电",
            "dest_code": "01",
            "sequence_id": 1001,
        }
    ],
    ("+8613800138000", "净水器漏水了"),
    {
        "vendor": "aliyun",
        "sign_name": "青岚家电",
        "templates": {
            "answer": {"code": "SMS_1", "params": {"number": "{case_number}", "words": "{body}"}},
            "entry": {"code": "SMS_2", "params": {"code": "{code}"}},
        },
    },
    '{"code":0,"msg":"接收成功"}'.encode(),
)
WECHAT = Vendor(
    "wechat",
    Channel.wechat,
    "wx1234567890",
    {"token": "wechat token", "encoding_aes_key": AES_KEY, "app_secret": "app secret"},
    _tencent,
    wechat_says(),
    ("oLiWei", "净水器漏水了"),
    answer=b"success",
    timed=True,
)
WECOM = Vendor(
    "wecom",
    Channel.wecom,
    "ww1234567890",
    {"token": "wecom token", "encoding_aes_key": AES_KEY, "secret": "corp secret"},
    _tencent,
    wechat_says("24000002", AgentID="1000002"),
    ("oLiWei", "净水器漏水了"),
    {"agent_id": "1000002"},
    timed=True,
)
VENDORS = [TELEGRAM, WHATSAPP, TWILIO, ALIYUN, WECHAT, WECOM]
