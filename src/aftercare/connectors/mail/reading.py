"""A mail as it came becomes what we work with. Nothing a stranger writes makes it fail: what is broken is read as far as it goes.

The standard library's parser is used with its old policy: the new one reads headers by a grammar whose code raises on some that
are broken, and takes quadratic time on others. Headers are decoded by `charsets`.
"""

import contextlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime
from hashlib import sha256
from inspect import signature
from typing import Any, cast

from aftercare.connectors.mail.charsets import header_text, to_text
from aftercare.connectors.mail.html import read_html
from aftercare.connectors.mail.trimming import trim
from aftercare.kit.text import clean
from aftercare.kit.text import email as address_of

LARGEST = 40 * 1024 * 1024
"""Bytes of a mail."""
LARGEST_HEAD = 256 * 1024
MOST_PARTS = 300
DEEPEST = 20
MOST_REFERENCES = 60
SMALLEST_PICTURE = 200
"""Bytes; smaller ones are counters, not pictures."""
MOST_FILES = 20

_MESSAGE_ID = re.compile(r"<[^<>\s]{3,400}>|(?<![\w.@<])[\w.+=$%-]{1,200}@[\w.-]{1,200}(?![\w>])")
_ADDRESS = re.compile(r"[^\s@<>\"(),:;\[\]\\]{1,64}@[^\s@<>\"(),:;\[\]\\]{1,190}")
_BOUNDARY = re.compile(rb"(?m)^--([^\s-][^\r\n]{0,180}?)(?:--)?[ \t]*\r?$")
_BOUNDARY_NEST = re.compile(rb"(?im)^content-type:\s*(?:multipart/|message/rfc822)")


@dataclass(frozen=True)
class Attached:
    """`inline`: shown within the text (`cid:`)."""

    name: str
    claimed: str
    """The media type that the sender claims."""
    content: bytes = field(repr=False)
    content_id: str | None
    inline: bool


@dataclass
class Mail:
    """`text` is what was newly said, `whole` all of it. `reports` are parts that machines wrote for machines: (type, text)."""

    message_id: str | None
    references: list[str]
    """In-Reply-To last."""
    sender: str
    sender_name: str
    recipients: list[str]
    """To, Cc and what the servers on the way noted, in small letters."""
    subject: str
    sent_at: datetime | None
    text: str = field(repr=False)
    whole: str = field(repr=False)
    html: str | None = field(repr=False)
    files: list[Attached] = field(repr=False)
    left_out: list[str]
    """Names of attachments beyond what is taken."""
    reports: list[tuple[str, str]] = field(repr=False)
    headers: dict[str, list[str]] = field(repr=False)
    """All, by name in small letters, decoded."""

    def header(self, name: str) -> str:
        return next(iter(self.headers.get(name, ())), "")


def read_mail(raw: bytes) -> Mail:
    """Never fails."""
    raw = raw[:LARGEST].replace(b"\x00", b"")
    parsed = _parsed(raw)
    headers = _headers(parsed)
    parts = _Parts()
    parts.take(parsed)
    sender_name, sender = _sender(headers)
    plain = "\n\n".join(part for part in parts.plain if part.strip())
    html: str | None = None
    if parts.html:
        source = "\n".join(parts.html)
        from_html, kept, quoted = read_html(source)
        html = kept
        # Where both are there the plain one is as a rule the poorer copy, but it knows its quotes by '>'.
        if not plain.strip() or _says_nothing(plain):
            plain = from_html or quoted
    new = trim(plain)
    return Mail(
        message_id=next(iter(_ids(_first(headers, "message-id"))), None),
        references=_references(headers),
        sender=sender,
        sender_name=sender_name,
        recipients=_recipients(headers),
        subject=_first(headers, "subject")[:500],
        sent_at=_date(_first(headers, "date")),
        text=clean(new.text),
        whole=clean(plain),
        html=html,
        files=parts.files[:MOST_FILES],
        left_out=[one.name for one in parts.files[MOST_FILES:]],
        reports=parts.reports,
        headers=headers,
    )


