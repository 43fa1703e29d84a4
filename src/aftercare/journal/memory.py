"""A short memory for what every request asks: bounded, a few seconds long, one per database."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from datetime import datetime, timedelta
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import event

from aftercare.journal.work import House, Work
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
        kept = self._kept.get(house.database)
        found = None if kept is None else kept.get(key)
        if found is None or not timedelta(0) <= house.clock() - found[0] < REMEMBERED:
            return None
        return found[1]

    def put(self, house: House, key: Hashable, value: V) -> None:
        kept = self._kept.setdefault(house.database, OrderedDict())
        kept[key] = (house.clock(), value)
        kept.move_to_end(key)
        while len(kept) > self._most:
            kept.popitem(last=False)

    async def recall(self, work: Work, key: Hashable, load: Callable[[], Awaitable[V]]) -> V:
        """What is remembered, else what `load` finds. A work that has changed anything of it since asks anew each time: what it
        has changed is not committed yet and must not be remembered."""
        changed = id(self) in work.session.info.get("changed", ())
        known = None if changed else self.get(work.house, key)
        if known is None:
            known = await load()
            if not changed:
                self.put(work.house, key, known)
        return known

    def forget(self, house: House, unwanted: Callable[[Hashable, V], bool]) -> None:
        kept = self._kept.get(house.database)
        if kept:
            for key in [key for key, (_, value) in kept.items() if unwanted(key, value)]:
                del kept[key]

    def forget_with(self, work: Work, unwanted: Callable[[Hashable, V], bool] = lambda _, __: True) -> None:
        """Forgets now, and once more when the work has committed: a request in between may have read the old row."""
        work.session.info.setdefault("changed", set()).add(id(self))
        self.forget(work.house, unwanted)

        def committed(_: object) -> None:
            self.forget(work.house, unwanted)

        event.listen(work.session.sync_session, "after_commit", committed, once=True)
