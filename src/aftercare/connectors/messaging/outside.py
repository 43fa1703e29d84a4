"""Asking the vendors: one client for all, which connects only to addresses of the open internet, and to no other address than the one
that it has looked at; and reads no more of an answer than was agreed."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from uuid import UUID

from aftercare.connectors.messaging.shapes import GoneForGood
from aftercare.conversations import NotDelivered, TryLater
from aftercare.settings import Channels

if TYPE_CHECKING:
    import httpx

SECONDS = 30
LARGEST_MEDIA = 20 * 1024 * 1024
LARGEST_ANSWER = 1024 * 1024
MOST_REDIRECTS = 3
LONGEST_WAIT = timedelta(hours=6)


class AddressNotAllowed(OSError):
    """The host is one of an inner network."""


@dataclass
class Outside:
    """Also the port under which a house finds it. `addresses` are the vendors' own, or a mirror's or proxy's; hosts in
    `private_hosts` may be inner ones."""

    addresses: Channels = field(default_factory=Channels)
    public_url: str = "http://127.0.0.1:8000"
    """Under which the vendors reach us."""
    progress: "Progress" = field(default_factory=lambda: Progress())
    tokens: "Tokens" = field(default_factory=lambda: Tokens())
    _client: "httpx.AsyncClient | None" = field(default=None, repr=False)

    @property
    def client(self) -> "httpx.AsyncClient":
        if self._client is None:
            self._client = open_internet(frozenset(self.addresses.private_hosts))
        return self._client

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def hook(self, form: str, account_id: UUID) -> str:
        """Where the vendor tells us things."""
        return f"{self.public_url.rstrip('/')}/api/connect/{form}/{account_id}"

    async def ask(self, method: str, url: str, **given: Any) -> "Answer":
        """Raises OSError when nobody answers."""
        import httpx

        try:
            async with self.client.stream(method, url, **given) as answer:
                content = await _no_more_than(answer, LARGEST_ANSWER)
                return Answer(answer.status_code, dict(answer.headers), content)
        except httpx.HTTPError as failure:
            # The address may hold a key (Telegram's does): it is not told.
            raise OSError(f"no answer from {httpx.URL(url).host}: {type(failure).__name__}") from None
        except GoneForGood as failure:
            raise OSError(str(failure)) from None

    async def fetch(
        self,
        url: str,
        *,
        hosts: Collection[str],
        largest: int = LARGEST_MEDIA,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
    ) -> bytes:
        """A file from one of these hosts (or below one that begins with a dot). Headers and sign-in go to the first of them only.
        Raises GoneForGood or OSError."""
        import httpx

        try:
            for _ in range(MOST_REDIRECTS + 1):
                address = httpx.URL(url)
                if not self._may_fetch(address, hosts):
                    raise GoneForGood(f"files are not fetched from {address.host}")
                async with self.client.stream("GET", address, headers=headers, auth=auth) as answer:
                    if answer.is_redirect:
                        url = str(address.join(answer.headers.get("location", "")))
                        headers = auth = None
                        continue
                    if answer.status_code in (408, 425, 429) or answer.status_code >= 500:
                        raise OSError(f"{address.host} answers {answer.status_code}")
                    if answer.status_code != 200:
                        raise GoneForGood(f"{address.host} answers {answer.status_code}")
                    return await _no_more_than(answer, largest)
        except httpx.HTTPError as failure:
            raise OSError(f"no file from {httpx.URL(url).host}: {type(failure).__name__}") from None
        except httpx.InvalidURL:
            raise GoneForGood("the address of the file is none") from None
        raise GoneForGood("the file is sent from one place to the next")

    def _may_fetch(self, address: "httpx.URL", hosts: Collection[str]) -> bool:
        host = address.host
        known = any(host == one or (one.startswith(".") and host.endswith(one)) for one in hosts)
        return known and (address.scheme == "https" or host in self.addresses.private_hosts)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    content: bytes

    def json(self) -> Any:
        """Whatever was sent; {} for what is no JSON."""
        import json

        try:
            return json.loads(self.content)
        except (ValueError, RecursionError):
            return {}

    @property
    def retry_after(self) -> timedelta | None:
        return waiting(self.headers.get("retry-after"))


def waiting(said: object) -> timedelta | None:
    """What a Retry-After tells, in seconds or as a date; never longer than some hours."""
    text = str(said or "").strip()
    if text.isdecimal():
        return min(timedelta(seconds=int(text[:9])), LONGEST_WAIT)
    try:
        from datetime import UTC, datetime

        until = parsedate_to_datetime(text)
        return max(timedelta(0), min(until - datetime.now(UTC), LONGEST_WAIT))
    except (ValueError, TypeError):
        return None


def refuse_plainly(answer: Answer, said: str) -> None:
    """By the status alone. Raises TryLater for what may pass or be mended by somebody (also keys that are wrong), NotDelivered
    for the rest; nothing for an answer of success."""
    if answer.status < 300:
        return
    told = f"{answer.status} {said}".strip()[:300]
    if answer.status in (401, 403, 407, 408, 425, 429) or answer.status >= 500:
        raise TryLater(told, answer.retry_after)
    raise NotDelivered(told)


class Progress:
    """How much of a message in several pieces was taken, so that another attempt does not repeat it."""

    def __init__(self) -> None:
        self._done: dict[UUID, tuple[int, str | None]] = {}

    async def through(
        self, message_id: UUID, steps: Sequence[Callable[[], Awaitable[str | None]]]
    ) -> str | None:
        """What the other side calls the first piece."""
        done, first = self._done.get(message_id, (0, None))
        for number, step in enumerate(steps):
            if number < done:
                continue
            name = await step()
            first = name if number == 0 else first
            self._done[message_id] = (number + 1, first)
            while len(self._done) > 10_000:
                self._done.pop(next(iter(self._done)))
        self._done.pop(message_id, None)
        return first


class Tokens:
    """Access tokens of apps, kept until shortly before they end."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], tuple[str, float]] = {}
        self._lock = asyncio.Lock()

    async def get(
        self, app: str, key: str, fetch: Callable[[], Awaitable[tuple[str, float]]], *, afresh: bool = False
    ) -> str:
        """`key` is the secret by which it was had: with another one it is had anew."""
        async with self._lock:
            now = asyncio.get_running_loop().time()
            kept = self._kept.get((app, key))
            if kept is not None and kept[1] > now and not afresh:
                return kept[0]
            token, seconds = await fetch()
            self._kept[app, key] = (token, now + max(seconds - 120, 10))
            return token


