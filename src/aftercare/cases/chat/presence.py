"""Who else has a case before them, and who types in it. Kept in each process, told by signals, written nowhere."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, cast
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import text

from aftercare.cases.verbs import case_row
from aftercare.conversations import chats_of
from aftercare.journal import ActorKind, House, PermissionMissing, Work
from aftercare.journal.signals import Signals, signals_of

STAYS = timedelta(seconds=40)
"""Who says nothing for so long has gone. The desk says so every fifteen seconds."""
TYPES = timedelta(seconds=8)


class Doing(StrEnum):
    looking = "looking"
    typing = "typing"
    """An answer; the customer sees that somebody writes."""
    noting = "noting"
    gone = "gone"


class Looker(BaseModel):
    account_id: UUID
    name: str
    doing: Doing


class Presence(BaseModel):
    """`others`: colleagues. `customer_online`: whether the window of the customer's chat is open."""

    others: list[Looker]
    customer_online: bool


@dataclass(slots=True)
class _Seen:
    name: str
    doing: Doing
    at: datetime


class Lookers:
    """Of one process; what other processes know it hears."""

    def __init__(self, house: House) -> None:
        self._clock = house.clock
        self._cases: dict[UUID, dict[UUID, _Seen]] = {}
        self._threads: dict[str, tuple[UUID, str]] = {}
        self._signals = signals_of(house)
        self._signals.on("case.looked", self._heard)
        self._signals.on("chat.online", self._came_or_left)

    def _came_or_left(self, data: Any) -> None:
        """Of thousands of customers, only those matter whose case somebody looks at."""
        _, came, left = data
        for threads, online in ((came, True), (left, False)):
            for thread_id in threads:
                if thread_id in self._threads:
                    told = {"thread_id": thread_id, "online": online}
                    self._signals.tell_here("staff", ["chat.online", self._threads[thread_id][1], told])

    def _heard(self, data: Any) -> None:
        case_id, account_id, name, doing = UUID(data[0]), UUID(data[1]), data[2], Doing(data[3])
        self._threads[data[4]] = (case_id, data[5])
        seen = self._cases.setdefault(case_id, {})
        if doing is Doing.gone:
            seen.pop(account_id, None)
        else:
            seen[account_id] = _Seen(name, doing, self._clock())
        self._forget(case_id)

    def of(self, case_id: UUID, *, but: UUID | None = None) -> list[Looker]:
        now = self._clock()
        self._forget(case_id)
        return [
            Looker(
                account_id=account_id,
                name=seen.name,
                doing=Doing.looking if now - seen.at > TYPES else seen.doing,
            )
            for account_id, seen in sorted(self._cases.get(case_id, {}).items())
            if account_id != but
        ]

    def _forget(self, case_id: UUID) -> None:
        now = self._clock()
        seen = self._cases.get(case_id, {})
        for account_id in [one for one, what in seen.items() if now - what.at > STAYS]:
            del seen[account_id]
        if not seen:
            self._cases.pop(case_id, None)
            for thread_id in [one for one, (of, _) in self._threads.items() if of == case_id]:
                del self._threads[thread_id]


def lookers(house: House) -> Lookers:
    if Lookers not in house.kept:
        house.kept[Lookers] = Lookers(house)
    return cast(Lookers, house.kept[Lookers])


NAME = text("SELECT name FROM account WHERE id = :id")


async def look_at(work: Work, case_id: UUID, doing: Doing) -> Presence:
    """The acting member of staff has the case open, types in it, or has left it. Refuses with CaseNotFound."""
    actor = work.actor
    if actor.kind is not ActorKind.staff or actor.id is None:
        raise PermissionMissing(permission="cases.read")
    case = await case_row(work, case_id)
    name = str(await work.session.scalar(NAME, {"id": actor.id}) or "")
    known, signals = lookers(work.house), signals_of(work.house)
    signals.tell(
        "case.looked",
        [str(case_id), str(actor.id), name, doing.value, str(case.thread_id), str(case.shop_id)],
    )
    _tell_colleagues(signals, case.shop_id, case_id, actor.id, name, doing)
    if doing in (Doing.typing, Doing.looking, Doing.gone):
        signals.tell("chat.passing", [str(case.thread_id), "typing", {"on": doing is Doing.typing}])
    return Presence(
        others=known.of(case_id, but=actor.id),
        customer_online=chats_of(work.house).is_online(case.thread_id),
    )


def _tell_colleagues(
    signals: Signals, shop_id: UUID, case_id: UUID, account_id: UUID, name: str, doing: Doing
) -> None:
    told = {"case_id": str(case_id), "account_id": str(account_id), "name_of": name, "doing": doing.value}
    signals.tell("staff", ["case.looked", str(shop_id), told])