def fingerprint(mail: Mail) -> str:
    """Of what was said, for mails whose Message-ID another mail had before."""
    said = "\x00".join((mail.sender, mail.subject, str(mail.sent_at), mail.whole))
    return sha256(said.encode("utf-8", "replace")).hexdigest()[:16]


def _says_nothing(plain: str) -> bool:
    """'Your mail program cannot show HTML': what some programs put into the plain part."""
    said = plain.strip()
    return len(said) < 200 and bool(
        re.search(
            r"(?i)html[ -](?:e-?mail|message|format)|does not support html|view (?:this|it) (?:in|as) html",
            said,
        )
    )


def _parsed(raw: bytes) -> Message:
    head, _, body = _split(raw)
    if len(head) > LARGEST_HEAD:
        head = head[:LARGEST_HEAD].rsplit(b"\n", 1)[0]
        raw = head + b"\n\n" + body
    if len(_BOUNDARY_NEST.findall(raw)) <= MOST_PARTS:
        try:
            return message_from_bytes(raw, policy=policy.compat32)
        except (
            RecursionError,
            ValueError,
            LookupError,
            TypeError,
            AssertionError,
            AttributeError,
            IndexError,
        ):
            pass
    # Nested beyond reason: the head, and all else as text.
    message = Message(policy=policy.compat32)
    with contextlib.suppress(ValueError, LookupError, TypeError, AttributeError):
        message = message_from_bytes(head + b"\n\n", policy=policy.compat32)
    for name in ("content-type", "content-transfer-encoding"):
        del message[name]
    message.set_payload(to_text(body[:200_000], None))
    return message


def _split(raw: bytes) -> tuple[bytes, bytes, bytes]:
    found = re.search(rb"\r?\n\r?\n", raw)
    return (raw, b"", b"") if found is None else (raw[: found.start()], found[0], raw[found.end() :])


def _headers(parsed: Message) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for number, (name, value) in enumerate(parsed.raw_items()):
        if number >= 1_000:
            break
        found.setdefault(str(name).strip().lower(), []).append(header_text(str(value)))
    return found


def _first(headers: dict[str, list[str]], name: str) -> str:
    return next((value for value in headers.get(name, ()) if value), "")


# Strict, it refuses what people write; older versions of Python know no other way and have no such word.
_NOT_STRICT: Any = {"strict": False} if "strict" in signature(getaddresses).parameters else {}


def _addresses(values: list[str]) -> list[tuple[str, str]]:
    """(name, address), of whatever looks like one. The decoded name may hold commas; it is cut off first."""
    found: list[tuple[str, str]] = []
    for value in values[:50]:
        try:
            pairs = getaddresses([value[:10_000]], **_NOT_STRICT)
        except (ValueError, IndexError, TypeError, AttributeError, RecursionError):
            pairs = []
        good = [(name.strip(), address_of(address)) for name, address in pairs]
        if not any(address for _, address in good):
            bare = [
                (value[: one.start()].strip(" <\"'"), address_of(one[0]))
                for one in _ADDRESS.finditer(value[:10_000])
            ]
            good = bare[:100]
        found += [(name, address) for name, address in good if address]
        if len(found) > 500:
            break
    return found


def _sender(headers: dict[str, list[str]]) -> tuple[str, str]:
    for name in ("from", "sender", "reply-to", "return-path"):
        for said, address in _addresses(headers.get(name, [])):
            return ("" if said == address else said.strip("\"' "))[:120], address
    return "", ""


def _recipients(headers: dict[str, list[str]]) -> list[str]:
    found: dict[str, None] = {}
    for name in (
        "delivered-to",
        "x-original-to",
        "envelope-to",
        "x-envelope-to",
        "to",
        "cc",
        "resent-to",
        "apparently-to",
    ):
        for _, address in _addresses(headers.get(name, [])):
            found[address] = None
    return list(found)[:200]


def _ids(value: str) -> list[str]:
    found = [one[0] for one in _MESSAGE_ID.finditer(value[:20_000])]
    return [one if one.startswith("<") else f"<{one}>" for one in found]


def _references(headers: dict[str, list[str]]) -> list[str]:
    found: dict[str, None] = {}
    for name in ("references", "in-reply-to", "thread-references", "x-forwarded-message-id"):
        for value in headers.get(name, []):
            found |= dict.fromkeys(_ids(value))
    return list(found)[-MOST_REFERENCES:]


