"""WhatsApp Cloud API. Sources: developers.facebook.com/docs/graph-api/webhooks (verification, X-Hub-Signature-256) and
/docs/whatsapp/cloud-api (messages, statuses, media, error codes).

Address: the number. Settings: `phone_number_id`, and `template` for what is said later than 24 hours after the customer last wrote:
`{"name": "case_answer", "language": "zh_CN", "params": {"1": "{case_number}", "2": "{body}"}}`. Secrets: `access_token`, `app_secret`,
`verify_token`.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlsplit

from aftercare.connectors.messaging.generic import read_json
from aftercare.connectors.messaging.outside import Answer, Outside
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
    filled,
    parts_of,
    secret,
    setting,
)
from aftercare.connectors.messaging.wording import with_files_named
from aftercare.conversations import (
    Account,
    Channel,
    NotDelivered,
    Outgoing,
    OutgoingFile,
    SendingState,
    Sent,
    TryLater,
)
from aftercare.kit.json import to_json

WINDOW = timedelta(hours=24)
"""After the customer last wrote; later only approved templates are taken."""
LONGEST = 4_096
LARGEST_PICTURE, LARGEST_FILE = 5 * 1024 * 1024, 16 * 1024 * 1024
PICTURES = frozenset({"image/jpeg", "image/png"})
WINDOW_CLOSED = "131047 more than 24 hours since the customer last wrote, and this account has no template"
_STATES = {"delivered": SendingState.delivered, "read": SendingState.read, "failed": SendingState.failed}
# Rates, outages, and what somebody must mend in the account: the message can still go.
_PASSES = frozenset(
    {1, 2, 4, 10, 190, 80007, 130429, 131000, 131016, 131031, 131042, 131048, 131056, 131057, 133004}
)
_NOBODY = frozenset({131026, 131030})
"""The number has no WhatsApp, or takes none of ours."""


class WhatsappForm:
    name: ClassVar[str] = "whatsapp"
    kinds: ClassVar[frozenset[Channel]] = frozenset({Channel.whatsapp})

    def take(self, account: Account, asked: Asked) -> Taken:
        if asked.method == "GET":
            known, given = account.secrets.get("verify_token", ""), asked.query.get("hub.verify_token", "")
            if not known or not hmac.compare_digest(known.encode(), given.encode()):
                raise SignatureWrong()
            return Taken(answer=re.sub(r"\W", "", asked.query.get("hub.challenge", ""))[:200].encode())
        key = account.secrets.get("app_secret", "")
        expected = hmac.new(key.encode(), asked.body, hashlib.sha256).hexdigest()
        given = asked.headers.get("x-hub-signature-256", "").removeprefix("sha256=")
        if not key or not hmac.compare_digest(expected.encode(), given.encode()):
            raise SignatureWrong()
        told = read_json(asked.body)
        if not isinstance(told, dict) or not isinstance(told.get("entry"), list):
            raise PushUnreadable(fields=["entry"])
        try:
            return Taken(list(_events(told, str(account.settings.get("phone_number_id", "")))))
        except (KeyError, TypeError, AttributeError) as broken:
            raise PushUnreadable(fields=["entry"]) from broken

    def read(self, account: Account, body: bytes, about: Mapping[str, Any]) -> Told:
        told = json.loads(body)
        if "status" in told:
            return _report(told["status"])
        said = told["message"]
        if said.get("type") in ("reaction", "system", "unsupported"):
            return None
        answered = (said.get("context") or {}).get("id")
        return Said(
            address="+" + str(said["from"]).lstrip("+"),
            external_id=str(said["id"]),
            body=_words(said),
            name=str(told.get("name") or ""),
            media=_media(said),
            references=[str(answered)] if answered else [],
            sent_at=_moment(said.get("timestamp")),
        )

    async def fetch(self, outside: Outside, account: Account, media: Media) -> bytes:
        try:
            token = secret(account, "access_token")
        except TryLater as later:
            raise OSError(later.said) from None
        base = outside.addresses.whatsapp_api.rstrip("/")
        bearer = {"Authorization": f"Bearer {token}"}
        answer = await outside.ask("GET", f"{base}/{media.what}", headers=bearer)
        told = answer.json()
        url = told.get("url") if isinstance(told, dict) else None
        if not url:
            if answer.status in (400, 404):
                raise GoneForGood("WhatsApp does not give this file any more")
            raise OSError(f"WhatsApp answers {answer.status}")
        hosts = [urlsplit(base).hostname or "", "lookaside.fbsbx.com"]
        return await outside.fetch(str(url), hosts=hosts, headers=bearer, largest=LARGEST_FILE)


def _events(told: Mapping[str, Any], number_id: str) -> Iterator[Event]:
    for entry in told["entry"]:
        for change in entry.get("changes", []):
            value = change.get("value", {})
            if change.get("field") != "messages":
                continue
            if number_id and str(value.get("metadata", {}).get("phone_number_id")) != number_id:
                # One app tells of all its numbers at one address; each has an account of its own here.
                continue
            names = {
                one.get("wa_id"): one.get("profile", {}).get("name") for one in value.get("contacts", [])
            }
            for said in value.get("messages", []):
                body = {"message": said, "name": names.get(said["from"])}
                yield Event(to_json(body).encode(), str(said["id"]), str(said["from"]))
            for status in value.get("statuses", []):
                if status.get("status") in _STATES:
                    body = {"status": status}
                    yield Event(
                        to_json(body).encode(), f"{status['id']}:{status['status']}", str(status["id"])
                    )


def _report(status: Mapping[str, Any]) -> Reported:
    state = _STATES[str(status["status"])]
    error = (status.get("errors") or [{}])[0]
    said = f"{error.get('code', '')} {error.get('title', '')}".strip()
    if state is SendingState.failed and error.get("code") in _NOBODY:
        state = SendingState.bounced
    return Reported(str(status["id"]), state, said)


def _words(said: Mapping[str, Any]) -> str:
    kind = str(said.get("type"))
    part = said.get(kind)
    if not isinstance(part, dict):
        if kind == "contacts" and isinstance(part, list):
            return "\n".join(
                f"{one.get('name', {}).get('formatted_name', '')} {', '.join(p.get('phone', '') for p in one.get('phones', []))}"
                for one in part
            )
        return ""
    if kind == "text":
        return str(part.get("body", ""))
    if kind == "button":
        return str(part.get("text", ""))
    if kind == "interactive":
        return str((part.get("button_reply") or part.get("list_reply") or {}).get("title", ""))
    if kind == "location":
        named = " ".join(str(part[one]) for one in ("name", "address") if part.get(one))
        return f"{named}\nhttps://www.openstreetmap.org/?mlat={part.get('latitude')}&mlon={part.get('longitude')}".strip()
    return str(part.get("caption") or "")


def _media(said: Mapping[str, Any]) -> list[Media]:
    kind = str(said.get("type"))
    part = said.get(kind)
    if kind not in ("image", "document", "video", "audio", "sticker") or not isinstance(part, dict):
        return []
    identity = str(part.get("id", ""))
    return [Media(str(part.get("filename") or kind), identity)] if re.fullmatch(r"\d{1,40}", identity) else []


def _moment(seconds: object) -> datetime | None:
    given = str(seconds)
    return datetime.fromtimestamp(int(given), UTC) if given.isdecimal() and len(given) <= 10 else None


class WhatsappSender:
    def __init__(self, outside: Outside, now: Callable[[], datetime] | None = None) -> None:
        self._outside = outside
        self._now = now or (lambda: datetime.now(UTC))

    async def send(self, outgoing: Outgoing) -> Sent:
        heard = outgoing.last_inbound_at
        if heard is None or self._now() - heard >= WINDOW:
            return await self._by_template(outgoing)
        shown = [file for file in outgoing.files if file.size <= LARGEST_FILE]
        body = with_files_named(outgoing, [file for file in outgoing.files if file not in shown])
        steps: list[Callable[[], Awaitable[str | None]]] = []
        for part in parts_of(body, LONGEST):
            steps.append(lambda part=part: self._say(outgoing, {"type": "text", "text": {"body": part}}))  # type: ignore[misc]
        for file in shown:
            steps.append(lambda file=file: self._show(outgoing, file))  # type: ignore[misc]
        return Sent(external_id=await self._outside.progress.through(outgoing.message_id, steps))

    async def _by_template(self, outgoing: Outgoing) -> Sent:
        template = outgoing.account.settings.get("template")
        if not isinstance(template, dict) or not template.get("name"):
            raise NotDelivered(WINDOW_CLOSED)
        body = with_files_named(outgoing, outgoing.files)
        params = filled(template.get("params") or {}, outgoing.model_copy(update={"body": body[:1_000]}))
        parameters = [{"type": "text", "text": text or "-"} for text in params.values()]
        wanted: dict[str, Any] = {
            "name": str(template["name"]),
            "language": {"code": str(template.get("language") or outgoing.locale.replace("-", "_"))},
        }
        if parameters:
            wanted["components"] = [{"type": "body", "parameters": parameters}]
        return Sent(external_id=await self._say(outgoing, {"type": "template", "template": wanted}))

    async def _show(self, outgoing: Outgoing, file: OutgoingFile) -> str:
        token, number = secret(outgoing.account, "access_token"), setting(outgoing.account, "phone_number_id")
        answer = await self._outside.ask(
            "POST",
            f"{self._outside.addresses.whatsapp_api.rstrip('/')}/{number}/media",
            headers={"Authorization": f"Bearer {token}"},
            data={"messaging_product": "whatsapp", "type": file.media_type},
            files={"file": (file.name, await file.read(), file.media_type)},
        )
        media_id = _checked(answer).get("id")
        if file.media_type in PICTURES and file.size <= LARGEST_PICTURE:
            return await self._say(outgoing, {"type": "image", "image": {"id": media_id}})
        return await self._say(
            outgoing, {"type": "document", "document": {"id": media_id, "filename": file.name}}
        )

    async def _say(self, outgoing: Outgoing, what: dict[str, Any]) -> str:
        token, number = secret(outgoing.account, "access_token"), setting(outgoing.account, "phone_number_id")
        answer = await self._outside.ask(
            "POST",
            f"{self._outside.addresses.whatsapp_api.rstrip('/')}/{number}/messages",
            headers={"Authorization": f"Bearer {token}"},
            json={"messaging_product": "whatsapp", "to": outgoing.to.lstrip("+"), **what},
        )
        return str(_checked(answer)["messages"][0]["id"])


def _checked(answer: Answer) -> dict[str, Any]:
    """Raises TryLater or NotDelivered."""
    told = answer.json()
    told = told if isinstance(told, dict) else {}
    error = told.get("error")
    if answer.status < 300 and not error:
        return told
    error = error if isinstance(error, dict) else {}
    code = error.get("code", answer.status)
    said = f"{code} {error.get('message', '')}".strip()[:300]
    if answer.status in (408, 429) or answer.status >= 500 or code in _PASSES:
        raise TryLater(said, answer.retry_after)
    raise NotDelivered(said, bounced=code in _NOBODY)
