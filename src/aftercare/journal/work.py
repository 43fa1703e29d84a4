"""Work: one actor doing one thing in one transaction."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar, cast
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from aftercare.journal.actors import NOBODY, SYSTEM, Actor
from aftercare.journal.facts import Fact
from aftercare.journal.reactions import TOGETHER, WITHIN, Inside
from aftercare.kit.database import Database, Reading, positional, rows_of
from aftercare.kit.errors import NotAllowed, NotSignedIn, Unavailable
from aftercare.kit.ids import new_id
from aftercare.kit.json import to_json

P = TypeVar("P")


class PermissionMissing(NotAllowed):
    """Your role does not allow this."""


class PortMissing(Unavailable):
    """This installation has no connection for that."""


def system_clock() -> datetime:
    return datetime.now(UTC)


@dataclass
class House:
    """What a process works with: the database, the outside world by port, the clock, the key that signs codes and links,
    and whom to wake after a commit."""

    database: Database
    ports: Mapping[type, Any] = field(default_factory=dict)
    clock: Callable[[], datetime] = system_clock
    secret: bytes = field(default=b"", repr=False)
    wake: Callable[[], None] = lambda: None
    kept: dict[type, Any] = field(default_factory=dict, repr=False)
    """What there is one of in each process, by its class; made by whoever needs it first."""

    def port(self, kind: "type[P] | Callable[..., P]") -> P:
        """The connector for a Protocol that a context owns. Refuses with PortMissing."""
        try:
            return cast(P, self.ports[cast(type, kind)])
        except KeyError:
            raise PortMissing(port=cast(type, kind).__name__) from None


class Work:
    """First argument of every verb. Only `begin()` makes one. `now` is the only clock that a verb may read."""

    def __init__(
        self,
        house: House,
        session: AsyncSession | None,
        actor: Actor,
        now: datetime,
        cause: int | None,
        request_id: str | None,
    ) -> None:
        self.house = house
        self._session = session
        self._reading: Reading | None = None
        self.ends = AsyncExitStack()
        """What is closed with this work."""
        self.actor = actor
        self.now = now
        self.cause = cause
        self.request_id = request_id
        self._pending: list[Said] = []
        self._said: dict[int, Said] = {}
        self.recorded = 0

    @property
    def session(self) -> AsyncSession:
        if self._session is None:
            self._session = self.house.database.lazy_session(self.actor.shops_setting)
            self.ends.push_async_exit(self._session)
        return self._session

    async def read(self, sql: str, values: Mapping[str, Any]) -> Sequence[Any]:
        """The rows of a statement that changes nothing, as a session gives them. What is asked most of all asks by the driver
        itself, which takes a fifth of the time; a work that has used its session reads by that, and so sees what it wrote."""
        if self._session is not None:
            if self._session.new or self._session.dirty or self._session.deleted:
                await self._session.flush()
            return await self.rows(sql, values)
        if self._reading is None:
            reading = self.house.database.reading(self.actor.shops_setting)
            self._reading = await self.ends.enter_async_context(reading)
        query, names = positional(sql)
        return await self._reading.rows(query, [values[name] for name in names])

    async def rows(self, sql: str, values: Mapping[str, Any]) -> Sequence[Any]:
        """Of a statement of any kind, within the transaction. For what is asked often: it goes past the session to the driver,
        after what the session has to write."""
        return await rows_of(self.session, sql, values)

    async def row(self, sql: str, values: Mapping[str, Any]) -> Any:
        """The only one, or None."""
        rows = await rows_of(self.session, sql, values)
        return rows[0] if rows else None

    async def commit(self) -> None:
        if self._session is not None:
            await self._session.commit()

    def new_id(self) -> UUID:
        return new_id(self.now)

    def record(self, fact: Fact, *, because: Fact | None = None) -> None:
        """States that it happened; it enters the journal with this transaction or not at all. `because` is for a reaction to
        many facts: which of them made it happen."""
        of = None if because is None else self._said.get(id(because))
        if of is None:
            self._pending.append(Said(fact, self.cause, self.request_id))
        else:
            self._pending.append(Said(fact, of.cause, of.request_id))

    def follows(self, fact: Fact, position: int, request_id: str | None) -> None:
        """This work is a reaction to a fact, among others. For the relay."""
        self._said[id(fact)] = Said(fact, position, request_id)

    def position_of(self, fact: Fact) -> int:
        """Where the journal has a fact that this work has recorded: for listeners within."""
        return self._said[id(fact)].position

    def require(self, permission: str) -> None:
        """Refuses with PermissionMissing, and with NotSignedIn who is nobody yet."""
        if not self.actor.may(permission):
            if self.actor is NOBODY:
                raise NotSignedIn()
            raise PermissionMissing(permission=permission)

    async def write_facts(self) -> None:
        """Writes what was recorded and runs what belongs in the same transaction, until nothing new is said."""
        own = self.cause, self.request_id
        # Rows that what follows within may point to.
        if self._pending:
            await self.session.flush()
        while self._pending:
            said, self._pending = self._pending, []
            await write(self, said)
            self.recorded += len(said)
            together: dict[Inside, list[Fact]] = {}
            for one in said:
                self._said[id(one.fact)] = one
                for listener in TOGETHER.get(one.fact.name, ()):
                    together.setdefault(listener, []).append(one.fact)
            for one in said:
                # What follows within follows from the same as the fact itself.
                self.cause, self.request_id = one.cause, one.request_id
                for listener in WITHIN.get(one.fact.name, ()):
                    await listener(self, one.fact)
            self.cause, self.request_id = own
            for listener, facts in together.items():
                await listener(self, facts)


@dataclass(slots=True)
class Said:
    """A fact of a work: what made it happen, and its place in the journal once it is written."""

    fact: Fact
    cause: int | None
    request_id: str | None
    position: int = 0


WRITE = """
    WITH told AS (
      SELECT nextval('fact_position') AS position, ord, name, shop_id, data::jsonb AS data, cause, request_id
      FROM unnest(CAST(:names AS text[]), CAST(:shops AS uuid[]), CAST(:data AS text[]), CAST(:causes AS bigint[]),
        CAST(:request_ids AS text[])) WITH ORDINALITY AS t(name, shop_id, data, cause, request_id, ord)
    ), facts AS (
      INSERT INTO fact (at, position, name, actor_kind, actor_id, shop_id, cause, request_id, data)
      SELECT :at, position, name, :actor_kind, :actor_id, shop_id, cause, request_id, data FROM told
    ), objects AS (
      INSERT INTO fact_object (object_kind, object_id, at, position, shop_id)
      SELECT o.kind, o.id, :at, told.position, told.shop_id
      FROM unnest(CAST(:fact_ords AS int[]), CAST(:kinds AS text[]), CAST(:ids AS uuid[])) AS o(ord, kind, id)
      JOIN told USING (ord)
      ON CONFLICT DO NOTHING
    )
    SELECT position FROM told ORDER BY ord
