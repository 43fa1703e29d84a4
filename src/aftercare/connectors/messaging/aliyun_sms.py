"""Aliyun SMS, by its own library (extra `aliyun-sms`). Sources: help.aliyun.com/zh/sms (SendSms, SmsReport, SmsUp, error codes).

What leaves must be an approved template. Address: the signature (签名). Settings: `vendor`: aliyun, `sign_name` (else the address), `templates`:
`{"answer": {"code": "SMS_1", "params": {"number": "{case_number}"}}, "entry": {"code": "SMS_2", "params": {"code": "{code}"}}}`.
Secrets: `access_key_id`, `access_key_secret`, `push_token`: Aliyun signs nothing that it pushes, so the address that it is given carries
`?token=…`, which nobody else knows.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from aftercare.connectors.messaging.generic import read_json
from aftercare.connectors.messaging.outside import Outside
from aftercare.connectors.messaging.shapes import (
    Asked,
    Event,
    GoneForGood,
    Media,
    PushUnreadable,
    Reported,
    Said,
    SignatureWrong,
    Taken,
    Told,
    fill,
    filled,
    secret,
)
from aftercare.connectors.messaging.wording import with_files_named
from aftercare.conversations import Account, Channel, NotDelivered, Outgoing, SendingState, Sent, TryLater
from aftercare.kit.json import to_json

ZONE = ZoneInfo("Asia/Shanghai")
_ANSWER = '{"code":0,"msg":"接收成功"}'.encode()
_PASSES = frozenset(
    {
        "isp.SYSTEM_ERROR", "isp.GATEWAY_ERROR", "isp.RAM_PERMISSION_DENY", "isv.AMOUNT_NOT_ENOUGH", "isv.OUT_OF_SERVICE",
        "isv.BUSINESS_LIMIT_CONTROL", "isv.DAY_LIMIT_CONTROL", "isv.SMS_SIGNATURE_ILLEGAL", "isv.SMS_TEMPLATE_ILLEGAL",
        "isv.SMS_SIGN_ILLEGAL", "isv.ACCOUNT_ABNORMAL", "SignatureDoesNotMatch", "InvalidAccessKeyId.NotFound",
    }
)  # fmt: skip
"""Limits, outages, money, and what somebody must mend in the account."""
_NOBODY = frozenset({"isv.MOBILE_NUMBER_ILLEGAL", "isv.MOBILE_COUNT_OVER_LIMIT"})
_GONE = frozenset({"MK:0000", "MK:0001", "NOT_EXIST", "UNDELIV", "MI:0001", "MI:0013"})
"""Reports of numbers that are switched off for good or were never given out."""


class AliyunForm:
    name: ClassVar[str] = "aliyun"
    kinds: ClassVar[frozenset[Channel]] = frozenset({Channel.sms})

    def take(self, account: Account, asked: Asked) -> Taken:
        known, given = account.secrets.get("push_token", ""), asked.query.get("token", "")
        if not known or not hmac.compare_digest(known.encode(), given.encode()):
            raise SignatureWrong()
        told = read_json(asked.body)
        if not isinstance(told, list) or len(told) > 1_000 or not all(isinstance(one, dict) for one in told):
            raise PushUnreadable()
        events = [_event(one) for one in told if "phone_number" in one]
        return Taken(events, _ANSWER, "application/json")

    def read(self, account: Account, body: bytes, about: Mapping[str, Any]) -> Told:
        told = json.loads(body)
        if "biz_id" in told:
            state = SendingState.delivered
            code = str(told.get("err_code", ""))
            if not told.get("success"):
                state = SendingState.bounced if code in _GONE else SendingState.failed
            return Reported(str(told["biz_id"]), state, f"{code} {told.get('err_msg', '')}".strip())
        return Said(
            address=str(told["phone_number"]),
            external_id=_name(told),
            body=str(told.get("content", "")),
            sent_at=_moment(told.get("send_time")),
        )

    async def fetch(self, outside: Outside, account: Account, media: Media) -> bytes:
        raise GoneForGood("no files come by SMS")


def _event(told: Mapping[str, Any]) -> Event:
    body = to_json(dict(told)).encode()
    if "biz_id" in told:
        return Event(body, f"{told['biz_id']}:{told.get('phone_number')}", str(told["biz_id"]))
    return Event(body, _name(told), str(told["phone_number"]))


def _name(told: Mapping[str, Any]) -> str:
    given = told.get("sequence_id")
    return f"up:{given}" if given else hashlib.sha256(to_json(dict(told)).encode()).hexdigest()


def _moment(said: object) -> datetime | None:
    try:
        return datetime.strptime(str(said), "%Y-%m-%d %H:%M:%S").replace(tzinfo=ZONE)
    except ValueError:
        return None


class AliyunSms:
    def __init__(self, outside: Outside) -> None:
        self._outside = outside

    async def send(self, outgoing: Outgoing) -> Sent:
        body = with_files_named(outgoing, outgoing.files)
        params = self._params(outgoing.account, "answer")
        given = filled(params, outgoing.model_copy(update={"body": body[:500]}))
        return await self._send(outgoing.account, "answer", outgoing.to, given, outgoing.message_id.hex)

    async def send_code(self, account: Account, to: str, code: str, *, locale: str, shop: str) -> Sent:
        known = {"code": code, "shop": shop}
        given = {name: fill(str(words), known) for name, words in self._params(account, "entry").items()}
        return await self._send(account, "entry", to, given or {"code": code}, None)

    def _template(self, account: Account, what: str) -> Mapping[str, Any]:
        templates = account.settings.get("templates")
        template = templates.get(what) if isinstance(templates, dict) else None
        if not isinstance(template, dict) or not template.get("code"):
            raise NotDelivered(f"this channel account has no template for {what}")
        return template

    def _params(self, account: Account, what: str) -> Mapping[str, Any]:
        params = self._template(account, what).get("params")
        return params if isinstance(params, dict) else {}

    async def _send(
        self, account: Account, what: str, to: str, params: Mapping[str, str], name: str | None
    ) -> Sent:
        from alibabacloud_dysmsapi20170525.client import Client
        from alibabacloud_dysmsapi20170525.models import SendSmsRequest
        from alibabacloud_tea_openapi.utils_models import Config
        from darabonba.exceptions import DaraException
        from darabonba.runtime import RuntimeOptions

        place = urlsplit(self._outside.addresses.aliyun_sms_api)
        client = Client(
            Config(
                access_key_id=secret(account, "access_key_id"),
                access_key_secret=secret(account, "access_key_secret"),
                protocol=place.scheme,
                endpoint=place.netloc,
                connect_timeout=10_000,
                read_timeout=20_000,
            )
        )
        request = SendSmsRequest(
            phone_numbers=to.removeprefix("+86").lstrip("+"),
            sign_name=str(account.settings.get("sign_name") or account.address),
            template_code=str(self._template(account, what)["code"]),
            template_param=to_json(dict(params)),
            out_id=name,
        )
        try:
            answer = await client.send_sms_with_options_async(request, RuntimeOptions(autoretry=False))
        except DaraException as failure:
            code = str(getattr(failure, "code", "") or "")
            raise verdict(code or "no answer", str(getattr(failure, "message", ""))) from None
        told = answer.body
        if told is None or told.code != "OK":
            raise verdict(str(told and told.code), str(told and told.message))
        return Sent(external_id=str(told.biz_id) if told.biz_id else None)


def verdict(code: str, said: str) -> Exception:
    told = f"{code} {said}".strip()[:300]
    if code in ("isv.BUSINESS_LIMIT_CONTROL", "isv.DAY_LIMIT_CONTROL"):
        return TryLater(told, timedelta(hours=1))
    if code.startswith("isv.") and code not in _PASSES:
        return NotDelivered(told, bounced=code in _NOBODY)
    # Throttling, outages, lines that break, keys that are wrong.
    return TryLater(told)
