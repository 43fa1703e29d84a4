"""Telegram bots. Source: core.telegram.org/bots/api (setWebhook with secret_token, Update, sendMessage, getFile).

Address: the bot's name. Secrets: `bot_token`, `secret_token` (given to setWebhook). What is said in groups is not taken.
"""

import hmac
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlsplit

from aftercare.connectors.messaging.generic import read_json
from aftercare.connectors.messaging.outside import Answer, Outside, waiting
from aftercare.connectors.messaging.shapes import (
    Asked,
    Event,
    GoneForGood,
    Media,
    PushUnreadable,
    Said,
    SignatureWrong,
    Taken,
    Told,
    parts_of,
    secret,
)
from aftercare.connectors.messaging.wording import with_files_named
from aftercare.conversations import Account, Channel, NotDelivered, Outgoing, OutgoingFile, Sent, TryLater

LONGEST = 4_096
LARGEST_FILE = 20 * 1024 * 1024
"""Bytes that a bot may fetch, and that we send."""
PICTURES = frozenset({"image/jpeg", "image/png", "image/webp"})


class TelegramForm:
    name: ClassVar[str] = "telegram"
    kinds: ClassVar[frozenset[Channel]] = frozenset({Channel.telegram})

    def take(self, account: Account, asked: Asked) -> Taken:
        known = account.secrets.get("secret_token", "")
        given = asked.headers.get("x-telegram-bot-api-secret-token", "")
        if not known or not hmac.compare_digest(known.encode(), given.encode()):
            raise SignatureWrong()
        update = read_json(asked.body)
        if not isinstance(update, dict) or not isinstance(update.get("update_id"), int):
            raise PushUnreadable(fields=["update_id"])
        said = _message(update)
        if said is None:
            return Taken()
        return Taken([Event(asked.body, f"update:{update['update_id']}", str(said["chat"]["id"]))])

    def read(self, account: Account, body: bytes, about: Mapping[str, Any]) -> Told:
        said = _message(json.loads(body))
        if said is None:
            return None
        chat, number = said["chat"]["id"], said.get("message_id")
        who = said.get("from") or said["chat"]
        edited = f":{said['edit_date']}" if "edit_date" in said else ""
        answered = said.get("reply_to_message") or {}
        return Said(
            address=str(chat),
            external_id=f"{chat}:{number}{edited}",
            body=_words(said),
            name=" ".join(str(who[one]) for one in ("first_name", "last_name") if who.get(one)),
            media=_media(said),
            references=[f"{chat}:{answered['message_id']}"] if "message_id" in answered else [],
            sent_at=_moment(said.get("date")),
            automatic=bool(who.get("is_bot")),
        )

    async def fetch(self, outside: Outside, account: Account, media: Media) -> bytes:
        try:
            token = secret(account, "bot_token")
        except TryLater as later:
            raise OSError(later.said) from None
        base = outside.addresses.telegram_api.rstrip("/")
        answer = await outside.ask("POST", f"{base}/bot{token}/getFile", json={"file_id": media.what})
        told = answer.json()
        path = (told.get("result") or {}).get("file_path") if isinstance(told, dict) else None
        if not path:
            if answer.status == 400:
                raise GoneForGood("Telegram does not give this file")
            raise OSError(f"Telegram answers {answer.status}")
        host = urlsplit(base).hostname or ""
        return await outside.fetch(f"{base}/file/bot{token}/{path}", hosts=[host], largest=LARGEST_FILE)


def _message(update: Mapping[str, Any]) -> dict[str, Any] | None:
    said = update.get("message") or update.get("edited_message")
    chat = said.get("chat") if isinstance(said, dict) else None
    if (
        not isinstance(said, dict)
        or not isinstance(chat, dict)
        or chat.get("type") != "private"
        or "id" not in chat
    ):
        return None
    return said


def _words(said: Mapping[str, Any]) -> str:
    place, contact = said.get("location"), said.get("contact")
    parts = [said.get("text"), said.get("caption")]
    if isinstance(contact, dict):
        parts.append(f"{contact.get('first_name', '')} {contact.get('phone_number', '')}".strip())
    if isinstance(place, dict):
        parts.append(
            f"https://www.openstreetmap.org/?mlat={place.get('latitude')}&mlon={place.get('longitude')}"
        )
    if "sticker" in said:
        parts.append(said["sticker"].get("emoji"))
    return "\n".join(str(part) for part in parts if part)


def _media(said: Mapping[str, Any]) -> list[Media]:
    found: list[Media] = []
    sizes = [one for one in said.get("photo") or [] if one.get("file_size", 0) <= LARGEST_FILE]
    if sizes:
        largest = max(sizes, key=lambda one: one.get("width", 0) * one.get("height", 0))
        found.append(Media("photo.jpg", str(largest["file_id"])))
    for kind, name in (
        ("document", "file"),
        ("video", "video.mp4"),
        ("voice", "voice.ogg"),
        ("audio", "audio.mp3"),
    ):
        one = said.get(kind)
        if isinstance(one, dict) and "file_id" in one:
            found.append(Media(str(one.get("file_name") or name), str(one["file_id"])))
    return found


def _moment(seconds: object) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if isinstance(seconds, int) and 0 < seconds < 2**33 else None


class TelegramSender:
    def __init__(self, outside: Outside) -> None:
        self._outside = outside

    async def send(self, outgoing: Outgoing) -> Sent:
        files = [file for file in outgoing.files if file.size <= LARGEST_FILE]
        body = with_files_named(outgoing, [file for file in outgoing.files if file not in files])
        steps: list[Callable[[], Awaitable[str | None]]] = []
        for part in parts_of(body, LONGEST):
            steps.append(lambda part=part: self._say(outgoing, part))  # type: ignore[misc]
        for file in files:
            steps.append(lambda file=file: self._show(outgoing, file))  # type: ignore[misc]
        return Sent(external_id=await self._outside.progress.through(outgoing.message_id, steps))

    async def _say(self, outgoing: Outgoing, part: str) -> str:
        return await self._ask(outgoing, "sendMessage", json={"chat_id": outgoing.to, "text": part})

    async def _show(self, outgoing: Outgoing, file: OutgoingFile) -> str:
        picture = file.media_type in PICTURES and file.size < 10 * 1024 * 1024
        content = (file.name, await file.read(), file.media_type)
        return await self._ask(
            outgoing,
            "sendPhoto" if picture else "sendDocument",
            data={"chat_id": outgoing.to},
            files={"photo" if picture else "document": content},
        )

    async def _ask(self, outgoing: Outgoing, method: str, **given: Any) -> str:
        token = secret(outgoing.account, "bot_token")
        base = self._outside.addresses.telegram_api.rstrip("/")
        answer = await self._outside.ask("POST", f"{base}/bot{token}/{method}", **given)
        told = answer.json()
        if answer.status == 200 and isinstance(told, dict) and told.get("ok"):
            return f"{outgoing.to}:{told['result']['message_id']}"
        raise _verdict(answer, told if isinstance(told, dict) else {})


def _verdict(answer: Answer, told: Mapping[str, Any]) -> Exception:
    said = f"{answer.status} {told.get('description', '')}".strip()
    if answer.status == 429:
        wait = waiting((told.get("parameters") or {}).get("retry_after"))
        return TryLater(said, wait or timedelta(seconds=30))
    # 401 and 404 are about our own token.
    if answer.status in (401, 404) or answer.status >= 500:
        return TryLater(said)
    lost = answer.status == 403 or "chat not found" in said or "user is deactivated" in said
    return NotDelivered(said, bounced=lost)