def _date(value: str) -> datetime | None:
    if not value:
        return None
    try:
        given = parsedate_to_datetime(value[:200])
        return (given if given.tzinfo else given.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError, AttributeError):
        return None


class _Parts:
    """Walks through the parts and sorts them."""

    def __init__(self) -> None:
        self.plain: list[str] = []
        self.html: list[str] = []
        self.files: list[Attached] = []
        self.reports: list[tuple[str, str]] = []
        self._left = MOST_PARTS
        self._mended = False

    def take(self, message: Message) -> None:
        for part, forwarded in _walk(message):
            self._left -= 1
            if self._left < 0:
                return
            self._take_one(part, forwarded)

    def _take_one(self, part: Message, forwarded: bool) -> None:
        kind = _kind(part)
        main = kind.split("/")[0]
        name = _name(part)
        disposition = _disposition(part)
        if kind in _MACHINES or (forwarded and main in ("text", "message")):
            content = _content(part)
            text = to_text(content, _label(part)) or _fields_of(part)
            self.reports.append((kind if kind in _MACHINES else "forwarded", text[:200_000]))
            return
        if main == "multipart":
            self._take_broken(part)
            return
        if (
            main == "text"
            and disposition != "attachment"
            and not (name and kind not in ("text/plain", "text/html"))
        ):
            text = _text_of(part)
            if kind == "text/html":
                self.html.append(text)
            elif kind in ("text/plain", "text/enriched") or not name:
                if not (name and disposition):
                    self.plain.append(_flowed(part, text))
                    return
                self._file(part, kind, name, inline=False)
            return
        if kind in _SILENT:
            return
        self._file(part, kind, name, inline=main == "image" and bool(_header(part, "content-id")))

    def _take_broken(self, part: Message) -> None:
        """A part whose boundary is not the one that it names: the line that looks most like one is taken."""
        body = _content(part)
        lines = Counter(_BOUNDARY.findall(body[:2_000_000]))
        found = [
            line for line, times in lines.most_common(3) if times >= 2 or body.rstrip().endswith(line + b"--")
        ]
        if found and not self._mended:
            self._mended = True
            head = b'Content-Type: multipart/mixed; boundary="%s"\n\n' % found[0].replace(b'"', b"")
            mended = _parsed(head + body)
            if mended.is_multipart():
                self.take(mended)
                return
        self.plain.append(_BOUNDARY.sub(b"", body[:200_000]).decode("utf-8", "replace").strip())

    def _file(self, part: Message, kind: str, name: str, *, inline: bool) -> None:
        content = _content(part)
        if not content or (inline and kind.startswith("image/") and len(content) < SMALLEST_PICTURE):
            return
        found = re.search(r"<?([^<>\s]{1,300})>?", _header(part, "content-id"))
        self.files.append(
            Attached(
                name=(name or kind.replace("/", "."))[:120],
                claimed=kind,
                content=content,
                content_id=found[1] if found else None,
                inline=inline,
            )
        )


_MACHINES = frozenset(
    {
        "message/delivery-status",
        "message/disposition-notification",
        "message/feedback-report",
        "text/rfc822-headers",
        "message/rfc822-headers",
        "message/global-delivery-status",
        "message/global-headers",
    }
)
_SILENT = frozenset(
    {
        "application/pgp-signature",
        "application/pkcs7-signature",
        "application/x-pkcs7-signature",
        "application/ms-tnef",
        "text/x-amp-html",
    }
)


def _walk(message: Message) -> Iterator[tuple[Message, bool]]:
    """Every leaf, without recursion, and whether it lies in a forwarded mail."""
    stack: list[tuple[Message, int, bool]] = [(message, 0, False)]
    seen = 0
    while stack and seen < MOST_PARTS * 4:
        part, depth, forwarded = stack.pop()
        seen += 1
        payload = part.get_payload()
        kind = _kind(part)
        if isinstance(payload, list) and kind not in _MACHINES and depth < DEEPEST:
            inner = forwarded or kind.startswith("message/")
            if kind.startswith("message/") and payload:
                # The head of the mail within: a bounce quotes what came back.
                yield _head_of(cast(Message, payload[0])), True
            stack += [
                (one, depth + 1, inner) for one in reversed(payload[:MOST_PARTS]) if isinstance(one, Message)
            ]
        else:
            yield part, forwarded