"""


async def write(work: Work, said: list[Said]) -> None:
    objects = [
        (number, kind, identity)
        for number, one in enumerate(said, 1)
        for kind, identity in one.fact.objects()
    ]
    told = await work.rows(
        WRITE,
        {
            "names": [one.fact.name for one in said],
            "shops": [one.fact.shop_id for one in said],
            "data": [to_json(one.fact.data()) for one in said],
            "causes": [one.cause for one in said],
            "request_ids": [one.request_id for one in said],
            "at": work.now,
            "actor_kind": work.actor.kind.value,
            "actor_id": work.actor.id,
            "fact_ords": [number for number, _, _ in objects],
            "kinds": [kind for _, kind, _ in objects],
            "ids": [identity for _, _, identity in objects],
        },
    )
    for one, row in zip(said, told, strict=True):
        one.position = row.position


@asynccontextmanager
async def begin(
    house: House,
    actor: Actor = SYSTEM,
    *,
    now: datetime | None = None,
    cause: int | None = None,
    request_id: str | None = None,
) -> AsyncIterator[Work]:
    """Opens the transaction, sets the shops that the actor may see, and commits when the block ends; anything raised
    rolls all of it back. After the commit the worker is woken."""
    if house.database.bound is not None:
        async with house.database.session(actor.shops_setting) as session:
            work = Work(house, session, actor, now or house.clock(), cause, request_id)
            yield work
            await work.write_facts()
    else:
        work = Work(house, None, actor, now or house.clock(), cause, request_id)
        async with work.ends:
            yield work
            await work.write_facts()
            await work.commit()
    if work.recorded:
        house.wake()