async def _no_more_than(answer: "httpx.Response", most: int) -> bytes:
    told = answer.headers.get("content-length", "")
    if told.isdigit() and int(told) > most:
        raise GoneForGood(f"larger than {most} bytes")
    pieces: list[bytes] = []
    size = 0
    async for piece in answer.aiter_bytes():
        size += len(piece)
        if size > most:
            raise GoneForGood(f"larger than {most} bytes")
        pieces.append(piece)
    return b"".join(pieces)


def open_internet(private_hosts: frozenset[str]) -> "httpx.AsyncClient":
    import httpx

    class OpenInternet(httpx.AsyncBaseTransport):
        """Looks the host up, refuses what is no address of the open internet, and connects to exactly what it has looked at: a
        name that points elsewhere the next moment gains nothing."""

        def __init__(self) -> None:
            self._way = httpx.AsyncHTTPTransport(retries=0)

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            host = request.url.host
            if host not in private_hosts:
                try:
                    found = await looked_up(host, request.url.port or 443)
                except OSError as failure:
                    raise httpx.ConnectError(str(failure), request=request) from failure
                request.extensions = {**request.extensions, "sni_hostname": host}
                request.url = request.url.copy_with(host=found)
            return await self._way.handle_async_request(request)

        async def aclose(self) -> None:
            await self._way.aclose()

    return httpx.AsyncClient(
        transport=OpenInternet(), timeout=SECONDS, follow_redirects=False, trust_env=False
    )


async def looked_up(host: str, port: int) -> str:
    """An address of the host. Raises AddressNotAllowed when any of them is of an inner network."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(one[4][0]) for one in found]
    for one in addresses:
        address = ip_address(one.partition("%")[0])
        mapped = getattr(address, "ipv4_mapped", None) or address
        if not mapped.is_global or mapped.is_multicast or mapped.is_reserved:
            raise AddressNotAllowed(f"{host} is an address of an inner network")
    return addresses[0]
