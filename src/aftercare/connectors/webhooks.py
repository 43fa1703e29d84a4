"""Posting webhooks over HTTP: to the open internet only, no redirects, no more of an answer than its status."""

import asyncio
from collections.abc import Mapping
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aftercare.connectors.messaging.outside import AddressNotAllowed, open_internet, waiting
from aftercare.notices.webhooks import PostAnswer
from aftercare.settings import Webhooks

if TYPE_CHECKING:
    import httpx


class HttpPoster:
    """Implements `notices.webhooks.WebhookPoster`. Hosts in `private_hosts` may lie in an inner network and be asked without TLS."""

    def __init__(self, settings: Webhooks) -> None:
        self._private = frozenset(settings.private_hosts)
        self._seconds = settings.timeout_seconds
        self._client: httpx.AsyncClient | None = None

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def may_post_to(self, url: str) -> bool:
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname or "", parts.port
        except ValueError:
            return False
        if not host or parts.username is not None or parts.password is not None or parts.fragment:
            return False
        if host in self._private:
            return parts.scheme in ("http", "https")
        return parts.scheme == "https" and not inner_host(host)

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> PostAnswer:
        import httpx

        if not self.may_post_to(url):
            return PostAnswer(None, "address not allowed")
        if self._client is None:
            self._client = open_internet(self._private)
        try:
            async with (
                asyncio.timeout(self._seconds),
                self._client.stream("POST", url, headers=dict(headers), content=body) as answer,
            ):
                # What else it says is of no interest, and could be without end.
                return PostAnswer(answer.status_code, retry_after=waiting(answer.headers.get("retry-after")))
        except TimeoutError:
            return PostAnswer(None, f"no answer within {self._seconds:g} seconds")
        except httpx.HTTPError as failure:
            inner = isinstance(failure.__cause__, AddressNotAllowed)
            return PostAnswer(None, "address of an inner network" if inner else type(failure).__name__)
        except httpx.InvalidURL:
            return PostAnswer(None, "address not understood")


def inner_host(host: str) -> bool:
    """By its look: a number of an inner network, or a name that only inner networks have."""
    try:
        return not ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith((".local", ".internal", ".localhost"))