def _head_of(message: Message) -> Message:
    lines = [f"{name}: {header_text(str(value))}" for name, value in list(message.raw_items())[:200]]
    head = Message(policy=policy.compat32)
    head["Content-Type"] = 'text/rfc822-headers; charset="utf-8"'
    head.set_payload("\n".join(lines).encode("utf-8", "replace").decode("latin-1"))
    return head


def _fields_of(part: Message) -> str:
    """Of a report: its groups of fields were parsed as messages of their own."""
    payload = part.get_payload()
    groups = payload if isinstance(payload, list) else []
    return "\n\n".join(
        "\n".join(f"{name}: {header_text(str(value))}" for name, value in list(group.raw_items())[:100])
        + (f"\n{group.get_payload()}" if isinstance(group.get_payload(), str) else "")
        for group in groups[:100]
        if isinstance(group, Message)
    )


def _header(part: Message, name: str) -> str:
    for found, value in part.raw_items():
        if str(found).lower() == name:
            return header_text(str(value))
    return ""


def _kind(part: Message) -> str:
    found = re.match(r"\s*([\w.+-]{1,60}/[\w.+-]{1,100})", _header(part, "content-type"))
    if found:
        return found[1].lower()
    try:
        return part.get_content_type().lower()
    except (ValueError, TypeError, AttributeError, IndexError):
        return "text/plain"


def _label(part: Message) -> str | None:
    found = re.search(
        r"(?i)charset\s*\*?=\s*(?:\w*''|[\"'])?\s*([\w.:+-]{1,60})", _header(part, "content-type")
    )
    return found[1] if found else None


def _disposition(part: Message) -> str:
    found = re.match(r"\s*([A-Za-z-]{1,30})", _header(part, "content-disposition"))
    return found[1].lower() if found else ""


def _name(part: Message) -> str:
    """The file's name, also where it is encoded in the ways that the standard forbids but programs use."""
    for header, parameter in (("content-disposition", "filename"), ("content-type", "name")):
        given: object = None
        with contextlib.suppress(ValueError, TypeError, LookupError, AttributeError, IndexError):
            given = part.get_param(parameter, header=header, unquote=True)
        if isinstance(given, tuple):
            label, _, value = given
            given = to_text(str(value).encode("latin-1", "replace"), label or "utf-8")
        if isinstance(given, str) and given.strip():
            return header_text(given)
    return ""


def _content(part: Message) -> bytes:
    """The bytes of a leaf. Broken base64 is read as far as it goes."""
    try:
        content = part.get_payload(decode=True)
    except (ValueError, TypeError, LookupError, AttributeError, IndexError, AssertionError):
        content = None
    payload = part.get_payload()
    if isinstance(content, bytes) and (content or not isinstance(payload, str)):
        return content
    # Nothing of it could be decoded as what it calls itself: it is taken as it stands.
    return str(payload or "").encode("utf-8", "surrogateescape") if isinstance(payload, str) else b""


def _text_of(part: Message) -> str:
    label = _label(part)
    content = _content(part)
    if content.count(b"\x00") == 0:
        return to_text(content, label)
    return to_text(content.replace(b"\x00", b""), label)


def _flowed(part: Message, text: str) -> str:
    """RFC 3676: a space at the end of a line says that the paragraph goes on."""
    if "flowed" not in _header(part, "content-type").lower():
        return text
    lines: list[str] = []
    goes_on = False
    for line in text.replace("\r\n", "\n").split("\n"):
        quoted = line.startswith(">")
        if line.startswith(" ") and not quoted:
            line = line[1:]
        if goes_on and not quoted and not (lines and lines[-1].startswith(">")):
            lines[-1] += line
        else:
            lines.append(line)
        goes_on = line.endswith(" ") and line != "-- "
    return "\n".join(lines)
