"""A short memory for what every request asks: bounded, a few seconds long, one per database."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar
from uuid import UUID
from weakref import WeakKeyDictionary

from sqlalchemy import event

from aftercare.journal import Actor, House, Work
from aftercare.kit.database import Database

V = TypeVar("V")

REMEMBERED = timedelta(seconds=10)
"""How long a change made in another process may go unnoticed here."""


class Memory(Generic[V]):
    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._kept: WeakKeyDictionary[Database, OrderedDict[Hashable, tuple[datetime, V]]] = (
            WeakKeyDictionary()
        )

    def get(self, house: House, key: Hashable) -> V | None:
        found = self._kept.get(house.database, OrderedDict[Hashable, tuple[datetime, V]]()).get(key)
        if found is None or not timedelta(0) <= house.clock() - found[0] < REMEMBERED:
            return None
        return found[1]

    def put(self, house: House, key: Hashable, value: V) -> None:
        kept = self._kept.setdefault(house.database, OrderedDict())
        kept[key] = (house.clock(), value)
        kept.move_to_end(key)
        while len(kept) > self._most:
            kept.popitem(last=False)

    def forget(self, house: House, unwanted: Callable[[Hashable, V], bool]) -> None:
        kept = self._kept.get(house.database)
        if kept:
            for key in [key for key, (_, value) in kept.items() if unwanted(key, value)]:
                del kept[key]

    def forget_with(self, work: Work, unwanted: Callable[[Hashable, V], bool]) -> None:
        """Forgets now, and once more when the work has committed: a request in between may have read the old row."""
        self.forget(work.house, unwanted)

        def committed(_: object) -> None:
            self.forget(work.house, unwanted)

        event.listen(work.session.sync_session, "after_commit", committed, once=True)


@dataclass(frozen=True, slots=True)
class Signed:
    """Somebody who has shown a session's cookie or a token. `name` is for greeting: the account's, the customer's contact or
    the token's."""

    actor: Actor
    name: str
    contact: str | None
    totp: bool
    account_id: UUID | None
    session_id: UUID | None
    api_token_id: UUID | None
    good_until: datetime


who: Memory[Signed] = Memory()


def forget_who(work: Work, unwanted: Callable[[Signed], bool]) -> None:
    """Whoever is signed in and meant by it is looked up anew with the next request."""
    who.forget_with(work, lambda _, signed: unwanted(signed))
