"""The door: finds out who asks, before any route runs, and turns away writes that another site has slipped in."""

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import replace
from typing import Any

import structlog

from aftercare.identity.cookies import CSRF_HEADER, SESSION_COOKIE
from aftercare.identity.sessions import TOKEN_PREFIX, actor_from, csrf_is
from aftercare.journal import Actor, House
from aftercare.kit.errors import NotAllowed, NotSignedIn, Refusal, Unavailable
from aftercare.kit.http import DatabaseAway, database_is_away
from aftercare.kit.json import to_json

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

log = structlog.get_logger()

SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
READ = frozenset({b"cookie", b"authorization", b"sec-fetch-site", b"accept-language", CSRF_HEADER})
SPOKEN = frozenset({"zh-CN", "zh-TW", "en"})
"""The languages that our pages are written in."""
# These do not act in the name of the session that is there, but open a new one.
OPEN = frozenset({"/api/session", "/api/entry", "/api/entry/confirm", "/api/password-links/confirm"})


class TokenNotGood(NotSignedIn):
    """This API token opens nothing: it is unknown, expired or revoked."""


class CsrfTokenMissing(NotAllowed):
    """This change did not come from our own page; please reload it and try again."""


class Door:
    """Puts `actor` (of the journal), `signed` and `still` (who it is by now) into the request's state; without a session none
    of them is there."""

    def __init__(self, app: App, house: House, *, under: str = "/api") -> None:
        self.app = app
        self.house = house
        self.under = under

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(self.under):
            try:
                await self.look(scope)
            except Refusal as refusal:
                await turn_away(refusal, scope, send)
                return
            except Exception as failure:
                if not database_is_away(failure):
                    raise
                log.warning("database away", error=repr(failure))
                await turn_away(DatabaseAway(retry_after=2), scope, send)
                return
        await self.app(scope, receive, send)

    async def look(self, scope: Scope) -> None:
        headers = {name: value.decode("latin-1") for name, value in scope["headers"] if name in READ}
        kind, _, shown = headers.get(b"authorization", "").partition(" ")
        bearer = (
            shown.strip() if kind.lower() == "bearer" and shown.strip().startswith(TOKEN_PREFIX) else None
        )
        cookie = cookie_named(SESSION_COOKIE, headers.get(b"cookie", ""))
        writes = scope["method"] not in SAFE
        if writes and bearer is None and headers.get(b"sec-fetch-site") == "cross-site":
            raise CsrfTokenMissing()
        if bearer is None and not cookie:
            return
        signed = await actor_from(self.house, cookie, bearer)
        if signed is None:
            if bearer is not None:
                raise TokenNotGood()
            return
        if (
            writes
            and signed.session_id is not None
            and not (scope["method"] == "POST" and scope["path"] in OPEN)
            and not csrf_is(self.house, signed.session_id, headers.get(CSRF_HEADER, ""))
        ):
            raise CsrfTokenMissing()
        state = scope.setdefault("state", {})
        actor = signed.actor
        # Our pages name the one language that they are read in; a browser's own list of wishes is not meant.
        if (read_in := headers.get(b"accept-language", "")) in SPOKEN:
            actor = replace(actor, locale=read_in)
        state["actor"], state["signed"] = actor, signed

        async def still() -> Actor | None:
            """The same, looked up again: for what outlives a request."""
            now = await actor_from(self.house, cookie, bearer)
            return None if now is None else replace(now.actor, locale=actor.locale)

        state["still"] = still


def cookie_named(name: str, header: str) -> str | None:
    for part in header.split(";"):
        called, _, value = part.strip().partition("=")
        if called == name:
            return value
    return None


async def turn_away(refusal: Refusal, scope: Scope, send: Send) -> None:
    """The answer that a route's refusal would have got."""
    body = {
        "type": f"/problems/{refusal.code}",
        "title": refusal.title,
        "status": refusal.status,
        "code": refusal.code,
        "request_id": scope.get("state", {}).get("request_id"),
        **refusal.data,
    }
    headers = [(b"content-type", b"application/problem+json")]
    if isinstance(refusal, Unavailable):
        headers.append((b"retry-after", b"2"))
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": to_json(body).encode()})
