"""The whole application over HTTP, and people with sessions of their own who knock at it."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx

from aftercare import identity
from aftercare.identity import ShopView
from aftercare.identity.model import SessionKind
from aftercare.identity.sessions import open_session
from aftercare.journal import House, begin
from tests.conftest import NOON


@dataclass
class Doors:
    house: House
    http: httpx.AsyncClient
    mine: ShopView
    other: ShopView
    accounts: dict[str, UUID]
    keys: dict[str, dict[str, str]] = field(default_factory=dict)

    async def sign_in(self) -> None:
        """Anew, where so much time has gone by that sessions have ended."""
        async with begin(self.house) as work:
            for name, account_id in self.accounts.items():
                opened = await open_session(
                    work, kind=SessionKind.staff, how="test", locale="zh-CN", account_id=account_id
                )
                cookies = f"{identity.SESSION_COOKIE}={opened.token}; {identity.CSRF_COOKIE}={opened.csrf}"
                self.keys[name] = {"Cookie": cookies, "X-CSRF-Token": opened.csrf}

    async def ask(self, who: str, method: str, path: str, body: Any = None, **params: Any) -> httpx.Response:
        return await self.http.request(
            method, f"/api{path}", json=body, params=params, headers=self.keys.get(who, {})
        )

    async def told(self, who: str, method: str, path: str, body: Any = None, **params: Any) -> Any:
        found = await self.ask(who, method, path, body, **params)
        assert found.status_code < 300, (path, found.status_code, found.text)
        return found.json() if found.content else None

    async def refused(
        self, who: str, method: str, path: str, body: Any = None, **params: Any
    ) -> tuple[int, str]:
        found = await self.ask(who, method, path, body, **params)
        return found.status_code, found.json()["code"]


def a_decision(**more: Any) -> dict[str, Any]:
    return {
        "title": "少等一会儿",
        "hypothesis": "规则多决定一些，顾客少等。",
        "indicator": "claim_decision",
        "target": -0.1,
        "roll_out": "all",
        "starts_at": NOON.isoformat(),
        "ends_at": (NOON + timedelta(days=30)).isoformat(),
        **more,
    }
